"""Write keys: with them, shops send events to the edge."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from django.http import HttpRequest
from ninja import Schema
from pydantic import Field

from pabal.accounts.access import actor
from pabal.accounts.keys import Scope
from pabal.api.operations import Area
from pabal.api.pagination import Page, Paging, paginate
from pabal.api.schemas import Input
from pabal.audience import write_keys
from pabal.audience.models import WriteKey

area = Area("Write keys")


class WriteKeyIn(Input):
    name: str = Field(min_length=1, max_length=100, description="Who uses it.")
    kind: Literal["server", "browser"] = Field("server", description="A browser key is public.")
    origins: list[str] = Field([], max_length=50, description="Sites that may use a browser key; none: any.")


class WriteKeyOut(Schema):
    """A write key. It can send events and read nothing; `key` is the user name of HTTP basic authentication."""

    id: int
    name: str
    key: str
    kind: str
    origins: list[str]
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


@area.read("/write-keys", scope=Scope.ADMIN, response=Page[WriteKeyOut])
def list_write_keys(request: HttpRequest, page: Paging) -> dict[str, object]:
    """List the write keys, the newest first."""
    data, cursor = paginate(WriteKey.objects.all(), page, kind="write-keys", descending=True)
    return {"data": data, "next_cursor": cursor}


@area.write("POST", "/write-keys", scope=Scope.ADMIN, response=WriteKeyOut, status=201)
def create_write_key(request: HttpRequest, body: WriteKeyIn) -> WriteKey:
    """Make a write key."""
    made = write_keys.create_write_key(name=body.name, kind=body.kind, origins=body.origins, by=actor(request))
    made.refresh_from_db()
    return made


@area.write("DELETE", "/write-keys/{key_id}", scope=Scope.ADMIN, response=None, status=204)
def revoke_write_key(request: HttpRequest, key_id: int) -> None:
    """Revoke a write key: the edge refuses it within seconds, for good."""
    write_keys.revoke_write_key(key_id, by=actor(request))
