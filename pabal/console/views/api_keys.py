"""API keys: made, shown once, revoked."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from pabal.accounts import actions
from pabal.accounts.access import actor, person, requires
from pabal.accounts.keys import Scope
from pabal.accounts.models import ApiKey, Role
from pabal.console import errors
from pabal.console.views.settings import tabs
from pabal.console.widgets import TickCards
from pabal.errors import PabalError


class KeyForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=100, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    scopes = forms.MultipleChoiceField(label=_("What it may do"), choices=Scope.choices, widget=TickCards())


@requires(Role.ADMIN)
@never_cache
def api_keys(request: HttpRequest) -> HttpResponse:
    form = KeyForm(request.POST or None, initial={"scopes": [Scope.READ]})
    if request.method == "POST" and form.is_valid():
        try:
            key, secret = actions.create_api_key(**form.cleaned_data, owner=person(request), by=actor(request))
        except PabalError as error:
            errors.add_error(form, error)
        else:
            trial = f"curl -H 'Authorization: Bearer {secret}' {request.build_absolute_uri('/api/v1/me')}"
            return render(request, "console/accounts/api_key_made.html", {"key": key, "secret": secret, "trial": trial})
    found = ApiKey.objects.select_related("created_by").order_by(F("revoked_at").asc(nulls_first=True), "-id")
    labels = dict(Scope.choices)
    values = {
        "form": form,
        "rows": [
            {"key": key, "dialog": f"revoke-{key.pk}", "scopes": [(s, labels.get(s, s)) for s in key.scopes]}
            for key in found
        ],
        "tabs": tabs(request, "api_keys"),
    }
    return render(request, "console/accounts/api_keys.html", values, status=422 if request.method == "POST" else 200)


@requires(Role.ADMIN)
@require_POST
def api_key_revoke(request: HttpRequest, key_id: int) -> HttpResponse:
    key = actions.revoke_api_key(key_id, by=actor(request))
    messages.success(request, _("“%(name)s” is revoked.") % {"name": key.name})
    return redirect("console:api_keys")
