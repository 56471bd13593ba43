"""Events are kept as long as the settings say (`event_days`, `warehouse_event_days`), and removed in small pieces."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from pabal.database import raw_cursor
from pabal.warehouse.sync import Synchroniser

WINDOW = 20_000
"""Ids looked at by one statement."""
BUDGET = 1.0
"""Seconds that one call may take in PostgreSQL, so that removing never holds up what matters."""
EVERY = 3600.0
"""Seconds between two looks at the warehouse, which removes whole months at once."""

#: What the warehouse has not read yet stays.
_REMOVE = """
DELETE FROM event WHERE id IN (
    SELECT id FROM event WHERE id > %(after)s AND id <= %(after)s + %(window)s AND at < %(before)s AND xid < %(read)s
    ORDER BY id FOR UPDATE SKIP LOCKED
)
"""
_NEXT = "SELECT id FROM event WHERE id > %s ORDER BY id LIMIT 1"

_OLD_MONTHS = """
SELECT _partition_id FROM event GROUP BY _partition_id HAVING max(at) < {before:DateTime64(3, 'UTC')}
"""


class Retention:
    """Walks through the events again and again. `days` in PostgreSQL, `warehouse_days` in the warehouse; 0: for ever."""

    def __init__(self, synchroniser: Synchroniser, *, days: int, warehouse_days: int) -> None:
        self._synchroniser = synchroniser
        self._days = days
        self._warehouse_days = warehouse_days
        self._after = 0
        self._looked = 0.0

    def forget_old(self, now: datetime | None = None) -> int:
        """Remove some of what is too old; how many events went in PostgreSQL."""
        now = now or datetime.now(UTC)
        if self._warehouse_days > 0:
            self._in_warehouse(now - timedelta(days=self._warehouse_days))
        return self._in_postgres(now - timedelta(days=self._days)) if self._days > 0 else 0

    def _in_postgres(self, before: datetime) -> int:
        last = self._synchroniser.last
        if last is None:
            return 0
        until = time.monotonic() + BUDGET
        removed = 0
        while time.monotonic() < until:
            with raw_cursor() as cursor:
                row = cursor.execute(_NEXT, [self._after]).fetchone()
                if row is None:
                    self._after = 0
                    break
                after = row[0] - 1
                cursor.execute(_REMOVE, {"after": after, "window": WINDOW, "before": before, "read": last.high})
                removed += cursor.rowcount
                self._after = after + WINDOW
        return removed

    def _in_warehouse(self, before: datetime) -> None:
        if time.monotonic() - self._looked < EVERY and self._looked:
            return
        with self._synchroniser.reading():
            warehouse = self._synchroniser.warehouse
            bound = {"before": before.astimezone(UTC).replace(tzinfo=None)}
            for (month,) in warehouse.rows(_OLD_MONTHS, bound):
                warehouse.command(f"ALTER TABLE event DROP PARTITION ID '{month}'")
            older = "FROM event WHERE at < {before:DateTime64(3, 'UTC')}"
            if warehouse.rows(f"SELECT 1 {older} LIMIT 1", bound):
                warehouse.command(f"DELETE {older}", bound)
        self._looked = time.monotonic()
