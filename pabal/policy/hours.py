"""When a place is open for messages: the stricter of its law and the company's window.

A moment is allowed when the wall clock at the recipient's place shows an allowed time, in *every* zone the place may
lie in. That definition needs no special case for daylight saving: an hour that is skipped never comes, an hour that is
repeated is allowed (or not) both times. Zones without overlap, or unknown zones in an unknown country, are never open.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import polars as pl

from pabal.policy.countries import zones_of
from pabal.policy.laws import WHOLE_DAY, Law, Span, intersect, law

#: How far ahead an opening is looked for. The longest closure in the data is a few days (Sunday and holidays).
HORIZON = timedelta(days=15)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1)
_DAY = 86_400

#: Columns of `windows_frame`.
WINDOWS = pl.Schema(
    {
        "zones": pl.String(),
        "region": pl.String(),
        "night_consent": pl.Boolean(),
        "allowed_now": pl.Boolean(),
        "opens_at": pl.Datetime("us", "UTC"),
        "closes_at": pl.Datetime("us", "UTC"),
    }
)

_SEOUL = ZoneInfo("Asia/Seoul")

#: Seconds since 1970 in UTC, `[from, to)`.
Interval = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Window:
    """A daily window of wall-clock time, `[opens, closes)`. Closing before opening means: past midnight. Equal ends mean
    the whole day."""

    opens: time
    closes: time

    def spans(self) -> tuple[Span, ...]:
        """The window as spans of one day, in minutes (seconds are dropped)."""
        start = self.opens.hour * 60 + self.opens.minute
        end = self.closes.hour * 60 + self.closes.minute
        if start == end:
            return WHOLE_DAY
        if start < end:
            return ((start, end),)
        return tuple(span for span in ((0, end), (start, 1440)) if span[0] < span[1])


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a recipient is. `zones`: IANA zones, sorted and joined by commas; `region`: `KR`, `US-FL`, `US` (state
    unknown) or empty. `night_consent`: agreed to promotion at night (Korea)."""

    zones: str
    region: str
    night_consent: bool = False


@dataclass(frozen=True, kw_only=True)
class HoursOptions:
    """`company`: the company's own window at the recipient's place, 09:00 to 20:00 unless chosen otherwise; None for
    none. `legal`: whether the law for promotional texts applies. `seoul`: a window in Korea's time, wherever the
    recipient is (KakaoTalk's)."""

    company: Window | None = Window(opens=time(9), closes=time(20))
    legal: bool = True
    seoul: Window | None = None


def is_open(place: Place, at: datetime, options: HoursOptions) -> bool:
    """Whether a message may arrive at `place` at the moment `at` (aware)."""
    return next_opening(place, at, options) == at


def next_opening(place: Place, at: datetime, options: HoursOptions) -> datetime | None:
    """The first allowed moment at or after `at` (aware), in UTC; `at` itself when it is allowed.

    None when the place does not open within `HORIZON`.
    """
    interval = _next_interval(place, at, at + HORIZON, options)
    return None if interval is None else max(_moment(interval[0]), at.astimezone(UTC))


def closing(place: Place, at: datetime, options: HoursOptions) -> datetime | None:
    """When the window that contains `at` ends, in UTC. None when `at` is not allowed or nothing closes in `HORIZON`."""
    interval = _next_interval(place, at, at + HORIZON, options)
    if interval is None or _moment(interval[0]) > at:
        return None
    end = _moment(interval[1])
    return end if end < at + HORIZON else None


def windows_frame(places: Iterable[Place], now: datetime, options: HoursOptions) -> pl.DataFrame:
    """Each distinct place's window at `now` (aware), to be joined with many recipients.

    Columns: `zones`, `region`, `night_consent`; `allowed_now` (bool); `opens_at` (UTC; `now` when allowed; null when the
    place does not open within `HORIZON`); `closes_at` (UTC; the end of that window; null when no end is in sight).
    """
    now = now.astimezone(UTC)
    rows: list[tuple[str, str, bool, bool, datetime | None, datetime | None]] = []
    for place in dict.fromkeys(places):
        opens = closes = None
        interval = _next_interval(place, now, now + HORIZON, options)
        if interval is not None:
            opens = max(_moment(interval[0]), now)
            end = _moment(interval[1])
            closes = end if end < now + HORIZON else None
        rows.append((place.zones, place.region, place.night_consent, opens == now, opens, closes))
    return pl.DataFrame(rows, schema=WINDOWS, orient="row")


