"""What the engine answers to each kind of question (`campaigns.questions` says what they are)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from random import randrange
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from pabal.audience.models import Question, QuestionPeople, Segment
from pabal.campaigns import counting
from pabal.campaigns.frequent_values import frequent_values
from pabal.campaigns.overlap import overlap
from pabal.campaigns.people_sets import Asked, asked_for, people_in, sets_of, tree_of
from pabal.campaigns.sample_measures import measures
from pabal.errors import InvalidInput, Unavailable
from pabal.warehouse import compiler, filling
from pabal.warehouse.client import Warehouse
from pabal.warehouse.conditions import Condition
from pabal.warehouse.sync import Synchroniser

PORTION = 50_000
"""Ids in a row of `QuestionPeople`."""

_SAMPLE = 100
_PAGE = 10_000

Answer = dict[str, Any]


def find(question: Question, synchroniser: Synchroniser) -> Answer:
    """The answer, with `at`: the moment that its data is of. Raises InvalidInput, NotFound, Unavailable while the warehouse is
    filled (`warehouse_rebuilding`), ClickHouse's errors."""
    if synchroniser.lag() == float("inf"):  # never filled since the engine started
        synchroniser.run_once()
    now = timezone.now()
    data_of = now - timedelta(seconds=synchroniser.lag())
    try:
        with synchroniser.reading():
            answer = ANSWERS[question.kind](synchroniser.warehouse, question, now)
    except Unavailable as error:
        if error.code != filling.CODE:
            raise
        message = _("The warehouse is being filled. Try again in a moment.")
        raise Unavailable(message, code=error.code, details=error.details) from None
    return {**answer, "at": data_of.astimezone(UTC).isoformat(timespec="milliseconds")}


def _count(warehouse: Warehouse, question: Question, now: datetime) -> Answer:
    return counting.count(warehouse, asked_for(question.body, now))


def _sample(warehouse: Warehouse, question: Question, now: datetime) -> Answer:
    asked = asked_for(question.body, now)
    size = _bounded(question.body, "limit", 10, _SAMPLE)
    found = _ids(warehouse, compiler.sample(asked.condition, size=size, **asked.how, seed=randrange(2**32)))
    return {**found, "did": measures(warehouse, asked, found["ids"])}


def _page(warehouse: Warehouse, question: Question, now: datetime) -> Answer:
    asked = asked_for(question.body, now)
    after = _bounded(question.body, "after", 0, 2**63 - 2, least=0)
    size = _bounded(question.body, "limit", 100, _PAGE)
    return _ids(warehouse, compiler.page(asked.condition, after=after, size=size, **asked.how))


def _ids(warehouse: Warehouse, query: compiler.Query) -> Answer:
    return {"ids": [int(pk) for (pk,) in warehouse.rows(query.sql + counting.LIMIT, query.parameters)]}


def _members(warehouse: Warehouse, question: Question, now: datetime) -> Answer:
    """All of them, as of one moment, in portions."""
    total = 0
    with (
        Frozen(warehouse, asked_for(question.body, now), name=question.pk) as frozen,
        transaction.atomic(),  # somebody who reads the portions sees all of them
    ):
        QuestionPeople.objects.filter(question=question).delete()
        for number, ids in enumerate(frozen.portions()):
            QuestionPeople.objects.create(question=question, number=number, ids=ids)
            total += len(ids)
    return {"people": total}


def _overlap(warehouse: Warehouse, question: Question, now: datetime) -> Answer:
    return overlap(warehouse, question.body, now)


def _values(warehouse: Warehouse, question: Question, now: datetime) -> Answer:
    return {"values": frequent_values(warehouse, question.body, now)}


def _membership(warehouse: Warehouse, question: Question, now: datetime) -> Answer:
    """Which segments one person is in."""
    profile = _bounded(question.body, "profile", 0, 2**63 - 1)
    keys = question.body.get("segments")
    segments = Segment.objects.filter(archived_at=None) if keys is None else Segment.objects.filter(key__in=keys)
    found = dict.fromkeys(segments.order_by("key").values_list("key", flat=True), False)
    trees: dict[str, Condition] = {}
    for segment in segments:
        with suppress(InvalidInput):  # a segment that is broken has nobody
            people_in(segment, now=now)
            trees[segment.key] = tree_of(segment)
    if trees:
        sets = sets_of(trees.values(), now, only=[profile])
        one = f"toUInt64({sets.parameters.integer(profile)})"
        columns = [f"bitmapContains({sets.members(tree)}, {one})" for tree in trees.values()]
        query = f"{sets.tree.with_()}\nSELECT {', '.join(columns)}{counting.LIMIT}"
        (row,) = warehouse.rows(query, sets.parameters.values)
        found |= {key: bool(inside) for key, inside in zip(trees, row, strict=True)}
    return {"segments": found}


ANSWERS: Mapping[str, Callable[[Warehouse, Question, datetime], Answer]] = {
    "count": _count,
    "sample": _sample,
    "page": _page,
    "members": _members,
    "overlap": _overlap,
    "values": _values,
    "membership": _membership,
}


class Frozen:
    """Who fulfils a condition at one moment, kept in a working table of the warehouse. A context manager."""

    def __init__(self, warehouse: Warehouse, asked: Asked, *, name: UUID) -> None:
        self._warehouse = warehouse
        self._table = f"plan_people_{name.hex}"  # the engine removes what begins with `plan_` when it starts
        people = compiler.compile(asked.condition, **asked.how)
        self.drop()
        warehouse.command(
            f"CREATE TABLE {self._table} ENGINE = MergeTree ORDER BY profile_id AS {people.sql}", people.parameters
        )
        self.total = int(warehouse.rows(f"SELECT count() FROM {self._table}")[0][0])  # noqa: S608

    def __enter__(self) -> Frozen:
        return self

    def __exit__(self, *exception: object) -> None:
        self.drop()

    def portions(self, size: int = PORTION) -> Iterator[list[int]]:
        """The ids in ascending order, up to `size` at a time."""
        after = 0
        page = (
            f"SELECT toInt64(profile_id) AS profile_id FROM {self._table} "  # noqa: S608
            "WHERE profile_id > {after:UInt64} ORDER BY profile_id LIMIT {size:UInt64}"
        )
        while True:
            found = self._warehouse.arrow(page, {"after": after, "size": size})["profile_id"].to_pylist()
            if not found:
                return
            ids = [int(pk) for pk in found if pk is not None]
            yield ids
            after = ids[-1]

    def drop(self) -> None:
        self._warehouse.command(f"DROP TABLE IF EXISTS {self._table} SYNC")


def _bounded(body: Mapping[str, Any], name: str, otherwise: int, most: int, *, least: int = 1) -> int:
    value = body.get(name, otherwise)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        message = _("Enter a number from %(low)s to %(high)s.") % {"low": f"{least:,}", "high": f"{most:,}"}
        raise InvalidInput(message, code="out_of_range", field=name)
    return value
