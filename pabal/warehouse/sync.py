"""Keeps the warehouse in step with PostgreSQL.

Each source is a query that gives the rows whose change marker `xid` is at or above a bound. A round reads all sources
in one snapshot and writes what it found; then it moves each source's cursor to `pg_snapshot_xmin` of that snapshot.
Below it no transaction can still commit, so no row is missed, whatever commits late. A round that breaks off before the
cursor moved reads the same rows again, which is harmless where a table replaces by key, and the later round wins. From a
table that only grows, what the broken round wrote is deleted first: its number is above that of the cursor.

A normal round stops below `pg_snapshot_xmin`. A *complete* one also takes what is committed above it: while a
long import holds the bound down, planning must still see the messages of a plan that was committed meanwhile. Those
rows are read again later; a table that only grows does without them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import adbc_driver_manager
import pyarrow as pa
from adbc_driver_postgresql import dbapi

from pabal.errors import Unavailable
from pabal.warehouse import owners as ownership
from pabal.warehouse import schema
from pabal.warehouse.client import Warehouse
from pabal.warehouse.owners import Owners
from pabal.warehouse.writing import write


@dataclass(frozen=True, kw_only=True)
class Source:
    """What is read for one table of the warehouse.

    `query` is SQL for PostgreSQL with the places `{low}` and `{high}` (transaction numbers, `low <= xid < high`). Its
    columns are named as in `table`. Several sources may fill one table.
    """

    name: str
    table: str
    query: str


@dataclass(frozen=True, kw_only=True)
class Round:
    """What one round did: `rows` by source, and the bound below which everything is in the warehouse."""

    number: int
    high: int
    rows: dict[str, int]
    seconds: float


_EVERYTHING = 2**62
_BATCH_BYTES = 8 * 1024 * 1024

_BOUNDS = """
    SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
           (SELECT oid::bigint FROM pg_database WHERE datname = current_database())
