"""All segments: how big each is, how it grew, where it is used."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from pabal.accounts.access import person, requires
from pabal.accounts.models import Role
from pabal.audience.models import Segment, SegmentSize
from pabal.console import segment_words
from pabal.console.parts import Page
from pabal.console.segments.starters import STARTERS
from pabal.database import raw_cursor

PER_PAGE = 50
POINTS = 30

_GROWTH = """
SELECT segment_id, size FROM (
    SELECT segment_id, at, size, row_number() OVER (PARTITION BY segment_id ORDER BY at DESC) AS n
    FROM segment_size WHERE segment_id = ANY(%s)
) s WHERE n <= %s ORDER BY segment_id, at
"""


@dataclass(frozen=True, kw_only=True)
class Row:
    """`growth` is the last sizes, oldest first; `uses` counts campaigns and other segments."""

    segment: Segment
    words: str
    growth: Sequence[int]
    uses: int


@requires(Role.VIEWER)
def index(request: HttpRequest) -> HttpResponse:
    """Every segment, the one changed last first."""
    archived = request.GET.get("show") == "archived"
    found = Segment.objects.filter(archived_at__isnull=not archived).order_by("-updated_at", "-id")
    if q := request.GET.get("q", "").strip():
        found = found.filter(Q(name__icontains=q) | Q(key__icontains=q) | Q(description__icontains=q))
    start = int(request.GET["from"]) if request.GET.get("from", "").isdecimal() else 0
    segments = list(found[start : start + PER_PAGE + 1])
    more = len(segments) > PER_PAGE
    segments = segments[:PER_PAGE]
    query = request.GET.copy()
    query["from"] = str(start + PER_PAGE)
    values: dict[str, Any] = {
        "rows": _rows(segments),
        "page": Page(shown=len(segments), next_url=f"?{query.urlencode()}" if more else ""),
        "q": q,
        "archived": archived,
        "any": bool(segments) or Segment.objects.exists(),
        "may_edit": person(request).may(Role.EDITOR),
        "starters": STARTERS,
    }
    return render(request, "console/segments/index.html", values)


def _rows(segments: list[Segment]) -> list[Row]:
    growth, uses = _growth(segments), _uses(segments)
    return [
        Row(
            segment=segment,
            words=segment.description or segment_words.readable(segment.condition),
            growth=growth[segment.pk],
            uses=uses[segment.pk],
        )
        for segment in segments
    ]


def _growth(segments: list[Segment]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = defaultdict(list)
    if segments:
        with raw_cursor() as cursor:
            for segment, size in cursor.execute(_GROWTH, [[s.pk for s in segments], POINTS]):
                found[segment].append(size)
    return found


def _uses(segments: list[Segment]) -> dict[int, int]:
    """How many campaigns and segments use each."""
    counted = Segment.objects.filter(pk__in=[s.pk for s in segments]).annotate(
        included=Count("including_campaigns", distinct=True), excluded=Count("excluding_campaigns", distinct=True)
    )
    found = {row.pk: row.included + row.excluded for row in counted}
    ids = {segment.key: segment.pk for segment in segments}
    for condition in Segment.objects.filter(archived_at=None).values_list("condition", flat=True):
        for key in _named(condition):
            if key in ids:
                found[ids[key]] += 1
    return found


def _named(condition: Any) -> set[str]:
    """Keys of the segments that a stored condition names."""
    found: set[str] = set()
    left = [condition]
    while left:
        part = left.pop()
        if isinstance(part, dict):
            if part.get("type") == "segment":
                found.update(part.get("segments", []))
            left.extend(part.get("conditions", []))
    return found


def last_sizes(segment: Segment, most: int = 400) -> list[SegmentSize]:
    """The sizes that were counted, oldest first."""
    return list(segment.sizes.order_by("-at")[:most])[::-1]