def _next_interval(place: Place, start: datetime, end: datetime, options: HoursOptions) -> Interval | None:
    """The first open interval that ends after `start` and begins before `end`. Its end may be cut at the horizon."""
    since, until = _seconds(start), _seconds(end) + 1
    # Most places open within a day or two, so look two days ahead before the whole horizon.
    for near in (min(until, since + 2 * _DAY), until):
        for interval in _open_intervals(place, since, near, options):
            if interval[1] < near or near == until:
                return interval
    return None


def _open_intervals(place: Place, since: int, until: int, options: HoursOptions) -> Sequence[Interval]:
    zones = _zones(place)
    if not zones:
        return ()
    rules = law(place.region) if options.legal else None
    company = options.company.spans() if options.company else WHOLE_DAY
    common: Sequence[Interval] = ((since, until),)
    for zone in zones:
        intervals = list(_zone_intervals(zone, since, until, rules, company, place.night_consent))
        common = _both(common, intervals)
    if options.seoul is not None:
        common = _both(common, list(_zone_intervals(_SEOUL, since, until, None, options.seoul.spans(), False)))
    return common


def _both(some: Sequence[Interval], others: Sequence[Interval]) -> Sequence[Interval]:
    """The times that are in both."""
    return [(max(a, c), min(b, d)) for a, b in some for c, d in others if max(a, c) < min(b, d)]


def _zone_intervals(
    zone: ZoneInfo, since: int, until: int, rules: Law | None, company: tuple[Span, ...], night_consent: bool
) -> Iterator[Interval]:
    """Open intervals in one zone, merged where they touch."""
    current: Interval | None = None
    for start, end, offset in _segments(zone, since, until):
        for day in range((start + offset) // _DAY, (end + offset - 1) // _DAY + 1):
            spans = company
            if rules is not None:
                spans = intersect(rules.spans(_EPOCH_DAY + timedelta(days=day), night_consent=night_consent), company)
            midnight = day * _DAY - offset
            for opens, closes in spans:
                a, b = max(start, midnight + opens * 60), min(end, midnight + closes * 60)
                if a >= b:
                    continue
                if current is not None and current[1] == a:
                    current = (current[0], b)
                    continue
                if current is not None:
                    yield current
                current = (a, b)
    if current is not None:
        yield current


def _segments(zone: ZoneInfo, since: int, until: int) -> Iterator[tuple[int, int, int]]:
    """Stretches of constant offset from UTC: `(from, to, offset)`, all in seconds."""
    for day in range(since // _DAY, (until - 1) // _DAY + 1):
        for start, end, offset in _day_segments(zone, day):
            if max(start, since) < min(end, until):
                yield max(start, since), min(end, until), offset


@lru_cache(maxsize=50_000)
def _day_segments(zone: ZoneInfo, day: int) -> tuple[tuple[int, int, int], ...]:
    """One UTC day's stretches of constant offset. No zone has changed its offset twice within six hours."""
    found: list[tuple[int, int, int]] = []
    for start in range(day * _DAY, (day + 1) * _DAY, _DAY // 4):
        end = start + _DAY // 4
        first, last = _offset(zone, start), _offset(zone, end - 1)
        if first == last:
            found.append((start, end, first))
            continue
        low, high = start, end - 1  # the offset is `first` at low and `last` at high
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if _offset(zone, middle) == first else (low, middle)
        found += [(start, high, first), (high, end, last)]
    return tuple(found)


def _offset(zone: ZoneInfo, second: int) -> int:
    offset = _moment(second).astimezone(zone).utcoffset()
    assert offset is not None  # an aware time in a ZoneInfo always has one
    return int(offset.total_seconds())


@lru_cache(maxsize=10_000)
def _zones(place: Place) -> tuple[ZoneInfo, ...]:
    """The zones in which the place may lie. A missing or unknown name adds every zone of the place's country."""
    names = [name.strip() for name in place.zones.split(",") if name.strip()]
    known = [zone for name in names if (zone := _zone(name)) is not None]
    if len(known) < len(names) or not names:
        country = zones_of(place.region.partition("-")[0])
        if not country:
            return ()
        known += [ZoneInfo(name) for name in country]
    return tuple(dict.fromkeys(known))


@lru_cache(maxsize=1_000)
def _zone(name: str) -> ZoneInfo | None:
    if name.startswith("Etc/Unknown"):
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _seconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(seconds=1)


def _moment(second: int) -> datetime:
    return _EPOCH + timedelta(seconds=second)
