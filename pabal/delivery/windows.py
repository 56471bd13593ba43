"""Windows: the next messages of a lane, checked once more and marked as being with the carrier.

A window is marked in the transaction that reads it, and handed over only after that is committed. So whatever may have
reached a carrier is marked; what is marked and has no event after a crash is uncertain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeAlias
from zoneinfo import ZoneInfo

from pabal.delivery import arrays
from pabal.delivery.event_reasons import OwnReason
from pabal.delivery.leases import HOLDS, Connection, Lease
from pabal.delivery.models import EventKind
from pabal.delivery.tallies import Counts

#: id, phone, text, subject, kind, encoding, parts, amount, slots
Row: TypeAlias = tuple[int, str, str, str, int, int, int, int, list[str] | None]
ID: Final = 0
PHONE: Final = 1
TEXT: Final = 2
SUBJECT: Final = 3
KIND: Final = 4
ENCODING: Final = 5
PARTS: Final = 6
AMOUNT: Final = 7
SLOTS: Final = 8

_SEOUL: Final = ZoneInfo("Asia/Seoul")


class LeaseLost(Exception):
    """Another dispatcher holds the slot now."""


@dataclass(frozen=True, kw_only=True)
class Window:
    """Messages `start … end` of a batch, without those that already have an outcome or were dropped.

    `skew` is how far this machine's clock is ahead of the database's, by which every time is meant. `metered`: the
    campaign has a limit a minute.
    """

    batch_id: int
    campaign_id: int
    fence: int
    start: int
    end: int
    last_id: int
    expires_at: datetime
    rows: Sequence[Row] = field(repr=False)
    skew: timedelta = timedelta(0)
    metered: bool = False

    @property
    def parts(self) -> int:
        return sum(row[PARTS] for row in self.rows)


#: Batches with messages to hand over now. A campaign with a limit a minute may be up to a second ahead of its even pace;
#: one message takes 61 s / limit, so that no minute whatever has more than the limit.
_DUE: Final = """
  AND b.state IN ('queued', 'sending') AND c.state = 'running'
  AND b.send_after <= now() AND b.expires_at > now()
  AND COALESCE(b.window_end, b.next_id - 1) < b.last_id
  AND (c.per_minute IS NULL OR c.paid_until IS NULL
       OR c.paid_until <= now() + GREATEST(interval '1 second' - interval '61 seconds' / c.per_minute, interval '0'))
"""

#: The next batch of a lane. Every window of it before `start` is with the carrier or done.
NEXT: Final = f"""
SELECT b.id, b.campaign_id, GREATEST(b.next_id, COALESCE(b.window_end + 1, b.next_id)) AS start, b.last_id,
       b.messages, b.parts, b.expires_at, b.tried_to, c.channel, c.purpose, c.per_minute, clock_timestamp()
FROM batch b JOIN campaign_control c ON c.campaign_id = b.campaign_id
WHERE b.sender_id = %(sender)s AND b.slot = %(slot)s {_DUE}
ORDER BY b.priority, b.send_after, b.id
LIMIT 1
FOR UPDATE OF b
"""  # noqa: S608

#: The same where several campaigns wait: among those of one priority, the one whose turn is longest ago.
NEXT_IN_TURN: Final = NEXT.replace(
    "ORDER BY b.priority,", "ORDER BY b.priority, COALESCE(array_position(%(turns)s::bigint[], b.campaign_id), 0),"
)

#: Lanes with something to hand over now, and whether several campaigns wait there.
DUE: Final = f"""
SELECT b.sender_id, b.slot, count(DISTINCT b.campaign_id) > 1
FROM batch b JOIN campaign_control c ON c.campaign_id = b.campaign_id
WHERE b.sender_id = ANY(%s) {_DUE}
GROUP BY 1, 2
"""  # noqa: S608

#: Take up to `wanted` messages out of what the campaign may send by now; returns how many it gave.
ALLOW: Final = """
WITH pace AS (
    SELECT campaign_id, interval '61 seconds' / per_minute AS each, GREATEST(COALESCE(paid_until, now()), now()) AS since
    FROM campaign_control
    WHERE campaign_id = %(campaign)s AND state = 'running' AND per_minute IS NOT NULL FOR UPDATE
), grant_ AS (
    SELECT campaign_id, each, since, LEAST(%(wanted)s, floor(
        extract(epoch FROM now() + GREATEST(interval '1 second', each) - since) / extract(epoch FROM each)
    ))::int AS messages FROM pace
)
UPDATE campaign_control c SET paid_until = g.since + g.messages * g.each
FROM grant_ g WHERE c.campaign_id = g.campaign_id
RETURNING g.messages
"""

MARK: Final = "UPDATE batch SET state = 'sending', window_end = %s, fence = %s WHERE id = %s"

#: Messages of an id range that have no outcome yet, each with the reason why it must not be sent any more, or null.
_READ: Final = """
SELECT m.id, m.phone, m.text, m.subject, m.kind, m.encoding, m.parts, m.amount, m.slots,
       CASE WHEN s.phone IS NOT NULL THEN 'suppressed' WHEN m.phone = '' OR {withdrawn} THEN 'consent_withdrawn' END
