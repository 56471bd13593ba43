"""Conditions as JSON: what is understood, and how faults are named."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from pabal.warehouse.conditions import (
    FIELDS,
    LIMITS,
    OPERATORS,
    Condition,
    Group,
    InvalidCondition,
    Mentions,
    dump,
    mentions,
    parse,
)
from pabal.warehouse.conditions.tree import Field, Operator

SHOES = {"name": "category", "kind": "text", "operator": "equals", "value": "shoes"}
BOUGHT = {"type": "event", "name": "Order Completed"}
CITY = {"type": "property", "name": "city", "kind": "text", "operator": "equals", "value": "서울"}


def faults(json: Any) -> dict[str, str]:
    """JSON path → code of each fault."""
    with pytest.raises(InvalidCondition) as refused:
        parse(json)
    assert refused.value.code == "invalid_condition"
    assert refused.value.details["problems"] == [
        {"path": p.path, "code": p.code, "reason": p.reason} for p in refused.value.problems
    ]
    return {problem.path: problem.code for problem in refused.value.problems}


def test_a_tree_survives_being_written_and_read() -> None:
    json = {
        "type": "group",
        "match": "any",
        "conditions": [BOUGHT | {"where": [SHOES]}, {"type": "group", "conditions": [CITY]}],
    }
    tree = parse(json)
    assert parse(dump(tree)) == tree
    assert dump(parse(dump(tree))) == dump(tree)


def test_text_is_read_as_well_as_decoded_json() -> None:
    assert parse('{"type": "consent"}') == parse(b'{"type": "consent"}') == parse({"type": "consent"})
    assert faults("{") == {"$": "malformed"}


def test_the_empty_group_is_everybody_at_the_root_only() -> None:
    assert parse({"type": "group"}) == Group()
    assert faults({"type": "group", "match": "any"}) == {"$.conditions": "empty"}
    assert faults({"type": "group", "conditions": [{"type": "group"}]}) == {"$.conditions[0].conditions": "empty"}


def test_every_fault_is_named_with_its_place() -> None:
    json = {
        "type": "group",
        "conditions": [
            BOUGHT
            | {"where": [SHOES | {"value": 3}, SHOES | {"operator": "less"}], "window": {"last": 0, "unit": "days"}},
            {"type": "group", "match": "all", "conditions": [{"type": "nonsense"}, CITY | {"colour": "red"}, 7]},
            {"type": "list", "lists": []},
        ],
    }
    assert faults(json) == {
        "$.conditions[0].where[0].value": "wrong_value",
        "$.conditions[0].where[1].operator": "not_for_kind",
        "$.conditions[0].window.last": "wrong_value",
        "$.conditions[1].conditions[0].type": "unknown_type",
        "$.conditions[1].conditions[1]": "malformed",
        "$.conditions[1].conditions[2]": "malformed",
        "$.conditions[2].lists": "empty",
    }


@pytest.mark.parametrize(
    ("json", "expected"),
    [
        (None, {"$": "malformed"}),
        ([], {"$": "malformed"}),
        ({"type": ["group"]}, {"$.type": "unknown_type"}),
        ({"type": "group", "conditions": {}}, {"$.conditions": "malformed"}),
        (CITY | {"field": "country"}, {"$": "malformed"}),
        ({"type": "property", "field": "country", "kind": "number", "operator": "exists"}, {"$.kind": "not_for_kind"}),
        (CITY | {"value": ""}, {"$.value": "empty"}),
        (CITY | {"value": "a\0b"}, {"$.value": "unsafe"}),
        (CITY | {"value": "\ud83d"}, {"$.value": "unsafe"}),
        (CITY | {"value": "x" * 1001}, {"$.value": "too_long"}),
        (CITY | {"name": "a..b"}, {"$.name": "malformed"}),
        (CITY | {"name": "a[].b"}, {"$.name": "not_for_kind"}),
        (CITY | {"name": "a\0b"}, {"$.name": "unsafe"}),
        (CITY | {"operator": "in"}, {"$.value": "wrong_value"}),
        (CITY | {"operator": "in", "value": []}, {"$.value": "wrong_value"}),
        (CITY | {"operator": "in", "value": ["a"] * 1001}, {"$.value": "too_many"}),
        (CITY | {"operator": "exists"}, {"$.value": "wrong_value"}),
        (CITY | {"kind": "number", "operator": "between", "value": [5, 1]}, {"$.value": "reversed"}),
        (CITY | {"kind": "number", "operator": "less", "value": True}, {"$.value": "wrong_value"}),
        (CITY | {"kind": "number", "operator": "less", "value": float("nan")}, {"$.value": "wrong_value"}),
        (CITY | {"kind": "number", "operator": "less", "value": 10**400}, {"$.value": "wrong_value"}),
        (CITY | {"kind": "date", "operator": "less", "value": "2026-02-30"}, {"$.value": "wrong_value"}),
        (CITY | {"kind": "date", "operator": "less", "value": "1492-01-01"}, {"$.value": "wrong_value"}),
        (CITY | {"kind": "date", "operator": "within_last", "value": 7}, {"$.value": "wrong_value"}),
        (
            CITY | {"kind": "date", "operator": "anniversary", "value": {"value": 1, "unit": "hours"}},
            {"$.value.unit": "wrong_value"},
        ),
        ({"type": "consent", "state": "never", "window": {"last": 1, "unit": "days"}}, {"$.window": "wrong_value"}),
        ({"type": "consent", "window": {}}, {"$.window": "malformed"}),
        ({"type": "consent", "window": {"last": 1}}, {"$.window": "malformed"}),
        ({"type": "consent", "window": {"last": 1, "unit": "days", "to": "2026-01-01"}}, {"$.window": "malformed"}),
        (
            {"type": "consent", "window": {"last": 1, "unit": "days", "until_last": 1}},
            {"$.window.until_last": "reversed"},
        ),
        ({"type": "consent", "window": {"from": "2026-02-01", "to": "2026-01-01"}}, {"$.window": "reversed"}),
        (BOUGHT | {"name": ""}, {"$.name": "empty"}),
        (BOUGHT | {"measure": "sum"}, {"$.property": "empty"}),
        (BOUGHT | {"property": "total"}, {"$.property": "malformed"}),
        (BOUGHT | {"measure": "last", "operator": "exactly"}, {"$.operator": "not_for_kind"}),
        (BOUGHT | {"operator": "within_last"}, {"$.operator": "not_for_kind"}),
        (BOUGHT | {"value": "2"}, {"$.value": "wrong_value"}),
        ({"type": "sequence", "steps": [{"name": "A"}]}, {"$.steps": "wrong_value"}),
        ({"type": "message", "what": "converted"}, {"$.event": "malformed", "$.within": "malformed"}),
        ({"type": "message", "what": "clicked", "within": {"value": 1, "unit": "days"}}, {"$.within": "malformed"}),
        ({"type": "message", "what": "clicked", "times": 0}, {"$.times": "wrong_value"}),
    ],
)
def test_what_makes_no_sense_is_refused(json: Any, expected: dict[str, str]) -> None:
    found = faults(json)
    assert expected.items() <= found.items()


def test_depth_and_size_are_bounded() -> None:
    deep: Any = CITY
    for _ in range(LIMITS.depth):
        deep = {"type": "group", "conditions": [deep]}
    parse(deep)
    assert "too_deep" in faults({"type": "group", "conditions": [deep]}).values()
    parse({"type": "group", "conditions": [CITY] * LIMITS.conditions})
    assert faults({"type": "group", "conditions": [CITY] * (LIMITS.conditions + 1)}) == {"$": "too_many"}
    bottomless: Any = CITY
    for _ in range(500):
        bottomless = {"type": "group", "conditions": [bottomless]}
    assert "too_deep" in faults(bottomless).values()


def test_the_tables_name_every_operator_and_field() -> None:
    assert {operator for operators in OPERATORS.values() for operator in operators} == set(get_args(Operator))
    assert set(FIELDS) == set(get_args(Field))


def test_mentions_are_found_wherever_they_stand() -> None:
    tree: Condition = parse(
        {
            "type": "group",
            "match": "none",
            "conditions": [
                BOUGHT,
                {"type": "list", "lists": ["vip"]},
                {
                    "type": "group",
                    "conditions": [
                        {"type": "segment", "segments": ["loyal"]},
                        {"type": "sequence", "steps": [{"name": "A"}, {"name": "B"}]},
                        {
                            "type": "message",
                            "what": "converted",
                            "campaigns": ["spring"],
                            "event": {"name": "C"},
                            "within": {"value": 1, "unit": "days"},
                        },
                    ],
                },
            ],
        }
    )
    assert mentions(tree) == Mentions(
        lists=frozenset({"vip"}),
        segments=frozenset({"loyal"}),
        campaigns=frozenset({"spring"}),
        events=frozenset({"Order Completed", "A", "B", "C"}),
    )
