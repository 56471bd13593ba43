"""Compiles a condition into one ClickHouse query with bound parameters.

queries      what can be asked: members, count, counts of every part, sample, what was measured of some, membership
tree         the tree as bitmaps of profiles
sets         their algebra
events       conditions on events
messages     conditions on past messages
predicates   tests of one value
paths        properties in JSON
moments      windows, dates and spans as moments
names        keys of lists, segments and campaigns
parameters   bound values

How it works and why it is fast: `docs/explanation/segments.md`.
"""

from pabal.warehouse.compiler.names import Names, SegmentCycle, UnknownName
from pabal.warehouse.compiler.queries import Query, compile, count, counts, measured, membership, page, paths, sample

__all__ = [
    "Names",
    "Query",
    "SegmentCycle",
    "UnknownName",
    "compile",
    "count",
    "counts",
    "measured",
    "membership",
    "page",
    "paths",
    "sample",
]