FROM message m
LEFT JOIN suppression s ON s.phone = m.phone AND s.lifted_at IS NULL AND %(suppression)s
LEFT JOIN consent c ON c.profile_id = m.profile_id AND c.channel = %(channel)s AND c.purpose = 'promotional'
    AND c.state = 'unsubscribed'
WHERE m.id BETWEEN %(start)s AND %(end)s {untried}
ORDER BY m.id
"""

_UNTRIED: Final = """AND NOT EXISTS (
    SELECT FROM message_event e WHERE e.message_id = m.id AND e.kind IN (1, 2, 3, 4, 5, 6))"""

#: In Korea, promotion at night needs a consent of its own (정보통신망법 §50(3)); a message may have become late.
_WITHDRAWN: Final = {
    (True, False): "c.profile_id IS NOT NULL",
    (True, True): """(c.profile_id IS NOT NULL OR m.country = 'KR' AND EXISTS (
        SELECT FROM consent n WHERE n.profile_id = m.profile_id AND n.channel = %(channel)s AND n.purpose = 'night'
        AND n.state = 'unsubscribed'))""",
    (False, False): "false",
    (False, True): "false",
}

DROP: Final = """
INSERT INTO message_event (message_id, kind, at, reason)
SELECT message_id, %s, now(), reason FROM unnest(%s::bigint[], %s::text[]) AS d(message_id, reason)
"""


async def read(
    connection: Connection,
    start: int,
    end: int,
    *,
    channel: str,
    purpose: str,
    tried: bool,
    now: datetime,
    suppression: bool = True,
) -> tuple[list[Row], list[tuple[Row, str]]]:
    """Messages to hand over, and those to drop with the reason. `tried`: some may have an outcome; leave them out."""
    night = not 8 <= now.astimezone(_SEOUL).hour < 21
    statement = _READ.format(withdrawn=_WITHDRAWN[purpose == "promotional", night], untried=_UNTRIED if tried else "")
    cursor = await connection.execute(
        statement, {"start": start, "end": end, "channel": channel, "suppression": suppression}
    )
    rows: list[Any] = await cursor.fetchall()
    dropped = [(row[:9], row[9]) for row in rows if row[9] is not None]
    if dropped:
        rows = [row for row in rows if row[9] is None]
    return rows, dropped


async def mark_next(
    connection: Connection, lease: Lease, *, parts: int, most: int, shard: int, turns: Sequence[int] = ()
) -> Window | None:
    """Read and mark the lane's next window of about `parts` parts and at most `most` messages; None when nothing is due.

    `turns` names campaigns that had a window lately, the latest last: the others come first. To be called in a
    transaction of its own, which must be committed before the window is handed over. Raises `LeaseLost`.
    """
    found = await _next(connection, lease, turns)
    if found is None:
        return None
    if not (await connection.execute(HOLDS, [*lease.key, lease.fence])).rowcount:
        raise LeaseLost
    batch_id, campaign_id, start, last_id, messages, all_parts, expires_at, tried_to, channel, purpose, limit, at = (
        found
    )
    size = max(1, min(parts * messages // max(all_parts, 1), most, last_id - start + 1))
    if limit is not None:
        cursor = await connection.execute(ALLOW, {"campaign": campaign_id, "wanted": size})
        allowed = await cursor.fetchone()
        if allowed is None or allowed[0] < 1:
            return None
        size = allowed[0]
    end = start + size - 1
    tried = tried_to is not None and start <= tried_to
    rows, dropped = await read(connection, start, end, channel=channel, purpose=purpose, tried=tried, now=at)
    if dropped:
        await _drop(connection, campaign_id, dropped, shard)
    await connection.execute(MARK, [end, lease.fence, batch_id])
    return Window(
        batch_id=batch_id,
        campaign_id=campaign_id,
        fence=lease.fence,
        start=start,
        end=end,
        last_id=last_id,
        expires_at=expires_at,
        rows=rows,
        skew=datetime.now(UTC) - at,
        metered=limit is not None,
    )


async def _next(connection: Connection, lease: Lease, turns: Sequence[int]) -> Any:
    key = {"sender": lease.sender_id, "slot": lease.slot}
    if turns:
        cursor = await connection.execute(NEXT_IN_TURN, key | {"turns": list(turns)})
    else:
        cursor = await connection.execute(NEXT, key)
    return await cursor.fetchone()


async def _drop(connection: Connection, campaign_id: int, dropped: list[tuple[Row, str]], shard: int) -> None:
    await connection.execute(
        DROP,
        [
            EventKind.CANCELLED.value,
            arrays.integers([row[ID] for row, _ in dropped]),
            arrays.texts([reason for _, reason in dropped]),
        ],
    )
    counts = Counts()
    for reason in (OwnReason.SUPPRESSED, OwnReason.CONSENT_WITHDRAWN):
        rows = [row for row, why in dropped if why == reason]
        if rows:
            parts = sum(row[PARTS] for row in rows)
            counts.add(campaign_id, EventKind.CANCELLED, reason.value, len(rows), parts, 0)
    await counts.write(connection, shard)
