"""Records of a delimited text file, in runs of bounded size.

A run without quotation marks is split by Polars; one with any, by the rules of Python's `csv` module, record by record.
Each line is read as UTF-8 and, failing that, as CP949, so a file that was glued together from two systems
loses nothing. Records that cannot be read are handed back with their line and the reason.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from pabal.audience.file_facts import LINE, MAX_RECORD, MAX_RECORD_LINES, Chunk, Cursor, FileFacts, Refusal

#: Encodings of which each line may be one, when the file does not name another.
EITHER = ("utf-8", "cp949")
_SMALLEST, _LARGEST = 4 * MAX_RECORD, 32_000_000
Record = tuple[int, list[str]]

csv.field_size_limit(MAX_RECORD)


def codecs_of(encoding: str) -> tuple[str, ...]:
    """The codecs to try for each line of a file whose encoding is named so."""
    return EITHER if encoding in ("utf-8", "utf-16", "cp949", "mixed") else (encoding,)


def read(path: Path, facts: FileFacts, rows: int, start: Cursor) -> Iterator[Chunk]:
    """Chunks of about `rows` records from `start` to the end of the file."""
    average = max(1, facts.bytes // max(1, facts.rows))
    size = min(max(rows * average, _SMALLEST), _LARGEST)
    with path.open("rb") as stream:
        cursor = start
        while True:
            stream.seek(cursor.offset)
            data = stream.read(size)
            if not data:
                return
            last = len(data) < size
            if facts.newline == "\r":
                data = data.replace(b"\r", b"\n")
            end = data.rfind(b"\n") + 1
            if last:
                end = len(data)
            elif not end:
                chunk = _skip_endless_line(stream, data, facts, cursor)
                yield chunk
                cursor = chunk.end
                continue
            chunk = parse(data[:end], facts, cursor, at_end=last)
            yield chunk
            cursor = chunk.end


def parse(data: bytes, facts: FileFacts, start: Cursor, *, at_end: bool) -> Chunk:
    """The records of whole lines. An unfinished record at the end stays for the next run, unless `at_end`."""
    text = _plain_utf8(data, codecs_of(facts.encoding)) if b'"' not in data else None
    if text is not None:
        frame = _split_by_polars(text, facts)
        if frame is not None:
            lines = data.count(b"\n") + (not data.endswith(b"\n"))
            if frame.height == lines and not _has_huge_cell(frame):
                frame = frame.with_columns(pl.int_range(start.line, start.line + lines, dtype=pl.Int64).alias(LINE))
                return Chunk(
                    frame=_without_blanks(frame, facts),
                    refused=(),
                    end=Cursor(offset=start.offset + len(data), line=start.line + lines),
                )
    return _parse_by_record(data, facts, start, at_end=at_end)


def records(
    lines: list[bytes], facts_delimiter: str, codecs: tuple[str, ...], width: int, *, first_line: int, at_end: bool
) -> tuple[list[Record], list[Refusal], int]:
    """(records, refusals, lines used) of physical `lines`, each with its line break.

    `width` is the number of columns, 0 when not known yet. A record is (line number, cells); blank lines are left out.
    """
    found: list[Record] = []
    refused: list[Refusal] = []
    texts = [decode(line, codecs) for line in lines]
    position, count = 0, len(texts)
    while position < count:
        text, number = texts[position], first_line + position
        problem = "unreadable_encoding"
        if text is not None:
            used, cells, problem = 1, [], ""
            if "\0" in text:
                problem = "binary_data"
            elif len(text) > MAX_RECORD:
                problem = "line_too_long"
            elif '"' not in text:
                cells = text.rstrip("\r\n").split(facts_delimiter)
            else:
                used, cells, problem = _quoted(texts, position, facts_delimiter, width)
                if problem == "unclosed_quote" and not at_end and position + MAX_RECORD_LINES > count:
                    break
            if not problem and width and len(cells) > width:
                if any(cell.strip() for cell in cells[width:]):
                    problem, used = "too_many_cells", 1
                cells = cells[:width]
            if not problem:
                if any(cells):
                    found.append((number, cells))
                position += used
                continue
        refused.append(Refusal(line=number, reason=problem, cells=(_as_it_stands(lines[position]),)))
        position += 1
    return found, refused, position


def decode(line: bytes, codecs: tuple[str, ...]) -> str | None:
    """The line's text in the first codec that fits, or None."""
    for codec in codecs:
        try:
            return line.decode(codec)
        except UnicodeDecodeError:
            continue
    return None


class _Feed:
    """Lines for one record; remembers whether the reader wanted more than there were."""

    def __init__(self, texts: list[str | None], position: int) -> None:
        self.texts, self.position, self.start, self.ended = texts, position, position, False

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        inside = self.position < len(self.texts) and self.position < self.start + MAX_RECORD_LINES
        text = self.texts[self.position] if inside else None
        if text is None:
            self.ended = True
            raise StopIteration
        self.position += 1
        return text


