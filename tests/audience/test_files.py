"""Contact files of every kind: what is in them is read, what cannot be read is handed back with its line."""

from __future__ import annotations

import csv
import datetime
import io
from pathlib import Path

import openpyxl
import polars as pl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pabal.audience import csv_files, files
from pabal.audience.file_facts import LINE, Chunk, FileFacts, column_names
from pabal.errors import InvalidInput

KOREAN = "이름,휴대폰\n김민수,010-1234-5678\n이서연,010-2222-3333\n"


def put(folder: Path, data: bytes | str) -> Path:
    path = folder / "contacts"
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def read(path: Path, **options: str) -> tuple[FileFacts, list[tuple[str, ...]], list[tuple[int, str]]]:
    """(facts, rows with their line last, refusals as (line, reason))."""
    facts = files.inspect(path, **options)
    chunks = list(files.read_chunks(path, facts))
    rows = [row for chunk in chunks for row in chunk.frame.rows()]
    return facts, rows, [(refusal.line, refusal.reason) for chunk in chunks for refusal in chunk.refused]


@pytest.mark.parametrize(
    ("encoding", "named"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8"), ("cp949", "cp949"), ("utf-16", "utf-16"), ("utf-16-be", "utf-16")],
)
def test_korean_text_is_read_in_every_encoding_that_people_use(tmp_path: Path, encoding: str, named: str) -> None:
    facts, rows, refused = read(put(tmp_path, KOREAN.encode(encoding)))
    assert facts.encoding == named
    assert facts.columns == ("이름", "휴대폰")
    assert rows == [("김민수", "010-1234-5678", 2), ("이서연", "010-2222-3333", 3)]
    assert not refused


def test_lines_of_different_encodings_are_each_read_in_their_own(tmp_path: Path) -> None:
    data = "이름,휴대폰\n가나,1\n".encode() + "다라,2\n".encode("cp949") + b"\xff\xfe\xff,3\n" + "마바,4\n".encode()
    facts, rows, refused = read(put(tmp_path, data))
    assert facts.encoding == "mixed"
    assert facts.warnings == ("mixed_encodings",)
    assert [row[0] for row in rows] == ["가나", "다라", "마바"]
    assert refused == [(4, "unreadable_encoding")]


def test_another_encoding_can_be_named(tmp_path: Path) -> None:
    path = put(tmp_path, "名前,phone\n山田,090\n".encode("shift_jis"))
    _facts, rows, _refused = read(path, encoding="shift_jis")
    assert rows[0][0] == "山田"
    with pytest.raises(InvalidInput) as refused:
        files.inspect(path, encoding="klingon")
    assert refused.value.code == "unknown_encoding"


def test_western_files_are_read_and_said_to_be_a_guess(tmp_path: Path) -> None:
    facts, rows, _refused = read(put(tmp_path, "name,phone\nJosé,1\nMüller,2\n".encode("cp1252")))
    assert [row[0] for row in rows] == ["José", "Müller"]
    assert "guessed_encoding" in facts.warnings


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    facts, rows, _refused = read(put(tmp_path, KOREAN.replace(",", delimiter)))
    assert facts.delimiter == delimiter
    assert len(rows) == 2


def test_excels_delimiter_hint_is_no_row(tmp_path: Path) -> None:
    facts, rows, _refused = read(put(tmp_path, "sep=;\r\nname;phone\r\nKim;1\r\n"))
    assert (facts.delimiter, facts.columns, rows) == (";", ("name", "phone"), [("Kim", "1", 3)])


def test_a_quoted_cell_may_span_lines(tmp_path: Path) -> None:
    _facts, rows, refused = read(put(tmp_path, 'name,memo\nKim,"one\ntwo, ""three"""\nLee,x\n'))
    assert rows == [("Kim", 'one\ntwo, "three"', 2), ("Lee", "x", 4)]
    assert not refused


def test_a_quote_that_is_never_closed_costs_only_its_own_line(tmp_path: Path) -> None:
    _facts, rows, refused = read(put(tmp_path, 'name,memo\nKim,"open\nLee,x\nPark,y\n'))
    assert refused == [(2, "unclosed_quote")]
    assert [row[0] for row in rows] == ["Lee", "Park"]


def test_short_rows_are_filled_and_long_ones_refused(tmp_path: Path) -> None:
    _facts, rows, refused = read(put(tmp_path, "a,b,c\n1\n1,2,3,,\n1,2,3,4\n1,2,3\n"))
    assert rows == [("1", "", "", 2), ("1", "2", "3", 3), ("1", "2", "3", 5)]
    assert refused == [(4, "too_many_cells")]


def test_nul_bytes_cost_only_their_own_line(tmp_path: Path) -> None:
    _facts, rows, refused = read(put(tmp_path, b"a,b\n1,2\n3,\x004\n5,6\n"))
    assert refused == [(3, "binary_data")]
    assert [row[0] for row in rows] == ["1", "5"]


def test_a_line_of_megabytes_is_skipped_without_being_held(tmp_path: Path) -> None:
    _facts, rows, refused = read(put(tmp_path, b"a,b\n1,2\n" + b"x" * 9_000_000 + b"\n3,4\n"))
    assert refused == [(3, "line_too_long")]
    assert [row[0] for row in rows] == ["1", "3"]


def test_lone_carriage_returns_end_lines_in_files_of_old_macs(tmp_path: Path) -> None:
    _facts, rows, _refused = read(put(tmp_path, "name,phone\rKim,1\rLee,2\r"))
    assert rows == [("Kim", "1", 2), ("Lee", "2", 3)]


def test_a_file_without_a_header_loses_no_row(tmp_path: Path) -> None:
    facts, rows, _refused = read(put(tmp_path, "010-1234-5678,Kim\n010-2222-3333,Lee\n"))
    assert facts.columns == ("#1", "#2")
    assert facts.warnings == ("no_header",)
    assert len(rows) == 2


def test_names_of_columns_become_unique() -> None:
    assert column_names(["이름", "이름", "", " a  b ", "이름"]) == ("이름", "이름 (2)", "#3", "a b", "이름 (3)")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty_file"),
        (b"\xef\xbb\xbf \n\n", "empty_file"),
        (b",".join(b"c%d" % n for n in range(10_000)) + b"\n", "too_many_columns"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 10, "not_a_text_file"),
        (b"<html><table><tr><td>010", "web_page"),
        (b"PK\x03\x04 and then nothing", "broken_workbook"),
        (b"\xd0\xcf\x11\xe0" + "EncryptedPackage".encode("utf-16-le"), "encrypted_workbook"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_contact_file_is_refused_with_a_reason(tmp_path: Path, data: bytes, code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        files.inspect(put(tmp_path, data))
    assert refused.value.code == code


def test_a_header_alone_is_no_row(tmp_path: Path) -> None:
    facts, rows, refused = read(put(tmp_path, "name,phone"))
    assert (facts.columns, facts.rows, rows, refused) == (("name", "phone"), 0, [], [])


def test_cells_of_a_workbook_are_text_as_people_see_it(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["이름", "휴대폰", "회원번호", "생일", "점수"])
    book.active.append(["김민수", "010-1234-5678", 123456789012345, datetime.date(1990, 1, 2), 1.5])
    book.active.append([None] * 5)
    book.active.append(["이서연", 821012345678, "007", None, 3])
    book.save(tmp_path / "book")
    facts, rows, _refused = read(tmp_path / "book")
    assert facts.format == "xlsx"
    assert rows == [
        ("김민수", "010-1234-5678", "123456789012345", "1990-01-02", "1.5", 2),
        ("이서연", "821012345678", "007", "", "3", 4),
    ]


def test_reading_goes_on_where_it_stopped(tmp_path: Path) -> None:
    path = put(tmp_path, "n,memo\n" + "".join(f'{n},"a\nb"\n' if n % 7 == 0 else f"{n},x\n" for n in range(1_000_000)))
    facts = files.inspect(path)
    chunks = list(files.read_chunks(path, facts, 50_000))
    assert len(chunks) > 1
    later = list(files.read_chunks(path, facts, 50_000, start=chunks[0].end))
    assert pl.concat([c.frame for c in later]).equals(pl.concat([c.frame for c in chunks[1:]]))
    whole = pl.concat([chunk.frame for chunk in chunks])
    assert whole["n"].cast(pl.Int64).to_list() == list(range(1_000_000))
    with path.open(newline="") as stream:
        reader = csv.reader(stream)
        lines = []
        begin = 0
        for _row in reader:
            lines.append(begin + 1)
            begin = reader.line_num
    assert whole[LINE].to_list() == lines[1:]


CELL = st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters=',;"\n가힣'), max_size=8)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.lists(CELL, min_size=3, max_size=3), min_size=1, max_size=8),
    encoding=st.sampled_from(["utf-8", "cp949"]),
)
@example(rows=[["", "", '"'], ["\n", ",", ""]], encoding="utf-8")
def test_what_pythons_csv_module_writes_is_read_the_same(rows: list[list[str]], encoding: str) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    try:
        data = text.getvalue().encode(encoding)
    except UnicodeEncodeError:
        return
    if encoding == "cp949" and any(_is_utf8(line) and not line.isascii() for line in data.split(b"\n")):
        return  # a line that is both: read as UTF-8
    chunk = parse(data, columns=3)
    expected = [tuple(row) for row in csv.reader(io.StringIO(data.decode(encoding), newline="")) if any(row)]
    assert [row[:3] for row in chunk.frame.rows()] == expected
    assert not chunk.refused


def parse(data: bytes, *, columns: int) -> Chunk:
    facts = FileFacts(
        format="csv", encoding="utf-8", delimiter=",", newline="\n", columns=tuple(f"c{n}" for n in range(columns)),
        sample=(), rows=1, exact=True, bytes=len(data), start=files.Cursor(offset=0, line=1),
    )  # fmt: skip
    return csv_files.parse(data, facts, facts.start, at_end=True)


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


@settings(max_examples=300)
@given(data=st.binary(max_size=200))
def test_no_bytes_whatever_are_lost(data: bytes) -> None:
    """Each line that is not blank is in a row or a refusal, and nothing raises."""
    chunk = parse(data, columns=2)
    assert chunk.end.offset == len(data)
    held = chunk.frame.height + len(chunk.refused)
    assert held or not data.replace(b",", b"").replace(b'"', b"").strip()
