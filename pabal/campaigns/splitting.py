"""What helps a campaign that cannot finish in time: several senders at once, or parts over several days.

A part is a campaign of its own, for a share of the same audience: phones are shared out by a hash, so that no phone is in
two parts, whenever each of them is planned. Nothing is sent by splitting: each part is reviewed and launched like any
other campaign.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from math import ceil
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

import msgspec
from django.db import transaction
from django.utils.translation import gettext as _

from pabal import config
from pabal.accounts.models import User
from pabal.campaigns import actions
from pabal.campaigns.compose import senders_of
from pabal.campaigns.models import Campaign, CampaignState, Plan, PlanMode, PlanState
from pabal.campaigns.summary import PlanSummary, Portion
from pabal.delivery.accounts import capabilities
from pabal.delivery.models import Sender, SenderState
from pabal.errors import Conflict, InvalidInput
from pabal.policy.finish import Forecast, Load, predict

MOST_DAYS: Final = 14
WHOLE: Final = 10_000

By = Literal["senders", "days"]


class SplitPart(msgspec.Struct, frozen=True, kw_only=True):
    """One part: its share of the phones, when it starts (null: when launched) and what it would do. `sender_id` is set
    when the part has a sender of its own in the place of the slow one."""

    share: float
    messages: int
    starts_at: datetime | None
    finishes_at: datetime | None
    timed_out: int
    sender_id: int | None = None
    sender: str = ""


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """A way to be in time. `finishes_at`: the end of the last part."""

    by: By
    parts: tuple[SplitPart, ...]

    @property
    def finishes_at(self) -> datetime | None:
        return max((p.finishes_at for p in self.parts if p.finishes_at), default=None)


def reviewed(campaign: Campaign) -> PlanSummary | None:
    """The newest review of the campaign as it stands; None when there is none."""
    plan = (
        Plan.objects.filter(
            campaign=campaign, mode=PlanMode.REVIEW, state=PlanState.DONE, campaign_version=campaign.version
        )
        .order_by("-id")
        .first()
    )
    return PlanSummary.from_json(plan.summary) if plan else None


def proposals(campaign: Campaign, summary: PlanSummary) -> list[Proposal]:
    """What would be in time where `summary` is not; empty when it is, or when nothing helps."""
    if not summary.timed_out:
        return []
    return [found for found in (by_senders(campaign, summary), by_days(campaign, summary)) if found is not None]


def by_days(campaign: Campaign, summary: PlanSummary, parts: int | None = None) -> Proposal | None:
    """As few daily parts as are in time, or `parts` of them; None when two weeks are not enough."""
    senders = {sender.pk: float(sender.throughput) for sender in senders_of(campaign)}
    for count in [parts] if parts else range(2, MOST_DAYS + 1):
        forecast = _forecast(summary, senders, 1 / count, per_minute=campaign.per_minute)
        if forecast.timed_out and not parts:
            continue
        zone = ZoneInfo(config.get().time_zone)
        first = campaign.starts_at or summary.planned_for
        days = [(first.astimezone(zone) + timedelta(days=day)) - first for day in range(count)]  # by the wall clock
        return Proposal(
            by="days",
            parts=tuple(
                SplitPart(
                    share=1 / count,
                    messages=-(-summary.messages // count),
                    starts_at=campaign.starts_at if day == 0 else first + days[day],
                    finishes_at=forecast.finishes_at + days[day] if forecast.finishes_at else None,
                    timed_out=forecast.timed_out,
                )
                for day in range(count)
            ),
        )
    return None


def by_senders(campaign: Campaign, summary: PlanSummary) -> Proposal | None:
    """The slow sender together with as few others as are in time; None when there are none that do."""
    slow = max(summary.senders, key=lambda sender: sender.timed_out, default=None)
    own = {sender.pk: sender for sender in senders_of(campaign)}
    if slow is None or slow.sender_id not in own:
        return None
    team = [own[slow.sender_id]]
    for other in _others(own[slow.sender_id], summary.portions, exclude=list(own)):
        team.append(other)
        whole = sum(sender.throughput for sender in team)
        parts = []
        for sender in team:
            share = sender.throughput / whole
            rates = {pk: float(s.throughput) for pk, s in own.items()} | {slow.sender_id: float(sender.throughput)}
            limit = max(1, int(campaign.per_minute * share)) if campaign.per_minute else None
            forecast = _forecast(summary, rates, share, per_minute=limit)
            parts.append(
                SplitPart(
                    share=share,
                    messages=round(summary.messages * share),
                    starts_at=campaign.starts_at,
                    finishes_at=forecast.finishes_at,
                    timed_out=forecast.timed_out,
                    sender_id=sender.pk,
                    sender=str(sender),
                )
            )
        if not any(part.timed_out for part in parts):
            return Proposal(by="senders", parts=tuple(parts))
    return None


@transaction.atomic
def split(campaign: Campaign, by: str, *, actor: User | None, parts: int | None = None) -> list[Campaign]:
    """Make the parts of a reviewed draft: the draft itself becomes the first, the others are copies. All are drafts.

    `parts`: how many days, when fewer or more than proposed are wanted. Raises Conflict when it is no draft any more
    (`wrong_state`), has no review of this version (`not_reviewed`), or nothing of the kind helps (`cannot_split`).
    """
    if by not in ("senders", "days"):
        raise InvalidInput(_("Split by senders or by days."), code="unknown_value", field="by")
    if parts is not None and not 2 <= parts <= MOST_DAYS:
        message = _("Choose from 2 to %(most)s parts.") % {"most": MOST_DAYS}
        raise InvalidInput(message, code="out_of_range", field="parts")
    campaign = Campaign.objects.select_for_update().get(pk=campaign.pk)
    if campaign.state != CampaignState.DRAFT:
        raise Conflict(_("Only a draft can be split."), code="wrong_state", details={"state": campaign.state})
    summary = reviewed(campaign)
    if summary is None:
        raise Conflict(_("Review the campaign first."), code="not_reviewed")
    chosen = by_days(campaign, summary, parts) if by == "days" else by_senders(campaign, summary)
    if chosen is None:
        raise Conflict(_("Splitting it this way does not help."), code="cannot_split")
    return _made(campaign, chosen, actor)


def _made(campaign: Campaign, proposal: Proposal, actor: User | None) -> list[Campaign]:
    senders = [sender.pk for sender in senders_of(campaign)]
    slow = proposal.parts[0].sender_id
    drafts = [campaign, *(actions.duplicate(campaign, by=actor) for _part in proposal.parts[1:])]
    bounds = _bounds(campaign, [part.share for part in proposal.parts])
    salt = campaign.share_salt or secrets.randbelow(2**62) + 1
    name = campaign.name[:185]
    for number, (draft, part, (low, high)) in enumerate(zip(drafts, proposal.parts, bounds, strict=True), 1):
        changes: dict[str, Any] = {"name": f"{name} ({number}/{len(drafts)})", "starts_at": part.starts_at}
        if part.sender_id is not None and part.sender_id != slow:
            changes["senders"] = [part.sender_id if pk == slow else pk for pk in senders]
        if campaign.per_minute and proposal.by == "senders":
            changes["per_minute"] = max(1, int(campaign.per_minute * part.share))
        actions.edit(draft, by=actor, **changes)
        Campaign.objects.filter(pk=draft.pk).update(
            share_salt=salt, share_from=low, share_to=high, split_from=None if number == 1 else campaign
        )
        draft.refresh_from_db()
    return drafts


def _bounds(campaign: Campaign, shares: Sequence[float]) -> list[tuple[int, int]]:
    """The campaign's own share in ten thousandths, cut in proportion; every part gets at least one."""
    low, high = campaign.share_from, campaign.share_to
    if high - low < len(shares):
        raise Conflict(_("The campaign is split finely enough."), code="cannot_split")
    total, sofar, edges = sum(shares), 0.0, [low]
    for number, share in enumerate(shares, 1):
        sofar += share
        edge = low + round((high - low) * sofar / total)
        edges.append(min(max(edge, edges[-1] + 1), high - (len(shares) - number)))
    return list(pairwise(edges))


