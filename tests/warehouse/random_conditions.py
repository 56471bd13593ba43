"""Hypothesis strategies: any condition over what is in `world`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from pabal.warehouse.conditions import (
    FIELDS,
    MEASURE_OPERATORS,
    MOMENT_OPERATORS,
    OPERATORS,
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
from tests.warehouse.world import CAMPAIGNS, DECOMPOSED, LISTS, NAMES, PATHS, TEXTS

_TEXTS = st.sampled_from([text for text in TEXTS if text] + [DECOMPOSED, "ko", "SHOES"])
_NUMBERS = st.sampled_from([0, 1, 2, 5, 42, -7, 0.25, 49.75, 100.5, 10**12])
_MOMENTS = st.sampled_from(
    [
        "2026-11-01",
        "2026-10-31",
        "2026-11-05",
        "2026-11-06",
        "2024-02-29",
        "2026-11-01T00:30:00-04:00",
        "2026-10-05T11:30:00",
    ]
)
_UNITS = st.sampled_from(["minutes", "hours", "days", "weeks", "months", "years"])
_SPANS = st.builds(Span, value=st.sampled_from([0, 1, 4, 7, 24, 30]), unit=_UNITS)
_LENGTHS = st.builds(
    Span, value=st.sampled_from([1, 3, 24]), unit=st.sampled_from(["minutes", "hours", "days", "weeks"])
)
_SCALARS: Mapping[str, st.SearchStrategy[Any]] = {
    "text": _TEXTS,
    "number": _NUMBERS,
    "boolean": st.booleans(),
    "date": _MOMENTS,
    "list": st.one_of(_TEXTS, _NUMBERS, st.sampled_from(["a", "A", "42"])),
}
_PATHS = st.sampled_from([*PATHS, "nowhere"])


@st.composite
def _windows(draw: st.DrawFn) -> Window | None:
    kind = draw(st.sampled_from(["ever", "sliding", "ended", "fixed"]))
    if kind == "ever":
        return None
    if kind == "fixed":
        bounds = draw(st.lists(_MOMENTS, min_size=2, max_size=2).map(sorted))
        either = draw(st.sampled_from(["from", "to", "both"]))
        return Window(from_=bounds[0] if either != "to" else None, to=bounds[1] if either != "from" else None)
    last = draw(st.sampled_from([1, 4, 7, 24, 30, 60]))
    until = draw(st.integers(0, last - 1)) if kind == "ended" else None
    return Window(last=last, unit=draw(_UNITS), until_last=until)


def _between(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(values, min_size=2, max_size=2).map(lambda pair: tuple(sorted(pair)))


@st.composite
def _test(draw: st.DrawFn, kind: Any) -> dict[str, Any]:
    operator = draw(st.sampled_from(OPERATORS[kind]))
    found: dict[str, Any] = {"kind": kind, "operator": operator}
    if operator in ("in", "not_in", "has_any", "has_all", "has_none"):
        found["value"] = tuple(draw(st.lists(_SCALARS[kind], min_size=1, max_size=3)))
    elif operator == "between":
        found["value"] = draw(_between(_SCALARS[kind]))
    elif operator == "anniversary":
        units = st.sampled_from(["days", "weeks", "months"])
        found["value"] = Span(value=draw(st.sampled_from([0, 1, 7, 60])), unit=draw(units))
    elif operator.endswith(("_last", "_next")):
        found["value"] = draw(_SPANS)
    elif operator not in ("exists", "missing"):
        found["value"] = draw(_SCALARS[kind])
    if kind in ("text", "list"):
        found["ignore_case"] = draw(st.booleans())
    return found


@st.composite
def _filters(draw: st.DrawFn) -> Filter:
    kind = draw(st.sampled_from(list(OPERATORS)))
    name = draw(st.one_of(_PATHS, st.just("products[].sku")) if kind == "list" else _PATHS)
    return Filter(name=name, **draw(_test(kind)))


@st.composite
def _properties(draw: st.DrawFn) -> Property:
    if draw(st.booleans()):
        field = draw(st.sampled_from(list(FIELDS)))
        return Property(field=field, **draw(_test(FIELDS[field])))  # type: ignore[arg-type]
    kind = draw(st.sampled_from(list(OPERATORS)))
    return Property(name=draw(_PATHS), **draw(_test(kind)))


_WHERE = st.lists(_filters(), max_size=2).map(tuple)
_STEPS = st.builds(Step, name=st.sampled_from(NAMES), where=st.one_of(st.just(()), _WHERE))


@st.composite
def _events(draw: st.DrawFn) -> Event:
    measure = draw(st.sampled_from(["count", "sum", "average", "minimum", "maximum", "distinct", "first", "last"]))
    moment = measure in ("first", "last")
    operator = draw(st.sampled_from(MOMENT_OPERATORS if moment else MEASURE_OPERATORS))
    scalars = _MOMENTS if moment else st.one_of(_NUMBERS, st.integers(0, 3))
    if operator == "between":
        value = draw(_between(scalars))
    else:
        value = draw(_SPANS if operator in ("within_last", "before_last") else scalars)
    return Event(
        name=draw(st.sampled_from(NAMES)),
        where=draw(st.one_of(st.just(()), _WHERE)),
        measure=measure,  # type: ignore[arg-type]
        property="" if moment or measure == "count" else draw(_PATHS),
        operator=operator,
        value=value,
        window=draw(_windows()),
    )


@st.composite
def _sequences(draw: st.DrawFn) -> Sequence:
    steps = tuple(draw(st.lists(_STEPS, min_size=2, max_size=3)))
    return Sequence(steps=steps, within=draw(st.none() | _LENGTHS), window=draw(_windows()), did=draw(st.booleans()))


@st.composite
def _messages(draw: st.DrawFn) -> Message:
    what = draw(st.sampled_from(["received", "delivered", "clicked", "replied", "failed", "converted"]))
    converted = what == "converted"
    return Message(
        what=what,  # type: ignore[arg-type]
        campaigns=tuple(draw(st.lists(st.sampled_from(list(CAMPAIGNS)), max_size=2))),
        times=draw(st.integers(1, 2)),
        did=draw(st.booleans()),
        window=draw(_windows()),
        event=draw(_STEPS) if converted else None,
        within=draw(_LENGTHS) if converted else None,
    )


@st.composite
def _consents(draw: st.DrawFn) -> Consent:
    state = draw(st.sampled_from(["subscribed", "unsubscribed", "never"]))
    return Consent(
        channel=draw(st.sampled_from(["text", "kakao"])),
        purpose=draw(st.sampled_from(["promotional", "informational", "night"])),
        state=state,  # type: ignore[arg-type]
        window=None if state == "never" else draw(_windows()),
    )


@st.composite
def _memberships(draw: st.DrawFn) -> ListMembership:
    keys = draw(st.lists(st.sampled_from(list(LISTS)), min_size=1, max_size=2))
    return ListMembership(lists=tuple(keys), member=draw(st.booleans()), window=draw(_windows()))


#: Conditions that are no group, and name no segment.
LEAVES: st.SearchStrategy[Any] = st.one_of(
    _properties(), _events(), _sequences(), _messages(), _consents(), _memberships()
)
_SEGMENTS = st.builds(
    SegmentMembership,
    segments=st.lists(st.sampled_from(["first", "second"]), min_size=1, max_size=2).map(tuple),
    member=st.booleans(),
)


@st.composite
def conditions(draw: st.DrawFn, depth: int = 3) -> Condition:
    """A tree whose segments are named `first` and `second`."""
    if depth == 1 or draw(st.integers(0, 2)) == 0:
        return draw(st.one_of(LEAVES, _SEGMENTS))  # type: ignore[no-any-return]
    parts = draw(st.lists(conditions(depth - 1), min_size=1, max_size=3))
    return Group(match=draw(st.sampled_from(["all", "any", "none"])), conditions=tuple(parts))
