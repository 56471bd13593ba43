"""`encoding.measure` for a million texts at once.

Most texts are plain: their units follow from counting bytes and code points, their parts from a division. The few
in which a character may not straddle two parts (extension table, surrogate pairs, clusters) go through the scalar
function, so both always agree.
"""

from __future__ import annotations

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
from pabal.content.encoding import LIMITS, split_parts

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
_EXTENSION_OR_RETURN = character_class(GSM_EXTENSION | {"\r"})


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


def _of_encoding(texts: pl.Series, encoding: str) -> pl.DataFrame:
    """Measure texts that are all GSM-7, or all UCS-2."""
    bound = LIMITS["sms", "gsm7" if encoding == "gsm7" else "ucs2"]
    double, subtle = (_EXTENSION, _EXTENSION_OR_RETURN) if encoding == "gsm7" else (_ASTRAL, joining())
    points = texts.str.len_chars().cast(pl.Int32)
    doubled = texts.str.contains(double)
    units = points
    if doubled.any():
        frame = pl.DataFrame({"text": texts, "doubled": doubled})
        text = pl.when(pl.col("doubled")).then(pl.col("text")).otherwise(None)
        units = points + frame.select(text.str.count_matches(double).fill_null(0).cast(pl.Int32)).to_series()
    frame = pl.DataFrame({"text": texts, "units": units, "points": points}).with_columns(
        pl.when(pl.col("units") <= bound.single)
        .then((pl.col("units") > 0).cast(pl.Int32))
        .otherwise((pl.col("units") + (bound.several - 1)) // bound.several)
        .alias("parts"),
    )
    several = units > bound.single
    characters = points
    if several.any():
        frame, characters = _exactly(frame, several, subtle)
    return frame.select(
        pl.lit(encoding).alias("encoding"),
        "units",
        "parts",
        pl.lit("sms").alias("kind"),
        pl.lit(False).alias("unsendable"),
        over_length=(pl.col("parts") > bound.parts) | (characters > (bound.characters or 0)),
    )


def _exactly(frame: pl.DataFrame, several: pl.Series, subtle: str) -> tuple[pl.DataFrame, pl.Series]:
    """Correct the parts of rows in which something may not straddle, and count their clusters."""
    rows = pl.arange(0, len(frame), eager=True).filter(several)
    rows = rows.filter(frame["text"].gather(rows).str.contains(subtle))
    if not len(rows):
        return frame, frame["points"]
    texts = frame["text"].gather(rows).to_list()
    parts = pl.Series([len(split_parts(text, "gsm")) for text in texts], dtype=pl.Int32)
    counted = pl.Series([len(clusters(text)) for text in texts], dtype=pl.Int32)
    return (
        frame.with_columns(frame["parts"].scatter(rows, parts).alias("parts")),
        frame["points"].clone().scatter(rows, counted),
    )
