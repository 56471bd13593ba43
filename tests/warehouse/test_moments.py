"""Windows, dates and anniversaries as moments: by the calendar of the segment's zone."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from pabal.warehouse.compiler.moments import Clock, Range, milliseconds
from pabal.warehouse.conditions import Span, Window


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def clock(now: str, zone: str = "Asia/Seoul") -> Clock:
    return Clock.of(datetime.fromisoformat(now), zone)


def test_now_needs_a_zone_and_is_cut_to_the_millisecond() -> None:
    with pytest.raises(ValueError, match="time zone"):
        Clock.of(datetime(2026, 1, 1), "Asia/Seoul")
    assert clock("2026-01-01T00:00:00.123456Z").now == at("2026-01-01T00:00:00.123Z")


@pytest.mark.parametrize(
    ("now", "last", "unit", "low"),
    [
        ("2026-11-24T19:00:00+09:00", 30, "days", "2026-10-25T19:00:00+09:00"),
        ("2026-11-24T19:00:00+09:00", 90, "minutes", "2026-11-24T17:30:00+09:00"),
        ("2026-03-31T10:00:00+09:00", 1, "months", "2026-02-28T10:00:00+09:00"),  # February has no 31st
        ("2024-03-31T10:00:00+09:00", 1, "months", "2024-02-29T10:00:00+09:00"),
        ("2026-01-15T10:00:00+09:00", 13, "months", "2024-12-15T10:00:00+09:00"),
        ("2024-02-29T10:00:00+09:00", 1, "years", "2023-02-28T10:00:00+09:00"),
        ("2026-11-24T19:00:00+09:00", 100, "years", "1926-11-24T19:00:00+09:00"),
    ],
)
def test_a_sliding_window_ends_now_both_ends_included(now: str, last: int, unit: str, low: str) -> None:
    found = clock(now).window(Window(last=last, unit=unit))  # type: ignore[arg-type]
    assert found.low == at(low)
    assert found.high == at(now).replace(microsecond=1000)


def test_a_day_has_25_hours_when_the_clocks_go_back_and_23_when_they_go_forward() -> None:
    autumn = clock("2026-11-01T12:00:00-05:00", "America/New_York")
    assert autumn.window(Window(last=1, unit="days")).low == at("2026-10-31T12:00:00-04:00")  # 25 hours
    assert autumn.window(Window(last=24, unit="hours")).low == at("2026-10-31T13:00:00-04:00")
    spring = clock("2026-03-08T12:00:00-04:00", "America/New_York")
    assert spring.window(Window(last=1, unit="days")).low == at("2026-03-07T12:00:00-05:00")  # 23 hours


def test_a_time_that_the_clock_skips_is_read_as_if_it_had_not_been_put_forward() -> None:
    after = clock("2026-03-09T02:30:00-04:00", "America/New_York")
    assert after.window(Window(last=1, unit="days")).low == at("2026-03-08T03:30:00-04:00")


def test_a_window_may_end_before_now() -> None:
    found = clock("2026-11-24T19:00:00+09:00").window(Window(last=60, unit="days", until_last=30))
    assert found == Range(low=at("2026-09-25T19:00:00+09:00"), high=at("2026-10-25T19:00:00.001+09:00"))


def test_fixed_windows_take_whole_days_or_exact_times() -> None:
    asked = clock("2026-11-24T19:00:00+09:00")
    days = asked.window(Window(from_="2026-05-01", to="2026-05-31"))
    assert days == Range(low=at("2026-05-01T00:00:00+09:00"), high=at("2026-06-01T00:00:00+09:00"))
    times = asked.window(Window(from_="2026-05-01T09:00", to="2026-05-01T10:00:00Z"))
    assert times == Range(low=at("2026-05-01T09:00:00+09:00"), high=at("2026-05-01T10:00:00.001Z"))
    assert asked.window(Window(from_="2026-05-01")).high is None
    assert asked.window(Window(to="2026-05-01")).low is None
    assert asked.window(None) == Range()


def test_days_of_a_date_property_are_whole_days() -> None:
    asked = clock("2026-11-24T19:00:00+09:00")
    week = Span(value=7, unit="days")
    midnight = [at(f"2026-{day}T00:00:00+09:00") for day in ("11-17", "11-24", "11-25", "12-02")]
    assert asked.relative("within_last", week, whole_days=True) == Range(low=midnight[0], high=midnight[2])
    assert asked.relative("before_last", week, whole_days=True) == Range(high=midnight[0])
    assert asked.relative("within_next", week, whole_days=True) == Range(low=midnight[1], high=midnight[3])
    assert asked.relative("after_next", week, whole_days=True) == Range(low=midnight[3])


def test_hours_of_a_date_property_are_exact() -> None:
    asked = clock("2026-11-24T19:00:00+09:00")
    found = asked.relative("within_last", Span(value=2, unit="hours"), whole_days=True)
    assert found == Range(low=at("2026-11-24T17:00:00+09:00"), high=at("2026-11-24T19:00:00.001+09:00"))


def test_today_is_that_of_the_zone() -> None:
    assert clock("2026-11-24T23:30:00Z", "Asia/Seoul").today == date(2026, 11, 25)
    assert clock("2026-11-24T23:30:00Z", "America/New_York").today == date(2026, 11, 24)


@pytest.mark.parametrize(
    ("now", "value", "unit", "expected"),
    [
        ("2026-11-24T12:00:00+09:00", 0, "days", [1124]),
        ("2026-11-29T12:00:00+09:00", 3, "days", [1129, 1130, 1201, 1202]),
        ("2026-12-31T12:00:00+09:00", 1, "days", [101, 1231]),
        ("2026-02-27T12:00:00+09:00", 1, "days", [227, 228, 229]),  # no 29 February in 2026: kept on the 28th
        ("2026-03-01T12:00:00+09:00", 0, "days", [301]),
        ("2028-02-28T12:00:00+09:00", 0, "days", [228]),
        ("2028-02-28T12:00:00+09:00", 1, "days", [228, 229]),
        ("2026-11-24T12:00:00+09:00", 1, "weeks", [1124, 1125, 1126, 1127, 1128, 1129, 1130, 1201]),
        ("2026-02-10T12:00:00+09:00", 0, "months", [200 + day for day in range(1, 30)]),
    ],
)
def test_anniversaries(now: str, value: int, unit: str, expected: list[int]) -> None:
    assert clock(now).anniversaries(Span(value=value, unit=unit)) == expected  # type: ignore[arg-type]


def test_a_year_of_anniversaries_is_every_day() -> None:
    assert len(clock("2026-11-24T12:00:00+09:00").anniversaries(Span(value=400, unit="days"))) == 366


def test_moments_stay_within_what_clickhouse_holds() -> None:
    asked = clock("2026-11-24T19:00:00+09:00")
    assert asked.window(Window(last=1000, unit="years")).low == datetime(1900, 11, 24, 10, 32, 8, tzinfo=UTC)
    assert asked.ends("2298-12-31") <= datetime(2299, 12, 31, tzinfo=UTC)


def test_a_length_is_exact() -> None:
    assert milliseconds(Span(value=2, unit="days")) == 172_800_000
    assert milliseconds(Span(value=1, unit="months")) == 30 * 86_400_000
