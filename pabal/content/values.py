"""Values as they are printed in a text: from a profile, a property or an event.

Null, blank and missing are one thing: nothing. So `default('고객')` does what a marketer expects of it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import polars as pl
import regex

ITEMS = 100
"""Entries of a list that a template can loop over; the rest is left out."""

CONTROLS = r"[\x00-\x08\x0b-\x1f\x7f-\x9f]"
"""Control characters, except tab and newline. None of them belongs in a text message."""

_CONTROLS = regex.compile(CONTROLS)


class Fields:
    """A nested object of an event: only its entries can be read, nothing else of the object."""

    __slots__ = ("_entries",)

    def __init__(self, entries: Mapping[str, Any]) -> None:
        self._entries = entries

    def __getitem__(self, name: str) -> Any:
        return self._entries[name]


def clean(text: str) -> str:
    """`text` without control characters (a tab becomes a space) and without white space at its ends."""
    return _CONTROLS.sub("", text.replace("\t", " ")).strip()


def without_controls(text: str) -> str:
    """`text` without control characters, its white space untouched."""
    return _CONTROLS.sub("", text)


def clean_column(texts: pl.Expr, *, keep: str = "") -> pl.Expr:
    """`clean` for a column. `keep` are control characters that stay for now."""
    controls = rf"[{CONTROLS}--[{keep}]]" if keep else CONTROLS
    return texts.str.replace_all("\t", " ", literal=True).str.replace_all(controls, "").str.strip_chars()


def presentable(value: Any) -> Any:
    """`value` as a template sees it; None if there is nothing to see.

    Whole numbers lose their `.0`, dates are written as 2026-07-01, moments as 2026-07-01 09:30.
    """
    if isinstance(value, str):
        return clean(value) or None
    if isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            return None
        return int(value) if value.is_integer() and abs(value) < 1e15 else value
    if isinstance(value, Decimal):
        return presentable(float(value)) if value.is_finite() else None
    if isinstance(value, dt.datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    if isinstance(value, dt.date):
        return value.isoformat()
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, Mapping):
        found = {str(name): presentable(entry) for name, entry in value.items()}
        return Fields({name: entry for name, entry in found.items() if entry is not None})
    if isinstance(value, list | tuple):
        return [presentable(entry) for entry in value[:ITEMS]]
    return clean(str(value)) or None


def presentable_column(column: pl.Series) -> list[Any]:
    """`presentable` for every value of a column."""
    if column.dtype == pl.String:
        text = pl.col(column.name)
        cleaned = clean_column(text) if _has_controls(column) else text.str.strip_chars()
        frame = column.to_frame().select(cleaned)
        return frame.select(pl.when(text != "").then(text)).to_series().to_list()
    if column.dtype.is_integer() or column.dtype == pl.Boolean:
        return column.to_list()
    if column.dtype.is_float() and bool(((column == column.floor()) & (column.abs() < 1e15)).all()):
        return column.cast(pl.Int64).to_list()
    return [presentable(value) for value in column.to_list()]


def _has_controls(column: pl.Series) -> bool:
    return bool(column.str.contains(rf"[\t]|{CONTROLS}").any())
