"""Legal hours and caps by place, from `data/laws.toml` (dated, with sources).

A `Span` is a stretch of one wall-clock day in minutes from midnight, `[from, to)`, 0 to 1440.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

Span = tuple[int, int]

WHOLE_DAY: tuple[Span, ...] = ((0, 1440),)
SATURDAY, SUNDAY = 5, 6


@dataclass(frozen=True, kw_only=True)
class LegalHours:
    """The hours of one jurisdiction: a span for each weekday from Monday (None: closed), and where its holidays are
    listed (`FR`, `US-AL`; None: holidays are days like others)."""

    week: tuple[Span | None, ...]
    holidays: str | None = None

    def spans(self, day: date) -> tuple[Span, ...]:
        """The open spans of a local date."""
        span = self.week[day.weekday()]
        if span is None or (self.holidays and day in _holidays(self.holidays, day.year)):
            return ()
        return (span,)


@dataclass(frozen=True, kw_only=True)
class Law:
    """What holds at a region: hours that must *all* be open, whether night consent lifts them, and the cap a day."""

    hours: tuple[LegalHours, ...]
    night_consent: bool = False
    cap_24h: int | None = None

    def spans(self, day: date, *, night_consent: bool = False) -> tuple[Span, ...]:
        """The open spans of a local date, sorted and disjoint."""
        if night_consent and self.night_consent:
            return WHOLE_DAY
        spans = WHOLE_DAY
        for hours in self.hours:
            spans = intersect(spans, hours.spans(day))
        return spans


def intersect(left: tuple[Span, ...], right: tuple[Span, ...]) -> tuple[Span, ...]:
    """What two sorted, disjoint sequences of spans have in common."""
    common = []
    for a, b in left:
        for c, d in right:
            if max(a, c) < min(b, d):
                common.append((max(a, c), min(b, d)))
    return tuple(common)


@cache
def law(region: str) -> Law:
    """The law at a region such as `KR`, `US-FL`; `US` alone means an unknown state and gets the strictest of all.

    An unknown region gets the default of 08:00 to 21:00.
    """
    places = _data()["place"]
    names = [region] if region in places else [region.partition("-")[0]]
    if "-" not in region:
        names += [name for name in places if name.startswith(f"{region}-")]
    entries = [_entry(name) for name in names]
    caps = [entry["cap_24h"] for entry in entries if "cap_24h" in entry]
    return Law(
        hours=tuple(dict.fromkeys(_hours(entry) for entry in entries)),
        night_consent=all(entry.get("night_consent", False) for entry in entries),
        cap_24h=min(caps) if caps else None,
    )


def facts() -> dict[str, Any]:
    """The data as written: `as_of`, `source`, `default`, `place`."""
    return dict(_data())


def parse_span(text: str) -> Span:
    """`"08:00-20:50"` as minutes. Raises `ValueError` when it is not a span within one day."""
    start, _, end = text.partition("-")
    span = (_minutes(start), _minutes(end))
    if not 0 <= span[0] < span[1] <= 1440:
        raise ValueError(f"not a span of one day: {text!r}")
    return span


def _minutes(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads((files("pabal.policy") / "data" / "laws.toml").read_text(encoding="utf-8"))


def _entry(name: str) -> dict[str, Any]:
    entry: dict[str, Any] = _data()["place"].get(name, _data()["default"])
    return _entry(entry["same_as"]) if "same_as" in entry else entry


def _hours(entry: dict[str, Any]) -> LegalHours:
    usual = parse_span(entry["hours"])
    week: list[Span | None] = [usual] * 7
    for weekday, key in ((SATURDAY, "saturday"), (SUNDAY, "sunday")):
        if key in entry:
            week[weekday] = None if entry[key] == "closed" else parse_span(entry[key])
    return LegalHours(week=tuple(week), holidays=entry.get("holidays"))


@cache
def _holidays(place: str, year: int) -> frozenset[date]:
    # Imported late: the library takes a quarter of a second, and most installations never ask.
    from holidays import country_holidays

    country, _, part = place.partition("-")
    return frozenset(country_holidays(country, subdiv=part or None, years=[year]))
