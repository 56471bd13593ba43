"""The most frequent values of a property, to be suggested where one is typed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from pabal.errors import InvalidInput
from pabal.warehouse.client import Warehouse
from pabal.warehouse.compiler.paths import Place, place
from pabal.warehouse.conditions import FIELDS

LOOKED_AT = 1_000_000
"""Rows that are looked at: suggestions need no more."""
_RECENT = timedelta(days=365)
_MOST = 100
_LONGEST = 200

#: A value that is a list counts for each of its items.
_ITEMS = """
arrayJoin(if(startsWith(dynamicType(value), 'Array'),
             JSONExtract(assumeNotNull(toJSONString(value)), 'Array(String)'),
             [assumeNotNull(toString(value))]))
"""

_INSIDE = "arrayJoin(arrayMap(item -> assumeNotNull(toString(item)), value))"

_QUERY = """
SELECT v, uniq(profile_id) AS people FROM (
    SELECT {items} AS v, profile_id FROM ({rows})
) WHERE v != '' AND lengthUTF8(v) <= {{longest:UInt16}} AND startsWith(lowerUTF8(v), lowerUTF8({{prefix:String}}))
GROUP BY v ORDER BY people DESC, v LIMIT {{n:UInt16}} SETTINGS max_execution_time = 10
"""

_OF_EVENTS = """
SELECT {value} AS value, profile_id FROM event
WHERE name = {{event:String}} AND at > {{since:DateTime64(3, 'UTC')}} AND notEmpty(toString({value})) LIMIT {{looked:UInt64}}
"""
_OF_PROFILES = """
SELECT {value} AS value, profile_id FROM profile FINAL WHERE notEmpty(toString({value})) LIMIT {{looked:UInt64}}
"""


def frequent_values(warehouse: Warehouse, body: Mapping[str, Any], now: datetime) -> list[list[Any]]:
    """[[value, people who have it], …], the most frequent first, that begin with `prefix` in upper or lower case.

    Raises InvalidInput for a field that there is not, or a path that is none.
    """
    event = str(body.get("event") or "")
    limit = body.get("limit", 20)
    parameters = {
        "event": event,
        "since": now - _RECENT,
        "prefix": str(body.get("prefix") or "")[:_LONGEST],
        "longest": _LONGEST,
        "looked": LOOKED_AT,
        "n": min(limit, _MOST) if isinstance(limit, int) and limit > 0 else 20,
    }
    if field := body.get("field"):
        if field not in FIELDS:
            raise InvalidInput(_("There is no field %(name)s.") % {"name": field}, code="unknown_field", field="field")
        rows = _OF_PROFILES.format(value=field)
        items = "toString(value)"
    else:
        at = _place(str(body.get("property") or ""))
        rows = (_OF_EVENTS if event else _OF_PROFILES).format(value=at.sql)
        items = _INSIDE if at.each else _ITEMS
    found = warehouse.rows(_QUERY.format(items=items, rows=rows), parameters)
    return [[str(value), int(people)] for value, people in found]


def _place(path: str) -> Place:
    if len(path) > _LONGEST or not all(step.removesuffix("[]") for step in path.split(".")) or "\0" in path:
        raise InvalidInput(_("This is no name of a property."), code="bad_path", field="property")
    return place(path)
