"""Conditions on events as queries for profile ids.

`event` is ordered by name, profile and time and parted by month, so a condition reads the months of its window, within them
the rows of one event, and of these the properties it names. Events of one profile lie together: counting them per
profile needs little memory.
"""

from __future__ import annotations

from math import ceil, floor, inf
from typing import Any

from pabal.warehouse.compiler import paths
from pabal.warehouse.compiler.moments import Clock, Range, milliseconds
from pabal.warehouse.compiler.parameters import Parameters
from pabal.warehouse.compiler.predicates import Predicates
from pabal.warehouse.conditions import Event, Filter, Sequence, Span, Step, Window

_COMPARED = {"less": "<", "at_most": "<=", "more": ">", "at_least": ">=", "exactly": "=", "not_exactly": "!="}
_MEASURES = {"average": "avg", "minimum": "min", "maximum": "max"}

#: Added to milliseconds since 1970, so that moments since 1900 are positive.
_EPOCH = 2**42
_UNLIMITED = 2**50


class Events:
    """Writes queries over `event`; `only` is a condition on `profile_id` that all of them carry, or empty."""

    def __init__(self, parameters: Parameters, predicates: Predicates, clock: Clock, *, only: str = "") -> None:
        self._parameters = parameters
        self._predicates = predicates
        self._clock = clock
        self._only = only

    def did(self, condition: Event) -> tuple[str, bool]:
        """(query for profile ids, whether the condition is fulfilled by everybody else instead)."""
        rows = self.rows(condition.name, condition.where, condition.window)
        if condition.measure in ("count", "distinct"):
            return self._counted(condition, rows)
        if condition.measure == "sum":
            return self._summed(condition, rows)
        if condition.measure in ("first", "last"):
            moment = "min(at)" if condition.measure == "first" else "max(at)"
            having = " AND ".join(self._predicates.within(moment, self._moments(condition))) or "1"
        else:
            aggregate = f"{_MEASURES[condition.measure]}({paths.number(paths.place(condition.property))})"
            having = self._compare(aggregate, condition)
        return f"SELECT profile_id {rows} GROUP BY profile_id HAVING {having}", False

    def measured(self, condition: Event) -> str:
        """The query for (profile id, what is measured as a number or NULL, milliseconds of the last such event)."""
        rows = self.rows(condition.name, condition.where, condition.window)
        match condition.measure:
            case "count":
                value = "count()"
            case "distinct":
                value = f"uniqExact({_distinct(paths.place(condition.property))})"
            case "first" | "last":
                moment = "min(at)" if condition.measure == "first" else "max(at)"
                value = f"toUnixTimestamp64Milli({moment})"
            case measure:
                value = f"{_MEASURES.get(measure, 'sum')}({paths.number(paths.place(condition.property))})"
        return f"SELECT profile_id, toFloat64({value}), toUnixTimestamp64Milli(max(at)) {rows} GROUP BY profile_id"

    def rows(self, name: str, where: tuple[Filter, ...], window: Window | None) -> str:
        """FROM and WHERE of the events of a name."""
        conditions = [
            f"name = {self._parameters.text(name)}",
            *([self._only] if self._only else []),
            *self._predicates.within("at", self._clock.window(window)),
            *(self._predicates.of(item) for item in where),
        ]
        return f"FROM event WHERE {' AND '.join(conditions)}"

    def in_sequence(self, condition: Sequence) -> str:
        """The query for those who did the steps in order.

        windowFunnel takes events at one time in any order, and one event for several steps. Eight places for each
        millisecond, later steps first, make each step come strictly after the one before.
        """
        steps = len(condition.steps)
        rows = [
            f"SELECT profile_id, toUInt64(toUnixTimestamp64Milli(at) + {_EPOCH}) * 8 + {steps - n} AS place, {n} AS step "
            f"{self._step(step, condition.window)}"
            for n, step in enumerate(condition.steps, start=1)
        ]
        within = 8 * milliseconds(condition.within) if condition.within is not None else _UNLIMITED
        funnel = f"windowFunnel({within})(place, {', '.join(f'step = {n + 1}' for n in range(steps))})"
        return f"SELECT profile_id FROM ({' UNION ALL '.join(rows)}) GROUP BY profile_id HAVING {funnel} = {steps}"

    def _step(self, step: Step, window: Window | None) -> str:
        return self.rows(step.name, step.where, window)

    def _counted(self, condition: Event, rows: str) -> tuple[str, bool]:
        """A count is a whole number: those between `low` and `high`, or all but those above `high` if nothing is enough."""
        low, high = _bounds(condition.operator, condition.value)
        negated = low <= 0 <= high
        if negated:
            low, high = high + 1, inf
        if condition.operator == "not_exactly":
            negated = not negated
        if condition.measure == "count":
            if (low, high) == (1, inf):
                return f"SELECT profile_id {rows}", negated
            counted = "count()"
        else:
            counted = f"uniqExact({_distinct(paths.place(condition.property))})"
        tests = [f"{counted} >= {self._parameters.number(low)}"] if low < inf else ["0"]
        tests += [f"{counted} <= {self._parameters.number(high)}"] if high < inf else []
        return f"SELECT profile_id {rows} GROUP BY profile_id HAVING {' AND '.join(tests)}", negated

    def _summed(self, condition: Event, rows: str) -> tuple[str, bool]:
        """The sum over nothing is 0: if that is enough, the condition holds for all but those whose sum is not."""
        total = f"ifNull(sum({paths.number(paths.place(condition.property))}), 0)"
        having = self._compare(total, condition)
        negated = _holds(condition.operator, condition.value, 0)
        having = f"NOT ({having})" if negated else having
        return f"SELECT profile_id {rows} GROUP BY profile_id HAVING {having}", negated

    def _compare(self, aggregate: str, condition: Event) -> str:
        given: Any = condition.value
        if condition.operator == "between":
            low, high = (self._parameters.number(bound) for bound in given)
            return f"{aggregate} BETWEEN {low} AND {high}"
        return f"{aggregate} {_COMPARED[condition.operator]} {self._parameters.number(given)}"

    def _moments(self, condition: Event) -> Range:
        given: Any = condition.value
        if isinstance(given, Span):
            return self._clock.relative(condition.operator, given, whole_days=False)
        if condition.operator == "between":
            return self._clock.compared("between", *given)
        return self._clock.compared(condition.operator, given)


def _distinct(at: paths.Place) -> str:
    """A value to tell apart: a text, a whole number as text, another number, a boolean."""
    return f"coalesce(nullIf({paths.text(at)}, ''), toString({at.typed('Float64')}), toString({at.typed('Bool')}))"


def _bounds(operator: str, value: Any) -> tuple[float, float]:
    """The whole numbers that an operator allows, both ends included; those that `not_exactly` forbids."""
    match operator:
        case "between":
            return ceil(value[0]), floor(value[1])
        case "at_least":
            return ceil(value), inf
        case "more":
            return floor(value) + 1, inf
        case "at_most":
            return -inf, floor(value)
        case "less":
            return -inf, ceil(value) - 1
    return (value, value) if value == floor(value) else (inf, inf)


def _holds(operator: str, value: Any, number: float) -> bool:
    if operator == "between":
        return bool(value[0] <= number <= value[1])
    tests = (
        {
            "less": number < value,
            "at_most": number <= value,
            "more": number > value,
            "at_least": number >= value,
            "exactly": number == value,
            "not_exactly": number != value,
        }
        if not isinstance(value, tuple)
        else {}
    )
    return bool(tests[operator])
