"""Renders a template for a frame of recipients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
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

_NOTHING_SAID = rf"{BEGIN}[\s\x00-\x1f\x7f-\x9f]*{END}"


@dataclass(frozen=True, kw_only=True)
class ShortLinks:
    """Where short links live: `base` as it is printed (`pbl.kr` or `https://pbl.kr`), `key` of 16, 24 or 32 bytes."""

    base: str
    key: bytes = field(repr=False)

    def column(self, name: str, message_ids: npt.NDArray[np.int64]) -> list[str]:
        """What `link_1` … or `unsubscribe_link` prints for each message."""
        position = UNSUBSCRIBE if name == "unsubscribe_link" else int(name.removeprefix("link_")) - 1
        return (self.base + "/" + make_codes(self.key, message_ids, position)).to_list()


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """Finished texts: cleaned, empty where `failed`; `silent` where the author's part says nothing."""

    texts: pl.Series
    failed: pl.Series
    silent: pl.Series
    cut: pl.Series


def render(template: Template, frame: pl.DataFrame, ids: npt.NDArray[np.int64], links: ShortLinks) -> Rendered:
    """Render `template` for every row of `frame`; `ids` are the ids of the messages, for their links.

    Raises ValueError if the frame lacks a column that the template reads. Those of an event may be missing.
    """
    raw = pl.Series("text", _raw(template, _columns(template, frame, ids, links), len(frame)), dtype=pl.String)
    full = raw.to_frame().select(clean_column(pl.col("text")).fill_null("")).to_series()
    silent = full == ""
    if BEGIN in template.source:
        silent |= raw.str.contains(_NOTHING_SAID).fill_null(False)
    cut = full.str.len_chars() > OUTPUT_LIMIT
    return Rendered(
        texts=full.str.head(OUTPUT_LIMIT) if cut.any() else full, failed=raw.is_null(), silent=silent, cut=cut
    )


def finished(text: Rendered, measured: pl.DataFrame, subject: Rendered | None, *, allow_lms: bool) -> pl.DataFrame:
    """The frame of `Compiled.render_frame` from rendered texts, their measure and rendered titles."""
    lms = measured["kind"] == "lms"
    failed, unsendable = text.failed, measured["unsendable"]
    too_long = measured["over_length"] | text.cut
    if not allow_lms:
        too_long = too_long | lms
    titles: pl.Series | pl.Expr = pl.lit(None, dtype=pl.String)
    if subject is not None:
        title = measure_column(subject.texts, "kr")
        failed = failed | (lms & subject.failed)
        unsendable = unsendable | (lms & title["unsendable"])
        too_long = too_long | (lms & (title["units"] > SUBJECT_BYTES))
        titles = pl.select(pl.when(lms & ~subject.silent).then(subject.texts)).to_series()
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


def _columns(
    template: Template, frame: pl.DataFrame, ids: npt.NDArray[np.int64], links: ShortLinks
) -> list[Sequence[Any]]:
    columns: list[Sequence[Any]] = []
    for name in template.variables:
        if is_link(name):
            columns.append(links.column(name, ids))
        elif name in frame.columns:
            columns.append(presentable_column(frame[name]))
        elif name.startswith("event."):
            columns.append([None] * len(frame))
        else:
            raise ValueError(f"the frame lacks the column {name!r}")
    return columns


def _raw(template: Template, columns: list[Sequence[Any]], height: int) -> list[str | None]:
    """The engine's own texts, None where a row cannot be rendered.

    A loop over recipients: the engine renders one text a call, and there is no faster one.
    """
    draw = renderer(template.flat)
    if not columns:
        return [_drawn(draw, {})] * height
    names = [f"v_{position}" for position in range(len(columns))]
    texts: list[str | None] = []
    for row in zip(*columns, strict=True):
        values = dict(zip(names, row, strict=False))
        if None in row:
            values = {name: value for name, value in values.items() if value is not None}
        try:
            texts.append(draw(**values))
        except minijinja.TemplateError:
            texts.append(None)
    return texts


def _drawn(draw: Any, values: dict[str, Any]) -> str | None:
    try:
        text: str = draw(**values)
    except minijinja.TemplateError:
        return None
    return text
