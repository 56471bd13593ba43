"""How the lists and segments of a campaign's audience overlap: whom it would take, leave out and keep.

The answer of the question `overlap`:

    sets       [{"kind": "list" | "segment", "id", "key", "name", "role": "include" | "exclude", "people"}, …]
    pairs      [[place in `sets`, place in `sets`, people in both], …] of sets that have somebody in common
    included   people in any of the included sets, or all profiles
    excluded   of these, people in any of the excluded sets
    remaining  included − excluded
    reachable  of the remaining: a phone, agreed to advertising by text, not suppressed
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from itertools import combinations
from typing import Any

from pabal.audience.models import List, Segment
from pabal.campaigns.counting import LIMIT
from pabal.campaigns.people_sets import sets_of
from pabal.warehouse.client import Warehouse
from pabal.warehouse.compiler.sets import Bitmap, all_of
from pabal.warehouse.conditions import Condition, ListMembership, SegmentMembership

PAIRED = 12
"""Sets whose pairs are counted: more do not fit on a page."""

_ROLES = ("include", "exclude")


def overlap(warehouse: Warehouse, body: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Count the sets, their pairs and what remains, in one query. Raises InvalidInput for a segment that is broken."""
    described: list[dict[str, Any]] = []
    conditions: list[Condition] = []
    for role in _ROLES:
        for kind, model in (("list", List), ("segment", Segment)):
            ids = [int(pk) for pk in body.get(f"{role}_{kind}s") or ()]
            rows: Mapping[int, Any] = model._default_manager.in_bulk(ids)
            for row in (rows[pk] for pk in dict.fromkeys(ids) if pk in rows):
                described.append({"kind": kind, "id": row.pk, "key": row.key, "name": row.name, "role": role})
                conditions.append(
                    ListMembership(lists=(row.key,)) if kind == "list" else SegmentMembership(segments=(row.key,))
                )
    sets = sets_of(conditions, now)
    members = [sets.members(condition) for condition in conditions]
    pairs = list(combinations(range(min(len(members), PAIRED)), 2))
    roles = [one["role"] for one in described]
    taken_in = [condition for condition, role in zip(conditions, roles, strict=True) if role == "include"]
    left_out = [condition for condition, role in zip(conditions, roles, strict=True) if role == "exclude"]
    everybody = Bitmap(sql=sets.tree.everybody, living=True)
    included = everybody if body.get("everybody") else sets.union(taken_in)
    remaining = all_of([included, sets.union(left_out).opposite()])
    counted = [
        *(f"bitmapCardinality({one})" for one in members),
        *(f"bitmapAndCardinality({members[one]}, {members[other]})" for one, other in pairs),
        f"bitmapCardinality({sets.tree.members(included)})",
        f"bitmapCardinality({sets.tree.members(remaining)})",
        f"bitmapCardinality({sets.tree.members(all_of([remaining, sets.tree.reachable()]))})",
    ]
    query = f"{sets.tree.with_()}\nSELECT {', '.join(counted)}{LIMIT}"
    (numbers,) = warehouse.rows(query, sets.parameters.values)
    taken, left, reachable = (int(n) for n in numbers[-3:])
    for one, people in zip(described, numbers, strict=False):
        one["people"] = int(people)
    both = zip(pairs, numbers[len(members) :], strict=False)
    return {
        "sets": described,
        "pairs": [[one, other, int(n)] for (one, other), n in both if n],
        "included": taken,
        "excluded": taken - left,
        "remaining": left,
        "reachable": reachable,
    }
