"""Leases of sender slots: one dispatcher at a time sends for a slot.

A lease lasts `LEASE_S` and is renewed long before. `fence` rises with each change of holder; everything a holder writes
is conditional on its fence, so one that slept through its lease can change nothing any more.

A slot may be taken when it is free, when its holder has surely ended, or when its lease ran out, except just after the
database itself started: holders that could not reach it come first. All slots of an account that has a limit of its own
are held by one dispatcher, which alone can keep to it; so each dispatcher takes one such account at a time.
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

#: Claims come one after the other, so that no two take slots of one limited account.
ONE_AT_A_TIME: Final = "SELECT pg_advisory_xact_lock(hashtext('pabal claims slots'))"

CLAIM: Final = f"""
WITH slots AS (
    SELECT t.sender_id, t.slot, t.holder, s.account_id, a.parts_per_second IS NOT NULL AS limited,
           {_WANTED} AS wanted,
           t.holder = '' OR t.holder = ANY(%(dead)s) OR (
               t.lease_until < now() AND pg_postmaster_start_time() < now() - %(lease)s * interval '1 second') AS free
    FROM sender_slot t JOIN sender s ON s.id = t.sender_id JOIN provider_account a ON a.id = s.account_id
), account AS (
    SELECT account_id, bool_or(holder = %(me)s) AS ours,
           row_number() OVER (ORDER BY bool_or(holder = %(me)s) DESC, account_id) AS place
    FROM slots WHERE limited
    GROUP BY account_id HAVING bool_and(free OR holder = %(me)s) AND bool_or(free AND wanted)
), chosen AS (
    (SELECT sender_id, slot, holder FROM slots WHERE free AND wanted AND NOT limited
     ORDER BY slot, sender_id LIMIT %(limit)s)
    UNION ALL
    SELECT sender_id, slot, holder FROM slots JOIN account USING (account_id)
    WHERE free AND wanted AND (ours OR place = 1 AND %(limit)s > 0)
)
UPDATE sender_slot t
SET holder = %(me)s, fence = t.fence + 1, lease_until = now() + %(lease)s * interval '1 second'
FROM chosen WHERE t.sender_id = chosen.sender_id AND t.slot = chosen.slot
RETURNING t.sender_id, t.slot, t.fence, chosen.holder
"""  # noqa: S608

#: Limited accounts of which another living dispatcher holds slots, too, and has the better claim.
DIVIDED: Final = """
SELECT DISTINCT s.account_id
FROM sender_slot t JOIN sender s ON s.id = t.sender_id JOIN provider_account a ON a.id = s.account_id
JOIN sender_slot o ON o.holder NOT IN ('', t.holder) AND o.lease_until > now()
JOIN sender p ON p.id = o.sender_id AND p.account_id = s.account_id
WHERE t.holder = %s AND a.parts_per_second IS NOT NULL AND o.holder < t.holder
"""

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
    """Take up to `limit` slots that nobody holds, and those of one limited account."""
    others = await (await connection.execute(HOLDERS, [this_holder()])).fetchall()
    dead = [holder for (holder,) in others if surely_dead(holder)]
    async with connection.transaction():
        await connection.execute(ONE_AT_A_TIME)
        cursor = await connection.execute(CLAIM, {"me": this_holder(), "dead": dead, "lease": LEASE_S, "limit": limit})
        taken = await cursor.fetchall()
    return [
        Lease(sender_id=sender_id, slot=slot, fence=fence, former=former) for sender_id, slot, fence, former in taken
    ]


async def shared_with_others(connection: Connection) -> set[int]:
    """Limited accounts that we must leave to another dispatcher, as just after the limit was set."""
    return {account for (account,) in await (await connection.execute(DIVIDED, [this_holder()])).fetchall()}


async def renew(connection: Connection) -> set[tuple[int, int, int]]:
    """Prolong every lease of this process; returns what it holds, as (sender, slot, fence)."""
    cursor = await connection.execute(RENEW, [LEASE_S, this_holder()])
    return set(await cursor.fetchall())


async def release(connection: Connection, leases: Sequence[Lease]) -> None:
    """Give slots back, for anybody to take at once."""
    await connection.execute(
        RELEASE, [[x.sender_id for x in leases], [x.slot for x in leases], [x.fence for x in leases]]
    )
