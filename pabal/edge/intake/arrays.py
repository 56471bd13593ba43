"""PostgreSQL arrays in binary form, made of parts that each request prepares: nothing is escaped, nothing is parsed.

The form: dimensions, whether there are nulls, the elements' type, size, lower bound; then each element's length and bytes
(PostgreSQL's `array_recv`, src/backend/utils/adt/arrayfuncs.c).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final

from psycopg.adapt import Buffer, Dumper
from psycopg.pq import Format

_HEAD: Final = struct.Struct(">iiIii")
_LENGTH: Final = struct.Struct(">i").pack
_LENGTHS: Final = tuple(_LENGTH(n) for n in range(2048))

NULL: Final = _LENGTH(-1)


class Array:
    """An array parameter: the elements, each with its length before it."""

    element_oid = 0
    __slots__ = ("data",)

    def __init__(self, parts: Sequence[bytes]) -> None:
        self.data = _HEAD.pack(1, 1, self.element_oid, len(parts), 1) + b"".join(parts)


class TextArray(Array):
    element_oid = 25


class UuidArray(Array):
    element_oid = 2950


class TimeArray(Array):
    element_oid = 1184


class _ArrayDumper(Dumper):
    format = Format.BINARY

    def dump(self, obj: Array) -> Buffer:
        return obj.data


class TextArrayDumper(_ArrayDumper):
    oid = 1009


class UuidArrayDumper(_ArrayDumper):
    oid = 2951


class TimeArrayDumper(_ArrayDumper):
    oid = 1185


DUMPERS: Final = ((TextArray, TextArrayDumper), (UuidArray, UuidArrayDumper), (TimeArray, TimeArrayDumper))

_UUID_LENGTH: Final = _LENGTH(16)
time_element: Final = struct.Struct(">iq").pack
"""`time_element(8, microseconds)`"""


def text_element(value: bytes) -> bytes:
    """UTF-8 without NUL."""
    size = len(value)
    return (_LENGTHS[size] if size < 2048 else _LENGTH(size)) + value


def uuid_element(digest: bytes) -> bytes:
    """16 bytes."""
    return _UUID_LENGTH + digest
