"""The SQL of each kind of condition, as stored in `sql/`; and what the compiler refuses.

`WRITE_SNAPSHOTS=1` writes the files anew: read the difference before it is committed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pabal.delivery.models import EventKind
from pabal.warehouse import compiler
from pabal.warehouse.compiler import Names, SegmentCycle, UnknownName
from pabal.warehouse.compiler.messages import KINDS
from pabal.warehouse.conditions import parse

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
DAYS = {"last": 30, "unit": "days"}
SHOES = {"name": "category", "kind": "text", "operator": "equals", "value": "shoes"}
BOUGHT = {"type": "event", "name": "Order Completed"}
LOYAL = BOUGHT | {"operator": "more", "value": 5}
NAMES = Names(
    lists={"vip": 7, "단골": 8},
    campaigns={"spring": 3, "autumn": 4},
    segments={
        "loyal": parse(LOYAL),
        "ping": parse({"type": "segment", "segments": ["pong"]}),
        "pong": parse({"type": "group", "match": "none", "conditions": [{"type": "segment", "segments": ["ping"]}]}),
        "self": parse({"type": "segment", "segments": ["self"]}),
    },
)

CONDITIONS: dict[str, dict[str, Any]] = {
    "everybody": {"type": "group"},
    "property_text": {"type": "property", "name": "city", "kind": "text", "operator": "equals", "value": "paris"},
    "property_hangul": {"type": "property", "name": "city", "kind": "text", "operator": "not_equals", "value": "서울"},
    "property_numeral": {"type": "property", "name": "zip", "kind": "text", "operator": "starts_with", "value": "04"},
    "property_number": {
        "type": "property",
        "name": "size",
        "kind": "number",
        "operator": "between",
        "value": [38, 42.5],
    },
    "property_date": {
        "type": "property",
        "name": "birthday",
        "kind": "date",
        "operator": "anniversary",
        "value": {"value": 3, "unit": "days"},
    },
    "property_list": {
        "type": "property",
        "name": "tags",
        "kind": "list",
        "operator": "has_all",
        "value": ["a", 1],
    },
    "field": {"type": "property", "field": "country", "kind": "text", "operator": "in", "value": ["KR", "US"]},
    "hostile": {
        "type": "property",
        "name": "a`, 1) OR 1=1; -- \\",
        "kind": "text",
        "operator": "contains",
        "value": "'; --",
    },
    "consent": {"type": "consent", "window": DAYS},
    "consent_never": {"type": "consent", "channel": "kakao", "state": "never"},
    "list": {"type": "list", "lists": ["vip", "단골"], "window": {"from": "2026-05-01", "to": "2026-05-31"}},
    "list_not": {"type": "list", "lists": ["vip"], "member": False},
    "segment": {"type": "segment", "segments": ["loyal"]},
    "event_did": BOUGHT,
    "event_did_not": BOUGHT | {"operator": "exactly", "value": 0, "window": DAYS},
    "event_count": BOUGHT | {"value": 2, "where": [SHOES], "window": DAYS},
    "event_at_most": BOUGHT | {"operator": "at_most", "value": 2},
    "event_sum": BOUGHT | {"measure": "sum", "property": "total", "operator": "more", "value": 100},
    "event_sum_none": BOUGHT | {"measure": "sum", "property": "total", "operator": "less", "value": 100},
    "event_average": BOUGHT | {"measure": "average", "property": "total", "operator": "between", "value": [10, 20]},
    "event_distinct": BOUGHT | {"measure": "distinct", "property": "sku", "value": 3},
    "event_first": BOUGHT | {"measure": "first", "operator": "within_last", "value": {"value": 30, "unit": "days"}},
    "event_items": BOUGHT | {"where": [{"name": "products[].sku", "kind": "list", "operator": "has", "value": "A"}]},
    "sequence": {
        "type": "sequence",
        "steps": [{"name": "Cart Viewed"}, {"name": "Order Completed", "where": [SHOES]}],
        "within": {"value": 24, "unit": "hours"},
    },
    "message_clicked": {"type": "message", "what": "clicked", "campaigns": ["spring"], "window": DAYS},
    "message_often": {"type": "message", "what": "received", "times": 3, "did": False, "window": DAYS},
    "message_converted": {
        "type": "message",
        "what": "converted",
        "campaigns": ["spring", "autumn"],
        "event": {"name": "Order Completed"},
        "within": {"value": 3, "unit": "days"},
    },
    "tree": {
        "type": "group",
        "match": "all",
        "conditions": [
            BOUGHT | {"value": 2, "where": [SHOES], "window": DAYS},
            {"type": "group", "match": "none", "conditions": [LOYAL, {"type": "list", "lists": ["vip"]}]},
            {
                "type": "group",
                "match": "any",
                "conditions": [{"type": "consent"}, {"type": "segment", "segments": ["loyal"]}],
            },
        ],
    },
}


def _text(query: compiler.Query) -> str:
    parameters = "".join(
        f"-- {name} = {json.dumps(value, ensure_ascii=False)}\n" for name, value in query.parameters.items()
    )
    return f"{query.sql}\n{parameters}"


def _stored(name: str, query: compiler.Query) -> str:
    """What the file says; it is written first when asked for."""
    path = Path(__file__).parent / "sql" / f"{name}.sql"
    if os.environ.get("WRITE_SNAPSHOTS"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(_text(query))
    return path.read_text()


@pytest.mark.parametrize("name", CONDITIONS)
def test_a_condition_compiles_to_the_stored_sql(name: str) -> None:
    query = compiler.compile(parse(CONDITIONS[name]), now=NOW, zone="Asia/Seoul", names=NAMES)
    assert _text(query) == _stored(name, query)


@pytest.mark.parametrize("form", [compiler.count, compiler.counts])
def test_a_count_compiles_to_the_stored_sql(form: Callable[..., compiler.Query]) -> None:
    query = form(parse(CONDITIONS["tree"]), now=NOW, zone="Asia/Seoul", names=NAMES)
    assert _text(query) == _stored(f"tree_{form.__name__}", query)


def test_a_membership_reads_only_what_concerns_the_profile() -> None:
    query = compiler.membership(parse(CONDITIONS["tree"]), [42], now=NOW, zone="Asia/Seoul", names=NAMES)
    assert _text(query) == _stored("tree_membership", query)
    assert query.sql.count("profile_id IN {p1:Array(UInt64)}") == query.sql.count("FROM event") + query.sql.count(
        " FINAL"
    )


def test_what_a_person_wrote_is_never_in_the_sql() -> None:
    hostile = "x') OR 1=1 --"
    where = [{"name": "p", "kind": "text", "operator": "equals", "value": hostile}]
    for condition in (
        {"type": "event", "name": hostile, "where": where},
        {"type": "property", "name": "p", "kind": "text", "operator": "in", "value": [hostile, "y"]},
        {"type": "sequence", "steps": [{"name": hostile}, {"name": hostile, "where": where}]},
        {"type": "property", "field": "email", "kind": "text", "operator": "ends_with", "value": hostile},
    ):
        assert "1=1" not in compiler.compile(parse(condition), now=NOW, zone="Asia/Seoul").sql


def test_the_same_condition_twice_is_read_once() -> None:
    twice = parse({"type": "group", "match": "any", "conditions": [BOUGHT, {"type": "segment", "segments": ["same"]}]})
    names = Names(segments={"same": parse(BOUGHT)})
    assert compiler.compile(twice, now=NOW, zone="Asia/Seoul", names=names).sql.count("FROM event") == 1


def test_segments_in_a_circle_are_refused() -> None:
    for key, circle in (("ping", ["ping", "pong", "ping"]), ("self", ["self", "self"])):
        with pytest.raises(SegmentCycle) as refused:
            compiler.compile(parse({"type": "segment", "segments": [key]}), now=NOW, zone="Asia/Seoul", names=NAMES)
        assert refused.value.details == {"keys": circle}


@pytest.mark.parametrize(
    ("condition", "kind"),
    [
        ({"type": "list", "lists": ["nobody"]}, "list"),
        ({"type": "segment", "segments": ["nobody"]}, "segment"),
        ({"type": "message", "what": "clicked", "campaigns": ["spring", "nobody"]}, "campaign"),
    ],
)
def test_a_key_that_names_nothing_is_refused(condition: dict[str, Any], kind: str) -> None:
    with pytest.raises(UnknownName) as refused:
        compiler.compile(parse(condition), now=NOW, zone="Asia/Seoul", names=NAMES)
    assert refused.value.details == {"kind": kind, "key": "nobody"}


def test_parameters_can_be_named_apart() -> None:
    query = compiler.compile(parse(BOUGHT), now=NOW, zone="Asia/Seoul", prefix="segment_")
    assert list(query.parameters) == ["segment_1"]
    assert "{segment_1:String}" in query.sql


def test_the_kinds_of_what_happens_to_a_message_are_those_of_delivery() -> None:
    kinds = EventKind
    assert KINDS == {
        "received": (kinds.ACCEPTED, kinds.DELIVERED),
        "delivered": (kinds.DELIVERED,),
        "failed": (kinds.FAILED,),
        "clicked": (kinds.CLICKED,),
        "replied": (kinds.REPLIED,),
        "converted": (kinds.ACCEPTED, kinds.DELIVERED),
    }
