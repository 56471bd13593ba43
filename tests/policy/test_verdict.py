from __future__ import annotations

import time as clock
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pabal.errors import InvalidInput
from pabal.policy.candidates import CANDIDATES
from pabal.policy.countries import Route, can_send
from pabal.policy.hours import HoursOptions, Place, Window, closing, next_opening
from pabal.policy.skips import TEXT_REASONS, SkipReason
from pabal.policy.verdict import Policy, after_text, verdict

NOON_IN_SEOUL = datetime(2026, 11, 24, 3, tzinfo=UTC)
TIMEOUT = timedelta(hours=4)
KOREAN, AMERICAN = Route(kind="long_code", country="KR"), Route(kind="long_code", country="US")
POLICY = Policy(routes=(KOREAN, AMERICAN))

WELL: dict[str, Any] = {
    "profile_id": 1,
    "phone": "+821000001234",
    "country": "KR",
    "zones": "Asia/Seoul",
    "region": "KR",
    "subscribed": True,
    "night_consent": False,
    "suppressed": False,
    "excluded": False,
    "already_received": False,
    "phone_rank": 1,
    "last_campaign_at": None,
    "last_triggered_at": None,
    "sent_24h": 0,
}
FLORIDA = {"phone": "+13055550101", "country": "US", "zones": "America/New_York", "region": "US-FL"}


def candidates(*rows: Mapping[str, Any]) -> pl.DataFrame:
    return pl.DataFrame([WELL | row for row in rows], schema=CANDIDATES)


def judge(row: Mapping[str, Any], policy: Policy = POLICY, now: datetime = NOON_IN_SEOUL) -> dict[str, Any]:
    return verdict(candidates(row), policy, now, now + TIMEOUT).row(0, named=True)


def reason(row: Mapping[str, Any], policy: Policy = POLICY, now: datetime = NOON_IN_SEOUL) -> str | None:
    code = judge(row, policy, now)["skip"]
    return None if code is None else SkipReason(code).key


def ago(**span: float) -> datetime:
    return NOON_IN_SEOUL - timedelta(**span)


HOUR = timedelta(hours=1)
NOON_IN_MIAMI = datetime(2026, 11, 24, 17, tzinfo=UTC)
NIGHT_IN_SEOUL = datetime(2026, 11, 24, 13, tzinfo=UTC)
ORDER_NEWS = Policy(routes=(KOREAN,), purpose="informational", quiet_hours="off")

