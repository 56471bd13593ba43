"""Conditions in English: clauses that begin with who or whose, joined by and or or."""

from __future__ import annotations

from collections.abc import Iterable

from pabal.console.segment_names import Names, called, moment, number, values_of
from pabal.warehouse import conditions as c

FIELDS = {
    "external_id": "customer ID", "phone": "phone", "email": "email", "first_name": "first name", "last_name": "last name",
    "locale": "language", "time_zone": "time zone", "country": "country", "region": "region", "created_at": "join date",
}  # fmt: skip
NUMBERS = {
    "at_least": "at least {0}", "exactly": "exactly {0}", "at_most": "at most {0}", "more": "more than {0}",
    "less": "less than {0}", "not_exactly": "anything but {0}", "between": "between {0} and {1}",
}  # fmt: skip
MOMENTS = {
    "within_last": "in the last {0}", "before_last": "longer than {0} ago", "between": "between {0} and {1}",
    "less": "before {0}", "at_most": "on or before {0}", "more": "after {0}", "at_least": "on or after {0}",
}  # fmt: skip
TESTS = {
    "equals": "is {0}", "not_equals": "is not {0}", "in": "is {0}", "not_in": "is not {0}", "contains": "contains {0}",
    "not_contains": "does not contain {0}", "starts_with": "begins with {0}", "ends_with": "ends with {0}",
    "less": "is less than {0}", "at_most": "is at most {0}", "more": "is more than {0}", "at_least": "is at least {0}",
    "between": "is between {0} and {1}", "within_last": "is in the last {0}", "before_last": "is longer than {0} ago",
    "within_next": "is in the next {0}", "after_next": "is more than {0} ahead", "has": "has {0}", "has_not": "lacks {0}",
    "has_any": "has {0}", "has_all": "has {0}", "has_none": "has none of {0}", "exists": "is known",
    "missing": "is unknown",
}  # fmt: skip
DATES = {
    "equals": "is on {0}", "less": "is before {0}", "at_most": "is on or before {0}", "more": "is after {0}",
    "at_least": "is on or after {0}",
}  # fmt: skip
MEASURES = {
    "sum": "total {0}", "average": "average {0}", "minimum": "smallest {0}", "maximum": "largest {0}",
    "distinct": "number of different {0}",
}  # fmt: skip
PURPOSES = {"promotional": "advertising", "informational": "information", "night": "advertising at night"}
CHANNELS = {"text": "by text", "kakao": "by KakaoTalk"}
WHATS = {
    "received": ("received {0}", "never received {0}"),
    "delivered": ("got {0} delivered", "never got {0} delivered"),
    "clicked": ("clicked a link in {0}", "never clicked a link in {0}"),
    "replied": ("replied to {0}", "never replied to {0}"),
    "failed": ("missed {0} because sending failed", "never missed {0}"),
    "converted": ("did {1} after {0}", "did not do {1} after {0}"),
}


def sentence(condition: c.Condition, names: Names) -> str:
    """The condition as a sentence about people."""
    root = condition if isinstance(condition, c.Group) else c.Group(conditions=(condition,))
    if not root.conditions:
        return "Everybody."
    return f"{_people(root, names)}."


def group_head(group: c.Group) -> str:
    return {"all": "All of these:", "any": "Any of these:", "none": "None of these:"}[group.match]


def phrase(condition: c.Condition, names: Names) -> str:
    """One condition as a clause: `who did Order Completed`, `whose city is Seoul`."""
    match condition:
        case c.Group():
            return _group(condition, names)
        case c.Property():
            name = FIELDS[condition.field] if condition.field else condition.name
            return f"whose {name} {_test(condition)}"
        case c.Consent():
            return _consent(condition)
        case c.ListMembership():
            lists = _or(f"“{name}”" for name in called(condition.lists, names.lists))
            word = "are" if condition.member else "are not"
            joined = f", joined {window(condition.window)}" if condition.window else ""
            return f"who {word} on the list {lists}{joined}"
        case c.SegmentMembership():
            segments = _or(f"“{name}”" for name in called(condition.segments, names.segments))
            return f"who {'are' if condition.member else 'are not'} in the segment {segments}"
        case c.Event():
            return _event(condition)
        case c.Sequence():
            steps = ", then ".join(_step(step) for step in condition.steps)
            within = f", all within {_span(condition.within)}" if condition.within else ""
            verb = "did" if condition.did else "did not do"
            return _spaced(f"who {verb} {steps}{within}", _comma(window(condition.window)))
        case c.Message():
            return _message(condition, names)


def _people(root: c.Group, names: Names) -> str:
    if root.match == "none":
        return f"Everybody but people {_any(root, names)}"
    if root.match == "any":
        return f"People {_any(root, names)}"
    but = [part for part in root.conditions if isinstance(part, c.Group) and part.match == "none"]
    said = [phrase(part, names) for part in root.conditions if part not in but]
    left = "".join(f", but not people {_any(part, names)}" for part in but)
    if not said:
        return f"Everybody{left}"
    if len(said) < 3:
        return "People " + ", and ".join(said) + left
    return "People " + ", ".join(said[:-1]) + f", and {said[-1]}{left}"


