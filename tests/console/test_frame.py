"""The frame around the pages, through the real addresses."""

from __future__ import annotations

import pytest
from django.test import Client

from pabal.accounts.models import Role, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(client: Client) -> Client:
    client.force_login(User.objects.create_user("a@example.com", name="Jiwoo", role=Role.ADMIN))
    return client


def test_the_style_guide_is_there_for_admins(admin: Client) -> None:
    page = admin.get("/styleguide", headers={"accept-language": "ko"})
    assert page.status_code == 200
    html = page.content.decode()
    assert '<html lang="ko">' in html
    assert "스타일 가이드" in html
    assert "Jiwoo" in html


def test_the_style_guide_is_there_for_nobody_else(client: Client) -> None:
    client.force_login(User.objects.create_user("v@example.com", name="Minji", role=Role.VIEWER))
    assert client.get("/styleguide").status_code == 404


def test_the_page_one_is_on_is_marked_in_the_navigation(admin: Client) -> None:
    html = admin.get("/settings/me", headers={"accept-language": "en"}).content.decode()
    assert 'href="/settings/" aria-current="true"' in html


def test_the_language_switch_leads_back_to_the_same_page(admin: Client) -> None:
    answer = admin.post("/i18n/setlang/", {"language": "en", "next": "/settings/me"})
    assert answer.status_code == 302
    assert answer["Location"] == "/settings/me"
    assert '<html lang="en"' in admin.get("/settings/me").content.decode()


def test_pages_allow_nothing_inline_and_no_other_host(admin: Client) -> None:
    policy = admin.get("/styleguide").headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy


@pytest.mark.parametrize("asset", ["css/tokens.css", "js/frame.js", "vendor/htmx.min.js", "favicon.svg"])
def test_static_files_are_served(client: Client, asset: str) -> None:
    assert client.get(f"/static/console/{asset}").status_code == 200
