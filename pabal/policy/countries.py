"""What text-message marketing can do in each country, and which sender reaches it.

The facts are in `data/countries.toml`, dated and with their sources.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from pabal.policy.skips import SkipReason

MessageKind = Literal["sms", "lms", "mms", "kakao"]
SenderKind = Literal["long_code", "short_code", "toll_free", "brand_name", "kakao_channel"]
Encoding = Literal["gsm", "kr"]
BrandName = Literal["yes", "registered", "no"]

#: Countries and territories that share the first one's numbering plan: its numbers are domestic there.
_DOMESTIC = (
    frozenset({"US", "PR", "GU", "VI", "AS", "MP"}),
    frozenset({"GB", "GG", "JE", "IM"}),
    frozenset({"FI", "AX"}),
    frozenset({"NO", "SJ"}),
)
#: The alphabet of a country's phones → the encoding that a carrier must take to reach them all.
_NEEDED: dict[Encoding, str] = {"kr": "euckr", "gsm": "gsm7"}
#: Toll-free numbers of the North American plan carry texts in these countries only.
_TOLL_FREE_NANP = frozenset({"US", "CA", "PR", "GU", "VI", "AS", "MP"})


@dataclass(frozen=True, kw_only=True)
class Country:
    """One country's capabilities. `easternmost` is an IANA zone, or empty where nobody lives or nothing is known."""

    code: str
    name: str
    kinds: frozenset[MessageKind]
    encoding: Encoding
    brand_name: BrandName
    two_way: bool
    easternmost: str


@dataclass(frozen=True, kw_only=True)
class Route:
    """What decides where a sender reaches: its kind, its country, whether its long code may send abroad, and what its
    account can carry (`pabal.providers.base.Capabilities`)."""

    kind: SenderKind
    country: str
    international: bool = False
    kinds: frozenset[str] = frozenset({"sms", "lms", "mms"})
    encodings: frozenset[str] = frozenset({"gsm7", "ucs2", "euckr"})


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads((files("pabal.policy") / "data" / "countries.toml").read_text(encoding="utf-8"))


@cache
def country(code: str) -> Country:
    """The country with ISO code `code`; one that is not in the data gets the conservative default: SMS only, no brand
    names, no replies."""
    data = _data()
    facts = data["default"] | data["countries"].get(code, {})
    return Country(
        code=code,
        name=facts.get("name", code),
        kinds=frozenset(facts["kinds"]),
        encoding=facts["encoding"],
        brand_name=facts["brand_name"],
        two_way=facts["two_way"],
        easternmost=facts.get("easternmost", ""),
    )


@cache
def country_codes() -> tuple[str, ...]:
    """Every ISO code in the data, sorted."""
    return tuple(sorted(_data()["countries"]))


@cache
def zones_of(code: str) -> tuple[str, ...]:
    """All IANA zones of a country, from tzdata's own `zone.tab`; empty for a country that is not in it."""
    lines = (files("tzdata.zoneinfo") / "zone.tab").read_text(encoding="utf-8").splitlines()
    rows = (line.split("\t") for line in lines if line and not line.startswith("#"))
    return tuple(sorted(row[2] for row in rows if row[0] == code))


def is_domestic(sender_country: str, recipient_country: str) -> bool:
    """Whether a number of the first country is a national number in the second."""
    if sender_country == recipient_country:
        return True
    return any(sender_country in group and recipient_country in group for group in _DOMESTIC)


@cache
def refusal(route: Route, recipient_country: str, kind: MessageKind) -> SkipReason | None:
    """Why this sender cannot carry this kind of message to this country; None when it can.

    `COUNTRY_NOT_SUPPORTED`: not even an SMS arrives. `ENCODING_NOT_SUPPORTED`: its account does not take the encoding of
    every phone there. `KIND_NOT_SUPPORTED`: an SMS would arrive, this kind would not.
    """
    if not _reaches(route, recipient_country):
        return SkipReason.COUNTRY_NOT_SUPPORTED
    if kind == "kakao" or route.kind == "kakao_channel":
        together = kind == "kakao" and route.kind == "kakao_channel" and kind in route.kinds
        return None if together else SkipReason.KIND_NOT_SUPPORTED
    if _NEEDED[country(recipient_country).encoding] not in route.encodings:
        return SkipReason.ENCODING_NOT_SUPPORTED
    if kind not in route.kinds:
        return SkipReason.KIND_NOT_SUPPORTED
    if kind == "sms":
        return None
    national = is_domestic(route.country, recipient_country) or _is_north_american(route, recipient_country)
    if kind in country(recipient_country).kinds and national and route.kind != "brand_name":
        return None
    return SkipReason.KIND_NOT_SUPPORTED


def can_send(route: Route, recipient_country: str, kind: MessageKind) -> bool:
    """Whether this sender can carry this kind of message to this country."""
    return refusal(route, recipient_country, kind) is None


def choose_route(routes: Sequence[Route], recipient_country: str, kind: MessageKind) -> int | None:
    """The index of the first of `routes` that can, or None."""
    return next((i for i, route in enumerate(routes) if can_send(route, recipient_country, kind)), None)


def campaign_refusal(routes: Sequence[Route], recipient_country: str, kind: MessageKind) -> SkipReason | None:
    """Why none of a campaign's senders can; the more hopeful reason when they differ."""
    refusals = [refusal(route, recipient_country, kind) for route in routes]
    if None in refusals:
        return None
    hopeful = (SkipReason.KIND_NOT_SUPPORTED, SkipReason.ENCODING_NOT_SUPPORTED)
    return next((reason for reason in hopeful if reason in refusals), SkipReason.COUNTRY_NOT_SUPPORTED)


def _reaches(route: Route, recipient_country: str) -> bool:
    if not recipient_country:
        return False
    match route.kind:
        case "brand_name":
            return country(recipient_country).brand_name != "no"
        case "short_code":
            return route.country == recipient_country
        case "kakao_channel":
            return recipient_country == "KR"  # accounts are found by Korean mobile numbers alone
        case "toll_free":
            if route.country in _TOLL_FREE_NANP:
                return recipient_country in _TOLL_FREE_NANP
            return route.country == recipient_country
        case "long_code":
            if is_domestic(route.country, recipient_country):
                return True
            # Korean sender numbers are registered for Korea alone (전기통신사업법 84조의2).
            return route.international and route.country != "KR"
    return False


def _is_north_american(route: Route, recipient_country: str) -> bool:
    """Picture messages cross between the US and Canada, from any kind of number that reaches."""
    return route.country in _TOLL_FREE_NANP and recipient_country in _TOLL_FREE_NANP
