from __future__ import annotations

import tomllib
from datetime import UTC, date, datetime, time, timedelta
from importlib.resources import files

import polars as pl
import pytest
from dateutil import tz
from hypothesis import given, settings
from hypothesis import strategies as st

from pabal.policy.countries import zones_of
from pabal.policy.hours import HORIZON, HoursOptions, Place, Window, closing, is_open, next_opening, windows_frame

LAW = HoursOptions(company=None)
USUAL = HoursOptions()
SEOUL = Place(zones="Asia/Seoul", region="KR")
SEOUL_NIGHT = Place(zones="Asia/Seoul", region="KR", night_consent=True)
PARIS = Place(zones="Europe/Paris", region="FR")
LONDON = Place(zones="Europe/London", region="GB")


def company(opens: str, closes: str, *, legal: bool = True) -> HoursOptions:
    return HoursOptions(company=Window(opens=time.fromisoformat(opens), closes=time.fromisoformat(closes)), legal=legal)


def state(code: str, zone: str = "America/New_York") -> Place:
    return Place(zones=zone, region=code)


def at(zone: str, text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=tz.gettz(zone), fold=fold).astimezone(UTC)


# label, place, options, zone of the wall clock, asked at, next opening on the same wall clock
OPENINGS = [
    ("by day it is open", SEOUL, LAW, "Asia/Seoul", "2026-11-24T12:00", "2026-11-24T12:00"),
    ("Korea opens at 8", SEOUL, LAW, "Asia/Seoul", "2026-11-24T07:59:59", "2026-11-24T08:00"),
    ("Korea closes at 21 sharp", SEOUL, LAW, "Asia/Seoul", "2026-11-24T21:00", "2026-11-25T08:00"),
    ("a second before 21 is open", SEOUL, LAW, "Asia/Seoul", "2026-11-24T20:59:59", "2026-11-24T20:59:59"),
    ("night consent lifts the law", SEOUL_NIGHT, LAW, "Asia/Seoul", "2026-11-24T03:00", "2026-11-24T03:00"),
    ("but not the company's window", SEOUL_NIGHT, USUAL, "Asia/Seoul", "2026-11-24T03:00", "2026-11-24T09:00"),
    ("the company opens later than the law", SEOUL, USUAL, "Asia/Seoul", "2026-11-24T08:30", "2026-11-24T09:00"),
    ("the law closes earlier than a late company", SEOUL, company("10:00", "23:00"), "Asia/Seoul", "2026-11-24T21:30", "2026-11-25T10:00"),
    ("night consent means nothing in Britain", Place(zones="Europe/London", region="GB", night_consent=True), LAW, "Europe/London", "2026-11-24T03:00", "2026-11-24T08:00"),
    ("Florida closes at 20", state("US-FL"), LAW, "America/New_York", "2026-11-24T20:00", "2026-11-25T08:00"),
    ("New York at 21", state("US-NY"), LAW, "America/New_York", "2026-11-24T20:00", "2026-11-24T20:00"),
    ("Kentucky opens at 10", state("US-KY"), USUAL, "America/New_York", "2026-11-24T09:00", "2026-11-24T10:00"),
    ("Texas opens at noon on Sunday", state("US-TX", "America/Chicago"), LAW, "America/Chicago", "2026-11-22T09:00", "2026-11-22T12:00"),
    ("Alabama rests on Sunday", state("US-AL", "America/Chicago"), LAW, "America/Chicago", "2026-11-22T12:00", "2026-11-23T08:00"),
    ("and on Thanksgiving", state("US-AL", "America/Chicago"), LAW, "America/Chicago", "2026-11-26T12:00", "2026-11-27T08:00"),
    ("Rhode Island closes at 18", state("US-RI"), LAW, "America/New_York", "2026-11-27T18:00", "2026-11-28T10:00"),
    ("and at 17 on Saturday", state("US-RI"), LAW, "America/New_York", "2026-11-28T17:00", "2026-11-29T10:00"),
    ("an unknown state gets the strictest of all", state("US"), LAW, "America/New_York", "2026-11-28T17:00", "2026-11-30T10:00"),
    ("a state without rules of its own gets the federal ones", state("US-VT"), LAW, "America/New_York", "2026-11-22T20:59", "2026-11-22T20:59"),
    ("France rests on Sunday", PARIS, LAW, "Europe/Paris", "2026-11-22T12:00", "2026-11-23T08:00"),
    ("and on Bastille Day", PARIS, LAW, "Europe/Paris", "2026-07-14T12:00", "2026-07-15T08:00"),
    ("and on Easter Monday", PARIS, LAW, "Europe/Paris", "2026-04-04T20:00", "2026-04-07T08:00"),
    ("Réunion follows France", Place(zones="Indian/Reunion", region="RE"), LAW, "Indian/Reunion", "2026-07-14T12:00", "2026-07-15T08:00"),
    ("two zones: open only when both are", Place(zones="America/Los_Angeles,America/New_York", region="US-ID"), LAW, "America/New_York", "2026-11-24T08:00", "2026-11-24T11:00"),
    ("and closed when the eastern one is", Place(zones="America/Los_Angeles,America/New_York", region="US-ID"), LAW, "America/New_York", "2026-11-24T21:00", "2026-11-25T11:00"),
    ("a wrong zone means all of the country's", Place(zones="Asia/Soul", region="KR"), LAW, "Asia/Seoul", "2026-11-24T07:00", "2026-11-24T08:00"),
    ("no zone means all of the country's", Place(zones="", region="ES"), LAW, "Europe/Madrid", "2026-11-24T08:00", "2026-11-24T09:00"),
    ("a window past midnight is open at night", LONDON, company("22:00", "02:00", legal=False), "Europe/London", "2026-11-24T01:59", "2026-11-24T01:59"),
    ("and closed by day", LONDON, company("22:00", "02:00", legal=False), "Europe/London", "2026-11-24T02:00", "2026-11-24T22:00"),
    ("equal ends: the whole day", LONDON, company("00:00", "00:00", legal=False), "Europe/London", "2026-11-24T03:33", "2026-11-24T03:33"),
    ("a window that opens in the skipped hour opens right after it", LONDON, company("01:30", "05:00", legal=False), "Europe/London", "2026-03-29T00:10", "2026-03-29T02:00"),
    ("the night of a short day is shorter", LONDON, LAW, "Europe/London", "2026-03-28T22:00", "2026-03-29T08:00"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("place", "options", "zone", "asked", "expected"), [row[1:] for row in OPENINGS], ids=[row[0] for row in OPENINGS]
)
def test_a_place_opens_when_law_and_company_allow(
    place: Place, options: HoursOptions, zone: str, asked: str, expected: str
) -> None:
    moment = at(zone, asked)
    assert next_opening(place, moment, options) == at(zone, expected)
    assert is_open(place, moment, options) == (asked == expected)


def test_a_repeated_hour_is_open_both_times() -> None:
    one_to_two = company("01:00", "02:00", legal=False)
    first = at("Europe/London", "2026-10-25T01:00")
    assert next_opening(LONDON, first - timedelta(hours=3), one_to_two) == first
    assert closing(LONDON, first, one_to_two) == first + timedelta(hours=2)


def test_a_window_that_ends_inside_a_repeated_hour_opens_twice() -> None:
    until_half_past = company("00:00", "01:30", legal=False)
    first_half_past = at("Europe/London", "2026-10-25T01:30")
    assert closing(LONDON, first_half_past - timedelta(minutes=1), until_half_past) == first_half_past
    assert next_opening(LONDON, first_half_past, until_half_past) == first_half_past + timedelta(minutes=30)


def test_closing_is_the_end_of_the_open_window() -> None:
    assert closing(SEOUL, at("Asia/Seoul", "2026-11-24T12:00"), USUAL) == at("Asia/Seoul", "2026-11-24T20:00")
    assert closing(SEOUL, at("Asia/Seoul", "2026-11-24T20:00"), USUAL) is None


def test_a_place_without_hours_never_closes() -> None:
    assert closing(SEOUL_NIGHT, at("Asia/Seoul", "2026-11-24T12:00"), LAW) is None


@pytest.mark.parametrize("zones", ["", "Etc/Unknown", "Mars/Olympus", "../etc/passwd", "America/Sao_Paulo,Asia/Tokyo"])
def test_zones_that_are_unknown_or_never_overlap_never_open(zones: str) -> None:
    place = Place(zones=zones, region="")
    assert next_opening(place, at("UTC", "2026-11-24T12:00"), USUAL) is None


def test_company_hours_outside_the_law_never_open() -> None:
    assert next_opening(SEOUL, at("Asia/Seoul", "2026-11-24T12:00"), company("22:00", "07:00")) is None


# --- against a plain evaluation of the data, minute by minute, with dateutil's clock --------------------------------

DATA = tomllib.loads((files("pabal.policy") / "data" / "laws.toml").read_text())


def allowed(place: Place, moment: datetime, options: HoursOptions) -> bool:
    names = [name for name in place.zones.split(",") if name] or list(zones_of(place.region[:2]))
    return all(allowed_by_clock(place, moment.astimezone(tz.gettz(name)), options) for name in names)


def allowed_by_clock(place: Place, clock: datetime, options: HoursOptions) -> bool:
    if options.company is not None:
        opens, closes, now = options.company.opens, options.company.closes, clock.time()
        if opens < closes and not opens <= now < closes:
            return False
        if opens > closes and closes <= now < opens:
            return False
    if not options.legal or (place.night_consent and place.region == "KR"):
        return True
    rules = [DATA["place"].get(place.region) or DATA["place"].get(place.region[:2], DATA["default"])]
    if place.region == "US":
        rules += [rule for name, rule in DATA["place"].items() if name.startswith("US-")]
    return all(allowed_by_rule(rule, clock) for rule in rules)


def allowed_by_rule(rule: dict[str, str], clock: datetime) -> bool:
    import holidays

    day = {5: "saturday", 6: "sunday"}.get(clock.weekday(), "")
    hours = rule.get(day, rule["hours"])
    if hours == "closed":
        return False
    if "holidays" in rule:
        country, _, part = rule["holidays"].partition("-")
        if clock.date() in holidays.country_holidays(country, subdiv=part or None):
            return False
    return hours[:5] <= f"{clock:%H:%M}" < hours[6:]


REGIONS = {
    "KR": ["Asia/Seoul"],
    "FR": ["Europe/Paris"],
    "GB": ["Europe/London"],
    "US-AL": ["America/Chicago"],
    "US-TX": ["America/Chicago", "America/Denver", "America/Chicago,America/Denver"],
    "US-RI": ["America/New_York"],
    "US-CA": ["America/Los_Angeles"],
    "US": ["America/New_York", "America/Adak,America/New_York", "America/Los_Angeles,America/New_York"],
    "AU": ["Australia/Lord_Howe", "Australia/Perth,Australia/Sydney"],
    "NZ": ["Pacific/Auckland,Pacific/Chatham", ""],
    "CL": ["America/Santiago"],
    "MA": ["Africa/Casablanca"],
    "NP": ["Asia/Kathmandu"],
}
places = st.sampled_from(sorted(REGIONS)).flatmap(
    lambda region: st.builds(
        Place, zones=st.sampled_from(REGIONS[region]), region=st.just(region), night_consent=st.booleans()
    )
)
clock_times = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30, 50]))
options_drawn = st.builds(
    HoursOptions,
    company=st.none() | st.builds(Window, opens=clock_times, closes=clock_times),
    legal=st.booleans(),
)
#: Around changes of the clock half of the time.
moments = st.one_of(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)),
    st.sampled_from([date(2026, 3, 8), date(2026, 3, 29), date(2026, 4, 5), date(2026, 10, 25), date(2026, 11, 1)]).flatmap(
        lambda day: st.datetimes(datetime(day.year, day.month, day.day) - timedelta(days=1), datetime(day.year, day.month, day.day) + timedelta(days=1))
    ),
).map(lambda moment: moment.replace(tzinfo=UTC))  # fmt: skip


