"""Components tie their parts together, escape what they are given, and keep to the content security policy."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django import forms
from django.contrib.auth.models import AnonymousUser
from django.http import Http404
from django.template import engines
from django.test import RequestFactory, override_settings
from django.utils import timezone, translation

from pabal.accounts.models import Role, User
from pabal.console import widgets
from pabal.console.parts import Bubble, Page
from pabal.console.views.styleguide import styleguide

CONSOLE = Path(__file__).parents[2] / "pabal" / "console"
TEMPLATES = sorted((CONSOLE / "templates").rglob("*.html"))
ICONS = {path.stem for path in (CONSOLE / "static" / "console" / "icons").glob("*.svg")}


def draw(source: str, **values: Any) -> str:
    with translation.override("en"):
        return str(engines["django"].from_string("{% load ui fields frame formats %}" + source).render(values))


class Sample(forms.Form):
    name = forms.CharField(label="Name", help_text="Only your team sees it.")
    limit = forms.IntegerField(label="Limit", required=False)
    kind = forms.ChoiceField(choices=[("a", "One"), ("b", "Two")], widget=widgets.Cards(notes={"a": "The first"}))
    quiet = forms.BooleanField(required=False, widget=widgets.Switch())
    file = forms.FileField(required=False, widget=widgets.Drop(accept=".csv"))


def test_a_field_is_described_by_its_hint_and_its_error() -> None:
    html = draw("{% field form.name %}", form=Sample({"name": ""}))
    assert 'aria-describedby="id_name_helptext id_name_error"' in html
    assert 'aria-invalid="true"' in html
    assert '<div class="field-hint" id="id_name_helptext">Only your team sees it.</div>' in html
    assert re.search(r'id="id_name_error">.*This field is required\.', html)


def test_a_hint_given_in_the_template_is_tied_too() -> None:
    html = draw('{% field form.limit hint="Per minute" data_x="1" %}', form=Sample())
    assert 'aria-describedby="id_limit_helptext"' in html
    assert 'data-x="1"' in html
    assert ">optional<" in html


def test_cards_are_radio_buttons_in_a_fieldset() -> None:
    html = draw("{% field form.kind %}", form=Sample({"kind": "b"}))
    assert html.count('type="radio"') == 2
    assert html.startswith("<fieldset")
    assert "<legend>" in html
    assert '<span class="choice-note">The first</span>' in html
    assert re.search(r'value="b"[^>]*checked', html)


def test_a_switch_is_a_checkbox_with_that_role() -> None:
    assert re.search(r'<input type="checkbox"[^>]*role="switch"', draw("{% field form.quiet %}", form=Sample()))


def test_a_form_says_at_once_what_is_wrong() -> None:
    html = draw("{% form_errors form %}", form=Sample({"limit": "x"}))
    assert 'role="alert"' in html
    assert '<a href="#id_name">Name</a>: This field is required.' in html
    assert draw("{% form_errors form %}", form=Sample()).strip() == ""


def test_links_in_a_message_work_and_everything_else_is_escaped() -> None:
    text = "<b>sale</b> https://pbl.kr/aB3?x=1&y=2, bye"
    html = draw("{% phone 'Shop' bubbles %}", bubbles=[Bubble(text=text, at=timezone.now())])
    assert "&lt;b&gt;sale&lt;/b&gt;" in html
    assert '<a href="https://pbl.kr/aB3?x=1&amp;y=2" target="_blank" rel="noopener nofollow">' in html
    assert "</a>, bye" in html


def test_text_of_a_customer_cannot_leave_its_component() -> None:
    bad = '"><script>alert(1)</script>'
    html = draw(
        "{% badge bad %}{% stat bad bad %}{% copyable bad %}{% callout 'bad' title=bad %}{{ bad }}{% endcallout %}"
        "{% crumbs bad '/x' bad %}{% confirm 'c' bad bad '/go' bad count=3 %}{% search_field value=bad %}"
        "{% card title=bad %}{{ bad }}{% endcard %}{% empty_state title=bad %}{{ bad }}{% endempty_state %}",
        bad=bad,
    )
    assert "<script" not in html


def test_a_confirmation_asks_for_the_number() -> None:
    html = draw("{% confirm 'go' 'Send?' 'At once.' '/launch' 'Send' count=12480 %}", csrf_token="t0ken")
    assert 'data-confirm="12480"' in html
    assert "Type <strong>12,480</strong> to confirm" in html
    assert 'value="t0ken"' in html


def test_pages_lead_only_where_there_is_more() -> None:
    html = draw("{% pages page %}", page=Page(shown=25, total=12480, next_url="?after=25"))
    assert 'rel="next" href="?after=25"' in html
    assert 'rel="prev"' not in html
    assert draw("{% pages page %}", page=Page(shown=3)).strip() == ""


def test_the_style_guide_shows_everything_to_admins(rf: RequestFactory) -> None:
    request = rf.get("/styleguide")
    request.user = User(email="a@example.com", name="Jiwoo", role=Role.ADMIN)
    html = styleguide(request).content.decode()
    assert html.count('class="phone') >= 2
    assert 'data-theme="dark"' in html


@pytest.mark.parametrize("user", [AnonymousUser(), User(email="v@example.com", name="V", role=Role.VIEWER)], ids=str)
def test_the_style_guide_is_hidden_from_others(rf: RequestFactory, user: Any) -> None:
    request = rf.get("/styleguide")
    request.user = user
    with override_settings(DEBUG=False), pytest.raises(Http404):
        styleguide(request)


def test_the_theme_comes_from_the_cookie_and_nothing_else(rf: RequestFactory) -> None:
    for value, expected in (("dark", 'data-theme="dark">'), ('"><x', '<html lang="')):
        request = rf.get("/styleguide")
        request.COOKIES["theme"] = value
        request.user = User(email="a@example.com", name="Jiwoo", role=Role.ADMIN)
        head = styleguide(request).content.decode().split("<head>")[0]
        assert expected in head
        assert "<x" not in head


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda p: p.stem)
def test_templates_keep_to_the_content_security_policy(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"<script(?![^>]*\bsrc=)", text), "no inline script"
    assert not re.search(r"<style|\sstyle=", text), "no inline style"
    assert not re.search(r"\son[a-z]+=|hx-on|javascript:", text), "no inline handler"
    assert not re.search(r'hx-trigger="[^"]*\[', text), "no trigger filter (it needs eval)"


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda p: p.stem)
def test_icons_that_templates_name_exist(path: Path) -> None:
    used = set(re.findall(r"""{% icon ["']([a-z0-9-]+)["']""", path.read_text(encoding="utf-8")))
    assert used <= ICONS


def test_relative_times_are_kept_current() -> None:
    assert "3 minutes ago</time>" in draw("{{ at|when }}", at=timezone.now() - timedelta(minutes=3, seconds=20))
