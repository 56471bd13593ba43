"""Everything that happened with one person: what was sent or skipped and why, what they agreed to, what they answered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias

from django.db.models import Q

from pabal.audience.models import ConsentEvent, ConsentStatement, Profile, Suppression
from pabal.campaigns.models import Campaign, Skip
from pabal.delivery.models import Click, Inbound, Link, Message, MessageEvent
from pabal.policy.skips import SkipReason
from pabal.reports.recipients import State, recipients

#: The position of the opt-out link among a campaign's links.
OPT_OUT = 7


@dataclass(frozen=True, kw_only=True, slots=True)
class Clicked:
    """A short link was opened. `target` is the link's template; empty for the opt-out link."""

    at: datetime
    target: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """A message and what became of it."""

    kind: str = "message"
    at: datetime
    message: Message
    campaign: Campaign | None
    state: State
    events: tuple[MessageEvent, ...]
    clicks: tuple[Clicked, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Skipped:
    """A campaign that sent nothing to the person, and why."""

    kind: str = "skip"
    at: datetime
    campaign: Campaign | None
    reason: SkipReason


@dataclass(frozen=True, kw_only=True, slots=True)
class ConsentChange:
    """One act of consent or refusal, for one channel and one or several purposes."""

    kind: str = "consent"
    at: datetime
    channel: str
    purposes: tuple[str, ...]
    state: str
    method: str
    source: str
    actor: str
    statement: ConsentStatement | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """A text that the person sent us, and what we answered."""

    kind: str = "reply"
    at: datetime
    inbound: Inbound


@dataclass(frozen=True, kw_only=True, slots=True)
class Blocked:
    """The number was suppressed, or the suppression lifted."""

    kind: str = "block"
    at: datetime
    suppression: Suppression
    lifted: bool


Moment: TypeAlias = Sent | Skipped | ConsentChange | Reply | Blocked


def timeline(
    profile: Profile, *, before: datetime | None = None, limit: int = 30
) -> tuple[list[Moment], datetime | None]:
    """What happened before a moment, newest first, and where to go on (None: that was all).

    Each source is read through an index on the profile or its phone, so a person with a long history costs no more
    than one page of it.
    """
    until = before or datetime.max.replace(tzinfo=UTC)
    ask = limit + 1
    found: list[Moment] = [
        *_messages(profile, until, ask),
        *_skips(profile, until, ask),
        *_consent(profile, until, ask),
        *_replies(profile, until, ask),
        *_blocks(profile, until),
    ]
    found.sort(key=lambda moment: moment.at, reverse=True)
    if len(found) <= limit:
        return found, None
    last = found[limit - 1].at
    # Everything of that very moment stays on this page: the next one begins strictly before it.
    page = [moment for moment in found if moment.at >= last]
    return page, last


def _campaigns(ids: Iterable[int]) -> dict[int, Campaign]:
    return Campaign.objects.only("key", "name", "state").in_bulk(set(ids))


def _messages(profile: Profile, until: datetime, limit: int) -> list[Sent]:
    mine = Message.objects.filter(profile_id=profile.pk, send_after__lt=until).order_by("-send_after", "-id")
    found = recipients(list(mine.values_list("pk", flat=True)[:limit]))
    if not found:
        return []
    campaigns = _campaigns(row.message.campaign_id for row in found)
    clicks = _clicks([row.message for row in found])
    return [
        Sent(
            at=row.message.send_after,
            message=row.message,
            campaign=campaigns.get(row.message.campaign_id),
            state=row.state,
            events=tuple(sorted(row.events.values(), key=lambda event: (event.at, event.kind))),
            clicks=tuple(clicks[row.message.pk]),
        )
        for row in found
    ]


def _clicks(messages: list[Message]) -> dict[int, list[Clicked]]:
    rows = list(Click.objects.filter(message_id__in=[m.pk for m in messages]).order_by("at"))
    found: dict[int, list[Clicked]] = defaultdict(list)
    if not rows:
        return found
    campaign_of = {message.pk: message.campaign_id for message in messages}
    links = Link.objects.filter(campaign_id__in=set(campaign_of.values()))
    targets = {(link.campaign_id, link.position): link.target for link in links}
    for row in rows:
        target = targets.get((campaign_of[row.message_id], row.position), "") if row.position != OPT_OUT else ""
        found[row.message_id].append(Clicked(at=row.at, target=target))
    return found


def _skips(profile: Profile, until: datetime, limit: int) -> list[Skipped]:
    rows = list(Skip.objects.filter(profile_id=profile.pk, at__lt=until).order_by("-at", "-id")[:limit])
    campaigns = _campaigns(row.campaign_id for row in rows)
    return [Skipped(at=row.at, campaign=campaigns.get(row.campaign_id), reason=SkipReason(row.reason)) for row in rows]


def _consent(profile: Profile, until: datetime, limit: int) -> list[ConsentChange]:
    """Events of one act (same moment, channel, state and evidence) are one change for several purposes."""
    # Each act has at most three purposes on two channels.
    rows = (
        ConsentEvent.objects.filter(profile_id=profile.pk, at__lt=until)
        .select_related("statement")
        .order_by("-at", "id")[: limit * 6]
    )
    acts: dict[tuple[object, ...], list[ConsentEvent]] = defaultdict(list)
    for row in rows:
        acts[row.at, row.channel, row.state, row.method, row.source, row.actor, row.statement_id].append(row)
    return [
        ConsentChange(
            at=first.at,
            channel=first.channel,
            purposes=tuple(dict.fromkeys(row.purpose for row in act)),
            state=first.state,
            method=first.method,
            source=first.source,
            actor=first.actor,
            statement=first.statement,
        )
        for act in acts.values()
        for first in act[:1]
    ][:limit]


def _replies(profile: Profile, until: datetime, limit: int) -> list[Reply]:
    if not profile.phone:
        return []
    theirs = Q(profile_id=profile.pk) | Q(profile_id=None)
    rows = Inbound.objects.filter(theirs, phone=profile.phone, at__lt=until).select_related("sender")
    return [Reply(at=row.at, inbound=row) for row in rows.order_by("-at", "-id")[:limit]]


def _blocks(profile: Profile, until: datetime) -> list[Blocked]:
    row = Suppression.objects.filter(phone=profile.phone).first() if profile.phone else None
    if row is None:
        return []
    moments = [Blocked(at=row.at, suppression=row, lifted=False)]
    if row.lifted_at is not None:
        moments.append(Blocked(at=row.lifted_at, suppression=row, lifted=True))
    return [moment for moment in moments if moment.at < until]
