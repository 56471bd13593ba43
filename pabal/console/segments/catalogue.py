"""What the builder may suggest: events, their properties and values, properties of profiles, lists, segments, campaigns.

Read once for a page; all of it small tables of PostgreSQL.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from pabal.audience.models import EventName, EventProperty, List, Profile, Property, Segment
from pabal.campaigns.models import Campaign
from pabal.console import formats
from pabal.console.segments.options import BOOLEANS, FIELDS
from pabal.warehouse import conditions as c

MOST = 40
#: What shops' libraries send (Segment's e-commerce specification): suggested until the first event has come.
USUAL = ("Order Completed", "Product Added", "Product Viewed", "Checkout Started", "Signed Up", "Order Refunded")
#: Columns of a profile whose values are few enough to be suggested.
_FIELD_VALUES = ("country", "region", "locale", "time_zone")


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    value: str
    note: str = ""


class Catalogue:
    """Lazily read: a sentence without lists does not ask for them."""

    @cached_property
    def event_kinds(self) -> dict[tuple[str, str], str]:
        """(event, path) → kind."""
        rows = EventProperty.objects.values_list("event__name", "path", "kind")
        return {(event, path): kind for event, path, kind in rows}

    @cached_property
    def properties(self) -> dict[str, str]:
        """Name of a profile's property → kind."""
        return dict(Property.objects.order_by("name").values_list("name", "kind"))

    @cached_property
    def lists(self) -> dict[str, str]:
        return _names(List.objects.filter(archived_at=None))

    @cached_property
    def segments(self) -> dict[str, str]:
        return _names(Segment.objects.filter(archived_at=None))

    @cached_property
    def campaigns(self) -> dict[str, str]:
        rows = Campaign.objects.exclude(launched_at=None).order_by("-launched_at")[:200]
        return {row.key: row.name for row in rows}

    def kind_of(self, of: str) -> str:
        """Kind of a profile's property as the builder names it (`field:country`, `own:도시`); empty if unknown."""
        space, _colon, name = of.partition(":")
        return c.FIELDS.get(name, "") if space == "field" else self.properties.get(name, "")


def _names(rows: Any) -> dict[str, str]:
    return {row.key: row.name for row in rows.order_by("name").only("key", "name")}


def suggest_events(q: str) -> list[Suggestion]:
    """Names of events, the most frequent first."""
    if not EventName.objects.exists():
        return [Suggestion(value=name, note=_("a usual name")) for name in USUAL if q.lower() in name.lower()]
    rows = EventName.objects.filter(name__icontains=q).order_by("-events")[:MOST]
    return [
        Suggestion(
            value=row.name,
            note=_("%(n)s times, last %(when)s")
            % {"n": formats.compact(row.events), "when": formats.relative(row.last_at)},
        )
        for row in rows
    ]


def suggest_properties(event: str, q: str, kind: str = "") -> list[Suggestion]:
    """Paths of an event's properties; of all events while none is chosen."""
    rows = EventProperty.objects.filter(path__icontains=q).order_by("path")
    if event:
        rows = rows.filter(event__name=event)
    if kind:
        rows = rows.filter(kind=kind)
    found: dict[str, str] = {}
    for row in rows[: MOST * 3]:
        found.setdefault(row.path, ", ".join(_shown(example) for example in row.examples[:3]))
    return [Suggestion(value=path, note=note[:60]) for path, note in list(found.items())[:MOST]]


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(dict(BOOLEANS)["true" if value else "false"])
    return str(value)


def suggest_event_values(event: str, name: str, q: str) -> list[Suggestion]:
    """Frequent values of an event's property, as the catalogue keeps them."""
    rows = EventProperty.objects.filter(path=name)
    if event:
        rows = rows.filter(event__name=event)
    values = dict.fromkeys(str(example) for row in rows for example in row.examples)
    return [Suggestion(value=v) for v in values if q.lower() in v.lower()][:MOST]


def suggest_own_values(of: str, q: str) -> list[Suggestion]:
    """Values of a profile's property."""
    space, _colon, name = of.partition(":")
    if space == "field":
        if name not in _FIELD_VALUES:
            return []
        rows = Profile.objects.exclude(**{name: ""}).order_by(name).values_list(name, flat=True)
        values = list(rows.filter(**{f"{name}__istartswith": q}).distinct()[:MOST])
        if name == "country":
            named = [Suggestion(value=v, note=formats.country(v)) for v in values]
            return named or [s for s in _countries() if q.lower() in f"{s.value} {s.note}".lower()]
        return [Suggestion(value=v) for v in values]
    row = Property.objects.filter(name=name).first()
    return [Suggestion(value=row.example)] if row and row.example and q.lower() in row.example.lower() else []


def _countries() -> list[Suggestion]:
    codes = Profile.objects.exclude(country="").order_by("country").values_list("country", flat=True).distinct()[:MOST]
    return [Suggestion(value=code, note=formats.country(code)) for code in codes]


def field_label(name: str) -> Any:
    """What the builder calls a profile's own column."""
    return dict(FIELDS).get(name, name)
