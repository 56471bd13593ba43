"""The form as HTML: the same markup on its own page, inside a shop's page (by the snippet) and in the console's preview."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from html import escape
from importlib.resources import files
from typing import Final

from django.utils import timezone

from pabal.campaigns.models import Signup, SignupForm, SignupState
from pabal.campaigns.signup.words import said

_PAGE_STYLE: Final = """
:root{color-scheme:light dark}
body{margin:0;min-height:100vh;display:grid;place-items:center;background:light-dark(#f5f6f8,#131519);
font:16px/1.6 system-ui,-apple-system,"Apple SD Gothic Neo","Noto Sans KR",sans-serif;color:light-dark(#16181d,#eceef2);word-break:keep-all}
main{width:min(30rem,100% - 2rem);margin:1.5rem 0;padding:clamp(1.25rem,5vw,2.25rem);border-radius:1rem;background:light-dark(#fff,#1d2026);
box-sizing:border-box}
h1{font-size:1.35rem;line-height:1.35;margin:0 0 .5rem;text-wrap:balance}
main>p{margin:.35rem 0;color:light-dark(#4a5060,#b4bac6);white-space:pre-line}
blockquote{margin:1rem 0;padding:.9rem 1rem;border-radius:.7rem;background:light-dark(#f1f3f8,#262a32);white-space:pre-line}
main>form:not(.pabal-form){margin-top:1.25rem}
main>form:not(.pabal-form) button,main>a.go{display:inline-block;font:inherit;font-weight:700;min-height:3.1rem;line-height:3.1rem;padding:0 1.75rem;border:0;
border-radius:.8rem;background:#3651d4;color:#fff;cursor:pointer;text-decoration:none}
:is(button,a.go):focus-visible{outline:3px solid light-dark(#16181d,#fff);outline-offset:2px}
.small{font-size:.875rem}
form+.small{margin-top:1rem}
.pabal-form{max-width:none}
"""


@cache
def form_css() -> str:
    """The style of a form, wherever it stands."""
    return (files("pabal.campaigns.signup") / "form.css").read_text(encoding="utf-8")


@cache
def style_hash() -> str:
    """What a page's content security policy allows."""
    return base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()


def _style() -> str:
    return _PAGE_STYLE + form_css()


@dataclass(frozen=True, kw_only=True)
class Look:
    """What a form shows: its own words, or those of a draft in the console's preview."""

    key: str
    language: str
    title: str
    lead: str
    button: str
    ask_name: bool
    wording: str
    night_wording: str

    @classmethod
    def of(cls, form: SignupForm) -> Look:
        """The form as it stands."""
        return cls(
            key=form.key,
            language=form.language,
            title=form.title or said("title", form.language),
            lead=form.lead,
            button=form.button or said("button", form.language),
            ask_name=form.ask_name,
            wording=form.statement.wording,
            night_wording=form.night_statement.wording if form.night_statement else "",
        )


@dataclass(frozen=True, kw_only=True)
class Filled:
    """What a visitor wrote, and what is wrong with it: field (phone, consent, name, or empty) → sentence."""

    values: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)


def form_html(look: Look, *, action: str, filled: Filled | None = None, page: str = "", auto: bool = True) -> str:
    """The `<form>`. It works without JavaScript; the night box is never ticked beforehand, nor is the other. `auto`: it
    turns dark when the reader's device is."""
    filled = filled or Filled()
    lang = look.language

    def value(name: str) -> str:
        return escape(filled.values.get(name, ""))

    def error(name: str) -> str:
        return f'<div class="pf-error" data-pf-error="{name}" role="alert">{escape(filled.errors.get(name, ""))}</div>'

    def invalid(name: str) -> str:
        return ' aria-invalid="true"' if name in filled.errors else ""

    def ticked(name: str) -> str:
        return " checked" if filled.values.get(name) else ""

    lead = f"<p>{escape(look.lead)}</p>" if look.lead.strip() else ""
    parts = [
        f'<form class="pabal-form{" pf-auto" if auto else ""}" method="post" action="{escape(action)}" novalidate lang="{lang}">'
        f"<div><h2>{escape(look.title)}</h2>{lead}</div>"
    ]
    if look.ask_name:
        parts.append(
            f'<label><span class="pf-label">{said("name", lang)} <small>({said("optional", lang)})</small></span>'
            f'<input type="text" name="name" maxlength="100" autocomplete="name" value="{value("name")}"{invalid("name")}>'
            f"{error('name')}</label>"
        )
    example = "010-1234-5678" if lang == "ko" else "+1 555 010 0123"
    parts.append(
        f'<label><span class="pf-label">{said("phone", lang)}</span>'
        f'<input type="tel" name="phone" required maxlength="40" autocomplete="tel" inputmode="tel" placeholder="{example}" '
        f'value="{value("phone")}"{invalid("phone")}>{error("phone")}</label>'
    )
    parts.append(
        f'<div><label class="pf-check"><input type="checkbox" name="consent" value="1" required{ticked("consent")}>'
        f"<span><small>[{said('required', lang)}]</small> {escape(look.wording)}</span></label>{error('consent')}</div>"
    )
    if look.night_wording:
        parts.append(
            f'<label class="pf-check"><input type="checkbox" name="night" value="1"{ticked("night")}>'
            f"<span><small>[{said('optional', lang)}]</small> {escape(look.night_wording)}</span></label>"
        )
    parts.append(
        f'<div class="pf-trap" aria-hidden="true"><label>{said("trap", lang)}'
        '<input type="text" name="website" tabindex="-1" autocomplete="off"></label></div>'
        f'<input type="hidden" name="page" value="{escape(page)}">'
        f"{error('')}"
        f'<button type="submit">{escape(look.button)}</button>'
        f'<p class="pf-note">{said("withdraw", lang)}</p></form>'
    )
    return "".join(parts)


def whole_page(lang: str, title: str, body: str) -> str:
    """A page of its own around `body` (finished HTML)."""
    return (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<style>{_style()}</style></head><body><main>{body}</main></body></html>"
    )


def notice(lang: str, heading: str, lines: list[str], *, extra: str = "") -> str:
    """A page that says something. `extra` is finished HTML."""
    body = f"<h1>{escape(heading)}</h1>" + "".join(f"<p>{escape(line)}</p>" for line in lines) + extra
    return whole_page(lang, heading, body)


def thanks_text(form: SignupForm, state: str) -> str:
    """What somebody reads who has signed up: the author's words, then what comes next."""
    after = said("check" if state == "pending" else "done", form.language)
    return f"{form.thanks.strip() or said('thanks', form.language)}\n{after}"


def confirm_form(lang: str) -> str:
    """The button that confirms: a program that only opens the link confirms nothing."""
    return f'<form method="post"><button type="submit">{said("confirm_button", lang)}</button></form>'


def confirmation(signup: Signup, form_address: str) -> str:
    """The page behind a confirmation's link, for the state that the sign-up is in."""
    form = signup.form
    lang = form.language
    sender = form.sender.name if form.sender else form.name
    if signup.state == SignupState.CONFIRMED:
        day = timezone.localtime(signup.decided_at).date().isoformat() if signup.decided_at else ""
        return notice(lang, said("confirmed", lang), [said("confirmed_more", lang, day=day, sender=sender)])
    if signup.state == SignupState.REFUSED:
        return notice(lang, said("refused", lang), [said("refused_more", lang)])
    if signup.state == SignupState.EXPIRED:
        again = f'<p><a class="go" href="{escape(form_address)}">{said("again", lang)}</a></p>'
        return notice(lang, said("expired", lang), [said("expired_more", lang)], extra=again)
    hidden = f"{signup.phone[:3]} •••• {signup.phone[-4:]}"
    wordings = [signup.statement.wording, *([signup.night_statement.wording] if signup.night_statement else [])]
    quotes = "".join(f"<blockquote>{escape(words)}</blockquote>" for words in wordings)
    facts = [said("confirm_sender", lang, sender=sender), said("confirm_number", lang, phone=hidden)]
    lines = "".join(f'<p class="small">{escape(line)}</p>' for line in facts)
    body = (
        f"<h1>{said('confirm_title', lang)}</h1><p>{said('confirm_ask', lang)}</p>{quotes}{lines}{confirm_form(lang)}"
        f'<p class="small">{said("confirm_else", lang)}</p>'
    )
    return whole_page(lang, said("confirm_title", lang), body)