# label, changes to a candidate who would get the message, policy, now, reason
CASES: list[tuple[str, dict[str, Any], Policy, datetime, str | None]] = [
    ("all is well", {}, POLICY, NOON_IN_SEOUL, None),
    ("no consent", {"subscribed": False}, POLICY, NOON_IN_SEOUL, "not_subscribed"),
    ("an informational text needs none", {"subscribed": False}, ORDER_NEWS, NOON_IN_SEOUL, None),
    ("suppressed", {"suppressed": True}, POLICY, NOON_IN_SEOUL, "suppressed"),
    ("suppressed for informational too", {"suppressed": True}, ORDER_NEWS, NOON_IN_SEOUL, "suppressed"),
    ("empty phone", {"phone": ""}, POLICY, NOON_IN_SEOUL, "no_usable_phone"),
    ("null phone and place", {"phone": None, "country": None, "zones": None, "region": None}, POLICY, NOON_IN_SEOUL, "no_usable_phone"),
    ("excluded", {"excluded": True}, POLICY, NOON_IN_SEOUL, "excluded"),
    ("second with this phone", {"phone_rank": 2}, POLICY, NOON_IN_SEOUL, "duplicate_phone"),
    ("got it before", {"already_received": True}, POLICY, NOON_IN_SEOUL, "already_received"),
    ("no sender for Japan", {"country": "JP", "region": "JP", "zones": "Asia/Tokyo"}, POLICY, NOON_IN_SEOUL, "country_not_supported"),
    ("no LMS in the US", FLORIDA, Policy(routes=(KOREAN, AMERICAN), kind="lms"), NOON_IN_MIAMI, "kind_not_supported"),
    ("messaged an hour ago", {"last_campaign_at": ago(hours=1)}, POLICY, NOON_IN_SEOUL, "recently_messaged"),
    ("by a trigger", {"last_triggered_at": ago(hours=1)}, POLICY, NOON_IN_SEOUL, "recently_messaged"),
    ("a second less than a day ago", {"last_campaign_at": ago(seconds=86_399)}, POLICY, NOON_IN_SEOUL, "recently_messaged"),
    ("exactly a day ago", {"last_campaign_at": ago(hours=24)}, POLICY, NOON_IN_SEOUL, None),
    ("triggers do not count when only campaigns do", {"last_triggered_at": ago(hours=1)}, Policy(routes=(KOREAN,), smart_counts="campaign"), NOON_IN_SEOUL, None),
    ("campaigns do not count when only triggers do", {"last_campaign_at": ago(hours=1)}, Policy(routes=(KOREAN,), smart_counts="triggered"), NOON_IN_SEOUL, None),
    ("smart sending off", {"last_campaign_at": ago(hours=1)}, Policy(routes=(KOREAN,), smart_sending=None), NOON_IN_SEOUL, None),
    ("three today in Florida", FLORIDA | {"sent_24h": 3}, POLICY, NOON_IN_MIAMI, "state_cap"),
    ("two today in Florida", FLORIDA | {"sent_24h": 2}, POLICY, NOON_IN_MIAMI, None),
    ("three today in Korea", {"sent_24h": 3}, POLICY, NOON_IN_SEOUL, None),
    ("three today in a state nobody knows", FLORIDA | {"region": "US", "sent_24h": 3}, POLICY, NOON_IN_MIAMI, "state_cap"),
    ("at night, too long before morning", {}, POLICY, NIGHT_IN_SEOUL, "deadline_passed"),
    ("at night, skipping", {}, Policy(routes=(KOREAN,), quiet_hours="skip"), NIGHT_IN_SEOUL, "outside_hours"),
    ("an order at night", {}, ORDER_NEWS, NIGHT_IN_SEOUL, None),
    ("night consent within a night window", {"night_consent": True}, Policy(routes=(KOREAN,), company=None), NIGHT_IN_SEOUL, None),
    ("a carrier that does not take EUC-KR", {}, Policy(routes=(replace(KOREAN, encodings=frozenset({"gsm7", "ucs2"})),)), NOON_IN_SEOUL, "encoding_not_supported"),
    ("a carrier without LMS", {}, Policy(routes=(replace(KOREAN, kinds=frozenset({"sms"})),), kind="lms"), NOON_IN_SEOUL, "kind_not_supported"),
    ("a company that only opens at night", {}, Policy(routes=(KOREAN,), company=Window(opens=time(22), closes=time(6))), NOON_IN_SEOUL, "outside_hours"),
    ("the first rule that fails is named", {"subscribed": False, "suppressed": True, "phone": "", "excluded": True}, POLICY, NIGHT_IN_SEOUL, "not_subscribed"),
    ("the order is that of the codes", {"phone_rank": 3, "already_received": True, "last_campaign_at": ago(hours=1)}, POLICY, NOON_IN_SEOUL, "duplicate_phone"),
]  # fmt: skip


