"""Everything that happened with one person: what they did, what was sent or skipped and why, what they agreed to, what
they answered, and whom they turned out to be."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from django.db.models import Q

from pabal.audience.merge import ids_of
from pabal.audience.models import ConsentEvent, Event, Profile, ProfileMerge, Suppression
from pabal.campaigns.models import Campaign, Skip
from pabal.delivery.models import Click, Inbound, Link, Message
from pabal.policy.skips import SkipReason
from pabal.reports.moments import (
    RANKS,
    Blocked,
    Clicked,
    ConsentChange,
    Did,
    Merged,
    Moment,
    Place,
    Reply,
    Sent,
    Skipped,
    place_of,
)
from pabal.reports.recipients import recipients

#: The position of the opt-out link among a campaign's links.
OPT_OUT = 7
#: What a reader may ask for: name → kinds of moments.
FILTERS: dict[str, frozenset[str]] = {
    "events": frozenset({"event"}),
    "messages": frozenset({"message", "skip", "reply"}),
    "consent": frozenset({"consent", "block"}),
    "merges": frozenset({"merge"}),
}


def timeline(
    profile: Profile, *, before: Place | None = None, limit: int = 30, kinds: Collection[str] = RANKS
) -> tuple[list[Moment], Place | None]:
    """What happened before a place, newest first, and where to go on (None: that was all).

    Messages and skips of profiles that were merged into this one are among it. Each source is read through an index on
    the profile or its phone, so a person with a long history costs no more than one page of it.
    """
    ids = ids_of(profile.pk)
    read = _Reading(profile=profile, ids=ids, before=before, limit=limit + 1)
    sources = {
        "event": read.events,
        "message": read.messages,
        "skip": read.skips,
        "consent": read.consent,
        "reply": read.replies,
        "block": read.blocks,
        "merge": read.merges,
    }
    found: list[Moment] = [moment for kind, source in sources.items() if kind in kinds for moment in source()]
    found.sort(key=place_of, reverse=True)
    page = found[:limit]
    return page, place_of(page[-1]) if len(found) > limit else None


class _Reading:
    """One page's worth of each source."""

    def __init__(self, *, profile: Profile, ids: list[int], before: Place | None, limit: int) -> None:
        self.profile, self.ids, self.before, self.limit = profile, ids, before, limit

    def events(self) -> list[Moment]:
        rows = Event.objects.filter(self._earlier("event"), profile_id=self.profile.pk).order_by("-at", "-id")
        return [
            Did(
                at=row.at,
                id=row.pk,
                name=row.name,
                properties=_object(row.properties),
                received_at=row.received_at,
            )
            for row in rows[: self.limit]
        ]

    def messages(self) -> list[Moment]:
        mine = Message.objects.filter(self._earlier("message", "send_after"), profile_id__in=self.ids)
        found = recipients(list(mine.order_by("-send_after", "-id").values_list("pk", flat=True)[: self.limit]))
        if not found:
            return []
        campaigns = _campaigns(row.message.campaign_id for row in found)
        clicks = _clicks([row.message for row in found])
        return [
            Sent(
                at=row.message.send_after,
                id=row.message.pk,
                message=row.message,
                campaign=campaigns.get(row.message.campaign_id),
                state=row.state,
                events=tuple(sorted(row.events.values(), key=lambda event: (event.at, event.kind))),
                clicks=tuple(clicks[row.message.pk]),
            )
            for row in found
        ]

    def skips(self) -> list[Moment]:
        rows = Skip.objects.filter(self._earlier("skip"), profile_id__in=self.ids).order_by("-at", "-id")
        found = list(rows[: self.limit])
        campaigns = _campaigns(row.campaign_id for row in found)
        return [
            Skipped(at=row.at, id=row.pk, campaign=campaigns.get(row.campaign_id), reason=SkipReason(row.reason))
            for row in found
        ]

    def consent(self) -> list[Moment]:
        """Events of one act (same moment, channel, state and evidence) are one change for several purposes."""
        # Each act has at most three purposes on two channels. An act stands where its first row does, so rows of the act at
        # the page's edge are read again and recognised by that.
        upto = Q(at__lte=self.before.at) if self.before else Q()
        rows = (
            ConsentEvent.objects.filter(upto, profile_id=self.profile.pk)
            .select_related("statement")
            .order_by("-at", "id")[: (self.limit + 1) * 6]
        )
        acts: dict[tuple[object, ...], list[ConsentEvent]] = defaultdict(list)
        for row in rows:
            key = (row.at, row.channel, row.state, row.method, row.source, row.actor, row.statement_id, row.moved_from)
            acts[key].append(row)
        changes: list[Moment] = [_change(act) for act in acts.values()]
        before = self.before
        return [change for change in changes if before is None or place_of(change) < before][: self.limit]

    def replies(self) -> list[Moment]:
        """By phone, as a text belongs to a number; those of the numbers of merged profiles too."""
        phones = {self.profile.phone} - {""}
        if len(self.ids) > 1:
            phones |= set(
                Message.objects.filter(profile_id__in=self.ids[:50]).values_list("phone", flat=True).distinct()
            ) - {""}
        if not phones:
            return []
        theirs = Q(profile_id__in=self.ids) | Q(profile_id=None)
        rows = Inbound.objects.filter(theirs, self._earlier("reply"), phone__in=phones).select_related("sender")
        return [Reply(at=row.at, id=row.pk, inbound=row) for row in rows.order_by("-at", "-id")[: self.limit]]

    def blocks(self) -> list[Moment]:
        row = Suppression.objects.filter(phone=self.profile.phone).first() if self.profile.phone else None
        if row is None:
            return []
        moments: list[Moment] = [Blocked(at=row.at, id=1, suppression=row, lifted=False)]
        if row.lifted_at is not None:
            moments.append(Blocked(at=row.lifted_at, id=2, suppression=row, lifted=True))
        return [moment for moment in moments if self.before is None or place_of(moment) < self.before]

    def merges(self) -> list[Moment]:
        rows = ProfileMerge.objects.filter(self._earlier("merge"), new_id__in=self.ids).order_by("-at", "-id")
        return [Merged(at=row.at, id=row.pk, old_id=row.old_id, by=row.by) for row in rows[: self.limit]]

    def _earlier(self, kind: str, column: str = "at") -> Q:
        """Rows of a kind that come after the page's place, read downwards."""
        if self.before is None:
            return Q()
        rank, at = RANKS[kind], self.before.at
        if rank > self.before.rank:
            return Q(**{f"{column}__lt": at})
        if rank < self.before.rank:
            return Q(**{f"{column}__lte": at})
        return Q(**{f"{column}__lte": at}) & (Q(**{f"{column}__lt": at}) | Q(id__lt=self.before.id))


def _change(act: list[ConsentEvent]) -> ConsentChange:
    first = act[0]
    return ConsentChange(
        at=first.at,
        id=first.pk,
        channel=first.channel,
        purposes=tuple(dict.fromkeys(row.purpose for row in act)),
        state=first.state,
        method=first.method,
        source=first.source,
        actor=first.actor,
        statement=first.statement,
        recorded_at=first.recorded_at,
        moved_from=first.moved_from,
    )


def _object(text: str) -> dict[str, Any]:
    """Properties as they stand; anything but an object is shown under an empty name rather than lost."""
    found = json.loads(text or "{}")
    return found if isinstance(found, dict) else {"": found}


def _campaigns(ids: Iterable[int]) -> dict[int, Campaign]:
    return Campaign.objects.only("key", "name", "state").in_bulk(set(ids))


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


def latest_at(profile: Profile) -> datetime | None:
    """When the person last did something."""
    return Event.objects.filter(profile_id=profile.pk).order_by("-at").values_list("at", flat=True).first()
