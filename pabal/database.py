"""What our tables share: the change marker that keeps the warehouse in step, and raw connections for sets of rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import connection, models

LEADER_LOCK = 7_206_001
"""The advisory lock that the leading engine holds: any number of its own."""


class CurrentXid(models.Func):
    """The number of the running transaction, as a bigint (PostgreSQL: `pg_current_xact_id()`)."""

    function = "pg_current_xact_id"
    template = "(%(function)s()::text::bigint)"
    output_field = models.BigIntegerField()


class MarkerField(models.BigIntegerField):  # type: ignore[type-arg]
    """The transaction that last wrote the row.

    A reader takes the rows with `low <= xid < pg_snapshot_xmin(pg_current_snapshot())` and continues from there: no
    transaction below that bound can still commit, so no row is missed. A trigger sets it on UPDATE (see `touch_xid`).
    """

    def __init__(self, **options: Any) -> None:
        options.setdefault("db_default", CurrentXid())
        options.setdefault("editable", False)
        super().__init__(**options)


TOUCH_XID = """
CREATE OR REPLACE FUNCTION pabal_touch_xid() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.xid := pg_current_xact_id()::text::bigint;
    RETURN NEW;
END $$;
"""


def touch_xid(table: str) -> str:
    """SQL that makes UPDATEs of `table` renew its change marker."""
    return (
        TOUCH_XID + f"DROP TRIGGER IF EXISTS touch_xid ON {table};"
        f"CREATE TRIGGER touch_xid BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION pabal_touch_xid();"
    )


#: How PostgreSQL, its COPY clients, ClickHouse and the kernel say it.
_FULL = ("No space left on device", "NOT_ENOUGH_SPACE", "Disk quota exceeded", "not enough space")


def is_disk_full(error: BaseException) -> bool:
    """Whether an error of a database or a file, or what led to it, comes from a full disk."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, psycopg.errors.DiskFull) or any(words in str(seen) for words in _FULL):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


@contextmanager
def raw_cursor() -> Iterator[psycopg.Cursor[tuple[Any, ...]]]:
    """A psycopg cursor on Django's own connection, inside its transaction: for COPY and sets of rows."""
    with connection.cursor() as wrapper:
        yield wrapper.cursor
