"""Apply receipts to messages that were accepted: each becomes an event, is counted and settled.

Receipts name our message, as those of gateways that repeat our reference do, in sets of a thousand from several carriers'
connections at once. Floor: a bare COPY of the same events into an equal table with equal indexes.
"""

from __future__ import annotations

import asyncio
import os
import time
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from psycopg_pool import AsyncConnectionPool

from benchmarks import Result

RECEIPTS = int(os.environ.get("PABAL_BENCH_MESSAGES", "300000"))
CAMPAIGN = 900_003
AT_ONCE = 1_000
GOAL = 20_000

ACCEPT = """
INSERT INTO message_event (message_id, kind, at, provider_ref)
SELECT id, 1, now(), 'b' || id FROM message WHERE campaign_id = %s
"""


def run() -> list[Result]:
    """Receipts a second until the last one is durable."""
    from benchmarks.dispatch import bare_copy
    from pabal.config import get
    from tests.delivery.sending import plan, query, shop

    store = shop(Path(os.environ["PABAL_HOME"]), name="bench receipts")
    ids = plan(store.senders[0], RECEIPTS, campaign_id=CAMPAIGN, state="held")
    query(ACCEPT, CAMPAIGN)
    with psycopg.connect(get().database_dsn, autocommit=True) as other:
        other.execute("VACUUM ANALYZE")
        other.execute("CHECKPOINT")
    seconds, processor = asyncio.run(_apply(get().database_dsn, store.account.pk, ids))
    counted = query("SELECT sum(messages)::bigint FROM tally WHERE campaign_id = %s AND kind = 2", CAMPAIGN)[0][0]
    if counted != RECEIPTS:
        raise RuntimeError(f"{counted} of {RECEIPTS} receipts were counted")
    floor = bare_copy(get().database_dsn, CAMPAIGN, kinds=(2,))
    rate = RECEIPTS / seconds
    return [
        Result(
            name="receipts: applied, counted",
            value=rate,
            unit="receipts/s",
            floor=RECEIPTS / floor,
            ratio=seconds / floor,
            goal=f"≥ {GOAL:,}",
            met=rate >= GOAL,
        ),
        Result(name="receipts: processor time of the process", value=processor / RECEIPTS * 1e6, unit="µs/receipt"),
    ]


async def _apply(dsn: str, account: int, ids: range) -> tuple[float, float]:
    from pabal.delivery.receipts import ReceiptBook
    from pabal.providers.base import Receipt

    pool: AsyncConnectionPool[psycopg.AsyncConnection] = AsyncConnectionPool(
        dsn, min_size=2, max_size=4, open=False, kwargs={"autocommit": True}
    )
    await pool.open()
    book = ReceiptBook(pool, shard=1, providers={account: "sandbox"})
    writing = asyncio.create_task(book.run())
    at = datetime.now(UTC)
    sets = [
        [Receipt(provider_id=f"b{pk}", reference=pk, outcome="delivered", at=at) for pk in ids[start : start + AT_ONCE]]
        for start in range(0, len(ids), AT_ONCE)
    ]
    started, used = time.monotonic(), time.process_time()
    for start in range(0, len(sets), 20):
        await asyncio.gather(*(book.take(account, part) for part in sets[start : start + 20]))
    seconds, used = time.monotonic() - started, time.process_time() - used
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)
    await pool.close()
    return seconds, used
