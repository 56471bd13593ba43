"""Recording landed windows: events, cursors, money and counts of all lanes that are ready, in one transaction.

Lanes come one after the other, so under load a commit carries many windows and the balance's one row is no bottleneck.
What is known of a window is kept in memory until the database has it, however long that takes; it is never sent again
to find out. A window whose fence was overtaken, or that is recorded already, changes nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from pabal.billing.ledger import MOVE, Movement
from pabal.billing.models import EntryKind
from pabal.delivery import metrics
from pabal.delivery.outcomes import Landed
from pabal.delivery.tallies import Counts

Pool: TypeAlias = AsyncConnectionPool[psycopg.AsyncConnection[Any]]

#: What a lost or restarting database raises; anything else is a mistake of ours.
DATABASE_GONE: Final = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.errors.IdleInTransactionSessionTimeout,  # we slept in the middle of a transaction
    PoolTimeout,
)
AGAIN_S: Final = 0.5

COPY_EVENTS: Final = "COPY message_event (message_id, kind, at, reason, code, provider_ref) FROM STDIN"

#: Move the cursors. A row that does not come back was recorded already or belongs to another holder.
MOVE_CURSORS: Final = """
UPDATE batch b
SET next_id = u.next_id,
    window_end = NULLIF(b.window_end, u.window_end),
    tried_to = GREATEST(b.tried_to, u.tried_to),
    charged = b.charged + u.charged,
    charged_messages = b.charged_messages + u.charged_messages,
    state = CASE WHEN u.next_id > b.last_id AND b.window_end = u.window_end THEN 'done' ELSE b.state END
FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::int[])
     AS u(id, fence, start, next_id, window_end, tried_to, charged, charged_messages)
WHERE b.id = u.id AND b.fence = u.fence AND b.state = 'sending'
  AND b.window_end >= u.window_end AND b.next_id <= u.start
RETURNING b.id, b.state = 'done', b.campaign_id, b.amount, b.charged, b.messages, b.charged_messages
"""

#: Batches that are closed: what was charged is settled, the rest released.
Closed: TypeAlias = tuple[int, int, int, int, int, int]  # batch, campaign, amount, charged, messages, charged_messages

log = logging.getLogger(__name__)


def first_line(error: Exception) -> str:
    """What a database error says, without its hints."""
    return str(error).strip().partition("\n")[0]


class Recorder:
    """The one writer of outcomes in this process."""

    def __init__(self, pool: Pool, *, shard: int) -> None:
        self._pool = pool
        self._shard = shard
        self._waiting: list[tuple[Landed, asyncio.Future[bool]]] = []
        self._wake = asyncio.Event()
        self.trouble: str | None = None

    async def record(self, landed: Landed) -> bool:
        """Returns once it is durable; False when another holder owns the batch now."""
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((landed, done))
        self._wake.set()
        return await done

    async def run(self) -> None:
        """Write what is waiting, again and again, until cancelled."""
        while True:
            await self._wake.wait()
            group = self._take()
            recorded = await self._write([landed for landed, _ in group])
            for landed, done in group:
                if not done.done():
                    done.set_result(landed.batch_id in recorded)

    def _take(self) -> list[tuple[Landed, asyncio.Future[bool]]]:
        """Everything that waits, at most one window of each batch."""
        batches: set[int] = set()
        group: list[tuple[Landed, asyncio.Future[bool]]] = []
        later: list[tuple[Landed, asyncio.Future[bool]]] = []
        for entry in self._waiting:
            (later if entry[0].batch_id in batches else group).append(entry)
            batches.add(entry[0].batch_id)
        self._waiting = later
        if not later:
            self._wake.clear()
        return group

    async def _write(self, group: Sequence[Landed]) -> set[int]:
        """Record until it is done; returns the batches that were ours."""
        while True:
            try:
                with metrics.RECORD_SECONDS.time():
                    recorded = await self._commit(group)
                self.trouble = None
                return recorded
            except DATABASE_GONE as error:
                self.trouble = f"database: {first_line(error)}"
                log.warning("outcomes wait for the database", extra={"windows": len(group), "error": first_line(error)})
                await asyncio.sleep(AGAIN_S)
            except psycopg.Error:
                # One bad window must not hold up the others; alone, it stays marked and so becomes unknown.
                log.exception("outcomes were refused", extra={"batches": [landed.batch_id for landed in group]})
                if len(group) == 1:
                    return set()
                return set().union(*[await self._write([landed]) for landed in group])

    async def _commit(self, group: Sequence[Landed]) -> set[int]:
        async with self._pool.connection() as connection, connection.transaction():
            cursor = await connection.execute(
                MOVE_CURSORS,
                [
                    [landed.batch_id for landed in group],
                    [landed.fence for landed in group],
                    [landed.start for landed in group],
                    [landed.next_id for landed in group],
                    [landed.end for landed in group],
                    [landed.tried_to for landed in group],
                    [landed.charged for landed in group],
                    [landed.charged_messages for landed in group],
                ],
            )
            moved = await cursor.fetchall()
            ours = {row[0] for row in moved}
            counts = Counts()
            events = []
            for landed in group:
                if landed.batch_id in ours:
                    events.append(landed.events)
                    counts.merge(landed.counts)
            if any(events):
                async with cursor.copy(COPY_EVENTS) as copy:
                    for lines in events:
                        await copy.write(lines)
            await counts.write(connection, self._shard)
            closed: list[Closed] = [(row[0], *row[2:]) for row in moved if row[1]]
            await settle(connection, closed)
        for (_, kind, reason), (messages, _, _) in counts.items():
            metrics.EVENTS.labels(kind=metrics.KIND[kind], reason=reason).inc(messages)
        return ours


async def settle(connection: psycopg.AsyncConnection[Any], closed: Sequence[Closed]) -> None:
    """Settle and release the money of closed batches; last in a transaction, for all wait for the balance's one row."""
    movements = []
    for batch, campaign, amount, charged, messages, charged_messages in sorted(closed):
        if charged:
            movements.append(_movement(EntryKind.SETTLE, campaign, batch, charged, charged_messages))
        if amount > charged:
            left = messages - charged_messages
            movements.append(_movement(EntryKind.RELEASE, campaign, batch, amount - charged, left))
    for movement in movements:
        if not (await connection.execute(MOVE, movement.parameters)).rowcount:
            log.error("the reservation does not cover this; no ledger entry", extra=movement.parameters)
            metrics.UNCOVERED.inc()


def _movement(kind: EntryKind, campaign: int, batch: int, amount: int, messages: int) -> Movement:
    return Movement(kind=kind, amount=amount, messages=messages, campaign_id=campaign, batch_id=batch)
