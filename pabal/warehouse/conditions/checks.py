"""What the types of a condition alone do not say: which operator takes which value, and what a key or path may be."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime
from math import isfinite
from typing import Any

import msgspec

from pabal.warehouse.conditions.tree import (
    FIELDS,
    LIMITS,
    MEASURE_OPERATORS,
    MOMENT_OPERATORS,
    OPERATORS,
    Condition,
    Consent,
    Event,
    Filter,
    ListMembership,
    Message,
    Property,
    SegmentMembership,
    Sequence,
    Span,
    Step,
    Window,
)

_SPANS = ("within_last", "before_last", "within_next", "after_next")
_MANY = ("in", "not_in", "has_any", "has_all", "has_none")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One fault of a condition: where (a JSON path), a stable `code`, and the reason in English.

    Codes: malformed, unknown_type, too_deep, too_many, too_long, empty, not_for_kind, wrong_value, reversed, unsafe.
    """

    path: str
    code: str
    reason: str


def check(condition: Condition, path: str) -> Iterator[Problem]:
    """The faults of one condition that is no group."""
    match condition:
        case Property():
            yield from _property(condition, path)
        case Consent():
            yield from _window(condition.window, f"{path}.window")
            if condition.state == "never" and condition.window is not None:
                yield Problem(path=f"{path}.window", code="wrong_value", reason="`never` has no time")
        case ListMembership():
            yield from _keys(condition.lists, f"{path}.lists")
            yield from _window(condition.window, f"{path}.window")
        case SegmentMembership():
            yield from _keys(condition.segments, f"{path}.segments")
        case Event():
            yield from _event(condition, path)
        case Sequence():
            yield from _sequence(condition, path)
        case Message():
            yield from _message(condition, path)


def _property(condition: Property, path: str) -> Iterator[Problem]:
    if bool(condition.name) == (condition.field is not None):
        yield Problem(path=path, code="malformed", reason="give either `name` or `field`")
    elif condition.field is not None and condition.kind != FIELDS[condition.field]:
        reason = f"`{condition.field}` is a {FIELDS[condition.field]}"
        yield Problem(path=f"{path}.kind", code="not_for_kind", reason=reason)
    elif condition.name:
        yield from _path(condition.name, condition.kind, f"{path}.name")
    yield from _test(condition, path)


def _filters(filters: tuple[Filter, ...], path: str) -> Iterator[Problem]:
    for n, item in enumerate(filters):
        yield from _path(item.name, item.kind, f"{path}[{n}].name")
        yield from _test(item, f"{path}[{n}]")


def _path(name: str, kind: str, path: str) -> Iterator[Problem]:
    yield from _name(name, path)
    if not name:
        return
    if any(part in ("", "[]") for part in name.split(".")):
        yield Problem(path=path, code="malformed", reason="a path has a name between its dots")
    if "[]" in name and kind != "list":
        yield Problem(path=path, code="not_for_kind", reason="`[]` reads a list: its kind is `list`")
    if sum(part.endswith("[]") for part in name.split(".")) > 1 or name.endswith("[]"):
        yield Problem(path=path, code="malformed", reason="`[]` may stand once, before a name, as in `products[].sku`")


def _name(name: str, path: str) -> Iterator[Problem]:
    if not name:
        yield Problem(path=path, code="empty", reason="a name is missing")
    if len(name) > LIMITS.name:
        yield Problem(path=path, code="too_long", reason=f"up to {LIMITS.name} characters")
    if "\0" in name or not _encodes(name):
        yield Problem(path=path, code="unsafe", reason="has a character that no name can have")


def _keys(keys: tuple[str, ...], path: str) -> Iterator[Problem]:
    if not keys:
        yield Problem(path=path, code="empty", reason="name at least one")
    if len(keys) > LIMITS.conditions:
        yield Problem(path=path, code="too_many", reason=f"up to {LIMITS.conditions}")
    for n, key in enumerate(keys):
        yield from _name(key, f"{path}[{n}]")