def _quoted(texts: list[str | None], position: int, delimiter: str, width: int) -> tuple[int, list[str], str]:
    """(lines used, cells, problem) of the record that begins at `position`."""
    feed = _Feed(texts, position)
    reader = csv.reader(feed, delimiter=delimiter)
    try:
        cells = next(reader)
    except csv.Error:
        return 1, [], "broken_line"
    used = feed.position - position
    # The reader asks for a line beyond the last only while a quotation mark is open. A record over several lines with
    # more cells than columns swallowed its neighbours: the mark was opened by mistake.
    if feed.ended or (used > 1 and width and len(cells) > width):
        return 1, [], "unclosed_quote"
    if any("\0" in cell for cell in cells):
        return 1, [], "binary_data"
    return used, cells, ""


def _parse_by_record(data: bytes, facts: FileFacts, start: Cursor, *, at_end: bool) -> Chunk:
    lines = data.splitlines(keepends=True) if b"\r" not in data else _split_lines(data)
    found, refused, used = records(
        lines, facts.delimiter, codecs_of(facts.encoding), len(facts.columns), first_line=start.line, at_end=at_end
    )
    if not used and not at_end:  # one record fills the whole run
        return _parse_by_record(data, facts, start, at_end=True)
    width = len(facts.columns)
    padded = [cells if len(cells) == width else cells + [""] * (width - len(cells)) for _, cells in found]
    columns = [
        pl.Series(name, values, dtype=pl.String)
        for name, values in zip(facts.columns, zip(*padded, strict=True) if padded else [()] * width, strict=True)
    ]
    numbers = pl.Series(LINE, [number for number, _ in found], dtype=pl.Int64)
    taken = sum(map(len, lines[:used])) if used < len(lines) else len(data)
    return Chunk(
        frame=pl.DataFrame([*columns, numbers]),
        refused=tuple(refused),
        end=Cursor(offset=start.offset + taken, line=start.line + used),
    )


def _split_lines(data: bytes) -> list[bytes]:
    """Lines that end in \\n; a lone \\r is part of a cell."""
    parts = data.split(b"\n")
    lines = [part + b"\n" for part in parts[:-1]]
    return [*lines, parts[-1]] if parts[-1] else lines


def _plain_utf8(data: bytes, codecs: tuple[str, ...]) -> bytes | None:
    """The same lines in UTF-8, or None when one cannot be read or they need the slow way for another reason."""
    if b"\0" in data or data.count(b"\r") != data.count(b"\r\n"):
        return None
    if codecs[0] == "utf-8":
        try:
            data.decode()
        except UnicodeDecodeError:
            pass
        else:
            return data
    texts = [decode(line, codecs) for line in data.split(b"\n")]
    return "\n".join(text for text in texts if text is not None).encode() if None not in texts else None


def _split_by_polars(data: bytes, facts: FileFacts) -> pl.DataFrame | None:
    """The cells of lines without quotation marks; None when a line has more cells than there are columns."""
    try:
        return pl.read_csv(
            data,
            has_header=False,
            schema=dict.fromkeys(facts.columns, pl.String()),
            separator=facts.delimiter,
            quote_char=None,
            infer_schema=False,
            empty_string_is_null=False,
            extra_columns="raise",
            missing_columns="insert",
        )
    except pl.exceptions.PolarsError:
        return None


def _has_huge_cell(frame: pl.DataFrame) -> bool:
    longest = frame.select(pl.max_horizontal(pl.all().str.len_bytes().max())).item()
    return bool(longest and longest > MAX_RECORD)


def _without_blanks(frame: pl.DataFrame, facts: FileFacts) -> pl.DataFrame:
    return frame.filter(pl.any_horizontal(pl.col(facts.columns) != ""))


def _skip_endless_line(stream: object, data: bytes, facts: FileFacts, start: Cursor) -> Chunk:
    """A line longer than a whole run: refused, and skipped to its end without holding it."""
    assert hasattr(stream, "read")
    offset, mark = start.offset + len(data), facts.newline.encode()
    while piece := stream.read(_SMALLEST):
        found = piece.find(mark)
        offset += found + 1 if found >= 0 else len(piece)
        if found >= 0:
            break
    refusal = Refusal(line=start.line, reason="line_too_long", cells=(_as_it_stands(data[:1000]),))
    empty = pl.DataFrame(schema={**dict.fromkeys(facts.columns, pl.String()), LINE: pl.Int64()})
    return Chunk(frame=empty, refused=(refusal,), end=Cursor(offset=offset, line=start.line + 1))


def _as_it_stands(line: bytes) -> str:
    """An unreadable line for the refused file: what can be read of it, the rest as \\xNN."""
    return line[:10_000].rstrip(b"\r\n").decode("utf-8", "backslashreplace").replace("\0", "\\x00")
