"""The start page: the last two weeks, what is under way, and the first steps until they are done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from pabal import config
from pabal.accounts.access import person, requires
from pabal.accounts.models import Role
from pabal.billing.models import MILLI
from pabal.campaigns.models import Campaign, CampaignState
from pabal.console import charts, formats
from pabal.console.views.campaigns.listing import rows
from pabal.reports.overview import Overview, overview


@dataclass(frozen=True, kw_only=True)
class FirstStep:
    """One thing to do before the first campaign."""

    label: Any
    text: Any
    url: str
    done: bool


@requires(Role.VIEWER)
def home(request: HttpRequest) -> HttpResponse:
    found = overview()
    open_states = [CampaignState.PLANNING, CampaignState.SENDING, CampaignState.SCHEDULED, CampaignState.PAUSED]
    steps = _first_steps(found)
    ordinary = Campaign.objects.filter(standing=False)
    values = {
        "o": found,
        "balance": formats.money(found.available / MILLI, config.get().currency),
        "reserved": formats.money(found.reserved / MILLI, config.get().currency) if found.reserved else "",
        "chart": _chart(found),
        "running": rows(list(ordinary.filter(state__in=open_states).order_by("-id")[:5])),
        "recent": rows(list(ordinary.exclude(state__in=open_states).order_by("-updated_at")[:5])),
        "steps": steps if not all(s.done for s in steps) else [],
        "may_edit": person(request).may(Role.EDITOR),
        "totals": {name: found.total(name) for name in ("accepted", "delivered", "failed", "clicked")},
    }
    return render(request, "console/home.html", values)


def _first_steps(found: Overview) -> list[FirstStep]:
    return [
        FirstStep(
            label=_("Import your contacts"),
            text=_("A CSV or Excel file, with what people agreed to."),
            url=reverse("console:import_new"),
            done=found.profiles > 0,
        ),
        FirstStep(
            label=_("Add a sender"),
            text=_("The number or name your messages come from. The sandbox needs no carrier."),
            url=reverse("console:senders"),
            done=found.senders > 0,
        ),
        FirstStep(
            label=_("Top up credits"),
            text=_("A campaign is only sent when the balance covers it."),
            url=reverse("console:credits"),
            done=found.available > 0,
        ),
        FirstStep(
            label=_("Make a campaign"),
            text=_("Choose who, write what, review, send."),
            url=reverse("console:campaign_new"),
            done=found.campaigns > 0,
        ),
    ]


def _chart(found: Overview) -> charts.TimeSeries | None:
    if not found.total("accepted"):
        return None
    names = [("accepted", _("Sent"), "1"), ("delivered", _("Delivered"), "good"), ("clicked", _("Clicked"), "3")]
    return charts.TimeSeries(
        title=_("Messages, last 14 days"),
        labels=[formats.day(d.day) for d in found.days],
        series=[
            charts.Series(name=label, values=[getattr(d, name) for d in found.days], tone=tone)
            for name, label, tone in names
        ],
    )
