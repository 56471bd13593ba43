"""Making and changing a sign-up form, with a preview that follows every letter."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.safestring import mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import cache_control

from pabal.accounts import audit
from pabal.accounts.access import actor, person, requires
from pabal.accounts.models import Role
from pabal.campaigns.models import FormLanguage
from pabal.campaigns.preview import preview as preview_text
from pabal.campaigns.signup import forms as signup_forms
from pabal.campaigns.signup.confirming import LINK, confirm_address
from pabal.campaigns.signup.page import Look, form_css, form_html
from pabal.campaigns.signup.words import said
from pabal.console.errors import add_error, sentence
from pabal.console.forms.signup import NewSignupFormForm, SignupFormForm
from pabal.console.parts import Bubble
from pabal.content.compose import Content
from pabal.delivery.models import Sender
from pabal.errors import PabalError


@requires(Role.EDITOR)
def new(request: HttpRequest) -> HttpResponse:
    language = request.GET.get("language", "") or (get_language() or "ko")[:2]
    language = language if language in FormLanguage.values else FormLanguage.KOREAN.value
    form = NewSignupFormForm(request.POST or None, initial=SignupFormForm.suggested(language))
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                made = signup_forms.create_form(by=person(request), **form.said())
                audit.record(actor(request), "signup_form.create", made, {"name": made.name, "key": made.key})
            messages.success(request, _("The form is open. Put it where your customers are."))
            return redirect("console:signup_form", key=made.key)
        except PabalError as error:
            add_error(form, error)
    values = _values(form) | {"language": language, "languages": FormLanguage.choices}
    return render(request, "console/signup/new.html", values, status=422 if form.errors else 200)


@requires(Role.EDITOR)
def edit(request: HttpRequest, key: str) -> HttpResponse:
    row = signup_forms.by_key(key)
    form = SignupFormForm(request.POST or None, initial=SignupFormForm.initial_of(row))
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                before = _plain(signup_forms.values_of(row))
                changed = signup_forms.edit_form(row, by=person(request), **form.said())
                after = _plain(signup_forms.values_of(changed))
                audit.record(actor(request), "signup_form.edit", changed, audit.difference(before, after))
            messages.success(request, _("Saved"))
            return redirect("console:signup_form", key=key)
        except PabalError as error:
            add_error(form, error)
    return render(request, "console/signup/edit.html", _values(form) | {"row": row}, status=422 if form.errors else 200)


def _values(form: SignupFormForm) -> dict[str, Any]:
    return {"form": form, "any_sender": Sender.objects.filter(archived_at=None).exists()}


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """With the list and sender by name, for the audit trail."""
    return values | {name: str(values[name]) if values[name] else None for name in ("list", "sender")}


@requires(Role.EDITOR)
def preview(request: HttpRequest) -> HttpResponse:
    """The form and its confirmation as they are being written; nothing is stored."""
    sent = request.POST
    language = sent.get("language", "")
    language = language if language in FormLanguage.values else "ko"
    look = Look(
        key="preview",
        language=language,
        title=sent.get("title", "").strip()[:200] or said("title", language),
        lead=sent.get("lead", "").strip()[:2000],
        button=sent.get("button", "").strip()[:60] or said("button", language),
        ask_name=bool(sent.get("ask_name")),
        wording=sent.get("wording", "").strip()[:5000] or "…",
        night_wording=sent.get("night_wording", "").strip()[:5000] if sent.get("night") else "",
    )
    values: dict[str, Any] = {"html": mark_safe(form_html(look, action="", auto=False))}
    if sent.get("double_opt_in") and sent.get("sender", "").isdigit():
        sender = Sender.objects.select_related("account").filter(pk=int(sent["sender"]), archived_at=None).first()
        if sender is not None:
            values |= _confirmation(sender, sent.get("confirmation", "")[:2000])
    return render(request, "console/signup/preview.html", values)


def _confirmation(sender: Sender, text: str) -> dict[str, Any]:
    content = Content(text=LINK.sub(confirm_address("Ab3dE5gH7jK9"), text), shorten_links=False, opt_out=False)
    seen = preview_text(content, [sender], {}, country=sender.country, purpose="informational")
    return {
        "sender": sender,
        "bubbles": [Bubble(text=seen.text)] if seen.text else [],
        "measure": seen.measure,
        "problem": sentence(seen.error) if seen.error else "",
    }


@requires(Role.VIEWER)
@cache_control(private=True, max_age=300)
def style(request: HttpRequest) -> HttpResponse:
    """The style that forms have on the edge, for the preview."""
    return HttpResponse(form_css(), content_type="text/css; charset=utf-8")
