"""Values of a custom property, read from the warehouse as JSON, as one typed column."""

from __future__ import annotations

import json
from typing import Any

import polars as pl

_INTEGER = r"^-?\d{1,18}$"
_NUMBER = r"^-?\d+(\.\d+)?([eE][+-]?\d+)?$"


def typed(column: pl.Series, name: str) -> pl.Series:
    """The column of JSON texts as integers, numbers, booleans or texts, if all its values are of that type.

    Otherwise every value is written as text: a template then prints it as it is. Null stays null.
    """
    values = pl.select(pl.when(column != "null").then(column)).to_series().alias(name)
    present = values.drop_nulls()
    if not len(present):
        return values.cast(pl.String)
    if present.str.starts_with('"').all():
        return _texts(values)
    if present.str.contains(_INTEGER).all():
        return values.cast(pl.Int64)
    if present.str.contains(_NUMBER).all():
        return values.cast(pl.Float64)
    if present.is_in(["true", "false"]).all():
        return values == "true"
    if present.str.starts_with("[").all():
        lists = [None if value is None else [_text(item) for item in json.loads(value)] for value in values]
        return pl.Series(name, lists, dtype=pl.List(pl.String))
    return pl.Series(name, [None if value is None else _text(json.loads(value)) for value in values], dtype=pl.String)


def _texts(values: pl.Series) -> pl.Series:
    if values.str.contains("\\", literal=True).any():
        return values.str.json_decode(pl.String)
    return values.str.slice(1).str.head(-1)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
