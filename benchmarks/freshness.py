"""How soon an event counts: 5,000 events a second are committed, and now and then a count is asked until it has the newest one.

The engine is a real process; the count goes the builder's way, as a question through PostgreSQL. Every event that is waited for
has a name of its own. Floor: the same count asked again when nothing is new. `PABAL_BENCH_SECONDS` sets how long (60; the promise is
for 600).
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import psycopg

from benchmarks import Result, shop

SECONDS = float(os.environ.get("PABAL_BENCH_SECONDS", "60"))
RATE = 5_000
"""Events a second, committed ten times a second."""
PEOPLE = 50_000
BEFORE = 500_000
GOAL = 2.0
_TICK = 0.1

_COPY = "COPY event (key, name, profile_id, at, properties) FROM STDIN"


def run(seconds: float = SECONDS) -> list[Result]:
    """Write for `seconds`, and wait for an event every other second."""
    from django.db import connection

    from pabal.campaigns.questions import answer
    from pabal.config import get
    from pabal.database import raw_cursor

    with raw_cursor() as cursor:
        shop.empty_product(cursor)
        shop.fill_product(cursor, people=PEOPLE, events=BEFORE)
    dsn = get().database_dsn
    with _engine() as (engine, port):
        _until(lambda: _metric(port, "pabal_warehouse_lag_seconds") >= 0 and _healthy(port), 300)
        writer = _Writer(dsn, seconds)
        writer.start()
        time.sleep(min(10.0, seconds / 4))
        memory = [_megabytes(engine.pid)]
        late: list[float] = []
        with psycopg.connect(dsn, autocommit=True) as hand:
            while writer.is_alive():
                name = f"Probe {uuid.uuid4().hex}"
                hand.execute(
                    "INSERT INTO event (key, name, profile_id, at, properties) VALUES (gen_random_uuid(), %s, 1, now(), '{}')",
                    [name],
                )
                committed = time.perf_counter()
                while not answer("count", _asked(name), seconds=30)["people"]:
                    pass
                late.append(time.perf_counter() - committed)
                memory.append(_megabytes(engine.pid))
                time.sleep(1.5)
        writer.join()
        floor = []
        for _ in range(5):
            began = time.perf_counter()
            answer("count", _asked(name), seconds=30)
            floor.append(time.perf_counter() - began)
        lag = _metric(port, "pabal_warehouse_lag_seconds")
    with connection.cursor() as cursor:
        shop.empty_product(cursor)
    quarter = max(1, len(memory) // 4)
    p95 = min(quantiles(late, n=20)[-1], max(late)) if len(late) > 1 else late[0]
    grown = median(memory[-quarter:]) - median(memory[quarter : 2 * quarter] or memory)
    rate = writer.written / writer.took
    return [
        Result(
            name=f"an event counts after its commit, p95 of {len(late)}, {rate:,.0f} events/s for {writer.took:.0f} s",
            value=p95,
            unit="s",
            floor=median(floor),
            ratio=p95 / median(floor),
            goal=f"≤ {GOAL:g}",
            met=p95 <= GOAL and rate >= 0.98 * RATE,
        ),
        Result(name="an event counts after its commit, median", value=median(late), unit="s"),
        Result(name="an event counts after its commit, worst", value=max(late), unit="s"),
        Result(name="lag of the warehouse when writing ended", value=lag, unit="s"),
        Result(name="memory of the engine, at most", value=max(memory), unit="MB"),
        Result(
            name="memory of the engine, last quarter above the second",
            value=grown,
            unit="MB",
            goal="≤ 100",
            met=grown <= 100,
        ),
    ]


class _Writer(threading.Thread):
    """Commits events at an even rate, whatever the time that a COPY takes."""

    def __init__(self, dsn: str, seconds: float) -> None:
        super().__init__(daemon=True)
        self._dsn, self._seconds = dsn, seconds
        self.written, self.took = 0, 0.0

    def run(self) -> None:
        began = time.perf_counter()
        with psycopg.connect(self._dsn, autocommit=True) as connection:
            while (now := time.perf_counter() - began) < self._seconds:
                due = int(now * RATE) - self.written
                if due > 0:
                    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
                        copy.write("".join(_lines(self.written, due)))
                    self.written += due
                time.sleep(max(0.0, _TICK - (time.perf_counter() - began - now)))
        self.took = time.perf_counter() - began


def _lines(first: int, count: int) -> Iterator[str]:
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    for n in range(first, first + count):
        name = ("Viewed Product", "Added to Cart", "Order Completed")[n % 3]
        yield (
            f"{uuid.uuid4()}\t{name}\t{1 + n * 7919 % PEOPLE}\t{at}\t"
            f'{{"category":"{("shoes", "bags", "hats")[n % 3]}","value":{n % 20_000 / 100},"order_id":"N{n}","quantity":{n % 4}}}\n'
        )


def _asked(name: str) -> dict[str, Any]:
    window = {"last": 30, "unit": "days"}
    condition = {"type": "event", "name": name, "operator": "at_least", "value": 1, "window": window}
    return {"condition": {"type": "group", "match": "all", "conditions": [condition]}, "parts": False}


@contextmanager
def _engine() -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    log = Path(os.environ["PABAL_BENCH_HOME"]) / "engine.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "pabal", "engine"],
            env={**os.environ, "PABAL_ENGINE_PORT": str(port)},
            stdout=out,
            stderr=out,
        )
    try:
        yield process, port
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()


def _metric(port: int, name: str) -> float:
    import httpx

    try:
        text = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=5, trust_env=False).text
    except httpx.HTTPError:
        return -1.0
    found = re.search(rf"^{name} (\S+)", text, re.MULTILINE)
    value = float(found[1]) if found else -1.0
    return value if value != float("inf") else -1.0


def _healthy(port: int) -> bool:
    import httpx

    try:
        return httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=5, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


def _until(holds: Any, seconds: float) -> None:
    until = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until:
            raise AssertionError("the engine does not come up; see engine.log in PABAL_BENCH_HOME")
        time.sleep(0.2)


def _megabytes(pid: int) -> float:
    """Resident memory of the process itself; its renderers rest."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1024 if found else 0.0
