"""Splitting a draft that cannot finish in time: one click makes the parts."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from pabal.accounts import audit
from pabal.accounts.access import actor, person, requires
from pabal.accounts.models import Role
from pabal.campaigns.models import Campaign
from pabal.campaigns.splitting import Proposal, proposals, split
from pabal.campaigns.summary import PlanSummary
from pabal.console import formats


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A proposal as it is shown: what to press, and what comes of it."""

    by: str
    label: str
    lines: list[str]


def offers(campaign: Campaign, summary: PlanSummary) -> list[Offer]:
    """The ways to be in time."""
    return [_offer(proposal) for proposal in proposals(campaign, summary)]


def _offer(proposal: Proposal) -> Offer:
    count = len(proposal.parts)
    label = (
        ngettext("Split over %(n)s day", "Split over %(n)s days", count)
        if proposal.by == "days"
        else ngettext("Split among %(n)s sender", "Split among %(n)s senders", count)
    ) % {"n": formats.number(count)}
    lines = []
    for part in proposal.parts:
        what = part.sender or (formats.moment(part.starts_at) if part.starts_at else _("at once"))
        lines.append(
            _("%(what)s: about %(messages)s messages, finished %(at)s")
            % {
                "what": what,
                "messages": formats.number(part.messages),
                "at": formats.moment(part.finishes_at) if part.finishes_at else "–",
            }
        )
    return Offer(by=proposal.by, label=label, lines=lines)


@requires(Role.EDITOR)
@require_POST
def make(request: HttpRequest, key: str) -> HttpResponse:
    """Make the parts; each is a draft to be reviewed and sent."""
    campaign = get_object_or_404(Campaign, key=key)
    by = request.POST.get("by", "")
    with transaction.atomic():
        parts = split(campaign, by, actor=person(request))
        audit.record(actor(request), "campaign.split", campaign, {"by": by, "parts": [part.key for part in parts]})
    made = ngettext(
        "%(n)s part made. Review and send each of them.", "%(n)s parts made. Review and send each of them.", len(parts)
    )
    messages.success(request, made % {"n": formats.number(len(parts))})
    return redirect("console:campaigns")
