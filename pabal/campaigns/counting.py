"""How many people fulfil a condition, and what each part of it does to the number."""

from __future__ import annotations

from typing import Any

from pabal.campaigns.people_sets import Asked
from pabal.warehouse import compiler
from pabal.warehouse.client import Warehouse
from pabal.warehouse.conditions import Condition, Group

LIMIT = "\nSETTINGS max_execution_time = 30"
"""ClickHouse gives up after so many seconds, so that one question cannot hold up the others."""


def count(warehouse: Warehouse, asked: Asked) -> dict[str, Any]:
    """`people`, `reachable`, `everybody`, and `parts`: each node of the tree, parents first.

    A part has its `path`, how many `people` fulfil it alone, how many are left `together` with those before it in its
    group, and the `change` that it made to them: negative in groups of `all` and `none`, positive in `any`.
    """
    query = compiler.counts(asked.condition, **asked.how)
    ((total, reachable, everybody, alone, so_far),) = warehouse.rows(query.sql + LIMIT, query.parameters)
    root = {"path": [], "people": int(total), "together": int(total), "change": 0}
    found = [root]
    before: dict[tuple[int, ...], int] = {}
    for (path, match), people, together in zip(_paths(asked.condition), alone, so_far, strict=True):
        started = 0 if match == "any" else int(everybody)
        found.append(
            {
                "path": list(path),
                "people": int(people),
                "together": int(together),
                "change": int(together) - before.get(path[:-1], started),
            }
        )
        before[path[:-1]] = int(together)
    return {"people": int(total), "reachable": int(reachable), "everybody": int(everybody), "parts": found}


def size(warehouse: Warehouse, asked: Asked) -> int:
    """How many people there are."""
    query = compiler.count(asked.condition, **asked.how)
    return int(warehouse.rows(query.sql + LIMIT, query.parameters)[0][0])


def _paths(condition: Condition, path: tuple[int, ...] = ()) -> list[tuple[tuple[int, ...], str]]:
    """(path, how its group matches) of each part below the root, in the order of `counts`."""
    if not isinstance(condition, Group):
        return []
    found = []
    for n, child in enumerate(condition.conditions):
        found += [((*path, n), condition.match), *_paths(child, (*path, n))]
    return found
