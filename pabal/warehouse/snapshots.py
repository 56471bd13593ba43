"""Snapshots of PostgreSQL, and what moment the warehouse is of."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import adbc_driver_manager
from adbc_driver_postgresql import dbapi

from pabal.errors import Unavailable

_BOUNDS = """
    SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint, pg_snapshot_xmax(pg_current_snapshot())::text::bigint,
           (SELECT oid::bigint FROM pg_database WHERE datname = current_database())
"""


@contextmanager
def snapshot(dsn: str) -> Iterator[Any]:
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


class Bounds:
    """What is here, as a moment: the latest snapshot whose every transaction is below the bound that was read to."""

    def __init__(self) -> None:
        self._taken: list[tuple[int, float]] = []
        self.complete_at = 0.0

    def add(self, top: int, taken_at: float, high: int) -> None:
        """A snapshot taken at `taken_at`, before which no transaction had `top` or a higher number; all below `high` are read."""
        if self._taken and self._taken[-1][0] == top:
            self._taken.pop()
        self._taken.append((top, taken_at))
        done = [at for before, at in self._taken if before <= high]
        if done:
            self.complete_at = done[-1]
            self._taken = self._taken[len(done) :]
        elif not self.complete_at:  # of the first round nothing better is known
            self.complete_at = taken_at
        del self._taken[1_000:-1_000]


def bounds(connection: Any) -> tuple[int, int, str]:
    """(below which transaction all have ended, at or above which none has begun, a name of this database)."""
    with connection.cursor() as cursor:
        cursor.execute(_BOUNDS)
        ((high, top, database),) = cursor.fetchall()
        cursor.execute("SELECT system_identifier::text FROM pg_control_system()")
        ((cluster,),) = cursor.fetchall()
    return int(high), int(top), f"{cluster}/{database}"
