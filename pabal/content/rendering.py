"""Renders a template for a frame of recipients."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any

import minijinja
import numpy as np
import numpy.typing as npt
import polars as pl

from pabal.content.columns import measure_column
from pabal.content.grammar import is_link
from pabal.content.limits import SUBJECT_BYTES
from pabal.content.links import UNSUBSCRIBE, make_codes
from pabal.content.template import OUTPUT_LIMIT, Template, renderer
from pabal.content.values import clean_column, presentable_column

BEGIN, END = "\x02", "\x03"
"""Stand around the author's part of a text until it is clear whether it says anything. Cleaning removes them."""

_MARKS = "\x0e\x0f\x10\x11\x12\x13\x14\x15"
"""Stand for the links of a message until its own are put in. No value has them, since values are cleaned first."""

_SAMPLE = 4096
"""Rows by which it is decided whether recipients share values at all."""

_NOTHING_SAID = rf"{BEGIN}[\s\x00-\x0d\x16-\x1f\x7f-\x9f]*{END}"


@dataclass(frozen=True, kw_only=True)
class ShortLinks:
    """Where short links live: `base` as it is printed (`pbl.kr` or `https://pbl.kr`), `key` of 16, 24 or 32 bytes."""

    base: str
    key: bytes = field(repr=False)

    def column(self, name: str, message_ids: npt.NDArray[np.int64]) -> pl.Series:
        """What `link_1` … or `unsubscribe_link` prints for each message."""
        position = UNSUBSCRIBE if name == "unsubscribe_link" else int(name.removeprefix("link_")) - 1
        return f"{self.base}/" + make_codes(self.key, message_ids, position)


@dataclass(frozen=True, kw_only=True)
class Column:
    """The values of one variable, as a template sees them; `plain` if equal values print the same."""

    values: Iterable[Any]
    plain: bool


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """Finished texts: cleaned, empty where `failed`; `silent` where the author's part says nothing; `cut` if too long."""

    texts: pl.Series
    failed: pl.Series
    silent: pl.Series
    cut: pl.Series


def render(template: Template, frame: pl.DataFrame, ids: npt.NDArray[np.int64], links: ShortLinks) -> Rendered:
    """Render `template` for every row of `frame`; `ids` are the ids of the messages, for their links.

    Recipients with the same values get the same text, so it is rendered once for them; the links, which differ, are put
    in afterwards. Raises ValueError if the frame lacks a column that the template reads (an event's may be missing).
    """
    marks = dict(zip(filter(is_link, template.variables), _MARKS, strict=False))
    rows, places = _distinct(_columns(template, frame, marks), len(frame))
    raw = pl.Series("raw", _drawn(template, rows), dtype=pl.String)
    texts = clean_column(pl.col("raw"), keep="".join(marks.values())).fill_null("")
    distinct = raw.to_frame().select(
        text=texts,
        failed=pl.col("raw").is_null(),
        silent=(texts == "") | pl.col("raw").str.contains(_NOTHING_SAID).fill_null(False),
    )
    rendered = distinct if places is None else distinct[places]
    for name, mark in marks.items():
        urls = pl.lit(links.column(name, ids))
        rendered = rendered.with_columns(pl.col("text").str.replace_all(mark, urls, literal=True))
    full = rendered["text"]
    cut = full.str.len_chars() > OUTPUT_LIMIT
    return Rendered(
        texts=full.str.head(OUTPUT_LIMIT) if cut.any() else full,
        failed=rendered["failed"],
        silent=rendered["silent"],
        cut=cut,
    )


def finished(text: Rendered, measured: pl.DataFrame, subject: Rendered | None, *, allow_lms: bool) -> pl.DataFrame:
    """The frame of `Compiled.render_frame` from rendered texts, their measure and rendered titles."""
    lms = measured["kind"] == "lms"
    titled = measured["kind"] != "sms"
    failed, unsendable = text.failed, measured["unsendable"]
    too_long = measured["over_length"] | text.cut
    if not allow_lms:
        too_long = too_long | lms
    titles: pl.Series | pl.Expr = pl.lit(None, dtype=pl.String)
    if subject is not None:
        title = measure_column(subject.texts, "kr")
        failed = failed | (titled & subject.failed)
        unsendable = unsendable | (titled & title["unsendable"])
        too_long = too_long | (titled & (title["units"] > SUBJECT_BYTES))
        titles = pl.select(pl.when(titled & ~subject.silent).then(subject.texts)).to_series()
    problem = (
        pl.when(failed)
        .then(pl.lit("render_error"))
        .when(text.silent)
        .then(pl.lit("empty_text"))
        .when(unsendable)
        .then(pl.lit("unsendable_characters"))
        .when(too_long)
        .then(pl.lit("over_length"))
    )
    return measured.with_columns(text.texts.alias("text"), failed.alias("failed")).select(
        pl.when(~pl.col("failed")).then(pl.col("text")).alias("text"),
        subject=titles,
        encoding="encoding",
        units="units",
        parts="parts",
        kind="kind",
        problem=problem,
    )


def _columns(template: Template, frame: pl.DataFrame, marks: Mapping[str, str]) -> list[Column]:
    columns: list[Column] = []
    for name in template.variables:
        if name in marks:
            columns.append(Column(values=repeat(marks[name], len(frame)), plain=True))
        elif name in frame.columns:
            values = presentable_column(frame[name])
            columns.append(
                Column(values=values, plain=not frame[name].dtype.is_nested() and frame[name].dtype != pl.Object)
            )
        elif name.startswith("event."):
            columns.append(Column(values=repeat(None, len(frame)), plain=True))
        else:
            raise ValueError(f"the frame lacks the column {name!r}")
    return columns


def _distinct(columns: Sequence[Column], height: int) -> tuple[list[tuple[Any, ...]], pl.Series | None]:
    """The different rows, and for each recipient which one is his; None if each has his own."""
    rows: list[tuple[Any, ...]] = list(zip(*(column.values for column in columns), strict=True))
    if not columns:
        rows = [()] * height
    if not all(column.plain for column in columns) or len(set(rows[:_SAMPLE])) > _SAMPLE // 2:
        return rows, None
    seen: dict[tuple[Any, ...], int] = {}
    places = [seen.setdefault(row, len(seen)) for row in rows]
    if len(seen) == height:
        return list(seen), None
    return list(seen), pl.Series(places, dtype=pl.UInt32)


def _drawn(template: Template, rows: Sequence[tuple[Any, ...]]) -> list[str | None]:
    """The engine's own texts, None where a row cannot be rendered.

    A loop over recipients: the engine renders one text a call, and there is no faster one.
    """
    draw = renderer(template.flat)
    names = [f"v_{position}" for position in range(len(template.variables))]
    texts: list[str | None] = []
    for row in rows:
        values = dict(zip(names, row, strict=False))
        if None in row:
            values = {name: value for name, value in values.items() if value is not None}
        try:
            texts.append(draw(**values))
        except minijinja.TemplateError:
            texts.append(None)
    return texts
