"""What we hold about a person, to read, print and take along; and the segments that the person is in."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_POST

from pabal.accounts import audit
from pabal.accounts.access import actor, requires
from pabal.accounts.models import Role
from pabal.audience.models import Channel, Profile, Segment
from pabal.campaigns import questions
from pabal.console.forms.imports import PURPOSES
from pabal.console.views.audience import moments
from pabal.console.views.audience.merging import FIELD_LABELS
from pabal.console.views.audience.preview_table import plain
from pabal.errors import PabalError
from pabal.reports.moments import RANKS
from pabal.reports.person_record import as_json, person_record
from pabal.reports.profile import timeline

#: Seconds that the page waits for the engine.
PATIENCE = 4.0
#: Moments on the printed record; the file has everything.
PRINTED = 200


@requires(Role.ADMIN)
def record(request: HttpRequest, profile_id: int) -> HttpResponse:
    """The record as a page that prints well."""
    profile = get_object_or_404(Profile, pk=profile_id)
    held = person_record(profile)
    language: Any = "ko" if request.LANGUAGE_CODE.startswith("ko") else "en"
    found, following = timeline(profile, limit=PRINTED, kinds=RANKS)
    purposes = {str(purpose): label for purpose, label in PURPOSES}
    values = {
        "profile": profile,
        "record": held,
        "fields": [(label, value) for name, label in FIELD_LABELS.items() if (value := getattr(profile, name))],
        "consents": [
            row | {"channel_label": Channel(row["channel"]).label, "purpose_label": purposes[row["purpose"]]}
            for row in held["consents"]
        ],
        "properties": [(name, plain(value)) for name, value in sorted(profile.properties.items())],
        "moments": moments.drawn(found, language),
        "more": following is not None,
    }
    return render(request, "console/audience/record.html", values)


@requires(Role.ADMIN)
@require_POST
def export(request: HttpRequest, profile_id: int) -> HttpResponse:
    """The record as a JSON file."""
    profile = get_object_or_404(Profile, pk=profile_id)
    text = as_json(person_record(profile))
    audit.record(actor(request), "profile.export", profile)
    response = HttpResponse(text, content_type="application/json; charset=utf-8")
    response["Content-Disposition"] = content_disposition_header(True, f"profile-{profile.pk}.json") or ""
    response["Cache-Control"] = "no-store"
    return response


@requires(Role.VIEWER)
def segments(request: HttpRequest, profile_id: int) -> HttpResponse:
    """The segments that the person is in now. A fragment: the engine answers."""
    profile = get_object_or_404(Profile, pk=profile_id)
    values: dict[str, Any] = {"profile": profile, "any": Segment.objects.filter(archived_at=None).exists()}
    if values["any"]:
        try:
            found = questions.answer("membership", {"profile": profile.pk}, seconds=PATIENCE)
            inside = [key for key, is_in in found["segments"].items() if is_in]
            values["segments"] = list(Segment.objects.filter(key__in=inside).order_by("name"))
        except PabalError as error:
            values["problem"] = str(error)
    return render(request, "console/audience/profile_segments.html", values)
