"""What the conditions on events measure of the people of a sample: how often they bought, what it came to, when last.

In an answer: `[{"event": name, "measure": …, "property": path, "people": {id: [value, milliseconds of the last one]}}, …]`, one for each
condition on events of the tree itself, in its order. Who did nothing of it is left out of `people`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pabal.campaigns.counting import LIMIT
from pabal.campaigns.people_sets import Asked
from pabal.config import get
from pabal.warehouse import compiler
from pabal.warehouse.client import Warehouse
from pabal.warehouse.conditions import Condition, Event, Group

MOST = 5
"""Conditions that are measured: more would not fit beside a name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Did:
    """What one condition measures of one person. `value` is None where the measure is a moment (`at`) or there is none.

    `at`: the last such event; of the measure `first`, the first one; None: never.
    """

    event: str
    measure: str
    property: str
    value: float | None
    at: datetime | None


def measures(warehouse: Warehouse, asked: Asked, ids: list[int]) -> list[dict[str, Any]]:
    """One for each condition on events, `MOST` at most. Raises ClickHouse's errors."""
    if not ids:
        return []
    found = []
    for event in list(dict.fromkeys(_events(asked.condition)))[:MOST]:
        query = compiler.measured(event, ids, now=asked.now, zone=get().time_zone)
        rows = warehouse.rows(query.sql + LIMIT, query.parameters)
        people = {str(pk): [_number(value), int(last)] for pk, value, last in rows}
        found.append({"event": event.name, "measure": event.measure, "property": event.property, "people": people})
    return found


def did_of(measured: Iterable[Mapping[str, Any]], profile_id: int) -> Iterator[Did]:
    """What was measured of one person, each event, measure and property once. Nothing but zeros is left out."""
    seen = set()
    for one in measured:
        what = (one["event"], one["measure"], one["property"])
        value, last = one["people"].get(str(profile_id), (None, None))
        if last is None or (what, value) in seen:
            continue
        seen.add((what, value))
        moment = one["measure"] in ("first", "last")
        yield Did(
            event=one["event"],
            measure=one["measure"],
            property=one["property"],
            value=None if moment else value,
            at=_moment(value if one["measure"] == "first" else last),
        )


def _events(condition: Condition) -> Iterator[Event]:
    match condition:
        case Group():
            for child in condition.conditions:
                yield from _events(child)
        case Event():
            yield condition


def _number(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else round(value, 2)


def _moment(milliseconds: float) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
