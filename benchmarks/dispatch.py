"""Send through the sandbox with two dispatchers: every message accepted, its receipt applied, money settled.

Timed from the moment the campaign may run until the last receipt is recorded, so the sandbox's receipt delay (0.1–0.5 s)
counts too. Floor: a bare COPY of the same message events into an equal table with equal indexes.
`PABAL_BENCH_MESSAGES=5000000` shows whether memory stays flat: it is sampled each second.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

import psutil
import psycopg

from benchmarks import Result

MESSAGES = int(os.environ.get("PABAL_BENCH_MESSAGES", "1000000"))
CAMPAIGN = 900_001
GOAL = 50_000
DISPATCHERS = int(os.environ.get("PABAL_BENCH_DISPATCHERS", "2"))
SLOTS = 4
FLAT_MB = 100


def run() -> list[Result]:
    """Messages a second until accepted, and until everything is recorded; the dispatcher's own processor time."""
    from django.db import connection

    from pabal.config import get
    from pabal.delivery.models import ControlState
    from tests.delivery.sending import DispatcherProcess, control, plan, shop, wait_for

    home = Path(os.environ["PABAL_HOME"])
    store = shop(
        home, name="bench", throughput=200_000, slots=SLOTS, failed=0.02, receipt_ms=300, receipt_jitter_ms=200
    )
    plan(store.senders[0], MESSAGES, campaign_id=CAMPAIGN, state="held")
    connection.ensure_connection()
    with psycopg.connect(get().database_dsn, autocommit=True) as other:
        other.execute("VACUUM ANALYZE")
        other.execute("CHECKPOINT")
    with contextlib.ExitStack() as running:
        processes = []
        for number in range(DISPATCHERS):
            folder = home / f"dispatcher-{number}"
            folder.mkdir()
            dispatcher = running.enter_context(DispatcherProcess(folder=folder, database=get().database_dsn))
            processes.append(psutil.Process(dispatcher.pid))
        wait_for(lambda: _held(store.senders[0].pk) == [SLOTS // DISPATCHERS] * DISPATCHERS, timeout=300)
        time.sleep(1.5)
        server = [process for process in psutil.process_iter() if process.name() == "postgres"]
        used, served = _processor(processes), _processor(server)
        memory = _Memory(processes)
        started = time.monotonic()
        control(CAMPAIGN, ControlState.RUNNING)
        wait_for(lambda: memory.sample() and _tallied(1) >= MESSAGES, timeout=3_600, every=0.2)
        accepted = time.monotonic() - started
        wait_for(lambda: memory.sample() and _tallied(2, 3) >= MESSAGES, timeout=3_600, every=0.2)
        recorded = time.monotonic() - started
        used, served = _processor(processes) - used, _processor(server) - served
    twice = len(store.sent_twice())
    carried = len(store.carried())
    if twice or carried != MESSAGES:
        raise RuntimeError(f"{carried} messages carried, {twice} of them twice")
    floor = bare_copy(get().database_dsn, CAMPAIGN)
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
        Result(name="dispatch: processor time of the dispatchers", value=used / MESSAGES * 1e6, unit="µs/message"),
        Result(name="dispatch: processor time of PostgreSQL", value=served / MESSAGES * 1e6, unit="µs/message"),
        Result(
            name="dispatch: a dispatcher's memory, from a fifth of the way to the end",
            value=memory.growth(),
            unit="MB more",
            goal=f"≤ {FLAT_MB}",
            met=memory.growth() <= FLAT_MB,
        ),
    ]


class _Memory:
    """Resident memory of the largest dispatcher, in MB, once a second."""

    def __init__(self, processes: list[psutil.Process]) -> None:
        self._processes = processes
        self._samples: list[float] = []
        self._next = 0.0

    def sample(self) -> bool:
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + 1
            self._samples.append(max(process.memory_info().rss for process in self._processes) / 1e6)
        return True

    def growth(self) -> float:
        return max(self._samples) - max(self._samples[: len(self._samples) // 5 + 1])


def _processor(processes: list[psutil.Process]) -> float:
    """Seconds of processor time so far; of those that have ended, none."""
    total = 0.0
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            total += sum(process.cpu_times()[:2])
    return total


def _held(sender: int) -> list[int]:
    """How many slots each dispatcher holds."""
    from tests.delivery.sending import query

    holding = "SELECT count(*) FROM sender_slot WHERE holder <> '' AND sender_id = %s GROUP BY holder"
    return [int(count) for (count,) in query(holding, sender)]


def _tallied(*kinds: int) -> int:
    from tests.delivery.sending import query

    counted = query(
        "SELECT COALESCE(sum(messages), 0)::bigint FROM tally WHERE campaign_id = %s AND kind = ANY(%s)",
        CAMPAIGN,
        list(kinds),
    )
    return int(counted[0][0])


def bare_copy(dsn: str, campaign: int, *, kinds: tuple[int, ...] = (1, 2, 3)) -> float:
    """Seconds to COPY the same events, as text that is ready."""
    columns = "message_id, kind, at, reason, code, provider_ref"
    of_campaign = f"SELECT {columns} FROM message_event WHERE message_id IN (SELECT id FROM message WHERE campaign_id = {campaign}) AND kind IN {(*kinds, 0)} ORDER BY at"
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
