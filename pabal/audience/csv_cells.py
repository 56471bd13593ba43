"""Cells of a CSV for people, as SQL: PostgreSQL writes the lines itself (COPY), so a million cost no Python."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from psycopg import sql

from pabal.database import raw_cursor

BOM: Final = b"\xef\xbb\xbf"  # so that Excel reads Korean


def heading(columns: list[str]) -> bytes:
    """The first line, with the mark by which Excel knows UTF-8."""
    quoted = (name.replace('"', '""') for name in columns)
    return BOM + (",".join(f'"{_unformed(name)}"' for name in quoted) + "\n").encode()


def guarded(expression: sql.Composable) -> sql.Composable:
    """Text that no spreadsheet takes for a formula: it gets an apostrophe in front (OWASP, CSV injection)."""
    pattern = sql.Literal("^[=+@\\t\\r\\n＝＋－＠-]")
    return sql.SQL("CASE WHEN {0} ~ {1} THEN '''' || {0} ELSE {0} END").format(expression, pattern)


def phone_cell(expression: sql.Composable) -> sql.Composable:
    """Korean numbers as they are written there, which keeps their leading zero; others as E.164, guarded."""
    korean = sql.SQL("regexp_replace({0}, {1}, {2})").format(
        expression, sql.Literal(r"^\+82(1\d)(\d{3,4})(\d{4})$"), sql.Literal(r"0\1-\2-\3")
    )
    return sql.SQL("CASE WHEN {0} LIKE {1} THEN {2} ELSE {3} END").format(
        expression, sql.Literal("+821%"), korean, guarded(expression)
    )


def copied(statement: str, pieces: Mapping[str, sql.Composable]) -> Iterator[bytes]:
    """What a COPY … TO STDOUT gives, in blocks."""
    with raw_cursor() as cursor, cursor.copy(sql.SQL(statement).format(**pieces)) as copy:
        for block in copy:
            yield bytes(block)


def _unformed(name: str) -> str:
    return "'" + name if name.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) else name
