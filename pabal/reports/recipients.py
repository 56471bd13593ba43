"""The candidates of one campaign, a page at a time: messages by state, and skips with their reason.

Pages are cut by key, never by counting, so the last page of a million costs what the first does. A campaign's messages
are runs of consecutive ids (its batches); every query below walks such runs in order and stops when the page is full.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, TypeAlias

from django.db import connection

from pabal.audience.models import Profile
from pabal.campaigns.models import Skip
from pabal.delivery.models import EventKind, Message, MessageEvent

Run: TypeAlias = tuple[int, int]


class State(StrEnum):
    """Where a message is. Each is in exactly one; the values are stored nowhere, but appear in addresses and exports."""

    WAITING = "waiting"
    UNDERWAY = "underway"
    DELIVERED = "delivered"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


class Group(StrEnum):
    """What may be listed: some states, or what people did."""

    ALL = "all"
    DELIVERED = "delivered"
    UNDERWAY = "underway"
    WAITING = "waiting"
    FAILED = "failed"
    CLICKED = "clicked"
    REPLIED = "replied"
    UNSUBSCRIBED = "unsubscribed"
    NOT_SENT = "not_sent"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Recipient:
    """One message with what happened to it. `profile` is None once the profile was deleted."""

    message: Message
    profile: Profile | None
    state: State
    reason: str
    events: dict[EventKind, MessageEvent]

    @property
    def changed_at(self) -> datetime | None:
        """When it came into its state; None while it waits."""
        event = self.events.get(_EVENT_OF[self.state]) if self.state in _EVENT_OF else None
        return event.at if event else None


@dataclass(frozen=True, kw_only=True)
class Skipped:
    """A candidate without a message, and why."""

    skip: Skip
    profile: Profile | None


@dataclass(frozen=True, kw_only=True)
class Slice:
    """Keys of one page, in order, and whether there is more on either side."""

    ids: list[int]
    earlier: bool
    later: bool


#: Final events in the order in which the first one found decides; then what is known short of them.
_STATE_OF: Final = (
    (EventKind.DELIVERED, State.DELIVERED),
    (EventKind.FAILED, State.FAILED),
    (EventKind.EXPIRED, State.EXPIRED),
    (EventKind.CANCELLED, State.CANCELLED),
    (EventKind.UNKNOWN, State.UNKNOWN),
    (EventKind.ACCEPTED, State.UNDERWAY),
)
_EVENT_OF: Final = {state: kind for kind, state in _STATE_OF}

#: The runs of a campaign: batches that follow each other are one.
_RUNS: Final = """
SELECT min(first_id), max(last_id) FROM (
    SELECT first_id, last_id, sum(starts) OVER (ORDER BY first_id) AS run FROM (
        SELECT first_id, last_id,
               (first_id IS DISTINCT FROM lag(last_id) OVER (ORDER BY first_id) + 1)::int AS starts
        FROM batch WHERE campaign_id = %(campaign)s
    ) b
) b GROUP BY run ORDER BY 1
"""

#: Where messages may still wait: from the cursor of each open batch on.
_OPEN: Final = """
SELECT next_id, last_id FROM batch
WHERE campaign_id = %(campaign)s AND state IN ('queued', 'sending') AND next_id <= last_id ORDER BY 1
"""

#: Batches that have messages without a final event: counting the index of those is quicker than looking for gaps in it.
_UNSETTLED: Final = """
SELECT b.first_id, b.last_id FROM batch b
WHERE b.campaign_id = %(campaign)s AND b.last_id >= %(low)s AND b.first_id <= %(high)s
  AND (SELECT count(*) FROM message_event e
       WHERE e.message_id BETWEEN b.first_id AND b.last_id AND e.kind IN (2, 3, 4, 5)) < b.last_id - b.first_id + 1
