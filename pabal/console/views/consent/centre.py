"""The consent centre's first page: where people stand, how that grew, where consent comes from, what changed last."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from pabal import config
from pabal.accounts import audit
from pabal.accounts.access import actor, person, requires
from pabal.accounts.audit import Subject
from pabal.accounts.models import Role
from pabal.audience import consent_figures
from pabal.audience.models import Channel, ConsentMethod, Profile, Purpose, Suppression
from pabal.console import charts, formats
from pabal.console.forms.consent import EvidenceForm
from pabal.console.forms.imports import PURPOSES
from pabal.console.views.consent.tabs import tabs
from pabal.database import raw_cursor
from pabal.delivery.models import Sender
from pabal.reports import consent_evidence
from pabal.reports.export import FORMULA, as_csv

SPANS = (30, 90, 365)
#: Days that one point of the charts stands for, in a year's.
_WEEK = 7
LABELS = {str(purpose): label for purpose, label in PURPOSES}


@requires(Role.VIEWER)
def index(request: HttpRequest) -> HttpResponse:
    """`?channel=`, `?purpose=` and `?days=` choose what the charts are of."""
    channel = _one_of(request.GET.get("channel", ""), Channel.values)
    purpose = _one_of(request.GET.get("purpose", ""), Purpose.values)
    days = next((span for span in SPANS if str(span) == request.GET.get("days")), SPANS[0])
    standings = consent_figures.standings()
    people = _people()
    chosen = next((s for s in standings if (s.channel, s.purpose) == (channel, purpose)), None)
    grown = consent_figures.growth(
        channel=channel,
        purpose=purpose,
        days=days,
        zone=str(timezone.get_current_timezone()),
        subscribed=chosen.subscribed if chosen else 0,
    )
    gained, lost = sum(day.gained for day in grown), sum(day.lost for day in grown)
    weekly = days > SPANS[1]
    if weekly:
        grown = _weeks(grown)
    values: dict[str, Any] = {
        "tabs": tabs("consent"),
        "rows": [_row(s, people) for s in standings],
        "people": people,
        "chosen": _row(chosen, people) if chosen else None,
        "channel": channel,
        "purpose": purpose,
        "days": days,
        "spans": SPANS,
        "channels": Channel.choices,
        "purposes": PURPOSES,
        "total": charts.TimeSeries(
            title=_("Subscribed"),
            labels=[formats.short_day(day.day) for day in grown],
            series=[charts.Series(name=_("Subscribed"), values=[day.subscribed for day in grown], tone="good")],
        ),
        "moves": charts.TimeSeries(
            title=_("Agreed and refused, by week") if weekly else _("Agreed and refused, by day"),
            labels=[formats.short_day(day.day) for day in grown],
            series=[
                charts.Series(name=_("Agreed"), values=[day.gained for day in grown], tone="good"),
                charts.Series(name=_("Refused"), values=[day.lost for day in grown], tone="bad"),
            ],
        ),
        "gained": gained,
        "lost": lost,
        "sources": [_source(row) for row in consent_figures.sources(channel=channel, purpose=purpose)],
        "latest": [_change(row) for row in consent_figures.latest()],
        "suppressed": Suppression.objects.filter(lifted_at=None).count(),
        "korean": config.get().default_country == "KR" or Sender.objects.filter(country="KR").exists(),
        "evidence": EvidenceForm(
            initial={"start": timezone.localdate() - timedelta(days=29), "end": timezone.localdate()}
        ),
        "may_export": person(request).may(Role.EDITOR),
    }
    return render(request, "console/consent/index.html", values)


@requires(Role.VIEWER)
def evidence(request: HttpRequest, profile_id: int) -> HttpResponse:
    """What proves a person's consent, as a sheet to print."""
    profile = get_object_or_404(Profile, pk=profile_id)
    values = {
        "profile": profile,
        "changes": [_change(row) for row in consent_evidence.of_person(profile)],
        "consents": [
            {
                "channel": Channel(row.channel).label,
                "purpose": LABELS[row.purpose],
                "state": row.state,
                "at": row.changed_at,
            }
            for row in profile.consents.order_by("channel", "purpose")
        ],
        "suppression": Suppression.objects.filter(phone=profile.phone, lifted_at=None).first()
        if profile.phone
        else None,
        "made_at": timezone.now(),
        "made_by": person(request),
        "zone": str(timezone.get_current_timezone()),
    }
    return render(request, "console/consent/evidence.html", values)


@requires(Role.EDITOR)
@require_POST
def export(request: HttpRequest) -> HttpResponseBase:
    """The evidence of some days as CSV."""
    form = EvidenceForm(request.POST)
    if not form.is_valid():
        return HttpResponse(status=422)
    start, end = form.moments
    days = {"from": form.cleaned_data["start"].isoformat(), "until": form.cleaned_data["end"].isoformat()}
    audit.record(actor(request), "consent.export", Subject(type="consent", label=" – ".join(days.values())), days)
    rows = ([_cell(value) for value in row] for row in consent_evidence.between(start, end))
    response = StreamingHttpResponse(as_csv(rows, consent_evidence.COLUMNS), content_type="text/csv; charset=utf-8")
    name = f"consent-{days['from']}-{days['until']}.csv"
    response["Content-Disposition"] = content_disposition_header(True, name) or ""
    return response


def _weeks(days: list[consent_figures.Day]) -> list[consent_figures.Day]:
    """Each seven days as one, the last of them full."""
    first = len(days) % _WEEK
    parts = ([days[:first]] if first else []) + [days[at : at + _WEEK] for at in range(first, len(days), _WEEK)]
    return [
        consent_figures.Day(
            day=part[-1].day,
            gained=sum(day.gained for day in part),
            lost=sum(day.lost for day in part),
            subscribed=part[-1].subscribed,
        )
        for part in parts
    ]


def _one_of(said: str, allowed: list[str]) -> str:
    return said if said in allowed else allowed[0]


def _people() -> int | None:
    """How many people there are: exactly while they are few, else the planner's estimate."""
    with raw_cursor() as cursor:
        row = cursor.execute("SELECT reltuples::bigint FROM pg_class WHERE oid = 'profile'::regclass").fetchone()
        if row and row[0] > 50_000:
            return int(row[0])
    return Profile.objects.exclude(external_id=None, phone="", email="").count()


def _row(standing: consent_figures.Standing, people: int | None) -> dict[str, Any]:
    asked = standing.subscribed + standing.unsubscribed
    return {
        "channel": standing.channel,
        "purpose": standing.purpose,
        "channel_label": Channel(standing.channel).label,
        "purpose_label": LABELS.get(standing.purpose, standing.purpose),
        "subscribed": standing.subscribed,
        "unsubscribed": standing.unsubscribed,
        "never": max(0, people - asked) if people is not None else None,
    }


def _source(row: Any) -> dict[str, Any]:
    rate = row.withdrawn / row.people if row.people else 0
    return {
        "row": row,
        "method": ConsentMethod(row.method).label,
        "rate": rate,
        "high": rate >= 0.3 and row.people >= 20,
    }


def _change(row: Any) -> dict[str, Any]:
    return {
        "row": row,
        "profile": row.profile,
        "forgotten": not (row.profile.phone or row.profile.external_id or row.profile.email),
        "channel": Channel(row.channel).label,
        "purpose": LABELS.get(row.purpose, row.purpose),
        "method": ConsentMethod(row.method).label,
    }


def _cell(value: object) -> object:
    """A text that begins like a formula is marked as text; a phone number is none."""
    if isinstance(value, str) and value.startswith(FORMULA) and not value[1:].isdigit():
        return "'" + value
    return value
