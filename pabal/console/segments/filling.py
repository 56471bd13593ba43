"""Condition → draft: a saved segment opens in the builder as it was filled in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pabal.console.segments.drafts import Draft
from pabal.warehouse import conditions as c


def fill(condition: c.Condition) -> Draft:
    """The draft whose reading is `condition`. A root that is no group is put into one."""
    draft = _fill(condition)
    return draft if draft["type"] == "group" else {"type": "group", "match": "all", "conditions": [draft]}


def _fill(condition: c.Condition) -> Draft:
    match condition:
        case c.Group():
            conditions = [_fill(child) for child in condition.conditions]
            return {"type": "group", "match": condition.match, "conditions": conditions}
        case c.Property():
            of = f"field:{condition.field}" if condition.field else f"own:{condition.name}"
            return {"type": "property", "of": of, "kind_of": of, **_test(condition)}
        case c.Consent():
            said = {"channel": condition.channel, "purpose": condition.purpose, "state": condition.state}
            return {"type": "consent", **said, **_window(condition.window)}
        case c.ListMembership():
            values = _values(condition.lists)
            return {"type": "list", "member": _yes(condition.member), "values": values, **_window(condition.window)}
        case c.SegmentMembership():
            return {"type": "segment", "member": _yes(condition.member), "values": _values(condition.segments)}
        case c.Event():
            return _event(condition)
        case c.Sequence():
            steps = [_step(step) for step in condition.steps]
            within = _within(condition.within) if condition.within else {"within_n": "24", "within_unit": "ever"}
            draft = {"type": "sequence", "did": _yes(condition.did), "steps": steps}
            return {**draft, **within, **_window(condition.window)}
        case c.Message():
            return _message(condition)


def _event(condition: c.Event) -> Draft:
    draft: Draft = {
        "type": "event",
        **_step(c.Step(name=condition.name, where=condition.where)),
        "measure": condition.measure,
        "property": condition.property,
        "operator": condition.operator,
        **_window(condition.window),
    }
    value = condition.value
    if condition.measure == "count" and condition.operator == "exactly" and value == 0:
        return {**draft, "measure": "never", "operator": "at_least", "value": "1"}
    if isinstance(value, c.Span):
        return {**draft, "n": str(value.value), "unit": value.unit}
    if isinstance(value, tuple):
        return {**draft, "value": _text(value[0]), "value2": _text(value[1])}
    return {**draft, "value": _text(value)}


def _message(condition: c.Message) -> Draft:
    draft: Draft = {
        "type": "message",
        "what": condition.what,
        "did": _yes(condition.did),
        "values": _values(condition.campaigns),
        "times": str(condition.times),
        **_window(condition.window),
    }
    if condition.event is not None:
        draft["steps"] = [_step(condition.event)]
    return draft | (_within(condition.within) if condition.within else {})


def _step(step: c.Step) -> Draft:
    return {"name": step.name, "where": [_filter(item) for item in step.where]}


def _filter(item: c.Filter) -> Draft:
    return {"name": item.name, "kind_of": item.name, **_test(item)}


def _test(test: c.Property | c.Filter) -> Draft:
    operator = {
        "equals": "is", "in": "is", "not_equals": "is_not", "not_in": "is_not", "has": "has_any", "has_not": "has_none",
    }.get(test.operator, test.operator)  # fmt: skip
    draft: Draft = {"kind": test.kind, "operator": operator}
    if test.ignore_case:
        draft["ignore_case"] = "yes"
    value = test.value
    if isinstance(value, c.Span):
        return {**draft, "n": str(value.value), "unit": value.unit, "values": []}
    if operator == "between" and isinstance(value, tuple):
        return {**draft, "values": _values(value[:1]), "value2": _text(value[1])}
    return {**draft, "values": _values(value if isinstance(value, tuple) else () if value is None else (value,))}


def _window(window: c.Window | None) -> Draft:
    if window is None:
        return {"when": "ever"}
    if window.last is None:
        return {"when": "dates", "w_from": window.from_ or "", "w_to": window.to or ""}
    draft = {"when": "last", "w_last": str(window.last), "w_unit": str(window.unit)}
    return draft if window.until_last is None else {**draft, "when": "ago", "w_until": str(window.until_last)}


def _within(span: c.Span) -> Draft:
    return {"within_n": str(span.value), "within_unit": span.unit}


def _values(values: Iterable[Any]) -> list[Draft]:
    return [{"value": _text(value)} for value in values]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _yes(value: bool) -> str:
    return "yes" if value else "no"
