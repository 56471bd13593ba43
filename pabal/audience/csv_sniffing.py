"""What kind of text file this is: its encoding, delimiter and header."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from django.utils.translation import gettext as _

from pabal.audience import csv_files
from pabal.audience.file_facts import MAX_COLUMNS, MAX_RECORD, SAMPLE_ROWS, Cursor, FileFacts, column_names
from pabal.errors import InvalidInput

#: How much of the file is looked at; the rest is estimated. Every line's encoding is checked again when it is read.
HEAD: Final = 64_000_000
DELIMITERS: Final = ",;\t|"
_SNIFFED_LINES = 200
_MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_LOOKS_LIKE_DATA = re.compile(r"[+]?[\d().\- ]{7,20}|[^@\s]+@[^@\s]+\.[^@\s]+")


def inspect_csv(path: Path, *, encoding: str = "") -> FileFacts:
    """Facts of a delimited text file. `encoding` overrides what would be guessed.

    Raises InvalidInput: `empty_file`, `not_a_text_file`, `too_many_columns`, `unknown_encoding`.
    """
    bytes_ = path.stat().st_size
    with path.open("rb") as stream:
        head = stream.read(HEAD)
    whole = len(head) == bytes_
    offset = len(codecs.BOM_UTF8) if head.startswith(codecs.BOM_UTF8) else 0
    if not head[offset:].strip():
        raise InvalidInput(_("The file is empty."), code="empty_file", field="file")
    newline = "\n" if b"\n" in head or b"\r" not in head else "\r"
    if newline == "\r":
        head = head.replace(b"\r", b"\n")
    if not whole:
        head = head[: head.rfind(b"\n") + 1] or head
    found, warnings = _checked(encoding) if encoding else guess_encoding(head)
    codecs_ = csv_files.codecs_of(found)
    lines = head[offset : offset + 4 * MAX_RECORD].split(b"\n", 20_000)[:20_000]
    lines = [line + b"\n" for line in lines]
    hint = re.fullmatch(rb"sep=(.)\r?\n", lines[0], re.IGNORECASE)
    delimiter = hint[1].decode("latin-1") if hint else guess_delimiter(lines[:_SNIFFED_LINES], codecs_)
    skipped = 1 if hint else 0
    rows, refused, _used = csv_files.records(
        lines[skipped:], delimiter, codecs_, 0, first_line=skipped + 1, at_end=True
    )
    if not rows:
        raise InvalidInput(_("The file has no readable line."), code="not_a_text_file", field="file")
    first_line, header = rows[0]
    if len(header) > MAX_COLUMNS:
        raise too_many_columns(len(header))
    headed, header_warnings = judge_header(header, [cells for _line, cells in rows[1 : SAMPLE_ROWS + 1]])
    columns = column_names(header if headed else [""] * len(header))
    body = rows[1:] if headed else rows
    # The data begins with what follows the header, readable or not; blank lines between them do no harm.
    following = [line for line, _cells in rows] + [refusal.line for refusal in refused]
    begin = min((line for line in following if line > first_line), default=first_line + 1) if headed else first_line
    start = Cursor(offset=offset + sum(map(len, lines[: begin - 1])), line=begin)
    total = head.count(b"\n") + (not head.endswith(b"\n"))
    rows_total = max(0, total - (begin - 1)) if whole else round(total * bytes_ / len(head))
    return FileFacts(
        format="csv",
        encoding=found,
        delimiter=delimiter,
        newline=newline,
        columns=columns,
        sample=tuple(pad(cells, len(columns)) for _line, cells in body[:SAMPLE_ROWS]),
        rows=rows_total if body or refused else 0,
        exact=whole,
        bytes=bytes_,
        start=start,
        warnings=(*warnings, *header_warnings),
    )


def guess_encoding(head: bytes) -> tuple[str, tuple[str, ...]]:
    """(encoding, warnings) of the beginning of a file, by what its lines decode as."""
    for mark, name in _MARKS.items():
        if head.startswith(mark):
            return name, ()
    try:
        head.decode()
        return _text("utf-8", head), ()
    except UnicodeDecodeError:
        pass
    kinds: Counter[str] = Counter()
    for line in head.split(b"\n", 500_000)[:500_000]:
        if not line.isascii():
            kinds[_kind(line)] += 1
    if kinds[""] > kinds["cp949"] + kinds["utf-8"]:
        western = _text("cp1252" if not _has_undefined(head) else "latin-1", head)
        return western, ("guessed_encoding",)
    if kinds["utf-8"] and kinds["cp949"]:
        return _text("mixed", head), ("mixed_encodings",)
    return _text("cp949" if kinds["cp949"] else "utf-8", head), ()


def guess_delimiter(lines: Sequence[bytes], codecs_: tuple[str, ...]) -> str:
    """The delimiter that splits the most lines into the same number of cells, more than one."""
    best, best_score = ",", 0.0
    for delimiter in DELIMITERS:
        rows, _refused, _used = csv_files.records(list(lines), delimiter, codecs_, 0, first_line=1, at_end=True)
        widths = Counter(len(cells) for _line, cells in rows)
        if not widths:
            continue
        width, agreeing = widths.most_common(1)[0]
        score = agreeing / len(rows) * min(width, 50) if width > 1 else 0.0
        if score > best_score:
            best, best_score = delimiter, score
    return best


def judge_header(first: Sequence[str], following: Sequence[Sequence[str]]) -> tuple[bool, tuple[str, ...]]:
    """(whether the first row names the columns, warnings about the names)."""
    if any(_LOOKS_LIKE_DATA.fullmatch(cell.strip()) for cell in first):
        return False, ("no_header",)
    names = [" ".join(cell.split()) for cell in first]
    warnings = ["unnamed_columns"] if "" in names else []
    given = [name for name in names if name]
    if len(set(given)) < len(given):
        warnings.append("duplicate_columns")
    return True, tuple(warnings)


def pad(cells: Sequence[str], width: int) -> tuple[str, ...]:
    """Exactly `width` cells."""
    return tuple(cells[:width]) + ("",) * (width - len(cells))


def too_many_columns(count: int) -> InvalidInput:
    return InvalidInput(
        _("The file has %(count)s columns; at most %(limit)s can be imported. Is the delimiter right?")
        % {"count": f"{count:,}", "limit": MAX_COLUMNS},
        code="too_many_columns",
        field="file",
    )


def _checked(encoding: str) -> tuple[str, tuple[str, ...]]:
    try:
        return codecs.lookup(encoding).name, ()
    except LookupError:
        raise InvalidInput(
            _("Unknown encoding: %(name)s") % {"name": encoding}, code="unknown_encoding", field="encoding"
        ) from None


def _kind(line: bytes) -> str:
    for codec in csv_files.EITHER:
        if csv_files.decode(line, (codec,)) is not None:
            return codec
    return ""


def _has_undefined(head: bytes) -> bool:
    return any(byte in head for byte in (b"\x81", b"\x8d", b"\x8f", b"\x90", b"\x9d"))


def _text(encoding: str, head: bytes) -> str:
    """`encoding`, unless so much of the file is binary that it cannot be text."""
    sample = head[:1_000_000]
    odd = len(sample) - len(sample.translate(None, bytes([*range(0, 9), 11, 12, *range(14, 27), *range(28, 32)])))
    if odd > max(10, len(sample) / 50):
        raise InvalidInput(
            _("This is not a text file or an Excel workbook. Save the contacts as CSV or XLSX."),
            code="not_a_text_file",
            field="file",
        )
    return encoding
