"""Send through the sandbox with one dispatcher: every message accepted, its receipt applied, money settled.

Timed from the moment the campaign may run until the last receipt is recorded, so the sandbox's receipt delay (0.1–0.5 s)
counts too. Floor: a bare COPY of the same message events into an equal table with equal indexes.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import psutil
import psycopg

from benchmarks import Result

MESSAGES = int(os.environ.get("PABAL_BENCH_MESSAGES", "500000"))
CAMPAIGN = 900_001
GOAL = 20_000


def run() -> list[Result]:
    """Messages a second until accepted, and until everything is recorded; the dispatcher's own processor time."""
    from django.db import connection

    from pabal.config import get
    from pabal.delivery.models import ControlState
    from tests.delivery.sending import DispatcherProcess, control, plan, shop, wait_for

    home = Path(os.environ["PABAL_HOME"])
    store = shop(home, name="bench", throughput=200_000, slots=4, failed=0.02, receipt_ms=300, receipt_jitter_ms=200)
    plan(store.senders[0], MESSAGES, campaign_id=CAMPAIGN, state="held")
    connection.ensure_connection()
    with psycopg.connect(get().database_dsn, autocommit=True) as other:
        other.execute("VACUUM ANALYZE")
        other.execute("CHECKPOINT")
    with DispatcherProcess(folder=home, database=get().database_dsn) as dispatcher:
        wait_for(lambda: _held(store.senders[0].pk) == 4)
        time.sleep(1)
        process = psutil.Process(dispatcher.pid)
        used = sum(process.cpu_times()[:2])
        started = time.monotonic()
        control(CAMPAIGN, ControlState.RUNNING)
        wait_for(lambda: _tallied(1) >= MESSAGES, timeout=600, every=0.1)
        accepted = time.monotonic() - started
        wait_for(lambda: _tallied(2, 3) >= MESSAGES, timeout=600, every=0.1)
        recorded = time.monotonic() - started
        used = sum(process.cpu_times()[:2]) - used
    twice = len(store.sent_twice())
    carried = len(store.carried())
    if twice or carried != MESSAGES:
        raise RuntimeError(f"{carried} messages carried, {twice} of them twice")
    floor = _bare_copy(get().database_dsn)
    rate = MESSAGES / recorded
    return [
        Result(
            name="dispatch: sent, receipts and money recorded",
            value=rate,
            unit="messages/s",
            floor=MESSAGES / floor,
            ratio=recorded / floor,
            goal=f"≥ {GOAL:,}",
            met=rate >= GOAL,
        ),
        Result(name="dispatch: accepted", value=MESSAGES / accepted, unit="messages/s"),
        Result(name="dispatch: processor time of the dispatcher", value=used / MESSAGES * 1e6, unit="µs/message"),
    ]


def _held(sender: int) -> int:
    from tests.delivery.sending import query

    return int(query("SELECT count(*) FROM sender_slot WHERE holder <> '' AND sender_id = %s", sender)[0][0])


def _tallied(*kinds: int) -> int:
    from tests.delivery.sending import query

    counted = query(
        "SELECT COALESCE(sum(messages), 0)::bigint FROM tally WHERE campaign_id = %s AND kind = ANY(%s)",
        CAMPAIGN,
        list(kinds),
    )
    return int(counted[0][0])


def _bare_copy(dsn: str) -> float:
    """Seconds to COPY the same events, as text that is ready."""
    columns = "message_id, kind, at, reason, code, provider_ref"
    of_campaign = f"SELECT {columns} FROM message_event WHERE message_id IN (SELECT id FROM message WHERE campaign_id = {CAMPAIGN}) ORDER BY at"
    with psycopg.connect(dsn, autocommit=True) as connection:
        with connection.cursor().copy(f"COPY ({of_campaign}) TO STDOUT") as copy:
            lines = b"".join(bytes(block) for block in copy)
        connection.execute("CREATE TABLE bare_event (LIKE message_event INCLUDING ALL)")
        started = time.monotonic()
        with connection.cursor().copy(f"COPY bare_event ({columns}) FROM STDIN") as copy:
            for at in range(0, len(lines), 1 << 20):
                copy.write(lines[at : at + (1 << 20)])
        seconds = time.monotonic() - started
        connection.execute("DROP TABLE bare_event")
    return seconds