ORDER BY 1 {direction} LIMIT %(limit)s
"""

_MESSAGES: Final = "SELECT m.id FROM message m WHERE m.id BETWEEN r.low AND r.high"
#: The run is named inside, too: then both indexes are walked side by side instead of one being searched for each message.
_NO_FINAL: Final = (
    "NOT EXISTS (SELECT FROM message_event f WHERE f.message_id = e.message_id"
    " AND f.message_id BETWEEN r.low AND r.high AND f.kind IN (2, 3, 4, 5))"
)
_NOT_UNKNOWN: Final = (
    "NOT EXISTS (SELECT FROM message_event u WHERE u.message_id = e.message_id"
    " AND u.message_id BETWEEN r.low AND r.high AND u.kind = 6)"
)
_BY_KIND: Final = (
    "SELECT e.message_id AS id FROM message_event e WHERE e.kind = {0} AND e.message_id BETWEEN r.low AND r.high"
)
#: Group → the ids in one run, in ascending order of id once sorted. Several: each is cut, then merged.
_INNER: Final[dict[Group, tuple[str, ...]]] = {
    Group.ALL: (_MESSAGES,),
    Group.WAITING: (
        f"{_MESSAGES} AND NOT EXISTS (SELECT FROM message_event f WHERE f.message_id = m.id AND f.kind <= 6)",
    ),
    Group.UNDERWAY: (f"{_BY_KIND.format(1)} AND {_NO_FINAL} AND {_NOT_UNKNOWN}",),
    Group.UNKNOWN: (f"{_BY_KIND.format(6)} AND {_NO_FINAL}",),
    Group.DELIVERED: (_BY_KIND.format(2),),
    Group.FAILED: (_BY_KIND.format(3),),
    Group.NOT_SENT: (_BY_KIND.format(4), _BY_KIND.format(5)),
    Group.CLICKED: (_BY_KIND.format(7),),
    Group.REPLIED: (_BY_KIND.format(8),),
    Group.UNSUBSCRIBED: (_BY_KIND.format(9),),
}
_BEYOND: Final = 2**62


def runs(campaign_id: int) -> list[Run]:
    """The campaign's messages as ranges of ids, both ends included, in order."""
    return _rows(_RUNS, {"campaign": campaign_id})


def page(
    campaign_id: int, group: Group, *, after: int | None = None, before: int | None = None, limit: int = 50
) -> Slice:
    """The ids of one page of messages: those after a message's id, or the last ones before it, or the first of all."""
    back = before is not None
    low = after + 1 if after is not None else 0
    high = before - 1 if before is not None else _BEYOND
    found = _ids(campaign_id, group, low=low, high=high, back=back, limit=limit + 1)
    more, found = len(found) > limit, found[:limit]
    if back:
        return Slice(ids=found[::-1], earlier=more, later=True)
    return Slice(ids=found, earlier=after is not None, later=more)


def _ids(campaign_id: int, group: Group, *, low: int, high: int, back: bool, limit: int) -> list[int]:
    wanted = {"campaign": campaign_id, "low": low, "high": high}
    found: list[int] = []
    for some in _pieces(group, wanted, back=back):
        cut = [(max(first, low), min(last, high)) for first, last in some if first <= high and last >= low]
        if cut:
            found += _in_runs(group, cut, back=back, limit=limit - len(found))
        if len(found) >= limit:
            break
    return found


def _pieces(group: Group, wanted: dict[str, Any], *, back: bool) -> Iterator[list[Run]]:
    """The runs that a group's messages are in, in the order of reading, a few at a time: the first ones usually do."""
    if group is not Group.UNDERWAY:
        within = _rows(_OPEN if group is Group.WAITING else _RUNS, wanted)
        within.sort(reverse=back)
        yield from (within[at : at + 16] for at in range(0, len(within), 16))
        return
    step, statement = 2, _UNSETTLED.format(direction="DESC" if back else "ASC")
    while some := _rows(statement, {**wanted, "limit": step}):
        yield some
        wanted = {**wanted, **({"high": some[-1][0] - 1} if back else {"low": some[-1][1] + 1})}
        step = min(step * 4, 16)  # all of a piece is read: not much more than a page needs


