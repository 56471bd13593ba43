"""The catalogue of events: names, properties and their frequent values, for whoever builds a condition.

The engine keeps it from what a round brought: names are counted in the warehouse, and a few hundred events of each are looked at.
Now and then all names are counted anew, which also forgets those of which no event is left.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction

from pabal.audience.models import EventName, EventProperty
from pabal.campaigns.property_samples import Samples, Seen
from pabal.database import raw_cursor
from pabal.warehouse.client import Warehouse
from pabal.warehouse.sync import Synchroniser

ANEW = 3600.0
"""Seconds after which all names are counted again."""

MOST_NAMES = 2_000
_LOOKED_AT = 300
"""Events of one name that are looked at each time."""
_NAMES_AT_ONCE = 50
_RECENT = timedelta(days=30)

_COUNT = """
SELECT name, count(), min(at), max(at) FROM event WHERE round > {after:UInt64} AND round <= {until:UInt64}
GROUP BY name ORDER BY count() DESC LIMIT {most:UInt32}
"""
_SAMPLE = """
SELECT toJSONString(properties), profile_id FROM event
WHERE name = {name:String} AND at >= {since:DateTime64(3, 'UTC')} AND round > {after:UInt64} AND round <= {until:UInt64}
LIMIT {looked:UInt32}
"""

_ADD = """
INSERT INTO event_name (name, events, first_at, last_at)
SELECT * FROM unnest(%s::text[], %s::bigint[], %s::timestamptz[], %s::timestamptz[]) ORDER BY 1
ON CONFLICT (name) DO UPDATE SET events = {events}, first_at = {first}, last_at = {last}
"""
_MORE = _ADD.format(
    events="event_name.events + EXCLUDED.events",
    first="least(event_name.first_at, EXCLUDED.first_at)",
    last="greatest(event_name.last_at, EXCLUDED.last_at)",
)
_ANEW = _ADD.format(events="EXCLUDED.events", first="EXCLUDED.first_at", last="EXCLUDED.last_at")

_DESCRIBE = """
INSERT INTO event_property (event_id, path, kind, examples)
SELECT n.id, p.path, p.kind, p.examples::jsonb
FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[]) AS p(name, path, kind, examples) JOIN event_name n USING (name)
ORDER BY 1, 2
ON CONFLICT (event_id, path) DO UPDATE SET kind = EXCLUDED.kind, examples = EXCLUDED.examples
WHERE (event_property.kind, event_property.examples) IS DISTINCT FROM (EXCLUDED.kind, EXCLUDED.examples)
"""


class Catalogue:
    """Keeps the catalogue in step with the warehouse of a synchroniser. One for an engine that leads."""

    def __init__(self, synchroniser: Synchroniser) -> None:
        self._synchroniser = synchroniser
        self._read = 0
        self._counted = 0.0
        self._samples: dict[str, Samples] = {}
        self._behind: list[tuple[str, Any, int, int]] = []

    def keep(self) -> int:
        """Take up what rounds brought since the last time; how many names had something new."""
        if self._synchroniser.lag() == float("inf"):
            return 0
        with self._synchroniser.reading():
            until = self._synchroniser.number
            anew = not self._counted or until < self._read or time.monotonic() - self._counted > ANEW
            after = 0 if anew else self._read
            if until > after:
                warehouse = self._synchroniser.warehouse
                names = warehouse.rows(_COUNT, {"after": after, "until": until, "most": MOST_NAMES})
                self._count(names, anew=anew)
                self._note_behind(names, 0 if not self._samples else self._read if until >= self._read else 0, until)
                self._read = until
                if anew:
                    self._counted = time.monotonic()
            now, self._behind = self._behind[:_NAMES_AT_ONCE], self._behind[_NAMES_AT_ONCE:]
            changed = self._look(self._synchroniser.warehouse, now)
        self._describe(changed)
        return len(now)

    def _note_behind(self, names: Sequence[tuple[Any, ...]], after: int, until: int) -> None:
        waiting = {item[0]: item for item in self._behind}
        for name, _count, _first, last in names:
            low = min(after, waiting[name][2]) if name in waiting else after
            waiting[str(name)] = (str(name), last - _RECENT, low, until)
        self._behind = list(waiting.values())

    @transaction.atomic
    def _count(self, names: Sequence[tuple[Any, ...]], *, anew: bool) -> None:
        columns = [list(column) for column in zip(*names, strict=True)] or [[], [], [], []]
        columns[2:] = [[f"{at:%Y-%m-%d %H:%M:%S.%f}Z" for at in column] for column in columns[2:]]
        with raw_cursor() as cursor:
            cursor.execute(_ANEW if anew else _MORE, columns)
        if anew:
            EventName.objects.exclude(name__in=columns[0]).delete()
            self._samples = {name: self._samples[name] for name in columns[0] if name in self._samples}

    def _look(self, warehouse: Warehouse, names: Sequence[tuple[str, Any, int, int]]) -> list[str]:
        for name, since, after, until in names:
            samples = self._samples.get(name) or self._known(name)
            rows = warehouse.rows(
                _SAMPLE, {"name": name, "since": since, "after": after, "until": until, "looked": _LOOKED_AT}
            )
            for text, person in rows:
                samples.add(json.loads(text), int(person))
        return [name for name, *_ in names]

    def _known(self, name: str) -> Samples:
        """What an earlier engine found out."""
        samples = self._samples[name] = Samples()
        for path, kind, examples in EventProperty.objects.filter(event__name=name).values_list(
            "path", "kind", "examples"
        ):
            seen = samples.paths[path] = Seen()
            seen.kinds[kind] += 1
            seen.know(examples)
        return samples

    def _describe(self, names: Sequence[str]) -> None:
        rows = [
            (name, path, seen.kind, json.dumps(seen.examples(), ensure_ascii=False).replace("\\u0000", ""))
            for name in names
            for path, seen in self._samples[name].paths.items()
            if "\0" not in path
        ]
        if rows:
            with transaction.atomic(), raw_cursor() as cursor:
                cursor.execute(_DESCRIBE, [list(column) for column in zip(*rows, strict=True)])