def _test(test: Property | Filter, path: str) -> Iterator[Problem]:
    """Whether the operator fits the kind, and the value the operator."""
    place = f"{path}.value"
    if test.operator not in OPERATORS[test.kind]:
        reason = f"a {test.kind} takes {', '.join(OPERATORS[test.kind])}"
        yield Problem(path=f"{path}.operator", code="not_for_kind", reason=reason)
        return
    if test.ignore_case and test.kind not in ("text", "list"):
        yield Problem(path=f"{path}.ignore_case", code="not_for_kind", reason="only texts have upper and lower case")
    value: Any = test.value
    if test.operator in ("exists", "missing"):
        if value is not None:
            yield Problem(path=place, code="wrong_value", reason=f"`{test.operator}` takes no value")
    elif test.operator in (*_SPANS, "anniversary"):
        yield from _span(value, place, zero=True)
        if test.operator == "anniversary" and isinstance(value, Span) and value.unit not in ("days", "weeks", "months"):
            yield Problem(path=f"{place}.unit", code="wrong_value", reason="must be days, weeks or months")
    elif test.operator in _MANY:
        yield from _many(test.kind, value, place)
    elif test.operator == "between":
        yield from _between(test.kind, value, place)
    else:
        yield from _scalar(test.kind, value, place)


def _many(kind: str, value: Any, path: str) -> Iterator[Problem]:
    if not isinstance(value, tuple) or not value:
        yield Problem(path=path, code="wrong_value", reason="must be a list of at least one value")
        return
    if len(value) > LIMITS.values:
        yield Problem(path=path, code="too_many", reason=f"up to {LIMITS.values} values")
    for n, item in enumerate(value):
        yield from _scalar(kind, item, f"{path}[{n}]")


def _between(kind: str, value: Any, path: str) -> Iterator[Problem]:
    if not isinstance(value, tuple) or len(value) != 2:
        yield Problem(path=path, code="wrong_value", reason="must be a list of two: lowest and highest")
        return
    faults = [*_scalar(kind, value[0], f"{path}[0]"), *_scalar(kind, value[1], f"{path}[1]")]
    yield from faults
    if not faults and (_order(value[0]) > _order(value[1]) if kind == "date" else value[0] > value[1]):
        yield Problem(path=path, code="reversed", reason="the lowest comes first")


def _order(moment: str) -> str:
    """Enough to tell a reversed range; times of different offsets on one day are left to the query."""
    return moment[:10]


def _scalar(kind: str, value: Any, path: str) -> Iterator[Problem]:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind == "text" and not isinstance(value, str):
        yield Problem(path=path, code="wrong_value", reason="must be a text")
    elif kind == "number" and not (number and _finite(value)):
        yield Problem(path=path, code="wrong_value", reason="must be a number")
    elif kind == "boolean" and not isinstance(value, bool):
        yield Problem(path=path, code="wrong_value", reason="must be true or false")
    elif kind == "date" and not is_moment(value):
        reason = "must be a date, `2026-05-01`, or a date and time, `2026-05-01T09:00:00+09:00`"
        yield Problem(path=path, code="wrong_value", reason=reason)
    elif kind == "list" and not (isinstance(value, str) or (number and _finite(value))):
        yield Problem(path=path, code="wrong_value", reason="must be a text or a number")
    if value == "" and kind in ("text", "list"):
        yield Problem(path=path, code="empty", reason="an empty text counts as missing: use `missing`")
    if isinstance(value, str) and len(value) > LIMITS.text:
        yield Problem(path=path, code="too_long", reason=f"up to {LIMITS.text} characters")
    if isinstance(value, str) and ("\0" in value or not _encodes(value)):
        yield Problem(path=path, code="unsafe", reason="has a character that no text can have")


def _finite(value: float) -> bool:
    try:
        return isfinite(value)
    except OverflowError:
        return False


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_moment(value: Any) -> bool:
    """Whether it is a date or a date with time (ISO 8601, years 1900 to 2299)."""
    if not isinstance(value, str) or not _DATE.match(value):
        return False
    try:
        year = (date if len(value) == 10 else datetime).fromisoformat(value).year
    except ValueError:
        return False
    return 1900 <= year < 2299


def _span(value: Any, path: str, *, zero: bool = False) -> Iterator[Problem]:
    if not isinstance(value, Span):
        yield Problem(path=path, code="wrong_value", reason='must be a length of time, {"value": 7, "unit": "days"}')
    elif not (0 if zero else 1) <= value.value <= _longest(value.unit):
        reason = f"must be {0 if zero else 1} to {_longest(value.unit)}"
        yield Problem(path=f"{path}.value", code="wrong_value", reason=reason)