def _others(slow: Sender, portions: Sequence[Portion], *, exclude: Sequence[int]) -> list[Sender]:
    """Senders that could carry what the slow one does, the fastest first."""
    kinds = {portion.kind for portion in portions if portion.sender_id == slow.pk}
    encodings = {portion.encoding for portion in portions if portion.sender_id == slow.pk}
    found = Sender.objects.select_related("account").filter(
        archived_at=None, state=SenderState.ACTIVE, country=slow.country, kind=slow.kind
    )
    able = [(sender, capabilities(sender.account)) for sender in found.exclude(pk__in=exclude).order_by("id")]
    return sorted(
        (sender for sender, can in able if kinds <= can.kinds and encodings <= can.encodings),
        key=lambda sender: -sender.throughput,
    )


def _forecast(summary: PlanSummary, rates: dict[int, float], share: float, *, per_minute: int | None) -> Forecast:
    """How a share of the plan would go, with these parts a second by sender."""
    sums: dict[tuple[int, datetime, datetime], list[int]] = {}
    for portion in summary.portions:
        entry = sums.setdefault((portion.sender_id, portion.opens_at, portion.closes_at), [0, 0])
        entry[0] += portion.messages
        entry[1] += portion.parts
    loads = []
    for (sender, opens, closes), (messages, parts) in sums.items():
        some = ceil(messages * share)
        loads.append(
            Load(
                sender=str(sender),
                messages=some,
                parts=max(some, ceil(parts * share)),
                opens_at=opens,
                closes_at=closes,
            )
        )
    return predict(
        loads,
        throughput={str(pk): rate for pk, rate in rates.items()},
        now=summary.planned_for,
        deadline=summary.deadline,
        per_minute=per_minute,
    )
