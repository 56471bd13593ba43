"""The queries that a condition compiles to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pabal.warehouse.compiler.events import Events
from pabal.warehouse.compiler.moments import Clock
from pabal.warehouse.compiler.names import Names
from pabal.warehouse.compiler.parameters import Parameters
from pabal.warehouse.compiler.predicates import Predicates
from pabal.warehouse.compiler.sets import all_of, any_of
from pabal.warehouse.compiler.tree import Tree
from pabal.warehouse.conditions import Condition, Event, Group

_NO_NAMES = Names()

#: Of a few people there is little to read: sharing it out, or reading it in two steps, takes longer than reading it.
_FEW = (
    "\nSETTINGS max_threads = 1, optimize_move_to_prewhere = 0, query_plan_optimize_prewhere = 0, "
    "optimize_use_projections = 0"
)
_MOST_FEW = 100


@dataclass(frozen=True, kw_only=True)
class Query:
    """One statement for ClickHouse with its bound parameters."""

    sql: str
    parameters: dict[str, Any]


def compile(condition: Condition, *, now: datetime, zone: str, names: Names = _NO_NAMES, prefix: str = "p") -> Query:
    """The query that yields `profile_id` of each who fulfils the condition, each once, in no order.

    `now` (with a zone) is the moment of the question, `zone` (IANA) where its days begin. It can stand in
    `profile_id IN (…)` of another query: `prefix` keeps the parameters' names apart.
    Raises `UnknownName` and `SegmentCycle`.
    """
    tree, parameters = _tree(now, zone, names, prefix=prefix)
    members = tree.members(tree.bitmap(names.inline(condition)))
    return Query(
        sql=f"{tree.with_()}\nSELECT arrayJoin(bitmapToArray({members})) AS profile_id", parameters=parameters.values
    )


def page(condition: Condition, *, after: int, size: int, now: datetime, zone: str, names: Names = _NO_NAMES) -> Query:
    """The first `size` members, in ascending order of `profile_id`, after the profile `after` (0: from the start)."""
    tree, parameters = _tree(now, zone, names)
    members = tree.members(tree.bitmap(names.inline(condition)))
    part = (
        f"bitmapSubsetLimit({members}, toUInt64({parameters.integer(after + 1)}), toUInt64({parameters.integer(size)}))"
    )
    return Query(
        sql=f"{tree.with_()}\nSELECT arrayJoin(arraySort(bitmapToArray({part}))) AS profile_id",
        parameters=parameters.values,
    )


def sample(
    condition: Condition, *, size: int, now: datetime, zone: str, names: Names = _NO_NAMES, seed: int = 0
) -> Query:
    """`size` members picked at random (always the same for one `seed`); yields `profile_id`."""
    query = compile(condition, now=now, zone=zone, names=names)
    sql = f"SELECT profile_id FROM (\n{query.sql}\n) ORDER BY sipHash64(profile_id, {int(seed)}) LIMIT {int(size)}"
    return Query(sql=sql, parameters=query.parameters)


def measured(event: Event, profiles: Sequence[int], *, now: datetime, zone: str) -> Query:
    """What an event's condition measures of some profiles: profile id, value, milliseconds of the last such event.

    The value is a number, or NULL; of `first` and `last` milliseconds since 1970. Who did nothing of it has no row.
    """
    parameters, clock = Parameters("p"), Clock.of(now, zone)
    only = f"profile_id IN {parameters.ids(sorted(set(profiles)))}"
    events = Events(parameters, Predicates(parameters, clock), clock, only=only)
    return Query(sql=events.measured(event), parameters=parameters.values)


def membership(
    condition: Condition, profiles: Sequence[int], *, now: datetime, zone: str, names: Names = _NO_NAMES
) -> Query:
    """Those of `profiles` (up to some thousands) who fulfil the condition; reads only what concerns them."""
    tree, parameters = _tree(now, zone, names, only=sorted(set(profiles)))
    members = tree.members(tree.bitmap(names.inline(condition)))
    found = f"{tree.with_()}\nSELECT arrayJoin(arraySort(bitmapToArray({members}))) AS profile_id"
    return Query(sql=found + _FEW if len(profiles) <= _MOST_FEW else found, parameters=parameters.values)


def count(condition: Condition, *, now: datetime, zone: str, names: Names = _NO_NAMES) -> Query:
    """One row, one column: how many fulfil the condition."""
    tree, parameters = _tree(now, zone, names)
    members = tree.members(tree.bitmap(names.inline(condition)))
    return Query(sql=f"{tree.with_()}\nSELECT bitmapCardinality({members}) AS total", parameters=parameters.values)


def counts(condition: Condition, *, now: datetime, zone: str, names: Names = _NO_NAMES) -> Query:
    """One row: `total` who fulfil it, `reachable` of them by text, `everybody`, and two arrays in the order of `paths()`.

    `alone`: who fulfils a part of the tree by itself. `so_far`: who fulfils it together with those before it in its group
    (with `none`: who is left). The difference of `so_far` to the part before is what the part changes.
    """
    tree, parameters = _tree(now, zone, names)
    root = tree.bitmap(names.inline(condition))
    members = tree.members(root)
    reachable = tree.members(all_of([root, tree.reachable()]))
    alone, so_far = [], []
    for part, before, match in _parts(condition):
        alone.append(tree.members(tree.bitmap(names.inline(part))))
        sets = [tree.bitmap(names.inline(item)) for item in (*before, part)]
        together = all_of(sets) if match == "all" else any_of(sets)
        so_far.append(tree.members(together.opposite() if match == "none" else together))
    columns = [
        f"bitmapCardinality({members}) AS total",
        f"bitmapCardinality({reachable}) AS reachable",
        f"bitmapCardinality({tree.everybody}) AS everybody",
        f"[{', '.join(f'bitmapCardinality({item})' for item in alone)}]::Array(UInt64) AS alone",
        f"[{', '.join(f'bitmapCardinality({item})' for item in so_far)}]::Array(UInt64) AS so_far",
    ]
    return Query(sql="SELECT\n    " + ",\n    ".join(columns) + f"\n{tree.from_()}", parameters=parameters.values)


def paths(condition: Condition, path: str = "$") -> list[str]:
    """The JSON paths of the parts below the root that `counts` counts, parents first."""
    if not isinstance(condition, Group):
        return []
    found = []
    for n, child in enumerate(condition.conditions):
        place = f"{path}.conditions[{n}]"
        found += [place, *paths(child, place)]
    return found


def _parts(condition: Condition) -> Iterator[tuple[Condition, tuple[Condition, ...], str]]:
    """Each part below the root with those before it in its group, and how the group matches."""
    if isinstance(condition, Group):
        for n, child in enumerate(condition.conditions):
            yield child, condition.conditions[:n], condition.match
            yield from _parts(child)


def _tree(
    now: datetime, zone: str, names: Names, *, prefix: str = "p", only: list[int] | None = None
) -> tuple[Tree, Parameters]:
    parameters = Parameters(prefix)
    return Tree(parameters, Clock.of(now, zone), names, only=only), parameters
