"""The warehouse filled from nothing with a million events and fifty thousand people.

Floor: the same rows read from PostgreSQL through ADBC and handed to ClickHouse as they are, one after the other, without cursors,
rounds or progress. `PABAL_BENCH_EVENTS` sets how many events (1,000,000).
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from benchmarks import Result, shop

if TYPE_CHECKING:
    from pabal.warehouse.sync import Synchroniser

EVENTS = int(os.environ.get("PABAL_BENCH_EVENTS", "1000000"))
PEOPLE = EVENTS // 20
GOAL = 2.0
"""Seconds for a million events."""


def run(events: int = EVENTS, people: int = PEOPLE) -> list[Result]:
    """Fill PostgreSQL, then the warehouse, three times; the best counts, as noise only adds."""
    from django.db import connection

    from pabal.campaigns.warehouse import OWNERS, SOURCES
    from pabal.config import get
    from pabal.database import raw_cursor
    from pabal.warehouse.client import Warehouse
    from pabal.warehouse.sync import Synchroniser

    with raw_cursor() as cursor:
        shop.empty_product(cursor)
        shop.fill_product(cursor, people=people, events=events)
    _say(f"{events:,} events in PostgreSQL")
    with raw_cursor() as cursor:
        cursor.execute("VACUUM ANALYZE event")
    warehouse = Warehouse(path=Path(os.environ["PABAL_BENCH_HOME"]) / "warehouse")
    synchroniser = Synchroniser(warehouse, get().database_dsn, SOURCES, OWNERS)
    seconds: list[float] = []
    for _ in range(3):
        began = time.perf_counter()
        with _progress(synchroniser):
            done = synchroniser.rebuild()
        seconds.append(time.perf_counter() - began)
        _say(f"filled in {seconds[-1]:.1f} s")
        assert done.rows["event"] == events, done
    assert warehouse.rows("SELECT count(), uniqExact(event_id) FROM event") == [(events, events)]
    floors: list[float] = []
    for _ in range(2):
        floors.append(_bare(get().database_dsn, warehouse))
        _say(f"floor: {floors[-1]:.1f} s")
    quiet = synchroniser.run_once().seconds
    warehouse.close()
    with connection.cursor() as cursor:
        shop.empty_product(cursor)
    took = min(seconds) * 1_000_000 / events
    floor = min(floors) * 1_000_000 / events
    return [
        Result(
            name=f"rebuild of the warehouse, {events:,} events and {people:,} people, per million events",
            value=took,
            unit="s",
            floor=floor,
            ratio=took / floor,
            goal=f"≤ {GOAL:g}",
            met=took <= GOAL,
        ),
        Result(name="a round that finds nothing new", value=quiet * 1000, unit="ms"),
    ]


@contextmanager
def _progress(synchroniser: Synchroniser) -> Iterator[None]:
    """Tell every five seconds how far it is, as the console shows it."""
    over = threading.Event()

    def tell() -> None:
        while not over.wait(5):
            if (filling := synchroniser.filling) is not None:
                _say(f"{filling.share:.0%}, {sum(filling.rows.values()):,} rows")

    thread = threading.Thread(target=tell, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _say(what: str) -> None:
    print(f"  {what}", file=sys.stderr, flush=True)


def _bare(dsn: str, warehouse: Any) -> float:
    """Seconds to read all events and people and to insert them, one after the other."""
    from adbc_driver_postgresql import dbapi

    from pabal.warehouse import schema

    queries = {
        "event": "SELECT id AS event_id, name, profile_id, at, properties AS json, 1::bigint AS round FROM event",
        "profile": "SELECT id AS profile_id, external_id, phone, country, zones, properties::text AS json, created_at, "
        "1::bigint AS round FROM profile",
    }
    seconds = 0.0
    for table, query in queries.items():
        warehouse.command("DROP TABLE IF EXISTS bare SYNC")
        warehouse.command(f"CREATE TABLE bare ({schema.TABLES[table]}")
        began = time.perf_counter()
        with dbapi.connect(dsn) as connection, connection.cursor() as cursor:
            cursor.execute(query)
            rows: pa.Table = cursor.fetch_arrow_table()
        for start in range(0, rows.num_rows, 500_000):
            warehouse.insert("bare", rows.slice(start, 500_000))
        seconds += time.perf_counter() - began
    warehouse.command("DROP TABLE bare SYNC")
    return seconds
