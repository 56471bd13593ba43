"""Sets of profiles as bitmaps, and their algebra.

A set is the bitmap `sql`, or all others if `negated`: so "not" costs nothing until the end, where the bitmap of everybody
is needed once. `living`: it holds only profiles that still exist. What others left behind (an event, a consent) may
name one that was erased.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce


@dataclass(frozen=True, kw_only=True)
class Bitmap:
    """A set of profiles: `sql` is a ClickHouse expression of type AggregateFunction(groupBitmap, UInt64)."""

    sql: str
    negated: bool = False
    living: bool = False

    def opposite(self) -> Bitmap:
        return Bitmap(sql=self.sql, negated=not self.negated, living=self.living)


def all_of(sets: Sequence[Bitmap]) -> Bitmap:
    """Their intersection. `sets` is not empty."""
    positive = [item for item in sets if not item.negated]
    negative = [item for item in sets if item.negated]
    if not positive:
        return Bitmap(sql=_reduce("bitmapOr", negative), negated=True, living=all(item.living for item in negative))
    sql = _reduce("bitmapAnd", positive)
    for item in negative:
        sql = _call("bitmapAndnot", sql, item.sql)
    return Bitmap(sql=sql, living=any(item.living for item in positive))


def any_of(sets: Sequence[Bitmap]) -> Bitmap:
    """Their union: whoever is not outside of all."""
    return all_of([item.opposite() for item in sets]).opposite()


def _reduce(function: str, sets: Sequence[Bitmap]) -> str:
    return reduce(lambda left, right: _call(function, left, right), (item.sql for item in sets))


def without(everybody: str, sql: str) -> str:
    """The expression of everybody but the set."""
    return _call("bitmapAndnot", everybody, sql)


def among(everybody: str, sql: str) -> str:
    """The expression of those of the set who are in `everybody`."""
    return _call("bitmapAnd", everybody, sql)


def _call(function: str, left: str, right: str) -> str:
    return f"{function}({left}, {right})"
