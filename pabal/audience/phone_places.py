"""Where a phone number belongs: country, time zones, and the US state.

Zones come from libphonenumber's time zone data, cut down to the number's own country. The state comes from the area code
(`data/area_codes.toml`, drawn from libphonenumber's geocoding data, which takes seconds and 190 MB to load).
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from phonenumbers import PhoneNumber, PhoneNumberType, number_type, region_code_for_number
from phonenumbers.timezone import UNKNOWN_TIMEZONE, time_zones_for_number
from phonenumbers.tzdata import TIMEZONE_DATA

from pabal.policy.countries import zones_of

#: Countries of the North American numbering plan whose area codes hold for every number behind them.
_PLAIN_COUNTRIES = frozenset({"US", "CA", "PR"})


class PhonePlace(NamedTuple):
    """`zones`: IANA zones, sorted and joined by commas, empty when libphonenumber knows none (then every zone of the
    country holds); `region`: `US-FL` where the state is known, else the country."""

    country: str
    zones: str
    region: str


def phone_place(number: PhoneNumber) -> PhonePlace:
    """The place of a parsed number. The country is empty for numbers of no country (+800…)."""
    country = region_code_for_number(number) or ""
    return PhonePlace(country, zones_within(country, time_zones_for_number(number)), _region(country, number))


def zones_within(country: str, zones: tuple[str, ...]) -> str:
    """`zones` as one canonical string, without those of other countries that share the prefix."""
    known = {zone for zone in zones if zone != UNKNOWN_TIMEZONE}
    return ",".join(sorted(known & set(zones_of(country)) or known))


@cache
def plain_areas() -> dict[str, str]:
    """North American area codes → country, where libphonenumber's answer hangs on the area code alone: every number whose
    exchange begins with 2 to 9 is valid and may be a mobile. Takes about 0.2 s, once a process."""
    found = {}
    for code in range(200, 1000):
        probes = [
            PhoneNumber(country_code=1, national_number=code * 10**7 + exchange * 10**6 + 12345)
            for exchange in range(2, 10)
        ]
        answers = {(region_code_for_number(probe), number_type(probe)) for probe in probes}
        if len(answers) == 1:
            country, kind = answers.pop()
            if country in _PLAIN_COUNTRIES and kind == PhoneNumberType.FIXED_LINE_OR_MOBILE:
                found[str(code)] = str(country)
    return found


@cache
def split_areas() -> frozenset[str]:
    """Area codes in which the time zone hangs on the exchange too (such as Idaho's 208)."""
    return frozenset(prefix[1:4] for prefix in TIMEZONE_DATA if prefix.startswith("1") and len(prefix) > 4)


@cache
def area_place(prefix: str) -> PhonePlace:
    """The place of all plain numbers that begin with `prefix`: an area code, or with three more digits an exchange."""
    return phone_place(PhoneNumber(country_code=1, national_number=int(prefix.ljust(10, "2"))))


@cache
def area_states() -> dict[str, str]:
    """Area code → state, both as text: `{"305": "FL", …}`."""
    data = tomllib.loads((files("pabal.audience") / "data" / "area_codes.toml").read_text(encoding="utf-8"))
    return {code: state for state, codes in data["states"].items() for code in codes.split()}


def _region(country: str, number: PhoneNumber) -> str:
    if country != "US":
        return country
    state = area_states().get(str(number.national_number)[:3])
    return f"US-{state}" if state else "US"