def _in_runs(group: Group, within: Sequence[Run], *, back: bool, limit: int) -> list[int]:
    direction = "DESC" if back else "ASC"
    parts = [f"({inner} ORDER BY 1 {direction} LIMIT %(limit)s)" for inner in _INNER[group]]
    sql = f"""
        SELECT x.id FROM unnest(%(lows)s::bigint[], %(highs)s::bigint[]) AS r(low, high)
        CROSS JOIN LATERAL ({" UNION ALL ".join(parts)}) x
        ORDER BY x.id {direction} LIMIT %(limit)s
    """  # noqa: S608 — the pieces are constants
    values = {"limit": limit, "lows": [run[0] for run in within], "highs": [run[1] for run in within]}
    return [row[0] for row in _rows(sql, values)]


def recipients(ids: Sequence[int]) -> list[Recipient]:
    """The messages of a page with their people and events, in the order of `ids`."""
    messages = Message.objects.in_bulk(ids)
    profiles = Profile.objects.in_bulk({m.profile_id for m in messages.values()})
    events: dict[int, dict[EventKind, MessageEvent]] = {}
    for event in MessageEvent.objects.filter(message_id__in=list(ids)):
        events.setdefault(event.message_id, {})[EventKind(event.kind)] = event
    return [_recipient(messages[i], profiles, events.get(i, {})) for i in ids if i in messages]


def _recipient(message: Message, profiles: dict[Any, Profile], events: dict[EventKind, MessageEvent]) -> Recipient:
    kind, state = next(((k, s) for k, s in _STATE_OF if k in events), (None, State.WAITING))
    return Recipient(
        message=message,
        profile=profiles.get(message.profile_id),
        state=state,
        reason=events[kind].reason if kind else "",
        events=events,
    )


def messages_to(campaign_id: int, profile_ids: Sequence[int]) -> list[int]:
    """The ids of the campaign's messages to these people."""
    found = Message.objects.filter(profile_id__in=list(profile_ids), campaign_id=campaign_id)
    return list(found.order_by("id").values_list("id", flat=True)[:200])


def skips(
    campaign_id: int,
    *,
    reason: int | None = None,
    after: tuple[int, int] | None = None,
    before: tuple[int, int] | None = None,
    profile_ids: Sequence[int] | None = None,
    limit: int = 50,
) -> tuple[list[Skipped], bool, bool]:
    """A page of skips in the order (reason, id), and whether there is more before and after it."""
    sign, direction = ("<", "DESC") if before is not None else (">", "ASC")
    cursor = before if before is not None else after if after is not None else (-1, -1)
    where = ["campaign_id = %(campaign)s", f"(reason, id) {sign} (%(reason_at)s, %(id_at)s)"]
    values: dict[str, Any] = {
        "campaign": campaign_id,
        "reason_at": cursor[0],
        "id_at": cursor[1],
        "limit": limit + 1,
        "reason": reason,
    }
    if reason is not None:
        where.append("reason = %(reason)s")
    if profile_ids is not None:
        where.append("profile_id = ANY(%(profiles)s)")
        values["profiles"] = list(profile_ids)
    sql = (
        f"SELECT id, campaign_id, profile_id, reason, at FROM skip WHERE {' AND '.join(where)}"  # noqa: S608 — constants
        f" ORDER BY reason {direction}, id {direction} LIMIT %(limit)s"
    )
    found = list(Skip.objects.raw(sql, values))
    more, found = len(found) > limit, found[:limit]
    if before is not None:
        found.reverse()
    profiles = Profile.objects.in_bulk({skip.profile_id for skip in found})
    rows = [Skipped(skip=skip, profile=profiles.get(skip.profile_id)) for skip in found]
    return (rows, more, True) if before is not None else (rows, after is not None, more)


def _rows(sql: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())
