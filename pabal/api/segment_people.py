"""Who is in a segment: counted, sampled, listed, put on a list. Answered by the engine, as of a second ago."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest, StreamingHttpResponse
from django.utils.http import content_disposition_header
from ninja import Query, Schema
from pydantic import Field

from pabal.accounts import audit
from pabal.accounts.access import actor
from pabal.accounts.keys import Scope
from pabal.api.operations import Area
from pabal.api.pagination import Page, PageQuery, decode, encode
from pabal.api.profiles import ProfileOut
from pabal.api.schemas import Id, Input, Key, found
from pabal.api.segments import Condition
from pabal.audience import segments
from pabal.audience.models import List, Profile, Question
from pabal.campaigns import actions, segment_csv
from pabal.campaigns.list_making import make_list
from pabal.campaigns.people_sets import audience_of
from pabal.campaigns.questions import LIST, answer
from pabal.campaigns.samples import sample_people
from pabal.warehouse.conditions import parse

area = Area("Segments")

PATIENCE = 20.0
"""Seconds that a request waits for the engine."""


class ConditionIn(Input):
    condition: Condition


class PartOut(Schema):
    """A condition or group of the tree."""

    path: list[int] = Field(description="Its place: `[]` the root, `[1, 0]` the first condition of its second group.")
    people: int = Field(description="Who fulfils it alone.")
    together: int = Field(description="Who is left, or found, with those before it in its group.")
    change: int = Field(description="What it changes: negative in `all` and `none`, positive in `any`.")


class CountOut(Schema):
    """How many people fulfil a condition, at the moment `at`."""

    people: int
    reachable: int = Field(description="Of these by text: a phone, agreed to advertising, not suppressed.")
    everybody: int
    parts: list[PartOut]
    at: datetime
    seconds: float


class DidOut(Schema):
    """What a condition on events measures of a person. `value`: a number; of `first` and `last`, null. `at`: the last one."""

    event: str
    measure: str
    property: str
    value: float | None
    at: datetime | None


class SampleOut(ProfileOut):
    """A person, with what they have of the properties that the condition tests, and what they did of its events."""

    values: dict[str, Any]
    did: list[DidOut]


class SampleQuery(Schema):
    limit: int = Field(10, ge=1, le=100)


class ListFrom(Input):
    """A new list, or (`into`) the key of one that is there."""

    name: str = Field("", max_length=200, description="The segment's name when it is left out.")
    key: str = Field("", max_length=64, description="Unique; made from the name when it is left out.")
    into: str = Field("", max_length=64)


class ListJobOut(Schema):
    """A list that is being filled. `state`: asked, answered (full) or failed."""

    id: UUID
    list: str
    state: str
    done: int
    total: int | None
    added: int
    error: dict[str, Any] | None

    @staticmethod
    def resolve_list(row: Question) -> str:
        return str(List.objects.values_list("key", flat=True).get(pk=row.body["list"]))

    @staticmethod
    def resolve_done(row: Question) -> int:
        return _noted(row, "done") or 0

    @staticmethod
    def resolve_total(row: Question) -> int | None:
        return _noted(row, "total")

    @staticmethod
    def resolve_added(row: Question) -> int:
        return _noted(row, "added") or 0


class OverlapSet(Schema):
    kind: str
    key: str
    name: str
    role: str = Field(description="include or exclude.")
    people: int


class OverlapOut(Schema):
    """How the lists and segments of a campaign overlap. `pairs`: places in `sets`, and how many people are in both."""

    sets: list[OverlapSet]
    pairs: list[tuple[int, int, int]]
    included: int
    excluded: int
    remaining: int
    reachable: int
    at: datetime


@area.write("POST", "/segments/count", scope=Scope.READ, response=CountOut, audited=False)
def count_condition(request: HttpRequest, body: ConditionIn) -> Mapping[str, Any]:
    """Count who fulfils a condition, without saving it.

    Each part of it says how many fulfil it alone and what it changes.
    """
    segments.checked(body.condition)
    return answer("count", {"condition": body.condition}, seconds=PATIENCE)


@area.read("/segments/{key}/count", response=CountOut)
def count_segment(request: HttpRequest, key: Key) -> Mapping[str, Any]:
    """Count who is in a segment now."""
    return answer("count", {"segment": segments.by_key(key).key}, seconds=PATIENCE)


@area.read("/segments/{key}/sample", response=list[SampleOut])
def sample_segment(request: HttpRequest, key: Key, query: Annotated[SampleQuery, Query(...)]) -> list[dict[str, Any]]:
    """Show some people of a segment, others each time."""
    row = segments.by_key(key)
    found = answer("sample", {"segment": row.key, "limit": query.limit}, seconds=PATIENCE)
    return [
        {**ProfileOut.from_orm(one.profile).dict(), "values": one.values, "did": one.did}
        for one in sample_people(found, parse(row.condition))
    ]


@area.read("/segments/{key}/members", response=Page[ProfileOut])
def list_segment_members(request: HttpRequest, key: Key, page: Annotated[PageQuery, Query(...)]) -> dict[str, object]:
    """List the people of a segment, by id.

    Each page is of its own moment. For all people at one moment, read `/segments/{key}/members.csv`, or make a list.
    """
    row = segments.by_key(key)
    after = decode(f"people-{row.pk}", page.cursor) or 0
    ids = answer("page", {"segment": row.key, "after": after, "limit": page.limit}, seconds=PATIENCE)["ids"]
    rows = Profile.objects.in_bulk(ids)
    cursor = encode(f"people-{row.pk}", ids[-1]) if len(ids) == page.limit else None
    return {"data": [rows[pk] for pk in ids if pk in rows], "next_cursor": cursor}


_CSV = {
    "responses": {200: {"description": "The file", "content": {"text/csv": {"schema": {"type": "string"}}}}},
}


@area.read("/segments/{key}/members.csv", response=None, openapi_extra=_CSV)
def export_segment(request: HttpRequest, key: Key) -> StreamingHttpResponse:
    """Read all people of a segment as CSV, as of one moment."""
    row = segments.by_key(key)
    question = segment_csv.members({"segment": row.key})
    audit.record(actor(request), "segment.export", row, {"people": (question.answer or {}).get("people")})
    response = StreamingHttpResponse(segment_csv.lines(question), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = content_disposition_header(True, f"{row.key}.csv") or ""
    return response


@area.write("POST", "/segments/{key}/list", scope=Scope.PROFILES, response=ListJobOut, status=202)
def make_list_from_segment(request: HttpRequest, key: Key, body: ListFrom) -> Question:
    """Put the people who are in a segment now on a list.

    The engine fills it; read `/list-jobs/{id}` until its `state` is `answered`.
    """
    row = segments.by_key(key)
    into = found(List.objects.filter(key=body.into).first(), "list", body.into) if body.into else None
    made, question = make_list(row, name=body.name, key=body.key, into=into)
    audit.record(actor(request), "segment.make_list", row, {"list": made.key})
    return question


@area.read("/list-jobs/{uuid:job_id}", response=ListJobOut)
def read_list_job(request: HttpRequest, job_id: UUID) -> Question:
    """Read how far the filling of a list is. Forgotten an hour after it was asked for."""
    return found(Question.objects.filter(pk=job_id, kind=LIST).first(), "job", job_id)


@area.read("/profiles/{int:profile_id}/segments", response=list[str])
def list_profile_segments(request: HttpRequest, profile_id: Id) -> list[str]:
    """List the keys of the segments that a person is in now."""
    row = found(Profile.objects.filter(pk=profile_id).first(), "profile", profile_id)
    inside = answer("membership", {"profile": row.pk}, seconds=PATIENCE)["segments"]
    return [key for key, member in inside.items() if member]


@area.read("/campaigns/{key}/overlap", response=OverlapOut)
def read_campaign_overlap(request: HttpRequest, key: Key) -> Mapping[str, Any]:
    """Say how the lists and segments of a campaign overlap: whom it takes, leaves out and keeps."""
    return answer("overlap", audience_of(actions.by_key(key)), seconds=PATIENCE)


def _noted(row: Question, name: str) -> int | None:
    value = (row.answer or {}).get(name)
    return int(value) if value is not None else None
