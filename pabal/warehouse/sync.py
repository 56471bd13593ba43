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
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from pabal.warehouse import owners as ownership
from pabal.warehouse import schema
from pabal.warehouse.client import Warehouse
from pabal.warehouse.filling import Filling, Gate
from pabal.warehouse.owners import Owners
from pabal.warehouse.snapshots import Bounds, bounds, snapshot
from pabal.warehouse.writing import write


@dataclass(frozen=True, kw_only=True)
class Source:
    """What is read for one table of the warehouse.

    `query` is SQL for PostgreSQL with the places `{low}` and `{high}` (transaction numbers, `low <= xid < high`). Its
    columns are named as in `table`. Several sources may fill one table. `of`: PostgreSQL's table, whose number of rows is
    told while the warehouse is filled; empty: few.
    """

    name: str
    table: str
    query: str
    of: str = ""


@dataclass(frozen=True, kw_only=True)
class Round:
    """What one round did: `rows` by source, and the bound below which everything is in the warehouse."""

    number: int
    high: int
    rows: dict[str, int]
    seconds: float


_EVERYTHING = 2**62
#: One batch becomes one part in each month that it touches: small ones cost more in merging than in writing.
_BATCH_BYTES = 32 * 1024 * 1024
_WRITERS = 2

#: About how many rows tables have. Never analysed: what the statistics collector saw.
_SIZES = """
    SELECT c.relname::text, greatest(c.reltuples, s.n_live_tup, 0)::bigint FROM pg_class c
    LEFT JOIN pg_stat_user_tables s ON s.relid = c.oid WHERE c.oid = ANY(ARRAY[{names}]::regclass[])
"""

#: Seconds that a rebuild waits for plans and counts under way; then their results are void.
_PATIENCE = 600


class Synchroniser:
    """Copies `sources` from the PostgreSQL at `dsn` into `warehouse`. One round at a time; any thread may ask.

    A warehouse with another schema, or filled from another database, is emptied and filled again. What reads `warehouse`
    does so within `reading()`, which does not let anybody see it half full. `last`: the round that was stored last;
    `trouble`: why the one after it broke off, or empty.
    """

    def __init__(self, warehouse: Warehouse, dsn: str, sources: Sequence[Source], owners: Owners | None = None) -> None:
        self.warehouse = warehouse
        self._dsn = dsn
        self._owners = owners
        self._sources = tuple(sources)
        self._turn = threading.Lock()
        self._cursors: dict[str, int] = {}
        self._number = 0
        self._done = 0
        self.last: Round | None = None
        self.trouble = ""
        self._opened = False
        self._filled = False
        self._gate = Gate()
        self._seen = Bounds()
        self.reading = self._gate.reading

    def run_once(self, *, complete: bool = False) -> Round:
        """One round. Raises `Unavailable` when PostgreSQL or ClickHouse does not answer; the next round repeats it."""
        try:
            self.last = self._round(complete=complete)
        except Exception as error:
            self.trouble = str(error)
            raise
        self.trouble = ""
        return self.last

    def _round(self, *, complete: bool) -> Round:
        with self._turn, snapshot(self._dsn) as connection:
            started = time.monotonic()
            taken_at = time.time()
            high, top, database = bounds(connection)
            self._open(high, database)
            filling = not self._filled
            if filling:
                self._gate.close()
                self._gate.note(self._totals(connection))
                schema.fill_quickly(self.warehouse)
            self._number += 1
            self._opened = False  # until it is through: a round that breaks off leaves rows to be deleted
            rows = {}
            if self._owners is not None:
                rows[ownership.NAME] = self._follow_owners(connection, self._owners, high)
            for source in self._sources:
                low = self._cursors.get(source.name, 0)
                until = _EVERYTHING if complete and source.table not in schema.APPENDED else high
                rows[source.name] = self._copy(connection, source, low, until) if low < until else 0
            if filling:
                schema.settle(self.warehouse)
            self._move(high, [name for name, count in rows.items() if count])
            self._done = self._number
            self._seen.add(top, taken_at, high)
            self._opened = self._filled = True
            if filling or self.last is None:
                self._gate.open()
            return Round(number=self._number, high=high, rows=rows, seconds=time.monotonic() - started)

    def lag(self) -> float:
        """Seconds since the moment before which every change is here; infinite before the first round.

        A long transaction keeps the bound down: then it is the age of the oldest change that may not be here.
        """
        return time.time() - self._seen.complete_at if self._seen.complete_at else float("inf")

    @property
    def number(self) -> int:
        """The last round that was stored; 0 before the first."""
        return self._done

    @property
    def filling(self) -> Filling | None:
        """How far it is while it is filled from nothing, else None."""
        return self._gate.filling

    def rebuild(self) -> Round:
        """Throw away what the warehouse holds and fill it again from PostgreSQL, once nobody reads it."""
        self.empty()
        return self.run_once()

    def empty(self) -> None:
        """Throw away what the warehouse holds, once nobody reads it. The next round fills it."""
        self._gate.close(patience=_PATIENCE)
        with self._turn:
            self._gate.close()
            self._opened = self._filled = False
            schema.drop(self.warehouse)

    def _totals(self, connection: Any) -> dict[str, int]:
        """About how many rows each source has."""
        names = {source.of for source in self._sources if source.of}
        if not names:
            return {}
        with connection.cursor() as cursor:
            cursor.execute(_SIZES.format(names=", ".join(f"'{name}'" for name in sorted(names))))
            sizes = {str(name): int(count) for name, count in cursor.fetchall()}
        return {source.name: sizes.get(source.of, 0) for source in self._sources if source.of}

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
        """Read and write one source; the number of rows. Batches are written, two at once, while the next one is read."""
        count = 0
        writing: deque[Future[int]] = deque()
        with connection.cursor() as cursor, ThreadPoolExecutor(_WRITERS, thread_name_prefix="warehouse") as threads:
            cursor.adbc_statement.set_options(**{"adbc.postgresql.batch_size_hint_bytes": str(_BATCH_BYTES)})
            # A query with parameters cannot use COPY, which is several times faster; these are plain numbers.
            cursor.execute(source.query.format(low=int(low), high=int(high)))
            for batch in cursor.fetch_record_batch():
                table = pa.Table.from_batches([batch])
                numbers = pa.repeat(pa.scalar(self._number, pa.uint64()), table.num_rows)
                if len(writing) == _WRITERS:
                    writing.popleft().result()
                rows = table.append_column("round", numbers)
                writing.append(threads.submit(write, self.warehouse, source.table, rows))
                count += table.num_rows
                self._gate.add(source.name, table.num_rows)
            while writing:
                writing.popleft().result()
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
