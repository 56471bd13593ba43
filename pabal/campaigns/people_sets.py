"""Sets of people as ClickHouse SQL: a condition, a saved segment. What campaigns and questions are made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from pabal.audience.models import List, Segment
from pabal.audience.segments import by_key, conditions_of, versions_of
from pabal.campaigns.models import Campaign
from pabal.config import get
from pabal.errors import InvalidInput
from pabal.warehouse.compiler import Names, Query, compile
from pabal.warehouse.compiler.moments import Clock
from pabal.warehouse.compiler.parameters import Parameters
from pabal.warehouse.compiler.sets import Bitmap, any_of
from pabal.warehouse.compiler.tree import Tree
from pabal.warehouse.conditions import Condition, Mentions, mentions, parse


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A condition at a moment, with what it names: the arguments of the compiler. Days are those of the company's zone."""

    condition: Condition
    names: Names
    now: datetime

    @property
    def how(self) -> dict[str, Any]:
        """The arguments beside the condition."""
        return {"now": self.now, "zone": get().time_zone, "names": self.names}


@dataclass(frozen=True, kw_only=True)
class Sets:
    """Several conditions in one query: `tree` makes them bitmaps, of which equal parts are read once."""

    tree: Tree
    parameters: Parameters
    names: Names

    def members(self, condition: Condition) -> str:
        """The expression of the bitmap of those who fulfil it. Raises `UnknownName`, `SegmentCycle`."""
        return self.tree.members(self.tree.bitmap(self.names.inline(condition)))

    def union(self, conditions: Iterable[Condition]) -> Bitmap:
        """Those who fulfil any of them; of none, nobody."""
        bitmaps = [self.tree.bitmap(self.names.inline(condition)) for condition in conditions]
        everybody = Bitmap(sql=self.tree.everybody, living=True)
        return any_of(bitmaps) if bitmaps else everybody.opposite()


def asking(condition: Condition, now: datetime) -> Asked:
    """A condition to be compiled. Raises InvalidInput for a segment that it names and that is broken."""
    return Asked(condition=condition, names=names_of([condition]), now=now)


def sets_of(conditions: Iterable[Condition], now: datetime, *, only: list[int] | None = None) -> Sets:
    """What these conditions need to stand in one query; `only`: the profiles that are looked at."""
    parameters, names = Parameters("p"), names_of(conditions)
    return Sets(
        tree=Tree(parameters, Clock.of(now, get().time_zone), names, only=only), parameters=parameters, names=names
    )


def people_in(segment: Segment, *, now: datetime, prefix: str = "p") -> Query:
    """The query of who is in a segment at a moment. `prefix` sets its parameters apart from those of other queries.

    Raises InvalidInput: `segment_broken`, or the compiler's for what it names and is not there (any more).
    """
    asked = asking(tree_of(segment), now)
    return compile(asked.condition, **asked.how, prefix=prefix)


def tree_of(segment: Segment) -> Condition:
    """The condition of a segment. Raises InvalidInput `segment_broken`."""
    try:
        return parse(segment.condition)
    except InvalidInput as error:
        words = {"name": segment.name, "reason": error}
        message = _("The segment “%(name)s” cannot be read any more: %(reason)s") % words
        raise InvalidInput(message, code="segment_broken", field="condition") from error


def asked_for(body: Mapping[str, Any], now: datetime) -> Asked:
    """What a question is about: `condition`, or the segment called `segment`. Raises InvalidInput, NotFound."""
    tree = tree_of(by_key(str(body["segment"]))) if "segment" in body else parse(body.get("condition"))
    return asking(tree, now)


def segments_of(campaign: Campaign) -> list[Segment]:
    """The segments that a campaign includes or excludes. With all profiles, none is included."""
    excluded = campaign.exclude_segments.all()
    return list((excluded if campaign.all_profiles else campaign.include_segments.all() | excluded).distinct())


def segment_versions(campaign: Campaign) -> dict[str, int]:
    """key → version of its segments and of those that they name: with other ones, a review does not hold."""
    return versions_of(segment.key for segment in segments_of(campaign))


def audience_of(campaign: Campaign) -> dict[str, Any]:
    """The body of the question `overlap` for a campaign."""
    sets = ("include_lists", "exclude_lists", "include_segments", "exclude_segments")
    chosen = {name: list(getattr(campaign, name).values_list("pk", flat=True)) for name in sets}
    return {"everybody": campaign.all_profiles, **chosen}


def names_of(conditions: Iterable[Condition]) -> Names:
    """What the conditions name, found in a few queries, with the segments inside of segments."""
    named = _together([mentions(condition) for condition in conditions])
    segments = conditions_of(named.segments)
    trees = {key: tree_of(segment) for key, segment in segments.items()}
    named = _together([named, *(mentions(tree) for tree in trees.values())])
    return Names(
        lists=dict(List.objects.filter(key__in=named.lists).values_list("key", "pk")),
        segments=trees,
        campaigns=dict(Campaign.objects.filter(key__in=named.campaigns).values_list("key", "pk")),
    )


def _together(several: Iterable[Mentions]) -> Mentions:
    several = list(several)
    return Mentions(
        lists=frozenset().union(*(one.lists for one in several)),
        segments=frozenset().union(*(one.segments for one in several)),
        campaigns=frozenset().union(*(one.campaigns for one in several)),
        events=frozenset().union(*(one.events for one in several)),
    )
