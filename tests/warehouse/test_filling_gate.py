"""While the warehouse is filled from nothing, nobody gets a number from it."""

from __future__ import annotations

import threading
import time

import psycopg
import pytest

from pabal.audience.models import Profile
from pabal.campaigns.lifecycle import database_dsn
from pabal.campaigns.warehouse import OWNERS, SOURCES
from pabal.errors import Unavailable
from pabal.warehouse import sync
from pabal.warehouse.filling import Filling, Gate
from pabal.warehouse.snapshots import Bounds
from tests.campaigns.in_step import Synchroniser


def test_a_rebuild_refuses_readers_and_tells_how_far_it_is(
    synchroniser: Synchroniser, monkeypatch: pytest.MonkeyPatch
) -> None:
    Profile.objects.create(first_name="a")
    synchroniser.run_once()
    assert synchroniser.filling is None
    seen: list[tuple[str, dict[str, int]]] = []
    write = sync.write

    def look(*arguments: object) -> int:
        with pytest.raises(Unavailable) as raised, synchroniser.reading():
            raise AssertionError("nobody gets in")
        assert synchroniser.filling is not None
        seen.append((raised.value.code, dict(synchroniser.filling.totals)))
        return write(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(sync, "write", look)
    synchroniser.rebuild()
    assert seen[0][0] == "warehouse_rebuilding"
    assert "event" in seen[0][1]
    with synchroniser.reading():
        assert synchroniser.warehouse.rows("SELECT count() FROM profile FINAL") == [(1,)]


def test_a_rebuild_waits_for_readers_and_readers_wait_for_it(synchroniser: Synchroniser) -> None:
    Profile.objects.create(first_name="a")
    synchroniser.run_once()
    with synchroniser.reading():
        rebuild = threading.Thread(target=synchroniser.rebuild)
        rebuild.start()
        while synchroniser.filling is None:
            time.sleep(0.01)
        synchroniser.run_once(complete=True)  # a plan brings it up to date while it reads
        assert synchroniser.filling is not None
        assert synchroniser.warehouse.rows("SELECT count() FROM profile FINAL") == [(1,)]
    with synchroniser.reading(wait=True):
        assert synchroniser.warehouse.rows("SELECT count() FROM profile FINAL") == [(1,)]
    rebuild.join()


def test_a_rebuild_that_broke_off_is_finished_by_the_next_round(
    synchroniser: Synchroniser, monkeypatch: pytest.MonkeyPatch
) -> None:
    Profile.objects.create(first_name="a")
    synchroniser.run_once()

    def fail(*_: object) -> None:
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(sync, "write", fail)
        with pytest.raises(OSError, match="disk full"):
            synchroniser.rebuild()
    with pytest.raises(Unavailable), synchroniser.reading():
        pass
    again = Synchroniser(synchroniser.warehouse, database_dsn(), SOURCES, OWNERS)  # another engine
    for one in (synchroniser, again):
        one.run_once()
        with one.reading():
            assert one.warehouse.rows("SELECT count() FROM profile FINAL") == [(1,)]


def test_what_was_read_while_it_was_emptied_is_no_answer() -> None:
    gate = Gate()
    gate.open()
    with pytest.raises(Unavailable), gate.reading():  # noqa: PT012
        gate.close()
        gate.open()


def test_the_share_never_says_done_too_early() -> None:
    filling = Filling(totals={"event": 100, "profile": 0}, rows={"event": 50, "profile": 50})
    assert filling.share == pytest.approx(100 / 150)
    filling.rows["event"] = 5000
    assert filling.share == 0.999
    assert Filling().share == 0


def test_a_long_transaction_counts_as_lag(synchroniser: Synchroniser) -> None:
    synchroniser.run_once()
    with psycopg.connect(database_dsn()) as long_import:
        time.sleep(0.2)
        synchroniser.run_once()
        long_import.execute("SELECT pg_current_xact_id()")
        time.sleep(0.3)
        Profile.objects.create(first_name="a")
        synchroniser.run_once()
        assert synchroniser.lag() >= 0.3
    ended = time.time()
    synchroniser.run_once()
    assert synchroniser.lag() <= time.time() - ended


def test_the_moment_of_what_is_here() -> None:
    seen = Bounds()
    seen.add(10, 1.0, 10)
    assert seen.complete_at == 1.0
    seen.add(12, 2.0, 11)  # transaction 11 is open
    seen.add(15, 3.0, 11)
    assert seen.complete_at == 1.0
    seen.add(16, 4.0, 13)  # 13 is open, it began after the second snapshot
    assert seen.complete_at == 2.0
    seen.add(20, 5.0, 20)
    assert seen.complete_at == 5.0
