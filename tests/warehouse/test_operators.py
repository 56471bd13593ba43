"""Each operator on values as senders write them, asked of ClickHouse; one profile a case."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, get_args

import pyarrow as pa
import pytest

from pabal.warehouse import compiler, schema
from pabal.warehouse.client import Warehouse
from pabal.warehouse.conditions import LIMITS, parse
from pabal.warehouse.conditions.tree import Operator

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)  # 19:00 in Seoul
WEEK = {"value": 7, "unit": "days"}
HANGUL, JAMO = "서울", "\u1109\u1165\u110b\u116e\u11af"
FAMILY = "👨‍👩‍👧 가족"

#: (value of the property, kind, operator, value of the condition, whether it is fulfilled)
CASES: list[tuple[Any, str, str, Any, bool]] = [
    ("shoes", "text", "equals", "shoes", True),
    ("Shoes", "text", "equals", "shoes", False),
    (" shoes", "text", "equals", "shoes", False),
    (HANGUL, "text", "equals", JAMO, True),
    (JAMO, "text", "equals", HANGUL, True),
    (JAMO, "text", "contains", "울", True),
    (JAMO, "text", "starts_with", "서", True),
    (FAMILY, "text", "contains", "👧", True),
    (FAMILY, "text", "equals", "👨‍👩‍👧 가족", True),
    ('O\'Brien \\ "x" \n%s {p1:String} `', "text", "equals", 'O\'Brien \\ "x" \n%s {p1:String} `', True),
    ("%", "text", "contains", "%", True),
    ("abc", "text", "contains", "%", False),
    ("abc", "text", "contains", "b", True),
    ("abc", "text", "ends_with", "bc", True),
    ("abc", "text", "ends_with", "ab", False),
    (42, "text", "equals", "42", True),
    ("42", "text", "equals", "42", True),
    ("042", "text", "equals", "42", False),
    (42, "text", "equals", "042", False),
    (1055, "text", "contains", "05", True),
    (4.5, "text", "equals", "4.5", False),
    (True, "text", "equals", "true", False),
    ("2026-05-01", "text", "equals", "2026-05-01", True),
    ("2026-05-01 10:00:00", "text", "starts_with", "2026-05-01 1", True),
    (None, "text", "equals", "x", False),
    (None, "text", "not_equals", "x", True),
    ("x", "text", "not_equals", "x", False),
    (["x"], "text", "not_equals", "x", True),
    ("b", "text", "in", ["a", "b"], True),
    ("c", "text", "not_in", ["a", "b"], True),
    ("ab", "text", "not_contains", "b", False),
    ("", "text", "exists", None, False),
    ("", "text", "missing", None, True),
    (0, "text", "exists", None, True),
    (None, "text", "missing", None, True),
    (49.9, "number", "equals", 49.9, True),
    ("49.90", "number", "equals", 49.9, True),
    (" 49.90", "number", "exists", None, False),
    ("1e3", "number", "exists", None, False),
    ("nan", "number", "exists", None, False),
    ("inf", "number", "more", 0, False),
    (True, "number", "exists", None, False),
    (50, "number", "at_least", 50.0, True),
    (50, "number", "more", 50, False),
    (49.99, "number", "less", 50, True),
    (50, "number", "at_most", 50, True),
    (1, "number", "between", [1, 2], True),
    (2, "number", "between", [1, 2], True),
    (2.01, "number", "between", [1, 2], False),
    (-3, "number", "in", [-3, 5], True),
    (None, "number", "not_in", [1], True),
    (None, "number", "less", 1, False),
    (2**53 + 1, "number", "equals", 2**53, True),  # 64-bit floating point
    (True, "boolean", "equals", True, True),
    ("true", "boolean", "equals", True, True),
    (False, "boolean", "equals", True, False),
    (1, "boolean", "equals", True, False),
    (False, "boolean", "exists", None, True),
    ("yes", "boolean", "missing", None, True),
    ("2026-11-24", "date", "equals", "2026-11-24", True),
    ("2026-11-23T15:00:00Z", "date", "equals", "2026-11-24", True),  # midnight in Seoul
    ("2026-11-23T14:59:59.999Z", "date", "equals", "2026-11-24", False),
    ("2026-11-24T09:00:00+09:00", "date", "equals", "2026-11-24T00:00:00Z", True),
    ("2026-11-24 09:00", "date", "at_most", "2026-11-24T09:00:00+09:00", True),
    ("2026-11-24", "date", "less", "2026-11-24", False),
    ("2026-11-24", "date", "at_least", "2026-11-24", True),
    ("2026-11-24T23:59:59+09:00", "date", "more", "2026-11-24", False),
    ("2026-11-25", "date", "more", "2026-11-24", True),
    ("2026-05-31", "date", "between", ["2026-05-01", "2026-05-31"], True),
    ("2026-02-30", "date", "exists", None, False),
    ("20261124", "date", "exists", None, False),
    (1_795_500_000, "date", "exists", None, False),
    ("2026-11-17", "date", "within_last", WEEK, True),
    ("2026-11-16", "date", "within_last", WEEK, False),
    ("2026-11-25", "date", "within_last", WEEK, False),
    ("2026-11-16", "date", "before_last", WEEK, True),
    ("2026-12-01", "date", "within_next", WEEK, True),
    ("2026-12-02", "date", "after_next", WEEK, True),
    ("1990-12-01", "date", "anniversary", WEEK, True),
    ("1990-12-02", "date", "anniversary", WEEK, False),
    ("1990-11-24", "date", "anniversary", {"value": 0, "unit": "days"}, True),
    ("1990-11-23T15:30:00Z", "date", "anniversary", {"value": 0, "unit": "days"}, True),
    ("1990-11-02", "date", "anniversary", {"value": 0, "unit": "months"}, True),
    (["vip", "new"], "list", "has", "vip", True),
    (["VIP"], "list", "has", "vip", False),
    ("vip", "list", "has", "vip", True),
    ([1, 2], "list", "has", 2, True),
    ([1, 2.5], "list", "has", 2.5, True),
    (["2"], "list", "has", 2, False),
    (["a", 1], "list", "has", 0, False),
    ([None, 1], "list", "has_all", [0, 1], False),
    (["a", 0], "list", "has", 0, True),
    (["a", 1, None, {"x": 1}], "list", "has_all", ["a", 1], True),
    (["a"], "list", "has_all", ["a", "b"], False),
    (["a"], "list", "has_any", ["a", "b"], True),
    ([], "list", "has_none", ["a"], True),
    (None, "list", "has_not", "a", True),
    ([JAMO], "list", "has", HANGUL, True),
    ([], "list", "exists", None, False),
    ([""], "list", "exists", None, False),
    ([0], "list", "exists", None, True),
]
PATHS = (
    "plain",
    "with space",
    "a`b",
    "a\\b",
    "a'b\"c",
    "x) OR 1=1 --",
    "{p1:String}",
    "%s",
    "null",
    "size0",
    "한글",
    "😀",
    ":String",
    "^a",
)


@pytest.fixture(scope="module")
def people(engine_folder: Any) -> Iterator[Warehouse]:
    """Profile n has the value of case n (from 1); the last one has a property of every hostile name."""
    opened = Warehouse(path=engine_folder)
    schema.drop(opened)
    schema.create(opened)
    values = [{"p": case[0], "in": {"ner": case[0]}} for case in CASES] + [dict.fromkeys(PATHS, "here")]
    texts = [json.dumps(value) for value in values]
    numbers = pa.array(range(1, len(texts) + 1), pa.uint64())
    rounds = pa.array([1] * len(texts), pa.uint64())
    opened.insert("profile", pa.table({"profile_id": numbers, "json": texts, "round": rounds}))
    yield opened
    opened.close()


def found(warehouse: Warehouse, condition: dict[str, Any]) -> set[int]:
    query = compiler.compile(parse(condition), now=NOW, zone="Asia/Seoul")
    return {row[0] for row in warehouse.rows(query.sql, query.parameters)}


@pytest.mark.parametrize(
    "number", range(len(CASES)), ids=lambda n: " ".join(map(str, CASES[n][:4])).encode("unicode_escape").decode()[:60]
)
def test_an_operator_takes_a_value_as_written(people: Warehouse, number: int) -> None:
    _, kind, operator, value, expected = CASES[number]
    condition = {"type": "property", "name": "p", "kind": kind, "operator": operator}
    condition |= {} if value is None else {"value": value}
    assert (number + 1 in found(people, condition)) == expected
    assert (number + 1 in found(people, condition | {"name": "in.ner"})) == expected


def test_every_operator_has_a_case() -> None:
    assert {case[2] for case in CASES} == set(get_args(Operator))


@pytest.mark.parametrize("path", PATHS)
def test_a_name_is_a_name_whatever_is_in_it(people: Warehouse, path: str) -> None:
    condition = {"type": "property", "name": path, "kind": "text", "operator": "equals", "value": "here"}
    assert found(people, condition) == {len(CASES) + 1}


def test_ignoring_case_finds_all_spellings(people: Warehouse) -> None:
    shoes = {"type": "property", "name": "p", "kind": "text", "operator": "equals", "value": "SHOES"}
    spellings = {n for n, case in enumerate(CASES, start=1) if isinstance(case[0], str) and case[0].lower() == "shoes"}
    assert found(people, shoes) == set()
    assert found(people, shoes | {"ignore_case": True}) == spellings


@pytest.mark.parametrize("match", ["all", "any", "none"])
def test_the_greatest_tree_is_answered(people: Warehouse, match: str) -> None:
    values = [f"{n}울" for n in range(100)]
    part = {"type": "property", "kind": "text", "operator": "in", "value": values}
    parts = [part | {"name": f"p{n}"} for n in range(LIMITS.conditions - 1)] + [{"type": "event", "name": "A"}]
    query = compiler.counts(parse({"type": "group", "match": match, "conditions": parts}), now=NOW, zone="Asia/Seoul")
    ((total, _, everybody, alone, _),) = people.rows(query.sql, query.parameters)
    assert (total, everybody) == (everybody if match == "none" else 0, len(CASES) + 1)
    assert list(alone) == [0] * LIMITS.conditions