@pytest.mark.parametrize(("row", "policy", "now", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_the_first_rule_that_fails_names_the_reason(
    row: dict[str, Any], policy: Policy, now: datetime, expected: str | None
) -> None:
    assert reason(row, policy, now) == expected


def test_every_reason_of_the_plan_has_a_case() -> None:
    named = {case[4] for case in CASES} - {None}
    assert named == {code.key for code in SkipReason if code not in TEXT_REASONS}


def test_a_message_goes_now_when_the_place_is_open() -> None:
    row = judge({})
    assert row["send_after"] == NOON_IN_SEOUL
    assert row["send_before"] == NOON_IN_SEOUL + TIMEOUT


def test_a_message_is_held_until_the_place_opens() -> None:
    eight = datetime(2026, 11, 23, 23, tzinfo=UTC)
    row = judge({}, now=eight - HOUR)
    assert row["send_after"] == eight + HOUR  # the company opens at nine
    assert row["send_before"] == eight - HOUR + TIMEOUT


def test_a_message_must_be_out_before_the_place_closes() -> None:
    assert judge({}, now=NOON_IN_SEOUL + 7 * HOUR)["send_before"] == NOON_IN_SEOUL + 8 * HOUR


def test_without_a_deadline_a_message_waits_for_the_morning() -> None:
    row = verdict(candidates({}), POLICY, NIGHT_IN_SEOUL, None).row(0, named=True)
    assert (row["skip"], row["send_after"]) == (None, datetime(2026, 11, 25, tzinfo=UTC))


def test_a_skip_has_no_times() -> None:
    row = judge({"subscribed": False})
    assert (row["send_after"], row["send_before"]) == (None, None)


def test_promotion_cannot_switch_quiet_hours_off() -> None:
    with pytest.raises(InvalidInput) as caught:
        Policy(routes=(KOREAN,), quiet_hours="off")
    assert (caught.value.code, caught.value.field) == ("quiet_hours_required", "quiet_hours")


def test_other_columns_and_the_order_are_kept() -> None:
    frame = candidates({"profile_id": 3}, {"profile_id": 1}, {"profile_id": 2}).with_columns(
        name=pl.Series(["c", "a", "b"])
    )
    judged = verdict(frame.lazy(), POLICY, NOON_IN_SEOUL, None)
    assert judged.columns == [*frame.columns, "skip", "send_after", "send_before"]
    assert judged.select(frame.columns).equals(frame)


def test_no_candidates_give_no_rows() -> None:
    judged = verdict(candidates(), POLICY, NOON_IN_SEOUL, None)
    assert judged.height == 0
    assert judged.schema["skip"] == pl.Int16
    assert judged.schema["send_after"] == pl.Datetime("us", "UTC")


def test_flags_as_numbers_and_times_of_other_zones_are_understood() -> None:
    frame = candidates({"last_campaign_at": ago(hours=1)}).with_columns(
        pl.col("subscribed").cast(pl.UInt8),
        pl.col("last_campaign_at").dt.convert_time_zone("Asia/Seoul").dt.cast_time_unit("ms"),
    )
    assert verdict(frame, POLICY, NOON_IN_SEOUL, None)["skip"].to_list() == [SkipReason.RECENTLY_MESSAGED]


def test_columns_that_lack_or_have_holes_are_named() -> None:
    with pytest.raises(ValueError, match="lack the columns suppressed"):
        verdict(candidates({}).drop("suppressed"), POLICY, NOON_IN_SEOUL, None)
    with pytest.raises(ValueError, match="nulls in subscribed"):
        verdict(candidates({"subscribed": None}), POLICY, NOON_IN_SEOUL, None)


def test_problems_of_the_text_skip_those_who_were_left() -> None:
    judged = verdict(candidates({}, {}, {"subscribed": False}), POLICY, NOON_IN_SEOUL, None)
    rendered = judged.with_columns(problem=pl.Series([None, "over_length", "empty_text"], dtype=pl.String))
    done = after_text(rendered)
    assert done["skip"].to_list() == [None, SkipReason.OVER_LENGTH, SkipReason.NOT_SUBSCRIBED]
    assert done["send_after"].to_list() == [NOON_IN_SEOUL, None, None]


def test_an_unknown_problem_of_the_text_is_an_error() -> None:
    judged = verdict(candidates({}), POLICY, NOON_IN_SEOUL, None)
    with pytest.raises(pl.exceptions.InvalidOperationError):
        after_text(judged.with_columns(problem=pl.lit("no_such_thing")))


def test_no_problem_with_any_text_changes_nothing() -> None:
    judged = verdict(candidates({}, {}), POLICY, NOON_IN_SEOUL, None)
    assert after_text(judged.with_columns(problem=pl.lit(None, pl.String))).drop("problem").equals(judged)


# --- against the rules, row by row, in plain Python -------------------------------------------------------------------


def reference(row: Mapping[str, Any], policy: Policy, now: datetime, deadline: datetime | None) -> tuple[Any, Any, Any]:
    promotional = policy.purpose == "promotional"
    if promotional and not row["subscribed"]:
        return SkipReason.NOT_SUBSCRIBED, None, None
    if row["suppressed"]:
        return SkipReason.SUPPRESSED, None, None
    if not row["phone"]:
        return SkipReason.NO_USABLE_PHONE, None, None
    if row["excluded"]:
        return SkipReason.EXCLUDED, None, None
    if row["phone_rank"] > 1:
        return SkipReason.DUPLICATE_PHONE, None, None
    if row["already_received"]:
        return SkipReason.ALREADY_RECEIVED, None, None
    if not any(can_send(route, row["country"], policy.kind) for route in policy.routes):
        sms = any(can_send(route, row["country"], "sms") for route in policy.routes)
        return (SkipReason.KIND_NOT_SUPPORTED if sms else SkipReason.COUNTRY_NOT_SUPPORTED), None, None
    if policy.smart_sending is not None:
        counted = {"campaign": ["campaign"], "triggered": ["triggered"], "both": ["campaign", "triggered"]}
        for history in counted[policy.smart_counts]:
            last = row[f"last_{history}_at"]
            if last is not None and now - last < policy.smart_sending:
                return SkipReason.RECENTLY_MESSAGED, None, None
    if promotional and row["region"] in ("US", "US-FL", "US-OK", "US-MD") and row["sent_24h"] >= 3:
        return SkipReason.STATE_CAP, None, None
    opens: datetime | None = now
    closes: datetime | None = None
    if policy.quiet_hours != "off":
        place = Place(zones=row["zones"], region=row["region"], night_consent=row["night_consent"])
        hours = HoursOptions(company=policy.company, legal=promotional)
        opens = next_opening(place, now, hours)
        if opens is None or (policy.quiet_hours == "skip" and opens > now):
            return SkipReason.OUTSIDE_HOURS, None, None
        closes = closing(place, opens, hours)
    if deadline is not None and opens >= deadline:
        return SkipReason.DEADLINE_PASSED, None, None
    return None, opens, min((end for end in (closes, deadline) if end is not None), default=None)


mostly = st.sampled_from([True, True, True, True, False])
rarely = mostly.map(lambda value: not value)
NOW = datetime(2026, 11, 24, tzinfo=UTC)
past = st.none() | st.integers(-60, 0).map(lambda hours: NOW + timedelta(hours=hours))
PLACES = [
    ("KR", "Asia/Seoul", "KR"),
    ("US", "America/New_York", "US-FL"),
    ("US", "America/Chicago,America/Denver", "US-TX"),
    ("US", "America/Adak,America/New_York", "US"),
    ("FR", "Europe/Paris", "FR"),
    ("JP", "Asia/Tokyo", "JP"),
    ("", "", ""),
]
drawn_rows = st.fixed_dictionaries(
    {
        "profile_id": st.integers(1, 10**12),
        "phone": st.sampled_from(["+821000001234", "+13055550101", "+33612345678", ""]),
        "place": st.sampled_from(PLACES),
        "subscribed": mostly,
        "night_consent": st.booleans(),
        "suppressed": rarely,
        "excluded": rarely,
        "already_received": rarely,
        "phone_rank": st.sampled_from([1, 1, 1, 2]),
        "last_campaign_at": past,
        "last_triggered_at": past,
        "sent_24h": st.integers(0, 4),
    }
)
drawn_routes = st.lists(
    st.builds(
        Route,
        kind=st.sampled_from(["long_code", "short_code", "toll_free", "brand_name"]),
        country=st.sampled_from(["KR", "US", "FR"]),
        international=st.booleans(),
    ),
    max_size=3,
).map(tuple)
drawn_policies = st.tuples(
    st.sampled_from(
        [("promotional", "hold"), ("promotional", "skip"), ("informational", "hold"), ("informational", "off")]
    ),
    drawn_routes,
    st.sampled_from(["sms", "lms", "mms"]),
    st.none() | st.integers(1, 48).map(lambda hours: timedelta(hours=hours)),
    st.sampled_from(["campaign", "triggered", "both"]),
    st.sampled_from([None, Window(opens=time(9), closes=time(20)), Window(opens=time(18), closes=time(1, 30))]),
).map(
    lambda drawn: Policy(
        purpose=drawn[0][0],  # type: ignore[arg-type]
        quiet_hours=drawn[0][1],  # type: ignore[arg-type]
        routes=drawn[1],
        kind=drawn[2],  # type: ignore[arg-type]
        smart_sending=drawn[3],
        smart_counts=drawn[4],  # type: ignore[arg-type]
        company=drawn[5],
    )
)


@settings(max_examples=150, deadline=None)
@given(
    rows=st.lists(drawn_rows, max_size=25),
    policy=drawn_policies,
    minute=st.integers(0, 7 * 24 * 60),
    timeout=st.none() | st.integers(0, 24).map(lambda hours: timedelta(hours=hours)),
)
def test_the_verdict_agrees_with_the_rules_row_by_row(
    rows: list[dict[str, Any]], policy: Policy, minute: int, timeout: timedelta | None
) -> None:
    now = NOW + timedelta(minutes=minute)
    deadline = None if timeout is None else now + timeout
    flat = [
        {key: value for key, value in row.items() if key != "place"}
        | dict(zip(("country", "zones", "region"), row["place"], strict=True))
        for row in rows
    ]
    judged = verdict(candidates(*flat), policy, now, deadline).select("skip", "send_after", "send_before")
    assert judged.rows() == [reference(row, policy, now, deadline) for row in flat]


def test_three_million_candidates_a_second_are_judged() -> None:
    frame = pl.concat([candidates({}, FLORIDA, FLORIDA | {"sent_24h": 3}, {"phone_rank": 2})] * 4, rechunk=True)
    many = pl.concat([frame] * 32, rechunk=True)
    many = pl.concat([many] * 1000, rechunk=True)
    verdict(frame, POLICY, NOON_IN_SEOUL, None)
    rates = []
    for _ in range(3):
        start = clock.perf_counter()
        verdict(many, POLICY, NOON_IN_SEOUL, None)
        rates.append(many.height / (clock.perf_counter() - start))
    # A third of the goal, because the machine that runs the tests may be busy.
    assert max(rates) > 1_000_000
