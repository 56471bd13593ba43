"""Rows of an Excel workbook, as text.

The whole sheet is in memory while it is read: the format allows nothing else, and a sheet has at most 1,048,576 rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fastexcel
import polars as pl
from django.utils.translation import gettext as _

from pabal.audience.csv_sniffing import judge_header, pad, too_many_columns
from pabal.audience.file_facts import LINE, MAX_COLUMNS, SAMPLE_ROWS, Chunk, Cursor, FileFacts, column_names
from pabal.errors import InvalidInput

#: Dates come with a midnight that nobody wrote; times of day with Excel's day zero.
_MIDNIGHT, _DAY_ZERO = " 00:00:00", r"^(?:1899-12-3[01]|1900-01-0[01]) "


def inspect_xlsx(path: Path, *, sheet: str = "") -> FileFacts:
    """Facts of a workbook: of `sheet`, or the first one with data.

    Raises InvalidInput: `encrypted_workbook`, `broken_workbook`, `empty_file`, `unknown_sheet`, `too_many_columns`.
    """
    book = _open(path)
    names = tuple(book.sheet_names)
    if sheet and sheet not in names:
        raise InvalidInput(_("No such sheet: %(name)s") % {"name": sheet}, code="unknown_sheet", field="sheet")
    for name in [sheet] if sheet else names:
        frame = _rows(book, name)
        if frame.height:
            break
    else:
        raise InvalidInput(_("The workbook is empty."), code="empty_file", field="file")
    if frame.width - 1 > MAX_COLUMNS:
        raise too_many_columns(frame.width - 1)
    cells = frame.drop(LINE)
    first = list(cells.row(0))
    headed, warnings = judge_header(first, cells.slice(1, SAMPLE_ROWS).rows())
    columns = column_names(first if headed else [""] * len(first))
    body = cells.slice(1 if headed else 0)
    several = ("several_sheets",) if len(names) > 1 and not sheet else ()
    return FileFacts(
        format="xlsx",
        encoding="",
        delimiter="",
        newline="",
        columns=columns,
        sample=tuple(pad(row, len(columns)) for row in body.head(SAMPLE_ROWS).rows()),
        rows=body.height,
        exact=True,
        bytes=path.stat().st_size,
        start=Cursor(offset=1 if headed else 0, line=0),
        sheet=name,
        sheets=names,
        warnings=(*several, *warnings),
    )


def read(path: Path, facts: FileFacts, rows: int, start: Cursor) -> Iterator[Chunk]:
    """Chunks of `rows` rows; the cursor counts rows with data."""
    frame = _rows(_open(path), facts.sheet)
    frame = frame.rename(dict(zip(frame.drop(LINE).columns, facts.columns, strict=True)))
    for offset in range(start.offset, frame.height, rows):
        piece = frame.slice(offset, rows)
        yield Chunk(
            frame=piece.select(*facts.columns, LINE),
            refused=(),
            end=Cursor(offset=offset + piece.height, line=int(piece[LINE][-1]) + 1),
        )


def _open(path: Path) -> Any:
    with path.open("rb") as stream:
        head = stream.read(64_000)
    if "EncryptedPackage".encode("utf-16-le") in head:
        raise InvalidInput(
            _("The workbook is protected by a password. Save it without one and try again."),
            code="encrypted_workbook",
            field="file",
        )
    try:
        return fastexcel.read_excel(str(path))
    except Exception as error:  # calamine reports damage as one of many classes
        raise _broken(error) from error


def _broken(error: Exception) -> InvalidInput:
    return InvalidInput(
        _("The workbook is damaged and cannot be read. Open it in Excel and save it again."),
        code="broken_workbook",
        field="file",
        details={"reason": str(error).splitlines()[0][:300]},
    )


def _rows(book: Any, name: str) -> pl.DataFrame:
    """All rows with data of a sheet, every cell as text, with their row numbers in the sheet."""
    try:
        frame: pl.DataFrame = book.load_sheet(name, header_row=None, skip_rows=0, dtypes="string").to_polars()
    except Exception as error:
        raise _broken(error) from error
    if not frame.width:
        return pl.DataFrame(schema={LINE: pl.Int64()})
    cell = pl.all()
    frame = frame.with_columns(
        cell.fill_null("")
        .str.replace_all("\x00", "", literal=True)
        .str.replace(_DAY_ZERO, "")
        .str.strip_suffix(_MIDNIGHT)
    )
    return frame.with_columns(pl.int_range(1, frame.height + 1, dtype=pl.Int64).alias(LINE)).filter(
        pl.any_horizontal(pl.exclude(LINE) != "")
    )
