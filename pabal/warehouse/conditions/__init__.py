"""Conditions: who belongs to a segment, as a tree of typed structs with a documented JSON form.

tree       the structs
parsing    JSON → tree, with every problem named by its JSON path; tree → JSON
checks     what the types alone do not say: which operator takes which value
mentions   which lists, segments, campaigns and events a tree names

`docs/reference/conditions.md` shows each with an example. Nothing here knows a database.
"""

from pabal.warehouse.conditions.checks import Problem
from pabal.warehouse.conditions.mentions import Mentions, mentions
from pabal.warehouse.conditions.parsing import InvalidCondition, dump, parse
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
    Group,
    ListMembership,
    Message,
    Property,
    SegmentMembership,
    Sequence,
    Span,
    Step,
    Value,
    Window,
)

__all__ = [
    "FIELDS",
    "LIMITS",
    "MEASURE_OPERATORS",
    "MOMENT_OPERATORS",
    "OPERATORS",
    "Condition",
    "Consent",
    "Event",
    "Filter",
    "Group",
    "InvalidCondition",
    "ListMembership",
    "Mentions",
    "Message",
    "Problem",
    "Property",
    "SegmentMembership",
    "Sequence",
    "Span",
    "Step",
    "Value",
    "Window",
    "dump",
    "mentions",
    "parse",
]
