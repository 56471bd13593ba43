"""Dates, spans and windows of a condition as moments in UTC.

A range is half-open, `[low, high)`, to the millisecond; None is no bound. Ends that a person gives are included.
Days, weeks, months and years go by the calendar: so many days ago is the same time of the clock then, so a day may have
23 or 25 hours; a month before 31 March is the last of February. A time that the clock skips in spring is read as if it had
not been put forward; one that comes twice in autumn is the first of the two.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from pabal.warehouse.conditions import Span, Window

_MILLISECOND = timedelta(milliseconds=1)
_EXACT = {"minutes": timedelta(minutes=1), "hours": timedelta(hours=1)}
_LENGTH = {
    **_EXACT,
    "days": timedelta(days=1),
    "weeks": timedelta(weeks=1),
    "months": timedelta(days=30),
    "years": timedelta(days=365),
}
#: What ClickHouse's DateTime64 can hold.
_EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
_LATEST = datetime(2299, 12, 31, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Range:
    """`low` ≤ moment < `high`."""

    low: datetime | None = None
    high: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Clock:
    """The moment of the question, and the zone in which its days begin and end."""

    now: datetime
    zone: ZoneInfo

    @classmethod
    def of(cls, now: datetime, zone: str) -> Clock:
        """`now` must know its zone; it is cut to the millisecond."""
        if now.tzinfo is None:
            raise ValueError("now must have a time zone")
        now = now.astimezone(UTC)
        return cls(now=now.replace(microsecond=now.microsecond // 1000 * 1000), zone=ZoneInfo(zone))

    @property
    def today(self) -> date:
        return self.now.astimezone(self.zone).date()

    def midnight(self, day: date) -> datetime:
        """When `day` begins."""
        return _bounded(datetime(day.year, day.month, day.day, tzinfo=self.zone))

    def ago(self, value: int, unit: str) -> datetime:
        """The moment so long before now."""
        if unit in _EXACT:
            return _bounded(self.now - value * _EXACT[unit])
        local = self.now.astimezone(self.zone)
        return _bounded(datetime.combine(_shifted(local.date(), -value, unit), local.timetz()))

    def starts(self, moment: str) -> datetime:
        """When a date or date and time begins."""
        if len(moment) == 10:
            return self.midnight(date.fromisoformat(moment))
        read = datetime.fromisoformat(moment)
        read = read if read.tzinfo else read.replace(tzinfo=self.zone)
        read = _bounded(read)
        return read.replace(microsecond=read.microsecond // 1000 * 1000)

    def ends(self, moment: str) -> datetime:
        """The first moment after it: the next midnight of a date, the next millisecond of a time."""
        if len(moment) == 10:
            return self.midnight(date.fromisoformat(moment) + timedelta(days=1))
        return self.starts(moment) + _MILLISECOND

    def window(self, window: Window | None) -> Range:
        """The range of a window; without one, no bounds."""
        if window is None:
            return Range()
        if window.last is not None and window.unit is not None:
            until = self.ago(window.until_last, window.unit) if window.until_last else self.now
            return Range(low=self.ago(window.last, window.unit), high=until + _MILLISECOND)
        return Range(
            low=self.starts(window.from_) if window.from_ is not None else None,
            high=self.ends(window.to) if window.to is not None else None,
        )

    def compared(self, operator: str, first: str, second: str | None = None) -> Range:
        """The moments that are `less`, `at_most`, `more`, `at_least`, `equals` or `between` written ones."""
        match operator:
            case "less":
                return Range(high=self.starts(first))
            case "at_most":
                return Range(high=self.ends(first))
            case "more":
                return Range(low=self.ends(first))
            case "at_least":
                return Range(low=self.starts(first))
            case "equals":
                return Range(low=self.starts(first), high=self.ends(first))
            case "between" if second is not None:
                return Range(low=self.starts(first), high=self.ends(second))
        raise ValueError(operator)

    def relative(self, operator: str, span: Span, *, whole_days: bool) -> Range:
        """`within_last`, `before_last`, `within_next` and `after_next` of a span.

        `whole_days`: spans of days and longer begin and end at midnight, and today belongs to both sides.
        """
        past = operator.endswith("_last")
        within = operator.startswith("within")
        if whole_days and span.unit not in _EXACT:
            edge = _shifted(self.today, -span.value if past else span.value, span.unit)
            start, end = self.midnight(edge), self.midnight(edge + timedelta(days=1))
            if past:
                tomorrow = self.midnight(self.today + timedelta(days=1))
                return Range(low=start, high=tomorrow) if within else Range(high=start)
            return Range(low=self.midnight(self.today), high=end) if within else Range(low=end)
        edge_at = self.ago(span.value if past else -span.value, span.unit)
        after_now, after_edge = self.now + _MILLISECOND, edge_at + _MILLISECOND
        if past:
            return Range(low=edge_at, high=after_now) if within else Range(high=edge_at)
        return Range(low=self.now, high=after_edge) if within else Range(low=after_edge)

    def anniversaries(self, span: Span) -> list[int]:
        """The days of the year, as month·100 + day, from today through `span` later; with months: of whole months.

        29 February is kept on 28 February in a year that has none.
        """
        first = self.today
        if span.unit == "months":
            first = first.replace(day=1)
            last = _shifted(first, span.value + 1, "months") - timedelta(days=1)
        else:
            last = _shifted(first, span.value, span.unit)
        days = min((last - first).days, 366)
        found = {_month_day(first + timedelta(days=n)) for n in range(days + 1)}
        for year in {first.year, last.year}:
            if not calendar.isleap(year) and first <= date(year, 2, 28) <= last:
                found.add(229)
        return sorted(found)


def milliseconds(span: Span) -> int:
    """An exact length: a day has 24 hours, a month 30 days, a year 365."""
    return span.value * (_LENGTH[span.unit] // _MILLISECOND)


def _month_day(day: date) -> int:
    return day.month * 100 + day.day


def _shifted(day: date, value: int, unit: str) -> date:
    """The day `value` units later, within what can be held; the last of the month when it has no such day."""
    if unit in ("days", "weeks"):
        number = day.toordinal() + value * (7 if unit == "weeks" else 1)
        return date.fromordinal(min(max(number, _EARLIEST.toordinal()), _LATEST.toordinal()))
    months = day.year * 12 + day.month - 1 + value * (12 if unit == "years" else 1)
    year, month = min(max(months // 12, 1900), 2298), months % 12 + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def _bounded(moment: datetime) -> datetime:
    return min(max(moment.astimezone(UTC), _EARLIEST), _LATEST)
