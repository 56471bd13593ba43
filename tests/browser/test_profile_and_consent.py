"""A person's page and the consent centre in a real browser: filtering, paging, merging, blocking numbers, lifting them."""

from __future__ import annotations

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from pabal.accounts.models import Role
from pabal.audience.actions import set_consent
from pabal.audience.models import Event, Profile, Suppression
from tests.accounts.people import someone
from tests.browser.conftest import OpenConsole

pytestmark = [pytest.mark.django_db(transaction=True)]
KIM = "+821000000001"


def person(**fields: object) -> Profile:
    return Profile.objects.create(**{"phone": KIM, "last_name": "김", "first_name": "민지", "country": "KR", **fields})


def test_a_person_is_read_filtered_and_merged(open_console: OpenConsole) -> None:
    who, other = person(external_id="C-1"), person(email="mj@shop.example", first_name="민지2")
    for number in range(25):
        Event.objects.create(
            key=uuid4(), profile_id=who.pk, name=f"Event {number}", at=timezone.now() - timedelta(hours=number),
            properties=json.dumps({"category": "신발", "total": number}),
        )  # fmt: skip
    set_consent([who.pk], channel="text", purposes=["promotional"], state="subscribed", method="api", source="form")
    page = open_console(someone(Role.ADMIN), f"/profiles/{who.pk}")
    page.get_by_role("link", name="Events", exact=True).click()
    page.wait_for_selector("#what-happened [aria-current=true]:has-text('Events')")
    assert page.get_by_text("Agreed to Text message").count() == 0
    page.get_by_text("category: 신발 · total: 0", exact=True).click()
    assert page.get_by_text("Copy as JSON").first.is_visible()
    page.get_by_role("button", name="Show earlier").click()
    page.wait_for_selector("text=Event 24")
    page.get_by_role("link", name="Compare").click()
    page.wait_for_selector("text=mj@shop.example")
    page.get_by_role("button", name="Merge").first.click()
    page.locator("dialog[open]").get_by_role("button", name="Merge").click()
    page.wait_for_url(f"**/profiles/{who.pk}")
    assert page.get_by_text(f"Merged with profile {other.pk}").is_visible()
    assert not Profile.objects.filter(pk=other.pk).exists()


def test_numbers_are_blocked_and_lifted_in_korean(open_console: OpenConsole) -> None:
    person()
    page = open_console(someone(Role.EDITOR), "/consent/suppressions", language="ko", width=390)
    page.get_by_role("button", name="번호 발송 금지").click()
    dialog = page.locator("dialog[open]")
    dialog.locator("[name=phones]").fill("010-0000-0001\n010-0000-0002")
    dialog.locator("[name=source]").fill("고객센터 요청")
    dialog.locator(".dialog-foot .button--danger").click()
    page.wait_for_selector("text=번호 2개를 발송 금지했습니다")
    page.get_by_role("checkbox", name="010-0000-0001").check()
    page.get_by_role("button", name="선택한 번호 발송 금지 해제").click()
    page.locator("dialog[open]").get_by_role("button", name="해제", exact=True).click()
    page.wait_for_selector("text=발송 금지 1개를 해제했습니다")
    assert list(Suppression.objects.filter(lifted_at=None).values_list("phone", flat=True)) == ["+821000000002"]
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_evidence_sheet_prints_on_paper(open_console: OpenConsole) -> None:
    who = person()
    set_consent([who.pk], channel="text", purposes=["promotional"], state="subscribed", method="api", source="form")
    page = open_console(someone(Role.VIEWER), f"/profiles/{who.pk}/evidence")
    page.emulate_media(media="print")
    assert not page.get_by_role("navigation", name="Main").is_visible()
    assert not page.get_by_role("button", name="Print").is_visible()
    assert page.get_by_text("form", exact=True).is_visible()
    assert page.pdf(format="A4").startswith(b"%PDF")
