"""Whatever the condition, ClickHouse finds the people that a plain evaluator finds."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pabal.warehouse import compiler, schema
from pabal.warehouse.client import Warehouse
from pabal.warehouse.compiler import Names
from pabal.warehouse.conditions import Condition, Group, dump, parse
from tests.warehouse import evaluator
from tests.warehouse.random_conditions import LEAVES, conditions
from tests.warehouse.world import CAMPAIGNS, LISTS, NOW, ZONE, Person, fill, people

_SETTINGS = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.fixture(scope="module", params=[1, 2])
def world(request: pytest.FixtureRequest) -> list[Person]:
    return people(request.param)


@pytest.fixture(scope="module")
def filled(engine_folder: object, world: list[Person]) -> Iterator[Warehouse]:
    """One world for all examples of a test."""
    opened = Warehouse(path=engine_folder)  # type: ignore[arg-type]
    schema.drop(opened)
    fill(opened, world)
    yield opened
    opened.close()


def _question(segments: dict[str, Condition]) -> evaluator.Question:
    zone = ZoneInfo(ZONE)
    return evaluator.Question(now=NOW, zone=zone, lists=LISTS, campaigns=CAMPAIGNS, segments=segments)


@_SETTINGS
@given(condition=LEAVES)
def test_each_kind_of_condition_finds_who_the_evaluator_finds(
    filled: Warehouse, world: list[Person], condition: Condition
) -> None:
    assert parse(dump(condition)) == condition
    names = Names(lists=LISTS, campaigns=CAMPAIGNS)
    query = compiler.compile(condition, now=NOW, zone=ZONE, names=names)
    found = filled.rows(query.sql, query.parameters)
    assert sorted(row[0] for row in found) == evaluator.members(world, condition, _question({}))


@_SETTINGS
@given(condition=conditions(), first=LEAVES, second=LEAVES, asked=st.sets(st.integers(1, 60), min_size=1, max_size=3))
def test_trees_their_counts_pages_and_members_agree_with_the_evaluator(
    filled: Warehouse, world: list[Person], condition: Condition, first: Condition, second: Condition, asked: set[int]
) -> None:
    segments = {"first": first, "second": second}
    names = Names(lists=LISTS, campaigns=CAMPAIGNS, segments=segments)
    question = _question(segments)
    expected = evaluator.members(world, condition, question)

    member = compiler.membership(condition, sorted(asked), now=NOW, zone=ZONE, names=names)
    assert [row[0] for row in filled.rows(member.sql, member.parameters)] == [id_ for id_ in expected if id_ in asked]
    page = compiler.page(condition, after=20, size=5, now=NOW, zone=ZONE, names=names)
    assert [row[0] for row in filled.rows(page.sql, page.parameters)] == [id_ for id_ in expected if id_ > 20][:5]
    counts = compiler.counts(condition, now=NOW, zone=ZONE, names=names)
    ((total, _, everybody, alone, so_far),) = filled.rows(counts.sql, counts.parameters)
    assert (total, everybody) == (len(expected), sum(person.known for person in world))
    parts = list(_parts(condition))
    assert list(alone) == [len(evaluator.members(world, part, question)) for part, _ in parts]
    assert list(so_far) == [len(evaluator.members(world, together, question)) for _, together in parts]


def _parts(condition: Condition) -> Iterator[tuple[Condition, Condition]]:
    """Each part with the group of it and those before it."""
    if isinstance(condition, Group):
        for n, child in enumerate(condition.conditions, start=1):
            yield child, Group(match=condition.match, conditions=condition.conditions[:n])
            yield from _parts(child)
