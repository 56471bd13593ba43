"""Leases of sender slots: one dispatcher at a time sends for a slot.

A lease lasts `LEASE_S` and is renewed long before. `fence` rises with each change of holder; everything a holder writes
is conditional on its fence, so one that slept through its lease can change nothing any more.

A slot may be taken when it is free, when its holder has surely ended, or when its lease ran out, except just after the
database itself started: holders that could not reach it come first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import psycopg

from pabal.delivery.holders import surely_dead, this_holder

LEASE_S: Final = 15.0
RENEW_S: Final = 2.0

Connection: TypeAlias = psycopg.AsyncConnection[Any]


@dataclass(frozen=True, kw_only=True)
class Lease:
    """A slot that we hold. `former` is who held it before, empty after an orderly release."""

    sender_id: int
    slot: int
    fence: int
    former: str = ""

    @property
    def key(self) -> tuple[int, int]:
        return self.sender_id, self.slot


#: Slots exist for every sender from the moment a dispatcher sees it.
MAKE_SLOTS: Final = """
INSERT INTO sender_slot (sender_id, slot, holder, fence)
SELECT s.id, n, '', 0 FROM sender s CROSS JOIN LATERAL generate_series(0, s.slots - 1) n
WHERE s.archived_at IS NULL
  AND NOT EXISTS (SELECT FROM sender_slot t WHERE t.sender_id = s.id AND t.slot = n)
ON CONFLICT DO NOTHING
"""

#: Slots that somebody should hold: of active senders, and those where a dispatcher left a window behind.
_WANTED: Final = """
(s.state = 'active' AND s.archived_at IS NULL OR EXISTS (
    SELECT FROM batch b WHERE b.sender_id = t.sender_id AND b.slot = t.slot
    AND b.state IN ('queued', 'sending') AND b.window_end IS NOT NULL))
"""

COUNT: Final = f"""
SELECT (SELECT count(*) FROM sender_slot t JOIN sender s ON s.id = t.sender_id WHERE {_WANTED}),
       (SELECT count(*) FROM dispatcher WHERE seen_at > now() - %(lease)s * interval '1 second')
"""  # noqa: S608

HOLDERS: Final = "SELECT DISTINCT holder FROM sender_slot WHERE holder NOT IN ('', %s)"

CLAIM: Final = f"""
WITH free AS (
    SELECT t.sender_id, t.slot, t.holder
    FROM sender_slot t JOIN sender s ON s.id = t.sender_id
    WHERE {_WANTED}
      AND (t.holder = '' OR t.holder = ANY(%(dead)s) OR (
          t.lease_until < now() AND pg_postmaster_start_time() < now() - %(lease)s * interval '1 second'))
    ORDER BY t.slot, t.sender_id
    LIMIT %(limit)s
    FOR UPDATE OF t SKIP LOCKED
)
UPDATE sender_slot t
SET holder = %(me)s, fence = t.fence + 1, lease_until = now() + %(lease)s * interval '1 second'
FROM free WHERE t.sender_id = free.sender_id AND t.slot = free.slot
RETURNING t.sender_id, t.slot, t.fence, free.holder
"""  # noqa: S608

RENEW: Final = """
UPDATE sender_slot SET lease_until = now() + %s * interval '1 second' WHERE holder = %s
RETURNING sender_id, slot, fence
"""

RELEASE: Final = """
UPDATE sender_slot t SET holder = '', lease_until = NULL
FROM unnest(%s::bigint[], %s::smallint[], %s::bigint[]) AS r(sender_id, slot, fence)
WHERE t.sender_id = r.sender_id AND t.slot = r.slot AND t.fence = r.fence
"""

SEEN: Final = """
INSERT INTO dispatcher (holder, state) VALUES (%(me)s, %(state)s)
ON CONFLICT (holder) DO UPDATE SET seen_at = now(), state = EXCLUDED.state
"""

FORGET: Final = "DELETE FROM dispatcher WHERE holder = %s OR seen_at < now() - interval '1 day'"

#: Holds the slot's row until the transaction ends, so that nobody takes over between the check and the commit.
HOLDS: Final = "SELECT FROM sender_slot WHERE sender_id = %s AND slot = %s AND fence = %s FOR SHARE"


async def fair_share(connection: Connection) -> int:
    """How many slots one of the running dispatchers should hold."""
    await connection.execute(MAKE_SLOTS)
    cursor = await connection.execute(COUNT, {"lease": LEASE_S})
    row = await cursor.fetchone()
    slots, dispatchers = row or (0, 1)
    return -(-slots // max(dispatchers, 1))


async def claim(connection: Connection, limit: int) -> list[Lease]:
    """Take up to `limit` slots that nobody holds."""
    others = await (await connection.execute(HOLDERS, [this_holder()])).fetchall()
    dead = [holder for (holder,) in others if surely_dead(holder)]
    cursor = await connection.execute(CLAIM, {"me": this_holder(), "dead": dead, "lease": LEASE_S, "limit": limit})
    return [
        Lease(sender_id=sender_id, slot=slot, fence=fence, former=former)
        for sender_id, slot, fence, former in await cursor.fetchall()
    ]


async def renew(connection: Connection) -> set[tuple[int, int, int]]:
    """Prolong every lease of this process; returns what it holds, as (sender, slot, fence)."""
    cursor = await connection.execute(RENEW, [LEASE_S, this_holder()])
    return set(await cursor.fetchall())


async def release(connection: Connection, leases: Sequence[Lease]) -> None:
    """Give slots back, for anybody to take at once."""
    await connection.execute(
        RELEASE, [[x.sender_id for x in leases], [x.slot for x in leases], [x.fence for x in leases]]
    )
