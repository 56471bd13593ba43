"""Contact files: what is in one, and its rows in chunks of bounded memory.

    facts = inspect(path)
    for chunk in read_chunks(path, facts):
        chunk.frame      # the file's columns as text, and LINE
        chunk.refused    # records that cannot be read
        chunk.end        # where to go on after an interruption

CSV (delimited by , ; tab or |; UTF-8, UTF-16, CP949 or a mixture) and Excel workbooks. What a file is, is decided by its
content, never by its name.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path

from django.utils.translation import gettext as _

from pabal.audience import csv_files, xlsx_files
from pabal.audience.csv_sniffing import inspect_csv
from pabal.audience.file_facts import Chunk, Cursor, FileFacts
from pabal.audience.xlsx_files import inspect_xlsx
from pabal.errors import InvalidInput

_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_UTF16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


def inspect(path: Path, *, encoding: str = "", sheet: str = "") -> FileFacts:
    """Look at a file: columns, the first ten rows, how many there are.

    `encoding` and `sheet` say what to use instead of what would be guessed. Raises InvalidInput with a code that
    `docs/reference/import-refusals.md` lists.
    """
    with path.open("rb") as stream:
        head = stream.read(4096)
    if head.startswith((_ZIP, _OLE)):
        return inspect_xlsx(path, sheet=sheet)
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith((b"<html", b"<table", b"<!doctype html", b"<meta")):
        raise InvalidInput(
            _("This is a web page under the name of a spreadsheet. Open it in Excel and save it as XLSX or CSV."),
            code="web_page",
            field="file",
        )
    codec = _utf16_codec(head)
    if codec and not encoding:
        facts = inspect_csv(_transcoded(path, codec), encoding="utf-8")
        return FileFacts.from_json(facts.as_json() | {"encoding": "utf-16", "bytes": facts.bytes})
    return inspect_csv(path, encoding=encoding)


def read_chunks(path: Path, facts: FileFacts, rows: int = 100_000, *, start: Cursor | None = None) -> Iterator[Chunk]:
    """The file's rows from `start` (an earlier chunk's `end`), about `rows` at a time and at most 32 MB."""
    begin = start or facts.start
    if facts.format == "xlsx":
        yield from xlsx_files.read(path, facts, rows, begin)
    elif facts.encoding == "utf-16":
        with path.open("rb") as stream:
            codec = _utf16_codec(stream.read(4096)) or "utf-16-le"
        yield from csv_files.read(_transcoded(path, codec), facts, rows, begin)
    else:
        yield from csv_files.read(path, facts, rows, begin)


def forget(path: Path) -> None:
    """Delete an uploaded file and what was made of it."""
    path.unlink(missing_ok=True)
    _beside(path).unlink(missing_ok=True)


def _utf16_codec(head: bytes) -> str:
    for mark, codec in _UTF16.items():
        if head.startswith(mark):
            return codec
    # Without a mark: every other byte of digits and delimiters is zero.
    pairs = max(1, len(head) // 2)
    if head[1::2].count(0) > 0.3 * pairs and head[0::2].count(0) < 0.05 * pairs:
        return "utf-16-le"
    if head[0::2].count(0) > 0.3 * pairs and head[1::2].count(0) < 0.05 * pairs:
        return "utf-16-be"
    return ""


def _beside(path: Path) -> Path:
    return path.with_name(path.name + ".utf8")


def _transcoded(path: Path, codec: str) -> Path:
    """A UTF-8 copy of a UTF-16 file beside it, made once, a piece at a time."""
    target = _beside(path)
    if target.exists():
        return target
    draft = target.with_name(target.name + ".draft")
    decoder = codecs.getincrementaldecoder(codec)("replace")
    with path.open("rb") as source, draft.open("wb") as out:
        while piece := source.read(4_000_000):
            out.write(decoder.decode(piece).lstrip("\ufeff").encode("utf-8", "replace"))
        out.write(decoder.decode(b"", final=True).encode("utf-8", "replace"))
    return draft.replace(target)
