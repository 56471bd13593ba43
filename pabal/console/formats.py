"""Numbers, money, times and phones as the reader's language writes them.

Pure functions over values; `templatetags/formats.py` makes them template filters. The language is Django's active one,
the time zone Django's current one. What is not a number or a time (None, an empty string) becomes a dash.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

import phonenumbers
from babel import Locale
from babel.dates import format_date, format_datetime, format_skeleton, format_timedelta
from babel.numbers import format_compact_decimal, format_currency, format_decimal, format_percent
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

DASH = "–"
WEEK = timedelta(days=7)


@lru_cache
def _locale(language: str) -> Locale:
    return Locale.parse("ko" if language.startswith("ko") else "en")


def locale() -> Locale:
    """The reader's locale: Korean or English."""
    return _locale(get_language() or "en")


def as_decimal(value: Any) -> Decimal | None:
    """The value as an exact number, or None when it is not a finite one."""
    if value is None or value == "" or isinstance(value, bool):
        return None
    try:
        number = value if isinstance(value, Decimal) else Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def number(value: Any, digits: int | None = None) -> str:
    """`12345.5` → `12,345.5`; with `digits`, exactly that many after the point."""
    amount = as_decimal(value)
    if amount is None:
        return DASH
    pattern = None if digits is None else "#,##0" + ("." + "0" * digits if digits else "")
    return str(format_decimal(amount, format=pattern, locale=locale()))


def compact(value: Any) -> str:
    """`123456` → `12.3만` in Korean, `123.5K` in English; small numbers stay whole."""
    amount = as_decimal(value)
    if amount is None:
        return DASH
    if abs(amount) < 1000 or (locale().language == "ko" and abs(amount) < 10_000):
        return number(amount)
    return str(format_compact_decimal(amount, locale=locale(), fraction_digits=1))


def money(value: Any, currency: str = "KRW") -> str:
    """An amount in a currency, e.g. `12,340원`, `$12.34`. `currency` is an ISO 4217 code, or `credits`."""
    amount = as_decimal(value)
    if amount is None:
        return DASH
    if currency.lower() in {"", "credit", "credits"}:
        shown = number(amount)
        return ngettext("%(amount)s credit", "%(amount)s credits", 1 if amount == 1 else 2) % {"amount": shown}
    if currency == "KRW" and locale().language == "ko":
        return f"{number(amount)}원"
    whole = amount == amount.to_integral_value()
    exact = not whole and -int(amount.normalize().as_tuple().exponent) > 2  # sub-cent prices keep their digits
    pattern = "¤#,##0.00####" if exact else None
    return str(format_currency(amount, currency, format=pattern, locale=locale(), currency_digits=not exact))


def percent(value: Any, digits: int = 1) -> str:
    """A share from 0 to 1: `0.1234` → `12.3%`. What would round to nothing is written `<0.1%`."""
    share = as_decimal(value)
    if share is None:
        return DASH
    least = Decimal(1).scaleb(-2 - digits)
    pattern = "#,##0" + ("." + "#" * digits if digits else "") + "%"
    if 0 < share < least / 2:
        return "<" + str(format_percent(least, format=pattern, locale=locale()))
    return str(format_percent(share, format=pattern, locale=locale()))


def share(part: Any, whole: Any, digits: int = 1) -> str:
    """`part` of `whole` in per cent; a dash when there is no whole."""
    over, under = as_decimal(part), as_decimal(whole)
    return DASH if over is None or not under else percent(over / under, digits)


def moment(value: datetime | date | None) -> str:
    """Date and time in the viewer's zone: `2026. 11. 24. 14:05`, `Nov 24, 2026, 14:05`."""
    if value is None:
        return DASH
    if not isinstance(value, datetime):
        return day(value)
    pattern = "y. M. d. HH:mm" if locale().language == "ko" else "MMM d, y, HH:mm"
    return str(format_datetime(_local(value), pattern, locale=locale()))


def full_moment(value: datetime) -> str:
    """The same in full, with weekday, seconds and zone, for tooltips and records."""
    local = _local(value)
    pattern = "y년 M월 d일 (E) HH:mm:ss" if locale().language == "ko" else "EEE, MMM d, y, HH:mm:ss"
    return f"{format_datetime(local, pattern, locale=locale())} {local.tzname() or ''}".rstrip()


def day(value: datetime | date | None) -> str:
    """A date: `2026. 11. 24.`, `Nov 24, 2026`."""
    if value is None:
        return DASH
    plain = _local(value).date() if isinstance(value, datetime) else value
    return str(format_date(plain, "medium", locale=locale()))


def short_day(value: date) -> str:
    """A date without its year, for axes: `11. 24.`, `11/24`."""
    return str(format_skeleton("Md", value, locale=locale()))


def clock(value: datetime | None) -> str:
    """The time of day in the viewer's zone: `14:05`."""
    return DASH if value is None else f"{_local(value):%H:%M}"


def relative(value: datetime, now: datetime | None = None) -> str:
    """`3분 전`, `in 2 hours`; `지금` within ten seconds; the date once it is a week away."""
    delta = value - (now or timezone.now())
    if abs(delta) < timedelta(seconds=10):
        return _("now")
    if abs(delta) < WEEK:
        return str(format_timedelta(delta, add_direction=True, threshold=1.0, locale=locale()))
    local = _local(value)
    if local.year == _local(now or timezone.now()).year:
        return str(format_skeleton("MMMd", local, locale=locale()))
    return day(value)


def duration(value: timedelta | float | int | None) -> str:
    """A length of time (a timedelta, or seconds) in its two largest units: `4시간 12분`, `4 hr 12 min`."""
    if value is None:
        return DASH
    seconds = round(value.total_seconds() if isinstance(value, timedelta) else float(value))
    parts: list[str] = []
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)):
        count, seconds = divmod(seconds, size)
        if count:
            part = timedelta(seconds=count * size)
            shown = format_timedelta(part, granularity=unit, threshold=10**9, format="short", locale=locale())  # type: ignore[arg-type]
            parts.append(str(shown))
        elif parts:
            break
    return " ".join(parts[:2]) or str(
        format_timedelta(timedelta(0), granularity="second", format="short", locale=locale())
    )


def phone(value: str | None) -> str:
    """E.164 → `010-1234-5678` for Korea, `+1 202-555-0142` for others; unparsable text stays as it is."""
    if not value:
        return DASH
    try:
        parsed = phonenumbers.parse(value, "KR")
    except phonenumbers.NumberParseException:
        return value
    korean = parsed.country_code == 82
    form = phonenumbers.PhoneNumberFormat.NATIONAL if korean else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    written = str(phonenumbers.format_number(parsed, form))
    # Of a number that it does not know, libphonenumber loses the zero in front.
    return value if value.startswith("0") and not written.startswith("0") else written


def country(code: str | None) -> str:
    """ISO code → the country's name in the reader's language: `KR` → 대한민국."""
    return str(locale().territories.get(code or "", code or DASH))


def _local(value: datetime) -> datetime:
    return timezone.localtime(value) if timezone.is_aware(value) else value
