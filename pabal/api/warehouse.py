"""The warehouse: whether it keeps up, and filling it anew."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from django.http import HttpRequest
from ninja import Schema
from pydantic import Field

from pabal.accounts.access import actor
from pabal.accounts.keys import Scope
from pabal.api.operations import Area
from pabal.campaigns import warehouse_status
from pabal.campaigns.warehouse_status import Told

area = Area("Warehouse")


class TableOut(Schema):
    name: str
    rows: int = Field(description="Superseded rows that are not merged away yet count, too.")
    size: int = Field(description="Bytes on disk.")


class FillingOut(Schema):
    share: float = Field(description="From 0 to 1.")
    seconds_left: float | None
    done: dict[str, int] = Field(description="Rows written, by source.")
    total: dict[str, int] = Field(description="About how many there are, by source.")


class WarehouseOut(Schema):
    """What the engine told last."""

    state: Literal["unknown", "silent", "troubled", "asked", "filling", "well"] = Field(
        description="`unknown`: no engine ran yet; `silent`: none runs now; `troubled`: it does not keep up; `asked`: a "
        "rebuild begins soon; `filling`: it is being filled and gives no numbers."
    )
    at: datetime | None
    version: str
    lag: float | None = Field(description="Seconds since the moment before which every change is in it.")
    round_seconds: float = Field(description="What the last round of synchronisation took.")
    tables: list[TableOut]
    filling: FillingOut | None
    trouble: str = Field(description="Why it does not keep up.")


@area.read("/warehouse", response=WarehouseOut)
def read_warehouse(request: HttpRequest) -> WarehouseOut:
    """Read how the warehouse is."""
    return _shown(warehouse_status.read())


@area.write("POST", "/warehouse/rebuild", scope=Scope.ADMIN, response=WarehouseOut, status=202)
def rebuild_warehouse(request: HttpRequest) -> WarehouseOut:
    """Empty the warehouse and fill it again from PostgreSQL.

    The engine does so soon. Until it is whole, segments are not counted and plans wait.
    """
    return _shown(warehouse_status.ask_rebuild(actor(request)))


def _shown(told: Told) -> WarehouseOut:
    status = told.status
    filling = status.filling
    return WarehouseOut(
        state=told.state,  # type: ignore[arg-type]
        at=told.at,
        version=status.version,
        lag=status.lag,
        round_seconds=status.round_seconds,
        tables=[TableOut(name=table.name, rows=table.rows, size=table.size) for table in status.tables],
        filling=FillingOut(
            share=filling.share, seconds_left=filling.seconds_left, done=filling.done, total=filling.total
        )
        if filling
        else None,
        trouble=status.trouble,
    )
