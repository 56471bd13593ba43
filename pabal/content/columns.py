"""`encoding.measure` for a million texts at once.

Most texts are plain: their units follow from counting bytes and code points, their parts from a division. The few
in which a character may not straddle two parts (extension table, surrogate pairs, clusters) go through the scalar
function, so both always agree.
"""

from __future__ import annotations

from typing import Literal

import polars as pl

from pabal.content.alphabets import (
    GSM_EXTENSION,
    Scheme,
    character_class,
    clusters,
    joining,
    outside_euc_kr,
    outside_gsm,
)
from pabal.content.limits import LIMITS
from pabal.content.parts import count_parts

SCHEMA = pl.Schema(
    {
        "encoding": pl.String,
        "units": pl.Int32,
        "parts": pl.Int32,
        "kind": pl.String,
        "unsendable": pl.Boolean,
        "over_length": pl.Boolean,
    }
)

_ASTRAL = r"[\x{10000}-\x{10FFFF}]"
_TWO_OR_FOUR_BYTES = r"[\x{80}-\x{7FF}\x{10000}-\x{10FFFF}]"
_EXTENSION = character_class(GSM_EXTENSION)


def measure_column(texts: pl.Series, scheme: Scheme | pl.Series) -> pl.DataFrame:
    """Measure every text; a row a text, in order, with the columns of `SCHEMA`.

    `texts` are strings without nulls; `scheme` is one scheme, or a string column with one for each text. Equal to
    `encoding.measure` row by row.
    """
    if isinstance(scheme, str):
        return _korean(texts) if scheme == "kr" else _gsm(texts)
    korean = scheme == "kr"
    if korean.all():
        return _korean(texts)
    if not korean.any():
        return _gsm(texts)
    rows = pl.Series("row", range(len(texts)), dtype=pl.UInt32)
    both = pl.concat([_korean(texts.filter(korean)), _gsm(texts.filter(~korean))])
    order = pl.concat([rows.filter(korean), rows.filter(~korean)])
    return both.with_columns(order.alias("row")).sort("row").drop("row")


def as_mms(measured: pl.DataFrame) -> pl.DataFrame:
    """The measure of texts that stand beside a picture: always one message, however long. Equal to `measure(…, mms=True)`."""
    return measured.with_columns(kind=pl.lit("mms"), parts=(pl.col("units") > 0).cast(pl.Int32))


def _korean(texts: pl.Series) -> pl.DataFrame:
    text = pl.col("text")
    points = text.str.len_chars().cast(pl.Int32)
    # A code point has 1 + (0, 1, 2, 3) bytes of UTF-8. Those of 1 take one byte of EUC-KR, the others two.
    odd = pl.when(text.str.contains(_TWO_OR_FOUR_BYTES)).then(text).otherwise(None)
    two = odd.str.count_matches(r"[\x{80}-\x{7FF}]").fill_null(0).cast(pl.Int32)
    four = odd.str.count_matches(_ASTRAL).fill_null(0).cast(pl.Int32)
    wide = (text.str.len_bytes().cast(pl.Int32) - points + two - four) // 2
    frame = texts.rename("text").to_frame().lazy()
    sms, lms = LIMITS["sms", "euckr"].single, LIMITS["lms", "euckr"].single
    return (
        frame.select(
            units=points + wide,
            parts=(points > 0).cast(pl.Int32),
            unsendable=text.str.contains(outside_euc_kr()),
        )
        .select(
            pl.lit("euckr").alias("encoding"),
            "units",
            "parts",
            pl.when(pl.col("units") <= sms).then(pl.lit("sms")).otherwise(pl.lit("lms")).alias("kind"),
            "unsendable",
            over_length=pl.col("units") > lms,
        )
        .collect()
    )


def _gsm(texts: pl.Series) -> pl.DataFrame:
    texts = texts.rename("text")
    wide = texts.str.contains(outside_gsm())
    if not wide.any():
        return _of_encoding(texts, "gsm7")
    if wide.all():
        return _of_encoding(texts, "ucs2")
    rows = pl.Series("row", range(len(texts)), dtype=pl.UInt32)
    both = pl.concat([_of_encoding(texts.filter(~wide), "gsm7"), _of_encoding(texts.filter(wide), "ucs2")])
    order = pl.concat([rows.filter(~wide), rows.filter(wide)])
    return both.with_columns(order.alias("row")).sort("row").drop("row")


def _of_encoding(texts: pl.Series, encoding: Literal["gsm7", "ucs2"]) -> pl.DataFrame:
    """Measure texts that are all GSM-7, or all UCS-2."""
    bound = LIMITS["sms", encoding]
    double = _EXTENSION if encoding == "gsm7" else _ASTRAL
    points = texts.str.len_chars().cast(pl.Int32)
    doubled = texts.str.contains(double)
    units = points
    if doubled.any():
        frame = pl.DataFrame({"text": texts, "doubled": doubled})
        text = pl.when(pl.col("doubled")).then(pl.col("text")).otherwise(None)
        units = points + frame.select(text.str.count_matches(double).fill_null(0).cast(pl.Int32)).to_series()
    parts = _at_least(units, bound.single, bound.several)
    # A cut loses at most one unit to a character of two, so the division is exact where one less a part would not
    # matter. Clusters may lose any number.
    doubtful = doubled & (parts != _at_least(units, bound.single, bound.several - 1))
    if encoding == "ucs2":
        doubtful |= (units > bound.single) & texts.str.contains(joining())
    rows = pl.arange(0, len(texts), eager=True).filter(doubtful)
    if len(rows):
        exact = [count_parts(text, encoding) for text in texts.gather(rows)]
        parts = parts.scatter(rows, pl.Series(exact, dtype=pl.Int32))
    return pl.DataFrame({"units": units, "parts": parts}).select(
        pl.lit(encoding).alias("encoding"),
        "units",
        "parts",
        pl.lit("sms").alias("kind"),
        pl.lit(False).alias("unsendable"),
        over_length=(pl.col("parts") > bound.parts) | _more_characters(texts, points, bound.characters),
    )


def _more_characters(texts: pl.Series, points: pl.Series, bound: int | None) -> pl.Series:
    """Whether each text has more than `bound` clusters. Only those with more code points are looked at."""
    if bound is None:
        return pl.repeat(False, len(texts), eager=True)
    more = points > bound
    if more.any():
        rows = pl.arange(0, len(texts), eager=True).filter(more)
        counted = [len(clusters(text)) > bound for text in texts.gather(rows)]
        more = more.scatter(rows, pl.Series(counted, dtype=pl.Boolean))
    return more


def _at_least(units: pl.Series, single: int, several: int) -> pl.Series:
    parts = pl.when(units <= single).then((units > 0).cast(pl.Int32)).otherwise((units + (several - 1)) // several)
    return pl.select(parts.cast(pl.Int32).alias("parts")).to_series()
