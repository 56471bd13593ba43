"""Which lists, segments, campaigns and events a condition names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pabal.warehouse.conditions.tree import (
    Condition,
    Event,
    Group,
    ListMembership,
    Message,
    SegmentMembership,
    Sequence,
)


@dataclass(frozen=True, kw_only=True)
class Mentions:
    """The keys and names in a tree. Segments that the named segments name are not followed."""

    lists: frozenset[str]
    segments: frozenset[str]
    campaigns: frozenset[str]
    events: frozenset[str]


def walk(condition: Condition) -> Iterator[Condition]:
    """The condition and all below it, parents first."""
    yield condition
    if isinstance(condition, Group):
        for child in condition.conditions:
            yield from walk(child)


def mentions(condition: Condition) -> Mentions:
    """What `condition` names."""
    lists: set[str] = set()
    segments: set[str] = set()
    campaigns: set[str] = set()
    events: set[str] = set()
    for part in walk(condition):
        match part:
            case ListMembership():
                lists.update(part.lists)
            case SegmentMembership():
                segments.update(part.segments)
            case Event():
                events.add(part.name)
            case Sequence():
                events.update(step.name for step in part.steps)
            case Message():
                campaigns.update(part.campaigns)
                if part.event is not None:
                    events.add(part.event.name)
    return Mentions(
        lists=frozenset(lists),
        segments=frozenset(segments),
        campaigns=frozenset(campaigns),
        events=frozenset(events),
    )
