"""The warehouse as the console, the API and the command line see it: what the engine wrote about it last.

Only the engine can open the warehouse, so it tells every few seconds, and who wants it rebuilt asks it by the same row.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from pabal.accounts import audit
from pabal.accounts.audit import Actor, Subject
from pabal.campaigns.warehouse_models import WarehouseStatus
from pabal.errors import Conflict, PabalError
from pabal.warehouse import schema
from pabal.warehouse.filling import Filling
from pabal.warehouse.sync import Synchroniser

FRESH = timedelta(seconds=30)
"""Age at which a status no longer says how things are: the engine stands still."""

_SIZES = """
SELECT table, sum(rows), sum(bytes_on_disk) FROM system.parts WHERE active AND database = currentDatabase() GROUP BY table
"""


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """`rows` counts superseded ones that are not merged away yet, too; `size` in bytes on disk."""

    name: str
    rows: int
    size: int


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """A filling from nothing. `done` and `total` (estimated) in rows, by source."""

    share: float
    seconds_left: float | None
    done: dict[str, int]
    total: dict[str, int]


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """How the warehouse is. `lag` in seconds, None before the first round. `trouble`: why it does not answer."""

    version: str = ""
    server: bool = False
    lag: float | None = None
    round: int = 0
    round_seconds: float = 0.0
    round_rows: dict[str, int] = msgspec.field(default_factory=dict)
    tables: list[Table] = msgspec.field(default_factory=list)
    filling: Progress | None = None
    trouble: str = ""

    @property
    def size(self) -> int:
        return sum(table.size for table in self.tables)

    def rows(self, table: str) -> int:
        return next((found.rows for found in self.tables if found.name == table), 0)


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """The last status, when it was told, and whether that is recent. `asked`: a rebuild is wanted and has not begun."""

    status: Status
    at: datetime | None
    asked_at: datetime | None
    asked_by: str

    @property
    def fresh(self) -> bool:
        return self.at is not None and timezone.now() - self.at < FRESH

    @property
    def state(self) -> str:
        """`unknown`, `silent` (no engine runs), `troubled`, `asked`, `filling` or `well`."""
        if self.at is None:
            return "unknown"
        if not self.fresh:
            return "silent"
        if self.status.filling is not None:
            return "filling"
        if self.asked_at is not None:
            return "asked"
        return "troubled" if self.status.trouble else "well"


def read() -> Told:
    """What was told last."""
    row = WarehouseStatus.objects.filter(pk=1).first() or WarehouseStatus()
    status = msgspec.convert(row.body, Status) if row.body else Status()
    return Told(status=status, at=row.at, asked_at=row.asked_at, asked_by=row.asked_by)


@transaction.atomic
def ask_rebuild(by: Actor) -> Told:
    """Have the engine empty the warehouse and fill it again. Raises Conflict while it is being filled, or will be."""
    row, _made = WarehouseStatus.objects.select_for_update().get_or_create(pk=1)
    told = read()
    if row.asked_at is not None or (told.fresh and told.status.filling is not None):
        raise Conflict(_("The warehouse is being filled already."), code="rebuild_under_way")
    row.asked_at, row.asked_by = timezone.now(), str(by)[:200]
    row.save(update_fields=["asked_at", "asked_by"])
    audit.record(by, "warehouse.rebuild", Subject(type="warehouse", label="ClickHouse"))
    return read()


def rebuild_if_asked(synchroniser: Synchroniser) -> bool:
    """Of the engine: carry out a rebuild that somebody asked for; whether one was. It blocks until it is done.

    The request is forgotten when the warehouse is empty: from then on it is filled by whichever engine leads.
    """
    if not WarehouseStatus.objects.filter(pk=1, asked_at__isnull=False).exists():
        return False
    synchroniser.empty()
    WarehouseStatus.objects.filter(pk=1).update(asked_at=None, asked_by="")
    synchroniser.run_once()
    return True


def tell(synchroniser: Synchroniser, *, version: str, server: bool) -> Status:
    """Of the engine: write down how the warehouse is."""
    tables: list[Table] = []
    trouble = synchroniser.trouble
    try:
        found = {str(name): (int(rows), int(size)) for name, rows, size in synchroniser.warehouse.rows(_SIZES)}
        tables = [
            Table(name=name, rows=found.get(name, (0, 0))[0], size=found.get(name, (0, 0))[1]) for name in schema.TABLES
        ]
    except PabalError as error:
        trouble = str(error)
    last, lag = synchroniser.last, synchroniser.lag()
    status = Status(
        version=version,
        server=server,
        lag=round(lag, 3) if lag != float("inf") else None,
        round=last.number if last else 0,
        round_seconds=round(last.seconds, 3) if last else 0.0,
        round_rows={name: rows for name, rows in last.rows.items() if rows} if last else {},
        tables=tables,
        filling=_progress(synchroniser.filling),
        trouble=trouble,
    )
    body: dict[str, Any] = msgspec.to_builtins(status)
    WarehouseStatus.objects.update_or_create(pk=1, defaults={"body": body, "at": timezone.now()})
    return status


def _progress(filling: Filling | None) -> Progress | None:
    if filling is None:
        return None
    return Progress(
        share=round(filling.share, 4),
        seconds_left=filling.seconds_left(),
        done=dict(filling.rows),
        total=dict(filling.totals),
    )
