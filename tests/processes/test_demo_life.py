"""The sample shop's events are the same on every machine, and its segments are looked back at honestly."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from pabal.errors import InvalidInput
from pabal.processes.demo_events import events_of, purchases
from pabal.processes.demo_life import as_of
from pabal.warehouse import conditions as c

NOW = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)
CUSTOMERS = [(f"KR-{n:05}", "KR") for n in range(200)] + [(f"US-{n:05}", "US") for n in range(50)]


def test_the_sample_does_the_same_things_on_every_machine() -> None:
    events = list(events_of(CUSTOMERS, NOW))
    assert events == list(events_of(CUSTOMERS, NOW))
    assert len({event["messageId"] for event in events}) == len(events)


def test_some_look_fewer_put_it_in_the_cart_and_fewer_buy() -> None:
    counts = Counter(event["event"] for event in events_of(CUSTOMERS, NOW))
    assert counts["Product Viewed"] > counts["Product Added"] > counts["Order Completed"] > 50


def test_each_shop_sells_its_categories_in_its_currency() -> None:
    for event in events_of(CUSTOMERS, NOW):
        korean = event["userId"].startswith("KR")
        assert event["properties"]["currency"] == ("KRW" if korean else "USD")
        assert (event["properties"]["category"] in ("신발", "가방", "아우터", "니트", "액세서리")) == korean


def test_nothing_happens_in_the_future() -> None:
    assert all(datetime.fromisoformat(event["timestamp"]) <= NOW for event in events_of(CUSTOMERS, NOW))


def test_a_purchase_history_becomes_orders_with_revenue_and_quantity(tmp_path: Path) -> None:
    file = tmp_path / "cdnow.txt"
    file.write_text(" 00001 19970101  1   11.77\n\n 00002 19970112  5   77.00\n")
    first, second = purchases(file)
    assert (first["userId"], first["event"]) == ("CD-00001", "Order Completed")
    assert second["properties"] == {"quantity": 5, "revenue": 77.0, "currency": "USD"}
    assert second["timestamp"].startswith("1997-01-12")
    assert first["messageId"] != second["messageId"]


def test_a_line_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    file = tmp_path / "cdnow.txt"
    file.write_text("00001 19970101 1 11.77\n00002 yesterday 1 2\n")
    with pytest.raises(InvalidInput, match="line 2"):
        list(purchases(file))


def test_a_condition_of_a_past_day_ends_its_windows_there() -> None:
    condition = c.Group(
        conditions=(
            c.Event(name="Order Completed", value=2),
            c.Event(name="Order Completed", operator="exactly", value=0, window=c.Window(last=90, unit="days")),
            c.Consent(),
        )
    )
    found = as_of(condition, date(2026, 10, 1))
    assert isinstance(found, c.Group)
    ever, lately, consent = found.conditions
    assert isinstance(ever, c.Event)
    assert isinstance(lately, c.Event)
    assert ever.window == c.Window(to="2026-10-01")
    assert lately.window == c.Window(from_="2026-07-03", to="2026-10-01")
    assert consent == c.Consent()