def _group(group: c.Group, names: Names) -> str:
    said = [phrase(part, names) for part in group.conditions]
    if group.match == "none":
        return f"who are none of those {_any(group, names)}"
    if len(said) == 1:
        return said[0]
    return "(" + (" and " if group.match == "all" else " or ").join(said) + ")"


def _any(group: c.Group, names: Names) -> str:
    return " or ".join(phrase(part, names) for part in group.conditions)


def _test(test: c.Property | c.Filter) -> str:
    value = test.value
    if test.operator == "anniversary" and isinstance(value, c.Span):
        return "comes round today" if value.value == 0 else f"comes round in the next {_span(value)}"
    if isinstance(value, c.Span):
        said_last = _span(value) if value.value != 1 else value.unit[:-1]
        short = test.operator in ("within_last", "within_next")
        return TESTS[test.operator].format(said_last if short else _span(value))
    pattern = DATES.get(test.operator) if test.kind == "date" else None
    said = [_value(v, test.kind) for v in values_of(test)]
    if test.operator == "between":
        return TESTS["between"].format(*said)
    joined = _and(said) if test.operator == "has_all" else _or(said)
    return (pattern or TESTS[test.operator]).format(joined)


def _value(value: object, kind: str) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return number(value, "en")
    return moment(str(value), "en") if kind == "date" else f"“{value}”" if " " in str(value) else str(value)


def _consent(condition: c.Consent) -> str:
    what = f"{PURPOSES[condition.purpose]} {CHANNELS[condition.channel]}"
    verb = {"subscribed": "agreed to", "unsubscribed": "refused", "never": "were never asked about"}[condition.state]
    return _spaced(f"who {verb} {what}", window(condition.window))


def _event(condition: c.Event) -> str:
    what = _step(c.Step(name=condition.name, where=condition.where))
    during = window(condition.window)
    value = condition.value
    if condition.measure in ("first", "last"):
        said = [_span(value)] if isinstance(value, c.Span) else [moment(str(v), "en") for v in _both(value)]
        when = MOMENTS[condition.operator].format(*said)
        counting = f" (counting {during})" if during else ""
        return f"who {condition.measure} did {what} {when}{counting}"
    if condition.measure == "count":
        return _spaced(f"who {_count(condition, what)}", during)
    measured = MEASURES[condition.measure].format(condition.property)
    compared = NUMBERS[condition.operator].format(*(number(v, "en") for v in _both(value)))
    return _spaced(f"whose {measured} in {what} is {compared}", during)


def _count(condition: c.Event, what: str) -> str:
    value = condition.value
    if condition.operator == "exactly" and value == 0:
        return f"did not do {what}"
    if condition.operator == "at_least" and value == 1:
        return f"did {what}"
    said = NUMBERS[condition.operator].format(*(number(v, "en") for v in _both(value)))
    said = said.replace("less than", "fewer than")
    return f"did {what} {said} {'time' if _both(value)[-1] == 1 else 'times'}"


def _both(value: object) -> tuple[object, ...]:
    return value if isinstance(value, tuple) else (value,)


def _step(step: c.Step) -> str:
    where = _and(f"{item.name} {_test(item)}" for item in step.where)
    return f"{step.name} (where {where})" if where else step.name


def _message(condition: c.Message, names: Names) -> str:
    many = condition.times > 1
    of = _or(f"“{name}”" for name in called(condition.campaigns, names.campaigns))
    what = f"at least {number(condition.times, 'en')} messages" if many else "a message"
    said = f"{what} of {of}" if of else what if many or condition.did else "any message"
    event = f"{_step(condition.event)} within {_span(condition.within)}" if condition.event and condition.within else ""
    does, never = WHATS[condition.what]
    pattern = does if condition.did else never if not many else f"did not: {does}"
    return _spaced(f"who {pattern.format(said, event)}", window(condition.window))


def window(window: c.Window | None) -> str:
    """When, as an adverb; empty for ever."""
    if window is None:
        return ""
    if window.last is not None and window.unit is not None:
        if window.until_last is not None:
            return f"between {number(window.last, 'en')} and {_span(c.Span(value=window.until_last, unit=window.unit))} ago"
        if window.last == 1:
            return f"in the last {window.unit[:-1]}"
        return f"in the last {_span(c.Span(value=window.last, unit=window.unit))}"
    first, last = (moment(end, "en") if end else "" for end in (window.from_, window.to))
    if first and last:
        return f"on {first}" if first == last else f"from {first} to {last}"
    return f"since {first}" if first else f"until {last}"


def _span(span: c.Span) -> str:
    return f"{number(span.value, 'en')} {span.unit[:-1] if span.value == 1 else span.unit}"


def _or(words: Iterable[str]) -> str:
    return _joined(list(words), "or")


def _and(words: Iterable[str]) -> str:
    return _joined(list(words), "and")


def _joined(words: list[str], word: str) -> str:
    if len(words) > 8:
        words = [*words[:6], f"{len(words) - 6} more"]
    return f" {word} ".join(words) if len(words) < 3 else ", ".join(words[:-1]) + f" {word} {words[-1]}"


def _spaced(*words: str) -> str:
    return " ".join(word for word in words if word).replace(" ,", ",")


def _comma(word: str) -> str:
    return f", {word}" if word else ""
