"""Two profiles of one person: found, compared side by side, merged."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pabal.accounts import audit
from pabal.accounts.access import actor, requires
from pabal.accounts.models import Role
from pabal.audience import queries
from pabal.audience.merge import likely_same, merge_profiles, outcome
from pabal.audience.models import Channel, Profile
from pabal.console import formats
from pabal.console.forms.imports import PURPOSES
from pabal.console.views.audience.people import rows_of
from pabal.console.views.audience.preview_table import plain
from pabal.delivery.models import Message
from pabal.errors import PabalError

FIELD_LABELS = {
    "external_id": gettext_lazy("Customer ID"),
    "phone": gettext_lazy("Phone"),
    "email": gettext_lazy("Email"),
    "first_name": gettext_lazy("First name"),
    "last_name": gettext_lazy("Last name"),
    "locale": gettext_lazy("Language"),
    "time_zone": gettext_lazy("Time zone"),
}


@requires(Role.EDITOR)
def merge(request: HttpRequest, profile_id: int) -> HttpResponse:
    """Find the other profile (`?q=`), compare (`?with=`, `?keep=` that one), merge (POST `keep` and `gone`)."""
    profile = get_object_or_404(Profile, pk=profile_id)
    if request.method == "POST":
        return _merge(request, profile)
    other = request.GET.get("with", "")
    if other.isdigit():
        return _compare(request, profile, int(other))
    q = request.GET.get("q", "").strip()
    found = [p for p in queries.find_profiles(q, limit=20).profiles if p.pk != profile_id] if q else []
    values = {"profile": profile, "q": q, "rows": rows_of(found or ([] if q else likely_same(profile, limit=20)))}
    return render(request, "console/audience/merge_find.html", values)


def _compare(request: HttpRequest, profile: Profile, other_id: int) -> HttpResponse:
    keep_other = request.GET.get("keep") == str(other_id)
    pair = (other_id, profile.pk) if keep_other else (profile.pk, other_id)
    try:
        shown = outcome(*pair)
    except PabalError as error:
        messages.error(request, str(error))
        return redirect("console:profile_merge", profile.pk)
    purposes = {str(purpose): label for purpose, label in PURPOSES}
    values: dict[str, Any] = {
        "profile": profile,
        "other_id": other_id,
        "outcome": shown,
        "keep_other": keep_other,
        "fields": [
            {
                "label": FIELD_LABELS[c.name],
                "kept": _shown(c.name, c.kept),
                "gone": _shown(c.name, c.gone),
                "result": _shown(c.name, c.result),
                "lost": c.lost,
            }
            for c in shown.fields
            if c.kept or c.gone
        ],
        "properties": [
            {"label": c.name, "kept": plain(c.kept), "gone": plain(c.gone), "result": plain(c.result), "lost": c.lost}
            for c in shown.properties
        ],
        "consents": [
            {
                "label": f"{Channel(c.channel).label} · {purposes[c.purpose]}",
                "kept": c.kept,
                "gone": c.gone,
                "result": c.result,
            }
            for c in shown.consents
        ],
        "sent": Message.objects.filter(profile_id=shown.gone.pk).count(),
        "two_ids": shown.keep.external_id and shown.gone.external_id,
    }
    return render(request, "console/audience/merge.html", values)


def _shown(name: str, value: Any) -> Any:
    return formats.phone(value) if name == "phone" and value else value


def _merge(request: HttpRequest, profile: Profile) -> HttpResponse:
    keep, gone = request.POST.get("keep", ""), request.POST.get("gone", "")
    if not (keep.isdigit() and gone.isdigit()) or str(profile.pk) not in (keep, gone):
        messages.error(request, _("Choose the other profile first."))
        return redirect("console:profile_merge", profile.pk)
    try:
        with transaction.atomic():
            done = merge_profiles(int(keep), int(gone), by=str(actor(request)))
            what = {"merged": f"{done.gone} (#{gone})", "events": done.events, "lists": done.lists}
            audit.record(actor(request), "profile.merge", done.keep, what)
    except PabalError as error:
        messages.error(request, str(error))
        return redirect("console:profile_merge", profile.pk)
    messages.success(request, _("The two profiles are one now."))
    return redirect("console:profile", int(keep))
