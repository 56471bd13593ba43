"""Cells of a contact file as typed values: dates, numbers, yes and no, countries, languages, zones.

Columns in, columns out; what cannot be read is null, and the caller decides what that means.
"""

from __future__ import annotations

from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import polars as pl
from babel import Locale, UnknownLocaleError
from babel.localedata import exists

#: Countries in which 3/4/2026 is the fourth of March.
_MONTH_FIRST = frozenset({"US"})

#: Two-letter codes in CLDR that are no countries.
_NO_COUNTRIES = frozenset({"EU", "EZ", "UN", "XA", "XB", "ZZ", "QO"})

_TRUE = ("true", "yes", "y", "1", "예", "네", "o", "t", "on")
_FALSE = ("false", "no", "n", "0", "아니오", "아니요", "x", "f", "off")


def date_literals(texts: pl.Series, country: str, zone: str) -> pl.Series:
    """Dates as 2026-01-02; moments, where a time of day is given, as 2026-01-02T03:04:05Z."""
    at = read_times(texts, country, zone)
    has_time = texts.str.contains(":", literal=True)
    frame = pl.DataFrame({"at": at, "has_time": has_time})
    day = pl.col("at").dt.convert_time_zone(zone).dt.strftime("%Y-%m-%d")
    return frame.select(
        literal=pl.when(pl.col("has_time")).then(pl.col("at").dt.strftime("%Y-%m-%dT%H:%M:%SZ")).otherwise(day)
    ).to_series()


def read_times(texts: pl.Series, country: str, zone: str) -> pl.Series:
    """Moments in UTC: 2026-01-02, 2026.1.2., 20260102, 2026년 1월 2일, and 1/2/2026 in the country's order. A time without an offset is meant in `zone`; a date is its midnight there.

    Raises nothing: an unreadable cell is null.
    """
    plain = pl.col("t").str.strip_chars()
    frame = texts.rename("t").to_frame().select(plain)
    tidy = (
        pl.col("t")
        .str.replace_all(r"[년월]\s*", "-")
        .str.replace(r"일", " ")
        .str.replace(r"^(\d{4})[./]\s?(\d{1,2})[./]\s?(\d{1,2})\.?", "$1-$2-$3")
        .str.replace(r"^(\d{4})(\d\d)(\d\d)$", "$1-$2-$3")
        .str.replace("T", " ", literal=True)
        .str.strip_chars(" -")
    )
    order = r"$3-$1-$2" if country in _MONTH_FIRST else r"$3-$2-$1"
    tidy = tidy.str.replace(r"^(\d{1,2})[-./](\d{1,2})[-./](\d{4})", order)
    day = r"^\d{4}-\d{1,2}-\d{1,2}"
    # The common case, a plain date, first: the other patterns are tried only if something is left.
    frame = frame.select("t", tidy.alias("tidy")).with_columns(
        at=pl.when(pl.col("tidy").str.contains(day + "$"))
        .then(pl.col("tidy"))
        .str.to_datetime("%Y-%m-%d", strict=False, time_unit="us")
        .dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
        .dt.convert_time_zone("UTC")
    )
    rest = pl.col("at").is_null() & pl.col("tidy").is_not_null() & (pl.col("tidy") != "")
    if frame.select(rest.any()).item():
        text = pl.when(rest).then(pl.col("tidy").str.replace(r"\.\d+", ""))
        local = pl.coalesce(
            text.str.to_datetime(form, strict=False, time_unit="us") for form in ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M")
        )
        offset = pl.coalesce(
            text.str.replace("Z$", "+0000").str.to_datetime(form, strict=False, time_unit="us", time_zone="UTC")
            for form in ("%Y-%m-%d %H:%M:%S%z", "%Y-%m-%d %H:%M:%S %z", "%Y-%m-%d %H:%M%z")
        )
        placed = local.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null").dt.convert_time_zone("UTC")
        frame = frame.with_columns(at=pl.coalesce("at", offset, placed))
    return frame.get_column("at")


def number_literals(texts: pl.Expr) -> pl.Expr:
    """Numbers as JSON writes them: 1,200 → 1200. Digits are kept as they are, so nothing is rounded."""
    plain = texts.str.replace_all(",", "", literal=True).str.strip_chars("₩$€£원 ").str.strip_prefix("+")
    return pl.when(plain.str.contains(r"^-?(?:0|[1-9]\d{0,30})(?:\.\d{1,30})?$")).then(plain)


def boolean_literals(texts: pl.Expr) -> pl.Expr:
    """`true` or `false`."""
    lower = texts.str.to_lowercase()
    return pl.when(lower.is_in(_TRUE)).then(pl.lit("true")).when(lower.is_in(_FALSE)).then(pl.lit("false"))


def recode(texts: pl.Series, known: dict[str, str]) -> pl.Series:
    """Each cell replaced by `known`; null where it is not in it."""
    if not known:
        return pl.Series(texts.name, [None] * len(texts), dtype=pl.String)
    return texts.replace_strict(known, default=None, return_dtype=pl.String)


def read_countries(texts: pl.Series) -> pl.Series:
    """ISO 3166 alpha-2 codes of countries written as a code or by name in Korean or English."""
    names = _countries()
    found = {text: names.get(_plain(text), "") for text in texts.drop_nulls().unique()}
    return recode(texts, {text: code for text, code in found.items() if code})


def read_zones(texts: pl.Series) -> pl.Series:
    """IANA time zones, as the tz database spells them."""
    zones = _zones()
    found = {text: zones.get(text.lower(), "") for text in texts.drop_nulls().unique()}
    return recode(texts, {text: zone for text, zone in found.items() if zone})


def read_locales(texts: pl.Series) -> pl.Series:
    """BCP 47 tags (ko, en-US) of languages written as a tag or by name in Korean or English."""
    found = {text: _locale(text) for text in texts.drop_nulls().unique()}
    return recode(texts, {text: tag for text, tag in found.items() if tag})


def is_zone(name: str) -> bool:
    return name in available_timezones() and bool(ZoneInfo(name))


def _plain(text: str) -> str:
    return "".join(c for c in text.lower() if c.isalnum())


@cache
def _zones() -> dict[str, str]:
    return {zone.lower(): zone for zone in available_timezones()}


@cache
def _countries() -> dict[str, str]:
    names: dict[str, str] = {}
    for language in ("en", "ko"):
        for code, name in Locale(language).territories.items():
            if len(str(code)) == 2 and str(code).isalpha() and code not in _NO_COUNTRIES:
                names |= {str(code).lower(): str(code), _plain(str(name)): str(code)}
    more = {"usa": "US", "america": "US", "미국": "US", "한국": "KR", "korea": "KR", "southkorea": "KR", "kor": "KR"}
    more |= {"republicofkorea": "KR", "uk": "GB", "england": "GB", "gbr": "GB", "jpn": "JP", "chn": "CN", "can": "CA"}
    return names | more


@cache
def _languages() -> dict[str, str]:
    names: dict[str, str] = {}
    for language in ("en", "ko"):
        names |= {str(name).lower(): str(code) for code, name in Locale(language).languages.items()}
    return names


def _locale(text: str) -> str:
    plain = text.strip().replace("_", "-")
    if named := _languages().get(plain.lower()):
        return named
    try:
        parsed = Locale.parse(plain, sep="-")
    except (ValueError, UnknownLocaleError, TypeError):
        return ""
    return str(parsed).replace("_", "-")[:16] if exists(parsed.language) else ""
