"""Segments: saved conditions, who fulfils them, and where they are used."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Schema
from pydantic import Field

from pabal.accounts import audit
from pabal.accounts.access import actor
from pabal.accounts.keys import Scope
from pabal.api.operations import Area
from pabal.api.pagination import Page, PageQuery, paginate
from pabal.api.schemas import Input, Key
from pabal.audience import segments
from pabal.audience.models import Segment, SegmentSize
from pabal.audience.segments import Usage

area = Area("Segments")

Condition = Annotated[dict[str, Any], Field(description="A condition: see docs/reference/conditions.md.")]


class SegmentIn(Input):
    name: str = Field(min_length=1, max_length=200)
    key: str = Field("", max_length=64, description="Unique; made from the name when it is left out.")
    description: str = Field("", max_length=10_000)
    condition: Condition


class SegmentPatch(Input):
    """Only what is sent is changed."""

    name: str | None = Field(None, min_length=1, max_length=200)
    description: str | None = Field(None, max_length=10_000)
    condition: Condition | None = None
    expected_version: int | None = Field(
        None, description="The version that was read: if somebody changed it since, nothing is done (409)."
    )


class SegmentOut(Schema):
    """A segment. `version` rises with each change of the condition. `size` is the last count, of `counted_at`."""

    key: str
    name: str
    description: str
    condition: dict[str, Any]
    version: int
    size: int | None
    counted_at: datetime | None
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None


class SegmentQuery(PageQuery):
    archived: bool = Field(False, description="Those out of sight instead of those in use.")


class CampaignUse(Schema):
    key: str
    name: str
    state: str
    excludes: bool = Field(description="Its people are left out.")


class UsageOut(Schema):
    """What uses a segment directly."""

    campaigns: list[CampaignUse]
    segments: list[str] = Field(description="Keys.")

    @staticmethod
    def resolve_segments(row: Usage) -> list[str]:
        return [segment.key for segment in row.segments]


class SizeOut(Schema):
    at: datetime
    size: int


@area.read("/segments", response=Page[SegmentOut])
def list_segments(request: HttpRequest, query: Annotated[SegmentQuery, Query(...)]) -> dict[str, object]:
    """List the segments, the newest first."""
    rows = Segment.objects.filter(archived_at__isnull=not query.archived)
    data, cursor = paginate(rows, query, kind=f"segments-{query.archived}", descending=True)
    return {"data": data, "next_cursor": cursor}


@area.write("POST", "/segments", scope=Scope.PROFILES, response=SegmentOut, status=201)
def create_segment(request: HttpRequest, body: SegmentIn) -> Segment:
    """Save a condition.

    Whatever is wrong with it is said at once, each fault with its place (`error.details.problems`).
    """
    made = segments.create(
        by=actor(request).person,
        name=body.name,
        key=body.key,
        description=body.description,
        condition=body.condition,
    )
    audit.record(actor(request), "segment.create", made, {"key": made.key, "condition": made.condition})
    return made


@area.read("/segments/{key}", response=SegmentOut)
def read_segment(request: HttpRequest, key: Key) -> Segment:
    """Read a segment."""
    return segments.by_key(key)


@area.write("PATCH", "/segments/{key}", scope=Scope.PROFILES, response=SegmentOut)
def edit_segment(request: HttpRequest, key: Key, body: SegmentPatch) -> Segment:
    """Change a segment. Its key stays.

    With another condition, reviews of campaigns that use it no longer hold.
    """
    row = segments.by_key(key)
    before = audit.snapshot(row, segments.FIELDS)
    segments.change(row, **body.dict(exclude_unset=True))
    after = audit.snapshot(row, segments.FIELDS)
    audit.record(actor(request), "segment.edit", row, audit.difference(before, after))
    return row


@area.write("POST", "/segments/{key}/duplicate", scope=Scope.PROFILES, response=SegmentOut, status=201)
def duplicate_segment(request: HttpRequest, key: Key) -> Segment:
    """Make another segment with the same condition."""
    row = segments.by_key(key)
    copy = segments.duplicate(row, by=actor(request).person)
    audit.record(actor(request), "segment.duplicate", copy, {"of": row.key})
    return copy


@area.write("DELETE", "/segments/{key}", scope=Scope.PROFILES, response=None, status=204)
def archive_segment(request: HttpRequest, key: Key) -> None:
    """Take a segment out of sight.

    Refused while a campaign that has not been planned, or another segment, uses it (`error.details.used_in`).
    """
    row = segments.by_key(key)
    segments.archive(row)
    audit.record(actor(request), "segment.archive", row)


@area.write("POST", "/segments/{key}/restore", scope=Scope.PROFILES, response=SegmentOut)
def restore_segment(request: HttpRequest, key: Key) -> Segment:
    """Bring an archived segment back."""
    row = segments.by_key(key)
    segments.restore(row)
    audit.record(actor(request), "segment.restore", row)
    return row


@area.read("/segments/{key}/usage", response=UsageOut)
def read_segment_usage(request: HttpRequest, key: Key) -> Usage:
    """Say which campaigns and segments use a segment."""
    return segments.used_in(segments.by_key(key))


class SizesQuery(PageQuery):
    limit: int = Field(1000, ge=1, le=1000, description="Counts a page.")


@area.read("/segments/{key}/growth", response=Page[SizeOut])
def list_segment_sizes(request: HttpRequest, key: Key, query: Annotated[SizesQuery, Query(...)]) -> dict[str, object]:
    """List the sizes that a segment had, the newest first.

    It is counted every hour, and after each change; after two weeks, one count a day is kept.
    """
    row = segments.by_key(key)
    rows = SegmentSize.objects.filter(segment=row)
    data, cursor = paginate(rows, query, kind=f"sizes-{row.pk}", descending=True)
    return {"data": data, "next_cursor": cursor}
