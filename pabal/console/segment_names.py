"""What conditions in words share: names by key, and how values are written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal

from pabal.warehouse import conditions as c


@dataclass(frozen=True, kw_only=True)
class Names:
    """Key → name. What is not in it is called by its key."""

    lists: Mapping[str, str] = field(default_factory=dict)
    segments: Mapping[str, str] = field(default_factory=dict)
    campaigns: Mapping[str, str] = field(default_factory=dict)


def called(keys: tuple[str, ...], names: Mapping[str, str]) -> list[str]:
    return [names.get(key, key) for key in keys]


def number(value: Any, locale: str) -> str:
    return str(format_decimal(value, locale=locale))


def moment(value: str, locale: str) -> str:
    """A date, or a date with its hour, as the language writes it; what is neither stays as it is."""
    try:
        if len(value) <= 10:
            return str(format_date(date.fromisoformat(value), "medium", locale=locale))
        pattern = "y. M. d. HH:mm" if locale == "ko" else "MMM d, y, HH:mm"
        return str(format_datetime(datetime.fromisoformat(value), pattern, locale=locale))
    except ValueError:
        return value


def values_of(test: c.Property | c.Filter) -> tuple[Any, ...]:
    """The values of a test, one or many."""
    value = test.value
    if value is None:
        return ()
    return value if isinstance(value, tuple) else (value,)
