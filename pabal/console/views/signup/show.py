"""One sign-up form: how it does, where to put it, who signed up lately."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.safestring import mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from pabal import config
from pabal.accounts import audit
from pabal.accounts.access import actor, person, requires
from pabal.accounts.models import Role
from pabal.campaigns.models import Signup, SignupForm, SignupState
from pabal.campaigns.signup import forms as signup_forms
from pabal.campaigns.signup.page import Look, form_html
from pabal.policy.skips import SKIP_WORDS, SkipReason

LATEST = 20
#: What keeps a confirmation from being sent, and what to do. Reasons of skips have their own words.
TROUBLES: dict[str, Any] = {
    "insufficient_balance": _("The balance does not cover the confirmation. It is sent once credits are topped up."),
    "no_sender": _("The form has no sender."),
}


@requires(Role.VIEWER)
def show(request: HttpRequest, key: str) -> HttpResponse:
    form = signup_forms.by_key(key)
    edge = config.get().short_link_base
    waiting = Signup.objects.filter(form=form, state=SignupState.PENDING, message_id=None).exclude(trouble="")
    troubles = waiting.values_list("trouble").annotate(n=Count("id")).order_by("-n")
    values: dict[str, Any] = {
        "form": form,
        "counts": signup_forms.counts([form])[form.pk],
        "latest": Signup.objects.filter(form=form).order_by("-id")[:LATEST],
        "troubles": [{"text": _trouble(code), "n": n} for code, n in troubles],
        "hosted": f"{edge}/f/{form.key}",
        "embed": embed_code(form, edge),
        "own": own_form(form, edge),
        "html": mark_safe(form_html(Look.of(form), action="", auto=False)),
        "may_edit": person(request).may(Role.EDITOR),
    }
    return render(request, "console/signup/show.html", values)


@requires(Role.EDITOR)
@require_POST
def archive(request: HttpRequest, key: str) -> HttpResponse:
    form = signup_forms.by_key(key)
    with transaction.atomic():
        signup_forms.archive_form(form)
        audit.record(actor(request), "signup_form.archive", form)
    messages.success(request, _("The form is closed and archived."))
    return redirect("console:signup_forms")


@requires(Role.EDITOR)
@require_POST
def restore(request: HttpRequest, key: str) -> HttpResponse:
    form = signup_forms.by_key(key)
    with transaction.atomic():
        signup_forms.restore_form(form)
        audit.record(actor(request), "signup_form.restore", form)
    messages.success(request, _("The form is open again."))
    return redirect("console:signup_form", key=key)


def embed_code(form: SignupForm, edge: str) -> str:
    """The form inside a page of the shop."""
    return f'<div data-pabal-form="{form.key}"></div>\n<script async src="{edge}/v1/pabal.js"></script>'


def own_form(form: SignupForm, edge: str) -> str:
    """A form that the shop draws itself; it works without JavaScript, too."""
    name = '  <input name="name">\n' if form.ask_name else ""
    night = (
        '  <label><input type="checkbox" name="night" value="1"> <span data-pabal-night></span></label>\n'
        if form.night_statement
        else ""
    )
    return (
        f'<form data-pabal-form="{form.key}" method="post" action="{edge}/v1/forms/{form.key}">\n{name}'
        '  <input type="tel" name="phone" required>\n'
        '  <label><input type="checkbox" name="consent" value="1" required> <span data-pabal-wording></span></label>\n'
        f'{night}  <button type="submit">…</button>\n</form>\n'
        f'<script async src="{edge}/v1/pabal.js"></script>'
    )


def _trouble(code: str) -> Any:
    if code in TROUBLES:
        return TROUBLES[code]
    try:
        words = SKIP_WORDS[SkipReason.from_key(code)]
    except KeyError:
        return _("The confirmation could not be sent (%(code)s).") % {"code": code}
    return words.label["ko" if (get_language() or "").startswith("ko") else "en"]
