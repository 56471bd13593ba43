"""The list of campaigns, and making a new one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from pabal.accounts import audit
from pabal.accounts.access import actor, person, requires
from pabal.accounts.models import Role
from pabal.campaigns import actions
from pabal.campaigns.models import Campaign, CampaignState
from pabal.console.forms.campaigns import NewForm
from pabal.console.forms.errors import put_error
from pabal.console.parts import Page
from pabal.delivery.models import EventKind, Tally
from pabal.errors import PabalError

PER_PAGE = 30
#: Quick filters: name in the address → states.
FILTERS = {
    "open": [CampaignState.SCHEDULED, CampaignState.PLANNING, CampaignState.SENDING, CampaignState.PAUSED],
    "draft": [CampaignState.DRAFT],
    "finished": [CampaignState.DONE, CampaignState.ENDED],
}


@dataclass(frozen=True, kw_only=True)
class Row:
    """A campaign with its numbers."""

    campaign: Campaign
    accepted: int
    delivered: int
    clicked: int


def rows(campaigns: list[Campaign]) -> list[Row]:
    """The campaigns with what the running tallies say of them, in one query."""
    from django.db.models import Sum

    kinds = (EventKind.ACCEPTED, EventKind.DELIVERED, EventKind.CLICKED)
    found = (
        Tally.objects.filter(campaign_id__in=[c.pk for c in campaigns], kind__in=kinds)
        .values_list("campaign_id", "kind")
        .annotate(n=Sum("messages"))
    )
    numbers = {(campaign, kind): n for campaign, kind, n in found}
    return [
        Row(
            campaign=c,
            accepted=numbers.get((c.pk, EventKind.ACCEPTED), 0),
            delivered=numbers.get((c.pk, EventKind.DELIVERED), 0),
            clicked=numbers.get((c.pk, EventKind.CLICKED), 0),
        )
        for c in campaigns
    ]


@requires(Role.VIEWER)
def index(request: HttpRequest) -> HttpResponse:
    """Newest first, searched by name and key, filtered by state, paged by cursor."""
    found: QuerySet[Campaign] = Campaign.objects.filter(standing=False).order_by("-id")
    if q := request.GET.get("q", "").strip():
        found = found.filter(Q(name__icontains=q) | Q(key__icontains=q))
    if (chosen := request.GET.get("show", "")) in FILTERS:
        found = found.filter(state__in=FILTERS[chosen])
    if (before := request.GET.get("before", "")).isdigit():
        found = found.filter(pk__lt=int(before))
    campaigns = list(found[: PER_PAGE + 1])
    more = len(campaigns) > PER_PAGE
    campaigns = campaigns[:PER_PAGE]
    query = request.GET.copy()
    if more:
        query["before"] = str(campaigns[-1].pk)
    page = Page(shown=len(campaigns), next_url=f"?{query.urlencode()}" if more else "")
    values: dict[str, Any] = {
        "rows": rows(campaigns),
        "page": page,
        "q": q,
        "show": chosen,
        "any": bool(campaigns) or Campaign.objects.filter(standing=False).exists(),
        "live": any(c.state in {"planning", "sending"} for c in campaigns),
    }
    return render(request, "console/campaigns/index.html", values)


@requires(Role.EDITOR)
def new(request: HttpRequest) -> HttpResponse:
    """Name it, and go on to the first step."""
    form = NewForm(request.POST or None, initial={"channel": request.GET.get("channel") or "text"})
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                campaign = actions.create(by=person(request), **form.changes())
                audit.record(actor(request), "campaign.create", campaign, form.cleaned_data)
            return redirect(reverse("console:campaign_audience", args=[campaign.key]))
        except PabalError as error:
            put_error(form, error)
    return render(request, "console/campaigns/new.html", {"form": form}, status=422 if form.errors else 200)
