"""Never twice, whatever breaks: the carrier's own record is the judge."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from pabal.billing import queries as money
from pabal.database import raw_cursor
from pabal.delivery.models import MessageEvent, SenderSlot
from pabal.processes.postgres import EmbeddedPostgres
from tests.delivery.sending import (
    PRICE,
    DispatcherProcess,
    Shop,
    events,
    open_batches,
    outcomes,
    plan,
    query,
    shop,
    tallies,
    wait_for,
)

pytestmark = pytest.mark.django_db(transaction=True)


def assert_accounted(store: Shop, count: int) -> None:
    """No message was carried twice; each has one outcome; what was carried and what we say agree."""
    assert not store.sent_twice()
    carried = {line["reference"] for line in store.carried()}
    accepted = set(MessageEvent.objects.filter(kind=1).values_list("message_id", flat=True))
    unknown = set(MessageEvent.objects.filter(kind=6).values_list("message_id", flat=True))
    assert sum(outcomes().values()) == count
    assert set(outcomes()) <= {"accepted", "unknown", "accepted+unknown"}
    assert accepted <= carried <= accepted | unknown
    assert tallies() == events()
    spent = money.campaign_money(1)
    assert spent.settled == len(accepted | unknown) * PRICE
    assert spent.outstanding == 0


def kill_often(tmp_path: Path, times: int, pause: tuple[float, float]) -> None:
    """Kill a dispatcher again and again once it is sending; the last one may finish."""
    chance = random.Random(5)
    for _ in range(times):
        before = events()["accepted"]
        dispatcher = DispatcherProcess(folder=tmp_path).start()
        wait_for(lambda: events()["accepted"] > before or not open_batches())  # noqa: B023
        time.sleep(chance.uniform(*pause))
        dispatcher.kill()


def test_killed_again_and_again_without_an_answer_from_the_carrier(tmp_path: Path) -> None:
    store = shop(tmp_path, throughput=1_500, slots=3, accept_ms=40)
    plan(store.senders[0], 9_000, batch_size=1_000)
    kill_often(tmp_path, 6, (0.05, 0.6))
    with DispatcherProcess(folder=tmp_path):
        wait_for(lambda: not open_batches(), timeout=90)
        wait_for(lambda: events()["delivered"] >= 1)
    assert_accounted(store, 9_000)
    unknown = outcomes()["unknown"]
    assert unknown <= 6 * 3 * 3 * 125, "no more than what was in the air at each kill"


def test_killed_again_and_again_with_a_carrier_that_can_be_asked_loses_nothing(tmp_path: Path) -> None:
    store = shop(tmp_path, throughput=1_500, slots=3, accept_ms=40, look_up=True)
    ids = plan(store.senders[0], 6_000, batch_size=1_000)
    kill_often(tmp_path, 5, (0.05, 0.5))
    with DispatcherProcess(folder=tmp_path):
        wait_for(lambda: not open_batches(), timeout=90)
    assert_accounted(store, 6_000)
    assert sorted(line["reference"] for line in store.carried()) == list(ids)
    assert outcomes() == {"accepted": 6_000}


def test_two_dispatchers_share_the_slots_and_the_survivor_takes_all(tmp_path: Path) -> None:
    store = shop(tmp_path, throughput=1_500, slots=4, accept_ms=30)
    second = tmp_path / "second"
    second.mkdir()
    plan(store.senders[0], 20_000, batch_size=500)
    with DispatcherProcess(folder=tmp_path) as first, DispatcherProcess(folder=second):
        wait_for(lambda: _holders() == [2, 2])
        wait_for(lambda: events()["accepted"] > 3_000)
        first.kill()
        wait_for(lambda: _holders() == [4])
        wait_for(lambda: not open_batches(), timeout=90)
    assert_accounted(store, 20_000)


def _holders() -> list[int]:
    """How many slots each holder has."""
    rows = query("SELECT count(*) FROM sender_slot WHERE holder <> '' GROUP BY holder ORDER BY 1")
    return [count for (count,) in rows]


def test_one_that_slept_through_its_lease_changes_nothing_when_it_wakes(tmp_path: Path) -> None:
    store = shop(tmp_path, throughput=600, accept_ms=200)
    second = tmp_path / "second"
    second.mkdir()
    plan(store.senders[0], 3_000, batch_size=1_000)
    with DispatcherProcess(folder=tmp_path) as sleeper, DispatcherProcess(folder=second) as other:
        other.stop()
        wait_for(lambda: query("SELECT 1 FROM batch WHERE window_end IS NOT NULL") and events()["accepted"] > 300)
        os.kill(sleeper.pid, signal.SIGSTOP)
        fence = SenderSlot.objects.get().fence
        other.start()
        wait_for(lambda: SenderSlot.objects.get().fence > fence, timeout=40)
        wait_for(lambda: events()["accepted"] > 1_000)
        os.kill(sleeper.pid, signal.SIGCONT)
        wait_for(lambda: not open_batches(), timeout=60)
        time.sleep(1)
        sleeper.stop()
    assert "another dispatcher took a slot" in sleeper.log() or "taken over" in sleeper.log()
    assert_accounted(store, 3_000)
    assert outcomes()["unknown"] > 0, "what the sleeper had in the air, for it might still have handed it over"


def test_a_dispatcher_that_is_told_to_stop_lands_everything(tmp_path: Path) -> None:
    store = shop(tmp_path, throughput=1_000, accept_ms=300)
    plan(store.senders[0], 30_000, batch_size=1_000)
    for _ in range(3):
        before = events()["accepted"]
        with DispatcherProcess(folder=tmp_path) as dispatcher:
            wait_for(lambda: events()["accepted"] > before)  # noqa: B023
            assert dispatcher.stop() == 0
        assert events()["unknown"] == 0
        assert not query("SELECT 1 FROM batch WHERE window_end IS NOT NULL")
        assert events()["accepted"] == len(store.carried())


@pytest.fixture
def other_database() -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL of the test's own, durable, that it may kill."""
    home = Path(tempfile.mkdtemp(prefix="pabal-crash-"))
    home.chmod(0o755)
    server = EmbeddedPostgres(home)
    server.start()
    environment = os.environ | {"PABAL_HOME": str(home), "DATABASE_URL": server.dsn}
    subprocess.run([sys.executable, "-m", "django", "migrate", "-v0"], env=environment, check=True)
    yield server
    server.stop()
    shutil.rmtree(home, ignore_errors=True)
    shutil.rmtree(server.socket, ignore_errors=True)


