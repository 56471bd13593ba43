"""What is known of a contact file before it is imported, and the pieces in which it is read."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import polars as pl
from django.utils.translation import gettext as _

#: More columns than this is not a contact list but a table turned sideways, or the wrong delimiter.
MAX_COLUMNS = 500
#: Longest record in bytes. PostgreSQL could hold more, but such a line is a missing line break.
MAX_RECORD = 1_000_000
#: Most physical lines that a quoted cell may span. Beyond it a quotation mark was never closed.
MAX_RECORD_LINES = 100
#: Rows shown before an import.
SAMPLE_ROWS = 10
#: The column of each chunk that says where a row stood in the file. No column of a file can have this name: names are
#: stripped of control characters.
LINE = "\x1fline"


@dataclass(frozen=True, kw_only=True, slots=True)
class Cursor:
    """A place between two records: bytes into the text (rows into a sheet), and the number of the line that follows."""

    offset: int
    line: int


@dataclass(frozen=True, kw_only=True, slots=True)
class FileFacts:
    """A contact file as `files.inspect` found it.

    `format` is csv or xlsx. `encoding` is utf-8, utf-16, cp949, mixed (UTF-8 and CP949 lines in one file) or another
    codec; empty for xlsx. `columns` are unique and not empty. `sample` holds the first rows, each as long as `columns`.
    `rows` is exact or, for a large file, an estimate. `warnings` are keys of `warning_text`.
    """

    format: str
    encoding: str
    delimiter: str
    newline: str
    columns: tuple[str, ...]
    sample: tuple[tuple[str, ...], ...]
    rows: int
    exact: bool
    bytes: int
    start: Cursor
    sheet: str = ""
    sheets: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> FileFacts:
        """The inverse of `as_json`, after a journey through a JSON column."""
        values = dict(data)
        values["start"] = Cursor(**values["start"])
        values["sample"] = tuple(tuple(row) for row in values["sample"])
        for name in ("columns", "sheets", "warnings"):
            values[name] = tuple(values[name])
        return cls(**values)


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """A row that is not imported: its line, why (a key of `refusals.REASONS`), and its cells as they stood."""

    line: int
    reason: str
    cells: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Chunk:
    """A run of rows: `frame` has the file's columns as text and `LINE`; `refused` the records that cannot be read.

    `end` is where the next chunk begins.
    """

    frame: pl.DataFrame
    refused: tuple[Refusal, ...]
    end: Cursor


def column_names(header: list[str]) -> tuple[str, ...]:
    """Unique names for a header row: blanks become `#3`, repetitions `Name (2)`."""
    names: list[str] = []
    taken: set[str] = set()
    for position, cell in enumerate(header, 1):
        plain = (
            " ".join("".join(c for c in cell if c.isprintable() or c.isspace()).split()).strip("\ufeff")
            or f"#{position}"
        )
        name, count = plain, 1
        while name in taken:
            count += 1
            name = f"{plain} ({count})"
        taken.add(name)
        names.append(name)
    return tuple(names)


def warning_text(code: str) -> str:
    """The sentence for one of `FileFacts.warnings`, in the reader's language."""
    return {
        "mixed_encodings": _("Some lines are UTF-8 and others CP949. Each line is read in its own encoding."),
        "guessed_encoding": _("The file is neither UTF-8 nor CP949. Check in the sample that letters look right."),
        "no_header": _("The first row looks like data, not like column names. It will be imported too."),
        "duplicate_columns": _("Some columns have the same name. They are told apart by a number."),
        "unnamed_columns": _("Some columns have no name. They are shown by their position."),
        "several_sheets": _("The workbook has several sheets. Only the first one with data is imported."),
    }[code]
