from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import phonenumbers
import pytest

from pabal.policy.countries import (
    Route,
    campaign_refusal,
    can_send,
    choose_route,
    country,
    country_codes,
    refusal,
    zones_of,
)
from pabal.policy.skips import SkipReason

LONG_KR = Route(kind="long_code", country="KR")
LONG_US = Route(kind="long_code", country="US")
LONG_US_ABROAD = Route(kind="long_code", country="US", international=True)
LONG_KR_ABROAD = Route(kind="long_code", country="KR", international=True)
SHORT_US = Route(kind="short_code", country="US")
TOLL_FREE_US = Route(kind="toll_free", country="US")
TOLL_FREE_GB = Route(kind="toll_free", country="GB")
BRAND_KR = Route(kind="brand_name", country="KR")
LONG_GB = Route(kind="long_code", country="GB")

NO_COUNTRY, NO_KIND = SkipReason.COUNTRY_NOT_SUPPORTED, SkipReason.KIND_NOT_SUPPORTED

REACH = [
    ("a Korean number reaches Korea", LONG_KR, "KR", "sms", None),
    ("with LMS", LONG_KR, "KR", "lms", None),
    ("with MMS", LONG_KR, "KR", "mms", None),
    ("a Korean number reaches nobody else", LONG_KR, "US", "sms", NO_COUNTRY),
    ("not even with international sending", LONG_KR_ABROAD, "US", "sms", NO_COUNTRY),
    ("a US number reaches the US", LONG_US, "US", "sms", None),
    ("with MMS", LONG_US, "US", "mms", None),
    ("there is no LMS in the US", LONG_US, "US", "lms", NO_KIND),
    ("a US number is domestic in Puerto Rico", LONG_US, "PR", "mms", None),
    ("a US number needs permission for Korea", LONG_US, "KR", "sms", NO_COUNTRY),
    ("and then sends SMS", LONG_US_ABROAD, "KR", "sms", None),
    ("but no LMS from abroad", LONG_US_ABROAD, "KR", "lms", NO_KIND),
    ("MMS crosses the border to Canada", LONG_US_ABROAD, "CA", "mms", None),
    ("a US short code reaches the US only", SHORT_US, "US", "mms", None),
    ("not Canada", SHORT_US, "CA", "sms", NO_COUNTRY),
    ("not Korea", SHORT_US, "KR", "sms", NO_COUNTRY),
    ("US toll-free reaches Canada", TOLL_FREE_US, "CA", "sms", None),
    ("with MMS", TOLL_FREE_US, "CA", "mms", None),
    ("not Mexico", TOLL_FREE_US, "MX", "sms", NO_COUNTRY),
    ("British toll-free stays in Britain", TOLL_FREE_GB, "US", "sms", NO_COUNTRY),
    ("a brand name reaches France", BRAND_KR, "FR", "sms", None),
    ("also where names are registered", BRAND_KR, "SG", "sms", None),
    ("not the US", BRAND_KR, "US", "sms", NO_COUNTRY),
    ("not Canada", BRAND_KR, "CA", "sms", NO_COUNTRY),
    ("not US territories", BRAND_KR, "GU", "sms", NO_COUNTRY),
    ("not Korea", BRAND_KR, "KR", "sms", NO_COUNTRY),
    ("not a country nobody knows", BRAND_KR, "XX", "sms", NO_COUNTRY),
    ("a brand name carries no MMS", BRAND_KR, "AU", "mms", NO_KIND),
    ("a British number reaches Guernsey", LONG_GB, "GG", "sms", None),
    ("there is no MMS in Britain", LONG_GB, "GB", "mms", NO_KIND),
    ("no country, no message", LONG_US_ABROAD, "", "sms", NO_COUNTRY),
]


@pytest.mark.parametrize(("route", "to", "kind", "expected"), [row[1:] for row in REACH], ids=[row[0] for row in REACH])
def test_a_sender_reaches_where_carriers_let_it(route: Route, to: str, kind: str, expected: SkipReason | None) -> None:
    assert refusal(route, to, kind) == expected  # type: ignore[arg-type]
    assert can_send(route, to, kind) == (expected is None)  # type: ignore[arg-type]


def test_the_first_sender_that_reaches_is_chosen() -> None:
    assert choose_route([LONG_KR, SHORT_US, LONG_US], "US", "sms") == 1
    assert choose_route([LONG_KR], "US", "sms") is None


def test_a_campaign_names_the_kind_when_one_sender_would_reach_with_another() -> None:
    assert campaign_refusal([LONG_KR, LONG_GB], "GB", "mms") == NO_KIND
    assert campaign_refusal([LONG_KR, SHORT_US], "GB", "sms") == NO_COUNTRY
    assert campaign_refusal([], "KR", "sms") == NO_COUNTRY
    assert campaign_refusal([SHORT_US, LONG_KR], "KR", "lms") is None


def test_a_country_outside_the_data_gets_the_careful_default() -> None:
    unknown = country("XX")
    assert (unknown.kinds, unknown.encoding, unknown.brand_name, unknown.two_way) == ({"sms"}, "gsm", "no", False)


def test_korea_alone_counts_bytes_and_has_lms() -> None:
    assert [code for code in country_codes() if country(code).encoding == "kr"] == ["KR"]
    assert [code for code in country_codes() if "lms" in country(code).kinds] == ["KR"]


def test_every_country_that_libphonenumber_knows_is_in_the_data() -> None:
    # AC and TA (St Helena's dependencies) and XK have calling codes but no official ISO code.
    assert set(phonenumbers.SUPPORTED_REGIONS) - set(country_codes()) == {"AC", "TA", "XK"}


def test_the_easternmost_zone_has_the_greatest_standard_offset_of_its_country() -> None:
    def standard(zone: str) -> float:
        at = datetime(2026, 1, 1, tzinfo=ZoneInfo(zone))
        offset, saving = at.utcoffset(), at.dst()
        assert offset is not None
        return (offset - (saving or offset * 0)).total_seconds()

    for code in country_codes():
        zones = zones_of(code)
        if zones:
            assert standard(country(code).easternmost) == max(map(standard, zones)), code
        else:
            assert country(code).easternmost == ""