def _longest(unit: str) -> int:
    """A hundred years, in any unit."""
    return {"years": 100, "months": 1200, "weeks": 5200, "days": 36_500, "hours": 876_000}.get(unit, LIMITS.span)


def _window(window: Window | None, path: str) -> Iterator[Problem]:
    if window is None:
        return
    sliding = window.last is not None or window.unit is not None or window.until_last is not None
    fixed = window.from_ is not None or window.to is not None
    if sliding == fixed:
        yield Problem(path=path, code="malformed", reason="give either `last` and `unit`, or `from` and `to`")
    elif sliding and (window.last is None or window.unit is None):
        yield Problem(path=path, code="malformed", reason="`last` and `unit` belong together")
    elif window.last is not None and window.unit is not None:
        if not 1 <= window.last <= _longest(window.unit):
            reason = f"must be 1 to {_longest(window.unit)}"
            yield Problem(path=f"{path}.last", code="wrong_value", reason=reason)
        if window.until_last is not None and not 0 <= window.until_last < window.last:
            yield Problem(path=f"{path}.until_last", code="reversed", reason="must be less than `last`")
    for name, moment in (("from", window.from_), ("to", window.to)):
        if moment is not None:
            yield from _scalar("date", moment, f"{path}.{name}")
    if is_moment(window.from_) and is_moment(window.to) and _order(window.from_ or "") > _order(window.to or ""):
        yield Problem(path=path, code="reversed", reason="`from` comes first")


def _event(condition: Event, path: str) -> Iterator[Problem]:
    yield from _name(condition.name, f"{path}.name")
    yield from _filters(condition.where, f"{path}.where")
    yield from _window(condition.window, f"{path}.window")
    moment = condition.measure in ("first", "last")
    if moment or condition.measure == "count":
        if condition.property:
            yield Problem(path=f"{path}.property", code="malformed", reason=f"`{condition.measure}` takes no property")
    else:
        yield from _path(condition.property, "number", f"{path}.property")
    operators = MOMENT_OPERATORS if moment else MEASURE_OPERATORS
    if condition.operator not in operators:
        reason = f"`{condition.measure}` takes {', '.join(operators)}"
        yield Problem(path=f"{path}.operator", code="not_for_kind", reason=reason)
    elif condition.operator in _SPANS:
        yield from _span(condition.value, f"{path}.value", zero=True)
    elif condition.operator == "between":
        yield from _between("date" if moment else "number", condition.value, f"{path}.value")
    else:
        yield from _scalar("date" if moment else "number", condition.value, f"{path}.value")


def _step(step: Step, path: str) -> Iterator[Problem]:
    yield from _name(step.name, f"{path}.name")
    yield from _filters(step.where, f"{path}.where")


def _sequence(condition: Sequence, path: str) -> Iterator[Problem]:
    if not 2 <= len(condition.steps) <= LIMITS.steps:
        yield Problem(path=f"{path}.steps", code="wrong_value", reason=f"a sequence has 2 to {LIMITS.steps} steps")
    for n, step in enumerate(condition.steps):
        yield from _step(step, f"{path}.steps[{n}]")
    if condition.within is not None:
        yield from _span(condition.within, f"{path}.within")
    yield from _window(condition.window, f"{path}.window")


def _message(condition: Message, path: str) -> Iterator[Problem]:
    if condition.campaigns:
        yield from _keys(condition.campaigns, f"{path}.campaigns")
    if not 1 <= condition.times <= 1000:
        yield Problem(path=f"{path}.times", code="wrong_value", reason="must be 1 to 1000")
    yield from _window(condition.window, f"{path}.window")
    converted = condition.what == "converted"
    for name, value in (("event", condition.event), ("within", condition.within)):
        if (value is not None) != converted:
            reason = f"`converted` needs it; `{condition.what}` takes none" if not converted else "is missing"
            yield Problem(path=f"{path}.{name}", code="malformed", reason=reason)
    if condition.event is not None:
        yield from _step(condition.event, f"{path}.event")
    if condition.within is not None:
        yield from _span(condition.within, f"{path}.within")
