"""Batches that are over before they were sent: past their deadline while being sent, or of a campaign that was ended.

What is left of them becomes `expired` or `cancelled`, as a set; their money is settled and released. Any dispatcher may
do this for any batch without a window at the carrier: the row lock keeps its holder from marking one meanwhile.
"""

from __future__ import annotations

from typing import Final

from pabal.delivery.event_reasons import OwnReason
from pabal.delivery.leases import Connection
from pabal.delivery.models import EventKind
from pabal.delivery.recorder import settle
from pabal.delivery.tallies import Counts

AT_ONCE: Final = 8

OVER: Final = """
SELECT b.id, b.campaign_id, c.state = 'ended', b.next_id, b.last_id, b.tried_to, b.amount, b.charged,
       b.messages, b.charged_messages
FROM batch b JOIN campaign_control c ON c.campaign_id = b.campaign_id
WHERE b.state IN ('queued', 'sending') AND b.window_end IS NULL
  AND (c.state = 'ended' OR c.state = 'running' AND b.expires_at <= now())
ORDER BY b.id LIMIT %s
FOR UPDATE OF b SKIP LOCKED
"""

CLOSE: Final = "UPDATE batch SET state = %s, next_id = last_id + 1 WHERE id = %s"

GIVE_UP: Final = """
WITH gone AS (
    INSERT INTO message_event (message_id, kind, at, reason)
    SELECT m.id, %(kind)s, now(), %(reason)s FROM message m
    WHERE m.id BETWEEN %(next)s AND %(last)s
      AND (%(tried)s::bigint IS NULL OR m.id > %(tried)s OR NOT EXISTS (
          SELECT FROM message_event e WHERE e.message_id = m.id AND e.kind IN (1, 2, 3, 4, 5, 6)))
    RETURNING message_id
)
SELECT count(*), COALESCE(sum(m.parts), 0)::bigint FROM gone g JOIN message m ON m.id = g.message_id
"""


async def close_over(connection: Connection, *, shard: int) -> int:
    """Close up to `AT_ONCE` batches that are over, in the caller's transaction. Returns how many."""
    found = await (await connection.execute(OVER, [AT_ONCE])).fetchall()
    counts = Counts()
    closed = []
    for batch_id, campaign_id, ended, next_id, last_id, tried_to, amount, charged, messages, charged_messages in found:
        kind = EventKind.CANCELLED if ended else EventKind.EXPIRED
        reason = OwnReason.CAMPAIGN_ENDED if ended else OwnReason.DEADLINE
        await connection.execute(CLOSE, ["cancelled" if ended else "done", batch_id])
        cursor = await connection.execute(
            GIVE_UP,
            {"kind": kind.value, "reason": reason.value, "next": next_id, "last": last_id, "tried": tried_to},
        )
        row = await cursor.fetchone()
        if row is not None and row[0]:
            counts.add(campaign_id, kind.value, reason.value, row[0], row[1], 0)
        closed.append((batch_id, campaign_id, amount, charged, messages, charged_messages))
    await counts.write(connection, shard)
    await settle(connection, closed)
    return len(found)
