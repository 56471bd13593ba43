"""What an import would store, seen on the first rows of its file, before anything is stored."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

import polars as pl

from pabal import config
from pabal.audience import files
from pabal.audience.cleaning import PROPERTY, Reading, clean
from pabal.audience.file_facts import LINE, SAMPLE_ROWS, Chunk, FileFacts
from pabal.audience.mapping import Mapped
from pabal.audience.models import Import, Profile

#: Rows that are tried; enough to see what goes wrong, few enough to try again at each change.
TRIED = 1000
#: A workbook is read as a whole; above this size only the rows that were kept as a sample are tried.
LARGE_WORKBOOK = 1_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class PreviewRow:
    """A row as it would be stored, or why it would not be (`problem`, a key of `refusals.REASONS`).

    `cells` are the row's cells as the file has them. `consent` is None when the row says nothing about it.
    """

    line: int
    cells: Mapping[str, str]
    problem: str = ""
    profile: Profile | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)
    consent: bool | None = None
    consent_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Preview:
    """The first ten rows, and what becomes of the first `tried`. `examples` are refused rows beyond the first ten, one for
    each reason. `unread` counts cells that are left out, by field."""

    rows: tuple[PreviewRow, ...]
    examples: tuple[PreviewRow, ...]
    tried: int
    refusals: Mapping[str, int]
    unread: Mapping[str, int]

    @property
    def refused(self) -> int:
        return sum(self.refusals.values())

    @property
    def stored(self) -> int:
        return self.tried - self.refused


def preview(import_: Import, mapped: Mapped, default_country: str) -> Preview:
    """Try the first rows of a file with a mapping. Nothing is written.

    Raises OSError when the file is gone, InvalidInput for an unknown country.
    """
    facts = FileFacts.from_json(import_.facts)
    settings = config.get()
    reading = Reading(
        mapped=mapped,
        default_country=default_country,
        zone=settings.time_zone,
        allow_fictional=settings.allow_fictional,
        everyone_agreed=False,
    )
    chunk = _first_rows(import_, facts)
    cleaned = clean(chunk, reading)
    refusals = Counter(refusal.reason for refusal in cleaned.refused)
    first_of = {refusal.reason: refusal.line for refusal in reversed(cleaned.refused)}
    shown = {row.line: row for row in _stored(cleaned.people, chunk)}
    for refusal in cleaned.refused:
        cells = dict(zip(facts.columns, refusal.cells, strict=False))
        shown[refusal.line] = PreviewRow(line=refusal.line, cells=cells, problem=refusal.reason)
    first = sorted(shown)[:SAMPLE_ROWS]
    return Preview(
        rows=tuple(shown[line] for line in first),
        examples=tuple(shown[line] for line in sorted(first_of.values()) if line not in first),
        tried=cleaned.people.height + len(cleaned.refused),
        refusals=dict(refusals.most_common()),
        unread=dict(cleaned.unread),
    )


def _first_rows(import_: Import, facts: FileFacts) -> Chunk:
    if facts.format == "xlsx" and facts.bytes > LARGE_WORKBOOK:
        frame = pl.DataFrame(list(facts.sample), schema=dict.fromkeys(facts.columns, pl.String), orient="row")
        lines = pl.Series(LINE, range(2, frame.height + 2), dtype=pl.Int64)
        return Chunk(frame=frame.with_columns(lines), refused=(), end=facts.start)
    with closing(cast(Any, files.read_chunks(config.get().home_path / import_.path, facts, TRIED))) as chunks:
        first = next(chunks, None)
    if first is None:
        empty = pl.DataFrame(schema={**dict.fromkeys(facts.columns, pl.String), LINE: pl.Int64})
        return Chunk(frame=empty, refused=(), end=facts.start)
    numbers = sorted([*first.frame.get_column(LINE).to_list(), *(refusal.line for refusal in first.refused)])
    last = numbers[min(TRIED, len(numbers)) - 1] if numbers else 0
    return Chunk(
        frame=first.frame.filter(pl.col(LINE) <= last),
        refused=tuple(refusal for refusal in first.refused if refusal.line <= last),
        end=first.end,
    )


def _stored(people: pl.DataFrame, chunk: Chunk) -> list[PreviewRow]:
    cells = {row[LINE]: row for row in chunk.frame.head(SAMPLE_ROWS).to_dicts()}
    return [
        _row(person, cells[person["line"]]) for person in people.head(SAMPLE_ROWS).to_dicts() if person["line"] in cells
    ]


def _row(person: Mapping[str, Any], cells: Mapping[str, Any]) -> PreviewRow:
    names = ("external_id", "phone", "email", "first_name", "last_name", "locale", "time_zone", "country", "zones")
    profile = Profile(**{name: person[name] or "" for name in names})
    properties = {
        name.removeprefix(PROPERTY): json.loads(value)
        for name, value in person.items()
        if name.startswith(PROPERTY) and value is not None
    }
    return PreviewRow(
        line=person["line"],
        cells={name: str(value) for name, value in cells.items() if name != LINE and value is not None},
        profile=profile,
        properties=properties,
        consent=person["consent"],
        consent_at=person["consent_at"],
    )