"""


class Synchroniser:
    """Copies `sources` from the PostgreSQL at `dsn` into `warehouse`. One round at a time; any thread may ask.

    A warehouse with another schema, or filled from another database, is emptied and filled again.
    """

    def __init__(self, warehouse: Warehouse, dsn: str, sources: Sequence[Source], owners: Owners | None = None) -> None:
        self.warehouse = warehouse
        self._dsn = dsn
        self._owners = owners
        self._sources = tuple(sources)
        self._turn = threading.Lock()
        self._last_round = 0.0
        self._cursors: dict[str, int] = {}
        self._number = 0
        self._opened = False
        self._filled = False

    def run_once(self, *, complete: bool = False) -> Round:
        """One round. Raises `Unavailable` when PostgreSQL or ClickHouse does not answer; the next round repeats it."""
        with self._turn, _snapshot(self._dsn) as connection:
            started = time.monotonic()
            taken_at = time.time()
            high, database = _bounds(connection)
            self._open(high, database)
            self._number += 1
            self._opened = False  # until it is through: a round that breaks off leaves rows to be deleted
            rows = {}
            if self._owners is not None:
                rows[ownership.NAME] = self._follow_owners(connection, self._owners, high)
            for source in self._sources:
                low = self._cursors.get(source.name, 0)
                until = _EVERYTHING if complete and source.table not in schema.APPENDED else high
                rows[source.name] = self._copy(connection, source, low, until) if low < until else 0
            self._move(high, [name for name, count in rows.items() if count])
            self._last_round = taken_at
            self._opened = self._filled = True
            return Round(number=self._number, high=high, rows=rows, seconds=time.monotonic() - started)

    def lag(self) -> float:
        """Seconds since the snapshot of the last round that was stored; infinite before the first."""
        return time.time() - self._last_round if self._last_round else float("inf")

    def rebuild(self) -> Round:
        """Throw away what the warehouse holds and fill it again from PostgreSQL."""
        with self._turn:
            schema.drop(self.warehouse)
            self._opened = False
        return self.run_once()

    def _open(self, high: int, database: str) -> None:
        """Make the tables and find where the last round ended."""
        if self._opened:
            return
        made = schema.origin(self.warehouse)
        if made is not None and made != (schema.VERSION, database):
            schema.drop(self.warehouse)
            made = None
        schema.create(self.warehouse)
        if made is None:
            schema.set_origin(self.warehouse, database)
        found = self.warehouse.rows("SELECT source, low, round FROM cursor FINAL")
        if any(int(low) > high for _, low, _ in found):  # PostgreSQL was restored from an older backup
            schema.drop(self.warehouse)
            self._open(high, database)
            return
        self._cursors = {str(source): int(low) for source, low, _ in found}
        self._filled = bool(found)
        self._number = max((int(number) for _, _, number in found), default=0)
        rounds = {str(source): int(number) for source, _, number in found}
        for source in self._sources:
            if source.table in schema.APPENDED:
                schema.forget_rounds_above(self.warehouse, source.table, rounds.get(source.name, 0))
        self._opened = True

    def _follow_owners(self, connection: Any, owners: Owners, high: int) -> int:
        low = self._cursors.get(ownership.NAME, 0)
        if not self._filled:
            return 0
        return ownership.follow(self.warehouse, connection, owners, low, high)

    def _copy(self, connection: Any, source: Source, low: int, high: int) -> int:
        """Read and write one source; the number of rows. A batch is written while the next one is read."""
        count = 0
        with connection.cursor() as cursor, ThreadPoolExecutor(1, thread_name_prefix="warehouse") as thread:
            cursor.adbc_statement.set_options(**{"adbc.postgresql.batch_size_hint_bytes": str(_BATCH_BYTES)})
            # A query with parameters cannot use COPY, which is several times faster; these are plain numbers.
            cursor.execute(source.query.format(low=int(low), high=int(high)))
            writing: Future[int] | None = None
            for batch in cursor.fetch_record_batch():
                table = pa.Table.from_batches([batch])
                numbers = pa.repeat(pa.scalar(self._number, pa.uint64()), table.num_rows)
                if writing is not None:
                    writing.result()
                writing = thread.submit(write, self.warehouse, source.table, table.append_column("round", numbers))
                count += table.num_rows
            if writing is not None:
                writing.result()
        return count

    def _move(self, high: int, moved: Sequence[str]) -> None:
        """Move the cursors. Those that read nothing need not be stored: reading nothing again costs nothing."""
        self._cursors.update((source.name, high) for source in self._sources)
        if self._owners is not None:
            self._cursors[ownership.NAME] = high
        if not self._filled:
            moved = list(self._cursors)
        if not moved:
            return
        now = datetime.now(UTC)
        self.warehouse.insert(
            "cursor",
            pa.table(
                {
                    "source": pa.array(moved),
                    "low": pa.array([high] * len(moved), pa.uint64()),
                    "round": pa.array([self._number] * len(moved), pa.uint64()),
                    "at": pa.array([now] * len(moved), pa.timestamp("us", "UTC")),
                }
            ),
        )


@contextmanager
def _snapshot(dsn: str) -> Iterator[Any]:
    """A PostgreSQL connection whose statements all see one snapshot, and change nothing."""
    try:
        connection = dbapi.connect(dsn)
    except adbc_driver_manager.Error as error:
        raise Unavailable(f"PostgreSQL does not answer: {error}", code="database_unavailable") from error
    try:
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield connection
    except adbc_driver_manager.Error as error:
        raise Unavailable(f"Reading for the warehouse failed: {error}", code="database_unavailable") from error
    finally:
        connection.close()


def _bounds(connection: Any) -> tuple[int, str]:
    """(below which transaction all have ended, a name of this database)."""
    with connection.cursor() as cursor:
        cursor.execute(_BOUNDS)
        ((high, database),) = cursor.fetchall()
        cursor.execute("SELECT system_identifier::text FROM pg_control_system()")
        ((cluster,),) = cursor.fetchall()
    return int(high), f"{cluster}/{database}"
