"""The structs of a condition tree. The tag field of the JSON form is `type`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import msgspec

Kind = Literal["text", "number", "boolean", "date", "list"]
Unit = Literal["minutes", "hours", "days", "weeks", "months", "years"]
Field = Literal[
    "external_id",
    "phone",
    "email",
    "first_name",
    "last_name",
    "locale",
    "time_zone",
    "country",
    "region",
    "created_at",
]
Operator = Literal[
    "equals",
    "not_equals",
    "in",
    "not_in",
    "contains",
    "not_contains",
    "starts_with",
    "ends_with",
    "less",
    "at_most",
    "more",
    "at_least",
    "between",
    "within_last",
    "before_last",
    "within_next",
    "after_next",
    "anniversary",
    "has",
    "has_not",
    "has_any",
    "has_all",
    "has_none",
    "exists",
    "missing",
]
Measure = Literal["count", "sum", "average", "minimum", "maximum", "distinct", "first", "last"]
MeasureOperator = Literal[
    "exactly", "not_exactly", "less", "at_most", "more", "at_least", "between", "within_last", "before_last"
]
What = Literal["received", "delivered", "clicked", "replied", "failed", "converted"]

#: A profile's own columns → their kind. They are read without a property's JSON.
FIELDS: Final[dict[str, Kind]] = {
    "external_id": "text",
    "phone": "text",
    "email": "text",
    "first_name": "text",
    "last_name": "text",
    "locale": "text",
    "time_zone": "text",
    "country": "text",
    "region": "text",
    "created_at": "date",
}

_RANGES = ("less", "at_most", "more", "at_least", "between")

#: Kind of a property → the operators it takes, in the order that a menu shows them.
OPERATORS: Final[dict[Kind, tuple[Operator, ...]]] = {
    "text": (
        "equals",
        "not_equals",
        "in",
        "not_in",
        "contains",
        "not_contains",
        "starts_with",
        "ends_with",
        "exists",
        "missing",
    ),
    "number": ("equals", "not_equals", "in", "not_in", *_RANGES, "exists", "missing"),  # type: ignore[dict-item]
    "boolean": ("equals", "exists", "missing"),
    "date": (
        "equals",
        *_RANGES,  # type: ignore[dict-item]
        "within_last",
        "before_last",
        "within_next",
        "after_next",
        "anniversary",
        "exists",
        "missing",
    ),
    "list": ("has", "has_not", "has_any", "has_all", "has_none", "exists", "missing"),
}

#: Operators of an event's measure that is a number (count, sum, average, minimum, maximum, distinct).
MEASURE_OPERATORS: Final[tuple[MeasureOperator, ...]] = (
    "at_least",
    "exactly",
    "at_most",
    "between",
    "more",
    "less",
    "not_exactly",
)

#: Operators of a measure that is a moment (first, last).
MOMENT_OPERATORS: Final[tuple[MeasureOperator, ...]] = (
    "within_last",
    "before_last",
    "between",
    "less",
    "at_most",
    "more",
    "at_least",
)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Bounds of a tree, so that a query stays one that ClickHouse answers at once."""

    depth: int = 6  # groups within groups, the root included
    conditions: int = 100  # all conditions, filters and steps of the tree
    values: int = 1000  # of `in`, `has_any`…
    text: int = 1000  # characters of a value
    name: int = 200  # characters of an event's name, a property's path, a key
    steps: int = 5  # of a sequence
    span: int = 1_000_000


LIMITS: Final = Limits()


class Span(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A length of time. Minutes and hours are exact; days and longer go by the calendar of the segment's time zone."""

    value: int
    unit: Unit


Scalar = bool | int | float | str
Value = Scalar | tuple[Scalar, ...] | Span | None


class Window(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """When something happened: sliding or fixed, both ends included.

    Sliding: the `last` so many `unit`s until now, or until `until_last` of them ago ("between 60 and 30 days ago" is last
    60, until_last 30). Fixed: `from` and `to`, either may be missing; a date (`2026-05-01`) means the whole day in the
    segment's time zone, a date and time the moment.
    """

    last: int | None = None
    unit: Unit | None = None
    until_last: int | None = None
    from_: str | None = msgspec.field(default=None, name="from")
    to: str | None = None


class _Condition(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="type"
):
    """What all conditions share."""


class Filter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A test of one property of an event. `name` is its path: dots for nested ones, `products[].sku` for each of a list."""

    name: str
    kind: Kind
    operator: Operator
    value: Value = None
    ignore_case: bool = False


class Group(_Condition, frozen=True, kw_only=True, tag="group"):
    """All, any or none of `conditions`. The root may be an empty `all`: everybody."""

    match: Literal["all", "any", "none"] = "all"
    conditions: tuple[Condition, ...] = ()


class Property(_Condition, frozen=True, kw_only=True, tag="property"):
    """A property of the profile's own (`name`, a path) or one of its columns (`field`); exactly one of the two."""

    name: str = ""
    field: Field | None = None
    kind: Kind
    operator: Operator
    value: Value = None
    ignore_case: bool = False


class Consent(_Condition, frozen=True, kw_only=True, tag="consent"):
    """The present consent for a channel and purpose, and when it was given or withdrawn (`window`).

    `never`: was never asked.
    """

    channel: Literal["text", "kakao"] = "text"
    purpose: Literal["promotional", "informational", "night"] = "promotional"
    state: Literal["subscribed", "unsubscribed", "never"] = "subscribed"
    window: Window | None = None


class ListMembership(_Condition, frozen=True, kw_only=True, tag="list"):
    """On any of `lists` (keys), having joined within `window`; or, if not `member`, on none of them so."""

    lists: tuple[str, ...]
    member: bool = True
    window: Window | None = None


class SegmentMembership(_Condition, frozen=True, kw_only=True, tag="segment"):
    """In any of `segments` (keys); or, if not `member`, in none of them."""

    segments: tuple[str, ...]
    member: bool = True


class Event(_Condition, frozen=True, kw_only=True, tag="event"):
    """What the profile did: a measure of the events named `name` within `window` that pass all of `where`.

    `count` of events; `sum`, `average`, `minimum`, `maximum` of the numbers in `property`; `distinct` values of it; the
    time of the `first` or `last` one. Did not: `count` `exactly` 0.
    """

    name: str
    where: tuple[Filter, ...] = ()
    measure: Measure = "count"
    property: str = ""
    operator: MeasureOperator = "at_least"
    value: Value = 1
    window: Window | None = None


class Step(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """An event of a sequence, or the one that counts as a conversion."""

    name: str
    where: tuple[Filter, ...] = ()


class Sequence(_Condition, frozen=True, kw_only=True, tag="sequence"):
    """Did all `steps` one after the other, from the first to the last within `within`, all of it in `window`.

    Other events may lie between. Each step is later than the one before.
    """

    steps: tuple[Step, ...]
    within: Span | None = None
    window: Window | None = None
    did: bool = True


class Message(_Condition, frozen=True, kw_only=True, tag="message"):
    """What became of past messages of `campaigns` (keys; empty: any): at least `times` messages, in `window`.

    `received`: the carrier took it. `converted`: did `event` within `within` after that. Not `did`: fewer than `times`.
    """

    what: What
    campaigns: tuple[str, ...] = ()
    times: int = 1
    did: bool = True
    window: Window | None = None
    event: Step | None = None
    within: Span | None = None


Condition = Group | Property | Consent | ListMembership | SegmentMembership | Event | Sequence | Message