@settings(max_examples=120, deadline=None)
@given(place=places, moment=moments, options=options_drawn)
def test_openings_agree_with_a_clock_that_is_read_every_minute(
    place: Place, moment: datetime, options: HoursOptions
) -> None:
    opening = next_opening(place, moment, options)
    end = moment + timedelta(days=4) if opening is None else min(opening, moment + timedelta(days=4))
    minute = moment
    while minute < end:
        assert not allowed(place, minute, options)
        minute = minute.replace(second=0, microsecond=0) + timedelta(minutes=1)
    if opening is None:
        return
    assert allowed(place, opening, options)
    closes = closing(place, opening, options)
    end = opening + timedelta(days=2) if closes is None else min(closes, opening + timedelta(days=2))
    minute = opening
    while minute < end:
        assert allowed(place, minute, options)
        minute = minute.replace(second=0, microsecond=0) + timedelta(minutes=1)
    if closes is not None:
        assert not allowed(place, closes, options)


@settings(max_examples=40, deadline=None)
@given(drawn=st.lists(places, max_size=8), moment=moments, options=options_drawn)
def test_a_frame_of_places_says_the_same_as_each_place_alone(
    drawn: list[Place], moment: datetime, options: HoursOptions
) -> None:
    frame = windows_frame(drawn, moment, options)
    assert frame.height == len(set(drawn))
    for row in frame.iter_rows(named=True):
        place = Place(zones=row["zones"], region=row["region"], night_consent=row["night_consent"])
        opening = next_opening(place, moment, options)
        assert row["opens_at"] == opening
        assert row["allowed_now"] == (opening == moment)
        if opening is not None and opening < moment + HORIZON - timedelta(days=1):
            closes = closing(place, opening, options)
            assert row["closes_at"] == closes or (row["closes_at"] is None and closes > moment + HORIZON)  # type: ignore[operator]


def test_a_frame_of_no_places_keeps_its_columns() -> None:
    frame = windows_frame([], datetime(2026, 1, 1, tzinfo=UTC), USUAL)
    assert frame.schema["opens_at"] == pl.Datetime("us", "UTC")
