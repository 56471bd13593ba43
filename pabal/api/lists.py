"""Lists: static sets of profiles."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from django.http import HttpRequest
from ninja import Query, Schema
from pydantic import Field

from pabal.accounts import audit
from pabal.accounts.access import actor
from pabal.accounts.keys import Scope
from pabal.api.operations import Area
from pabal.api.pagination import Page, PageQuery, Paging, paginate
from pabal.api.people import People, resolve
from pabal.api.profiles import ProfileOut
from pabal.api.schemas import Input, Key, found
from pabal.audience import lists
from pabal.audience.models import List, ListMember

area = Area("Lists")


class ListIn(Input):
    name: str = Field(min_length=1, max_length=200)
    key: str = Field("", max_length=64, description="Unique; made from the name when it is left out.")
    description: str = Field("", max_length=10_000)


class ListPatch(Input):
    name: str | None = Field(None, min_length=1, max_length=200)
    description: str | None = Field(None, max_length=10_000)


class ListOut(Schema):
    """A list. `size` is its number of members."""

    key: str
    name: str
    description: str
    size: int
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None


class ListQuery(PageQuery):
    archived: bool = Field(False, description="Those out of sight instead of those in use.")


class MembersOut(Schema):
    """What a change of members did. `unknown`: names that are nobody's, as they were sent."""

    changed: int
    size: int
    unknown: list[str]


@area.read("/lists", response=Page[ListOut])
def list_lists(request: HttpRequest, query: Annotated[ListQuery, Query(...)]) -> dict[str, object]:
    """List the lists, the newest first."""
    rows = List.objects.filter(archived_at__isnull=not query.archived)
    data, cursor = paginate(rows, query, kind=f"lists-{query.archived}", descending=True)
    return {"data": data, "next_cursor": cursor}


@area.write("POST", "/lists", scope=Scope.PROFILES, response=ListOut, status=201)
def create_list(request: HttpRequest, body: ListIn) -> List:
    """Make a list."""
    made = lists.create_list(body.name, key=body.key, description=body.description)
    audit.record(actor(request), "list.create", made, {"key": made.key, "name": made.name})
    return _fresh(made)


@area.read("/lists/{key}", response=ListOut)
def read_list(request: HttpRequest, key: Key) -> List:
    """Read a list."""
    return _list(key)


@area.write("PATCH", "/lists/{key}", scope=Scope.PROFILES, response=ListOut)
def edit_list(request: HttpRequest, key: Key, body: ListPatch) -> List:
    """Rename a list, or describe it. Its key stays."""
    row = _list(key)
    before = audit.snapshot(row, ["name", "description"])
    lists.rename_list(row, name=row.name if body.name is None else body.name, description=body.description)
    after = audit.snapshot(row, ["name", "description"])
    audit.record(actor(request), "list.edit", row, audit.difference(before, after))
    return _fresh(row)


@area.write("DELETE", "/lists/{key}", scope=Scope.PROFILES, response=None, status=204)
def archive_list(request: HttpRequest, key: Key) -> None:
    """Take a list out of sight.

    Its members stay, and so do campaigns that were sent to it; `restore` brings it back.
    """
    row = _list(key)
    lists.archive_list(row)
    audit.record(actor(request), "list.archive", row)


@area.write("POST", "/lists/{key}/restore", scope=Scope.PROFILES, response=ListOut)
def restore_list(request: HttpRequest, key: Key) -> List:
    """Bring an archived list back."""
    row = _list(key)
    lists.restore_list(row)
    audit.record(actor(request), "list.restore", row)
    return _fresh(row)


@area.read("/lists/{key}/members", response=Page[ProfileOut])
def list_members(request: HttpRequest, key: Key, page: Paging) -> dict[str, object]:
    """List the people on a list, by id."""
    row = _list(key)
    members = ListMember.objects.filter(list=row, removed_at=None).select_related("profile")
    data, cursor = paginate(members, page, kind=f"members-{row.pk}", by="profile_id")
    return {"data": [member.profile for member in data], "next_cursor": cursor}


@area.write("POST", "/lists/{key}/members", scope=Scope.PROFILES, response=MembersOut)
def add_members(request: HttpRequest, key: Key, body: People) -> MembersOut:
    """Put up to 10,000 people on a list."""
    row, people = _list(key), resolve(body)
    changed = lists.add_members(row, people.ids)
    audit.record(actor(request), "list.add_members", row, {"people": changed})
    return MembersOut(changed=changed, size=_fresh(row).size, unknown=people.unknown)


@area.write("POST", "/lists/{key}/members/remove", scope=Scope.PROFILES, response=MembersOut)
def remove_members(request: HttpRequest, key: Key, body: People) -> MembersOut:
    """Take up to 10,000 people off a list."""
    row, people = _list(key), resolve(body)
    changed = lists.remove_members(row, people.ids)
    audit.record(actor(request), "list.remove_members", row, {"people": changed})
    return MembersOut(changed=changed, size=_fresh(row).size, unknown=people.unknown)


def _list(key: str) -> List:
    return found(List.objects.filter(key=key).first(), "list", key)


def _fresh(row: List) -> List:
    row.refresh_from_db()
    return row