def test_a_database_that_crashes_in_the_middle_costs_nothing(tmp_path: Path, other_database: EmbeddedPostgres) -> None:
    store = shop(tmp_path, throughput=1_500, slots=2)
    plan(store.senders[0], 9_000, batch_size=1_000)
    _copy_everything(other_database.dsn)
    home = tmp_path / "home"
    home.mkdir()

    def count(statement: str) -> int:
        try:
            with psycopg.connect(other_database.dsn) as connection:
                row = connection.execute(statement).fetchone()
        except psycopg.OperationalError:
            return -1
        return int(row[0]) if row else -1

    with DispatcherProcess(folder=home, database=other_database.dsn):
        for accepted in (1_500, 4_000):
            wait_for(lambda: count("SELECT count(*) FROM message_event WHERE kind = 1") > accepted)  # noqa: B023
            assert other_database.process is not None
            other_database.process.send_signal(signal.SIGQUIT)  # an immediate shutdown: recovery from the log follows
            other_database.process.wait()
            time.sleep(2)
            other_database.start()
        done = "SELECT count(*) FROM batch WHERE state = 'done'"
        wait_for(lambda: count(done) == 9, timeout=90)
        wait_for(lambda: count("SELECT count(*) FROM message_event WHERE kind = 2") == 9_000)
    assert not store.sent_twice()
    assert len(store.carried()) == 9_000
    assert count("SELECT count(*) FROM message_event WHERE kind = 1") == 9_000
    assert count("SELECT count(*) FROM message_event WHERE kind = 6") == 0, "it lived, so it knew"
    assert count("SELECT (total = 0 AND reserved = 0)::int FROM balance") == 1


def _copy_everything(to: str) -> None:
    """Bring what the test planned into another database."""
    tables = ["balance", "provider_account", "sender", "profile", "consent", "campaign_control", "message", "batch"]
    with psycopg.connect(to) as target:
        target.execute("DELETE FROM balance")
        for table in [*tables, "ledger_entry"]:
            columns = ", ".join(
                name
                for (name,) in query(
                    "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND column_name <> 'xid'"
                    " AND table_schema = 'public' ORDER BY ordinal_position",
                    table,
                )
            )
            with raw_cursor() as cursor, cursor.copy(f"COPY {table} ({columns}) TO STDOUT") as out:
                lines = b"".join(bytes(block) for block in out)
            with target.cursor().copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                copy.write(lines)
        target.execute("SELECT setval('ledger_entry_id_seq', 1000), setval('message_id_seq', 100000)")
