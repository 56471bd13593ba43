"""What a condition means, in plain Python: one person at a time, one event after the other. Slow and obvious.

It shares nothing with the compiler but the structs of a condition.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

from pabal.warehouse.conditions import (
    Condition,
    Consent,
    Event,
    Filter,
    Group,
    ListMembership,
    Message,
    Property,
    SegmentMembership,
    Sequence,
    Span,
    Step,
    Window,
)
from tests.warehouse.world import Person

_HOURLY = ("minutes", "hours")
_KINDS = {"received": {1, 2}, "delivered": {2}, "failed": {3}, "clicked": {7}, "replied": {8}, "converted": {1, 2}}
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, kw_only=True)
class Question:
    """When and where it is asked, and what the keys stand for."""

    now: datetime
    zone: ZoneInfo
    lists: Mapping[str, int] = field(default_factory=dict)
    campaigns: Mapping[str, int] = field(default_factory=dict)
    segments: Mapping[str, Condition] = field(default_factory=dict)

    @property
    def today(self) -> date:
        return self.now.astimezone(self.zone).date()

    def shifted(self, span: Span, sign: int) -> datetime:
        """The moment a span before (-1) or after (1) now; days and longer by the clock on the wall."""
        delta = relativedelta(**{span.unit: sign * span.value})
        if span.unit in _HOURLY:
            return self.now + delta
        wall = self.now.astimezone(self.zone).replace(tzinfo=None) + delta
        return wall.replace(tzinfo=self.zone)


def members(world: list[Person], condition: Condition, question: Question) -> list[int]:
    return [person.id for person in world if person.known and holds(person, condition, question)]


def holds(person: Person, condition: Condition, question: Question) -> bool:
    match condition:
        case Group():
            found = [holds(person, child, question) for child in condition.conditions]
            return {"all": all(found), "any": any(found), "none": not any(found)}[condition.match]
        case Property() if condition.field:
            return _tested(_column(person, condition.field), condition, question)
        case Property():
            return _tested(_reach(person.properties, condition.name), condition, question)
        case Consent():
            states = [(s, at) for c, p, s, at in person.consents if (c, p) == (condition.channel, condition.purpose)]
            if condition.state == "never":
                return not states
            return any(s == condition.state and _within(at, condition.window, question) for s, at in states)
        case ListMembership():
            wanted = {question.lists[key] for key in condition.lists}
            on = any(key in wanted and _within(at, condition.window, question) for key, at in person.lists)
            return on == condition.member
        case SegmentMembership():
            inside = any(holds(person, question.segments[key], question) for key in condition.segments)
            return inside == condition.member
        case Event():
            return _measured(person, condition, question)
        case Sequence():
            return _in_sequence(person, condition, question) == condition.did
        case Message():
            return (_messages(person, condition, question) >= condition.times) == condition.did


def _column(person: Person, name: str) -> Any:
    if name == "time_zone":
        return person.columns["time_zone"] or person.columns["zones"]
    return person.columns[name]


def _reach(properties: Any, path: str) -> Any:
    if path in properties:
        return properties[path]
    if "[]." in path:
        outer, inner = path.split("[].")
        return [_reach(item, inner) for item in properties.get(outer, [])]
    head, _, rest = path.partition(".")
    return _reach(properties[head], rest) if rest and isinstance(properties.get(head), dict) else None


def _text(value: Any) -> str | None:
    if isinstance(value, str):
        return value or None
    return str(value) if type(value) is int else None


def _number(value: Any) -> float | None:
    if isinstance(value, str):
        return float(value) if re.fullmatch(r"-?\d{1,18}(\.\d{1,18})?", value) else None
    return float(value) if type(value) in (int, float) else None


def _boolean(value: Any) -> bool | None:
    return {True: True, False: False, "true": True, "false": False}.get(value) if type(value) in (bool, str) else None


def _moment(value: Any, question: Question) -> datetime | None:
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str) or not re.match(r"\d{4}-\d\d-\d\d", value):
        return None
    try:
        read = datetime.fromisoformat(value)
    except ValueError:
        return None
    return read if read.tzinfo else read.replace(tzinfo=question.zone)


def _tested(value: Any, test: Property | Filter, question: Question) -> bool:
    opposites = {
        "not_equals": "equals",
        "not_in": "in",
        "not_contains": "contains",
        "has_not": "has",
        "has_none": "has_any",
        "missing": "exists",
    }
    if test.operator in opposites:
        return not _positive(value, test, opposites[test.operator], question)
    return _positive(value, test, test.operator, question)


def _positive(value: Any, test: Property | Filter, operator: str, question: Question) -> bool:
    if test.kind == "list":
        return _listed(value, test, operator)
    read = {
        "text": _text,
        "number": _number,
        "boolean": _boolean,
        "date": lambda value: _moment(value, question),
    }[test.kind](value)
    if read is None or operator == "exists":
        return read is not None
    if test.kind == "date":
        return _dated(read, test.value, operator, question)  # type: ignore[arg-type]
    if test.kind == "text":
        return _spelled(read, test, operator)  # type: ignore[arg-type]
    return _ordered(read, test.value, operator)


def _forms(text: Any, test: Property | Filter) -> set[str]:
    text = text.lower() if test.ignore_case else text
    return {text, unicodedata.normalize("NFC", text), unicodedata.normalize("NFD", text)}


def _spelled(text: str, test: Property | Filter, operator: str) -> bool:
    text = text.lower() if test.ignore_case else text
    wanted = test.value if isinstance(test.value, tuple) else (test.value,)
    forms = {form for item in wanted for form in _forms(item, test)}
    if operator in ("equals", "in"):
        return text in forms
    tests = {"contains": lambda form: form in text, "starts_with": text.startswith, "ends_with": text.endswith}
    return any(tests[operator](form) for form in forms)


def _ordered(value: Any, given: Any, operator: str) -> bool:
    if operator in ("in", "between"):
        return value in given if operator == "in" else given[0] <= value <= given[1]
    return {
        "equals": value == given,
        "exactly": value == given,
        "not_exactly": value != given,
        "less": value < given,
        "at_most": value <= given,
        "more": value > given,
        "at_least": value >= given,
    }[operator]


def _dated(moment: datetime, given: Any, operator: str, question: Question) -> bool:
    day = moment.astimezone(question.zone).date()
    if operator == "anniversary":
        return any(_falls_on(day, today) for today in _days(given, question))
    if not isinstance(given, Span):
        return _compared(moment, given, operator, question)
    if given.unit in _HOURLY:
        return _relative(moment, given, operator, question)
    last = question.today + relativedelta(**{given.unit: -given.value})
    next_ = question.today + relativedelta(**{given.unit: given.value})
    return {
        "within_last": last <= day <= question.today,
        "before_last": day < last,
        "within_next": question.today <= day <= next_,
        "after_next": day > next_,
    }[operator]


def _relative(moment: datetime, span: Span, operator: str, question: Question) -> bool:
    return {
        "within_last": question.shifted(span, -1) <= moment <= question.now,
        "before_last": moment < question.shifted(span, -1),
        "within_next": question.now <= moment <= question.shifted(span, 1),
        "after_next": moment > question.shifted(span, 1),
    }[operator]


def _compared(moment: datetime, given: Any, operator: str, question: Question) -> bool:
    """Against a written date (a whole day) or moment; `between` two of them."""
    if operator == "between":
        first, last = given
        return _compared(moment, first, "at_least", question) and _compared(moment, last, "at_most", question)
    read = _moment(given, question)
    assert read is not None
    if len(given) == 10:
        return _ordered(moment.astimezone(question.zone).date(), date.fromisoformat(given), operator)
    return _ordered(moment, read, operator)


def _falls_on(born: date, today: date) -> bool:
    if (born.month, born.day) == (2, 29) and not _leap(today.year):
        return (today.month, today.day) == (2, 28)
    return (born.month, born.day) == (today.month, today.day)


def _leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _days(span: Span, question: Question) -> Iterator[date]:
    first = question.today
    last = first + relativedelta(**{span.unit: span.value})
    if span.unit == "months":
        first = first.replace(day=1)
        last = first + relativedelta(months=span.value + 1, days=-1)
    while first <= last:
        yield first
        first += timedelta(days=1)


def _listed(value: Any, test: Property | Filter, operator: str) -> bool:
    items = value if isinstance(value, list) else [value]
    texts = {item for item in items if isinstance(item, str) and item}
    numbers = {float(item) for item in items if type(item) in (int, float)}
    if operator == "exists":
        return bool(texts or numbers)
    texts = {text.lower() for text in texts} if test.ignore_case else texts
    wanted = test.value if isinstance(test.value, tuple) else (test.value,)
    found = [bool(_forms(item, test) & texts) if isinstance(item, str) else item in numbers for item in wanted]
    return all(found) if operator == "has_all" else any(found)


def _within(at: datetime, window: Window | None, question: Question) -> bool:
    if window is None:
        return True
    if window.last is not None and window.unit is not None:
        until = question.shifted(Span(value=window.until_last or 0, unit=window.unit), -1)
        return question.shifted(Span(value=window.last, unit=window.unit), -1) <= at <= until
    after = window.from_ is None or _compared(at, window.from_, "at_least", question)
    return after and (window.to is None or _compared(at, window.to, "at_most", question))


def _events(
    person: Person, step: Event | Step, window: Window | None, question: Question
) -> list[tuple[datetime, Any]]:
    return [
        (at, properties)
        for name, at, properties in person.events
        if name == step.name
        and _within(at, window, question)
        and all(_tested(_reach(properties, item.name), item, question) for item in step.where)
    ]


def _measured(person: Person, condition: Event, question: Question) -> bool:
    events = _events(person, condition, condition.window, question)
    values = [_reach(properties, condition.property) for _, properties in events] if condition.property else []
    numbers = [number for value in values if (number := _number(value)) is not None]
    match condition.measure:
        case "count":
            return _ordered(len(events), condition.value, condition.operator)
        case "distinct":
            return _ordered(len({_written(value) for value in values} - {None}), condition.value, condition.operator)
        case "sum":
            return _ordered(sum(numbers), condition.value, condition.operator)
        case "first" | "last" if events:
            at = (min if condition.measure == "first" else max)(at for at, _ in events)
            if isinstance(condition.value, Span):
                return _relative(at, condition.value, condition.operator, question)
            return _compared(at, condition.value, condition.operator, question)
        case "average" | "minimum" | "maximum" if numbers:
            found = {"average": sum(numbers) / len(numbers), "minimum": min(numbers), "maximum": max(numbers)}
            return _ordered(found[condition.measure], condition.value, condition.operator)
    return False


def _written(value: Any) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, float) else _text(value)


def _in_sequence(person: Person, condition: Sequence, question: Question) -> bool:
    moments = [[at for at, _ in _events(person, step, condition.window, question)] for step in condition.steps]
    limit = timedelta.max
    if condition.within is not None:
        days = {"months": 30, "years": 365}.get(condition.within.unit)
        value = condition.within.value
        limit = timedelta(days=days * value) if days else timedelta(**{condition.within.unit: value})
    return any(_follows(first, first, moments[1:], limit) for first in moments[0])


def _follows(first: datetime, before: datetime, rest: list[list[datetime]], limit: timedelta) -> bool:
    return not rest or any(
        at > before and at - first <= limit and _follows(first, at, rest[1:], limit) for at in rest[0]
    )


def _messages(person: Person, condition: Message, question: Question) -> int:
    """To how many messages it happened."""
    campaigns = {question.campaigns[key] for key in condition.campaigns}
    found = 0
    for _, campaign, happened in person.messages:
        if campaigns and campaign not in campaigns:
            continue
        moments = [
            at for kind, at in happened if kind in _KINDS[condition.what] and _within(at, condition.window, question)
        ]
        if moments and condition.event is not None and condition.within is not None:
            within = timedelta(**{condition.within.unit: condition.within.value})
            events = _events(person, condition.event, None, question)
            found += any(timedelta(0) < at - min(moments) <= within for at, _ in events)
        else:
            found += bool(moments)
    return found
