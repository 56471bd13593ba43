"""A real shop's purchases (CDNOW): in through Segment's own library, counted by a segment, checked by another library.

`PABAL_CDNOW` names the file (69,659 lines: customer, date, number of discs, dollars); it is not part of the repository.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from segment.analytics.client import Client

from pabal.audience.models import Event
from pabal.warehouse.compiler import compile
from pabal.warehouse.conditions import parse
from pabal.warehouse.sync import Synchroniser
from tests.campaigns.conftest import engine_folder, synchroniser, warehouse
from tests.edge.intake.edge import SERVER_KEY, Edge

__all__ = ["engine_folder", "synchroniser", "warehouse"]

FILE = Path(os.environ.get("PABAL_CDNOW", "../shared/data/cdnow.txt"))
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not FILE.exists(), reason="no CDNOW file: name it in PABAL_CDNOW"),
]

#: Bought at least twice, not in the last 90 days, over $100 in all.
LAPSED_AND_GOOD: dict[str, Any] = {
    "type": "group",
    "match": "all",
    "conditions": [
        {"type": "event", "name": "Order Completed", "measure": "count", "operator": "at_least", "value": 2},
        {"type": "event", "name": "Order Completed", "measure": "count", "operator": "exactly", "value": 0,
         "window": {"last": 90, "unit": "days"}},
        {"type": "event", "name": "Order Completed", "measure": "sum", "property": "revenue", "operator": "more", "value": 100},
    ],
}  # fmt: skip


def purchases() -> pl.DataFrame:
    """customer, day, discs, dollars."""
    rows = [line.split() for line in FILE.read_text().splitlines() if line.strip()]
    return pl.DataFrame(
        {
            "customer": [row[0] for row in rows],
            "day": [datetime.strptime(row[1], "%Y%m%d").replace(tzinfo=UTC, hour=12) for row in rows],
            "discs": [int(row[2]) for row in rows],
            "dollars": [float(row[3]) for row in rows],
        }
    )


def test_a_segment_of_a_real_shop_has_the_people_that_another_library_finds(
    shop: Edge, synchroniser: Synchroniser
) -> None:
    bought = purchases()
    errors: list[Any] = []
    client = Client(
        SERVER_KEY, host=shop.url, max_queue_size=100_000, thread=2, on_error=lambda error, batch: errors.append(error)
    )
    for customer, day, discs, dollars in bought.iter_rows():
        client.track(customer, "Order Completed", {"revenue": dollars, "quantity": discs}, timestamp=day)
    client.flush()
    client.shutdown()
    assert errors == []
    assert Event.objects.count() == bought.height

    synchroniser.run_once()
    now = bought["day"].max() + timedelta(days=1)  # type: ignore[operator]
    query = compile(parse(LAPSED_AND_GOOD), now=now, zone="UTC")
    found = synchroniser.warehouse.rows(
        f"SELECT external_id FROM profile FINAL WHERE profile_id IN ({query.sql})", query.parameters
    )
    of = bought.group_by("customer").agg(pl.len().alias("times"), pl.col("day").max(), pl.col("dollars").sum())
    expected = of.filter(
        (pl.col("times") >= 2) & (pl.col("day") < now - timedelta(days=90)) & (pl.col("dollars").round(2) > 100)
    )
    print(
        f"\n{bought.height:,} purchases, {of.height:,} customers; the segment has {len(found):,}, Polars {expected.height:,}"
    )
    assert sorted(row[0] for row in found) == sorted(expected["customer"])
