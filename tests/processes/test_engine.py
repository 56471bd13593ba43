"""The engine as a process: killed while it fills the warehouse, two of them, and ClickHouse that does not answer."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from benchmarks import shop
from pabal.audience.models import Event
from pabal.billing.models import Balance
from pabal.campaigns.lifecycle import database_dsn
from pabal.database import raw_cursor

PATIENCE = 180
COUNT = """
import sys
from pathlib import Path
from pabal.warehouse.client import Warehouse
warehouse = Warehouse(path=Path(sys.argv[1]))
print(warehouse.rows("SELECT count(), uniqExact(event_id) FROM event")[0], warehouse.rows("SELECT sum(event_id) FROM event")[0])
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Engine:
    """One `pabal engine`, on the tests' database."""

    def __init__(self, home: Path, **environment: str) -> None:
        self.port = free_port()
        self.log = home / f"engine-{self.port}.log"
        mine = {
            "PABAL_HOME": str(home),
            "DATABASE_URL": database_dsn(),
            "PABAL_ENGINE_PORT": str(self.port),
            **environment,
        }
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "pabal", "engine"], env={**os.environ, **mine}, stdout=log, stderr=log
            )

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def health(self) -> tuple[int, str]:
        try:
            answer = httpx.get(f"http://127.0.0.1:{self.port}/healthz", timeout=5, trust_env=False)
        except httpx.HTTPError as error:
            return 0, str(error)
        return answer.status_code, answer.text

    def metric(self, name: str) -> float:
        try:
            text = httpx.get(f"http://127.0.0.1:{self.port}/metrics", timeout=5, trust_env=False).text
        except httpx.HTTPError:
            return -1
        return next((float(line.split()[1]) for line in text.splitlines() if line.startswith(f"{name} ")), -1)

    def in_step_since(self, moment: float) -> bool:
        """Whether everything that was committed before a moment is in the warehouse."""
        return 0 <= self.metric("pabal_warehouse_lag_seconds") < time.time() - moment


def eventually(holds: Callable[[], Any], what: str) -> Any:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if found := holds():
            return found
        time.sleep(0.2)
    raise AssertionError(f"not within {PATIENCE} s: {what}")


@pytest.fixture
def engines(tmp_path: Path, transactional_db: None) -> Iterator[Callable[..., Engine]]:
    started: list[Engine] = []
    Balance.objects.get_or_create(pk=1)  # emptied after other tests of this kind

    def start(**environment: str) -> Engine:
        started.append(Engine(tmp_path, **environment))
        return started[-1]

    yield start
    for engine in started:
        engine.kill()


def held(home: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", COUNT, str(home / "warehouse")], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def expected() -> str:
    ids = list(Event.objects.exclude(profile_id=None).values_list("pk", flat=True))
    return f"({len(ids)}, {len(ids)}) ({sum(ids)},)"


def test_killed_while_it_synchronises_it_counts_every_event_once(engines: Any, tmp_path: Path) -> None:
    with raw_cursor() as cursor:
        shop.fill_product(cursor, people=500, events=20_000)
    for first in range(20_001, 50_000, 10_000):
        engine = engines()
        eventually(lambda engine=engine: engine.metric("pabal_engine_leads") == 1, "it leads")
        with raw_cursor() as cursor:
            shop.add_events(cursor, people=500, events=10_000, first=first)
        time.sleep(0.3 + (first % 7) / 10)
        engine.kill()
    written = time.time()
    last = engines()
    eventually(lambda: last.health() == (200, "ok") and last.in_step_since(written), "it is in step")
    last.process.send_signal(signal.SIGTERM)
    assert last.process.wait(30) == 0
    assert held(tmp_path) == expected()


def test_of_two_engines_one_leads_and_the_other_takes_over(engines: Any, tmp_path: Path) -> None:
    one = engines()
    eventually(lambda: one.health() == (200, "ok") and one.metric("pabal_engine_leads") == 1, "it leads")
    two = engines()
    eventually(lambda: two.health() == (200, "ok"), "it stands by")
    assert two.metric("pabal_engine_leads") == 0
    one.kill()
    with raw_cursor() as cursor:
        shop.fill_product(cursor, people=10, events=100)
    written = time.time()
    eventually(lambda: two.metric("pabal_engine_leads") == 1, "it takes over")
    eventually(lambda: two.health() == (200, "ok") and two.in_step_since(written), "it is in step")
    two.kill()
    assert held(tmp_path) == expected()


def test_clickhouse_that_does_not_answer_is_said_and_tried_again(engines: Any) -> None:
    port = free_port()
    engine = engines(CLICKHOUSE_URL=f"http://127.0.0.1:{port}/default")
    status, text = eventually(lambda: engine.health()[1].startswith("warehouse:") and engine.health(), "it says so")
    assert status == 503
    assert "does not start" in text
    with socket.create_server(("127.0.0.1", port)) as server:
        server.settimeout(PATIENCE)
        connection, _address = server.accept()  # it tries again by itself
        connection.close()
    assert engine.process.poll() is None
    engine.process.send_signal(signal.SIGTERM)
    assert engine.process.wait(30) == 0
