"""Measurements compare PostgreSQL and ClickHouse on the same rows."""

from __future__ import annotations

from benchmarks.filling import fill_postgres, fill_warehouse
from pabal.database import raw_cursor
from pabal.warehouse import schema
from pabal.warehouse.sync import Synchroniser

EVENTS = "SELECT count(), sum(profile_id), uniq(name), sum(toUnixTimestamp(at)), sum(cityHash64(toJSONString(properties))) FROM event"
PROFILES = "SELECT count(), sum(number), sum(cityHash64(toJSONString(properties))), min(created_at) FROM profile FINAL"


def test_both_databases_are_filled_with_the_same_rows(synchroniser: Synchroniser) -> None:
    warehouse = synchroniser.warehouse
    schema.create(warehouse)
    fill_warehouse(warehouse, people=300, events=2000)
    made = warehouse.rows(EVENTS), warehouse.rows(PROFILES)
    assert made[0][0][0] == 2000
    assert made[0][0][2] >= 10
    schema.drop(warehouse)
    with raw_cursor() as cursor:
        fill_postgres(cursor, people=300, events=2000)
    synchroniser.run_once()
    assert (warehouse.rows(EVENTS), warehouse.rows(PROFILES)) == made
