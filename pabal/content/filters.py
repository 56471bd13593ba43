"""Filters of our own: particles, fallbacks, numbers and dates as people write them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import regex

from pabal.content.particles import with_particle

_DIRECTIVE = regex.compile(r"%(-?)([YymdHMA%])")
_WEEKDAYS = ("월요일", "화요일", "수요일", "목요일", "금요일", "토요일", "일요일")


def printed(value: Any) -> Any:
    """A value as it is printed where a template calculates: 0.1 * 3 is 0.3, 10 / 5 is 2."""
    if value is None:
        return ""
    return f"{value:.12g}" if isinstance(value, float) and abs(value) < 1e12 else value


def default(value: Any, fallback: Any = "", _falsy: bool = False) -> Any:
    """`value`, or `fallback` if there is none: missing, null or blank. Zero is a value."""
    return fallback if value is None or (isinstance(value, str) and not value.strip()) else value


def particle(value: Any, pair: str) -> str:
    """`value` with the Korean particle that agrees with it; nothing stays nothing."""
    return "" if value is None else with_particle(str(value), pair)


def number(value: Any, digits: int | None = None) -> Any:
    """12345.0 → 12,345. `digits` fixes the decimals. What is no number stays as it is."""
    if isinstance(value, str):
        try:
            value = float(value.replace(",", "")) if "." in value else int(value.replace(",", ""))
        except ValueError:
            return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "" if value is None else value
    if digits is not None:
        return f"{value:,.{min(max(int(digits), 0), 6)}f}"
    if isinstance(value, float):
        return f"{int(value):,}" if value.is_integer() else f"{value:,}"
    return f"{value:,}"


def date(value: Any, form: str = "%Y-%m-%d") -> Any:
    """A date (2026-07-01, or with a time) in another form: `%Y년 %-m월 %-d일`, `%m/%d`, `%A` for the weekday (화요일).

    What is no date stays as it is.
    """
    try:
        moment = dt.datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return "" if value is None else value

    def written(directive: Any) -> str:
        short, letter = directive[1], directive[2]
        if letter == "%":
            return "%"
        if letter == "A":
            return _WEEKDAYS[moment.weekday()]
        numbers = {
            "Y": f"{moment.year:04}",
            "y": f"{moment.year % 100:02}",
            "m": f"{moment.month:02}",
            "d": f"{moment.day:02}",
            "H": f"{moment.hour:02}",
            "M": f"{moment.minute:02}",
        }
        return numbers[letter].lstrip("0") or "0" if short else numbers[letter]

    return _DIRECTIVE.sub(written, form)


OWN: dict[str, Callable[..., Any]] = {"default": default, "particle": particle, "number": number, "date": date}
"""Ours, by the name in a template. They stand in front of the engine's own."""
