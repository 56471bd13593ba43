"""Event keys: made, copied, revoked; the code that sends with them, and whether anything comes in."""

from __future__ import annotations

import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from pabal import config
from pabal.accounts.access import actor, requires
from pabal.accounts.models import Role
from pabal.audience.models import WriteKey, WriteKeyKind
from pabal.audience.write_keys import arrivals, create_write_key, revoke_write_key
from pabal.console import errors, event_code
from pabal.console.views.settings import tabs
from pabal.console.widgets import Cards
from pabal.errors import PabalError


class WriteKeyForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=100, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    kind = forms.ChoiceField(
        label=_("Where is it used?"),
        choices=[(WriteKeyKind.SERVER, _("On your servers")), (WriteKeyKind.BROWSER, _("In web pages"))],
        widget=Cards(
            notes={
                WriteKeyKind.SERVER: _("Secret. What it reports counts, consent included."),
                WriteKeyKind.BROWSER: _("Public: everybody can read it in the page. It reports what visitors do."),
            },
            icons={WriteKeyKind.SERVER: "braces", WriteKeyKind.BROWSER: "globe"},
        ),
    )
    origins = forms.CharField(
        label=_("Sites that may use it"),
        required=False,
        widget=forms.Textarea({"rows": 2, "placeholder": "https://shop.example"}),
        help_text=_("One a line. Empty: any site."),
    )

    def clean_origins(self) -> list[str]:
        return [line.strip() for line in self.cleaned_data["origins"].replace(",", "\n").splitlines() if line.strip()]


@requires(Role.ADMIN)
def write_keys(request: HttpRequest) -> HttpResponse:
    form = WriteKeyForm(request.POST or None, initial={"kind": WriteKeyKind.SERVER})
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        origins = said["origins"] if said["kind"] == WriteKeyKind.BROWSER else []
        try:
            key = create_write_key(name=said["name"], kind=said["kind"], origins=origins, by=actor(request))
        except PabalError as error:
            errors.add_error(form, error)
        else:
            messages.success(request, _("The key is made. Here is the code to send with it."))
            return redirect(f"{reverse('console:write_keys')}?key={key.pk}#code")
    found = list(WriteKey.objects.select_related("created_by").order_by(F("revoked_at").asc(nulls_first=True), "-id"))
    shown = _shown(request, found)
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    values: dict[str, Any] = {
        "form": form,
        "rows": [{"key": key, "dialog": f"revoke-{key.pk}", "shown": key == shown} for key in found],
        "shown": shown,
        "samples": event_code.samples(shown.key, shown.kind, config.get().short_link_base) if shown else [],
        "arrivals": arrivals(midnight.astimezone(datetime.UTC)),
        "edge": config.get().short_link_base,
        "tabs": tabs(request, "write_keys"),
    }
    return render(request, "console/accounts/write_keys.html", values, status=422 if form.errors else 200)


@requires(Role.ADMIN)
@require_POST
def write_key_revoke(request: HttpRequest, key_id: int) -> HttpResponse:
    key = revoke_write_key(key_id, by=actor(request))
    messages.success(request, _("“%(name)s” is revoked.") % {"name": key.name})
    return redirect("console:write_keys")


def _shown(request: HttpRequest, keys: list[WriteKey]) -> WriteKey | None:
    """The key whose code is shown: the one asked for, else the newest that works."""
    working = [key for key in keys if key.revoked_at is None]
    asked = request.GET.get("key", "")
    return next((key for key in working if str(key.pk) == asked), working[0] if working else None)
