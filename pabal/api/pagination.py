"""Pages by cursor: an opaque text that says where the last page ended, so rows that come or go do not shift the next."""

from __future__ import annotations

import base64
import json
from typing import Annotated, Any, Generic, TypeVar

from django.db import models
from django.utils.translation import gettext as _
from ninja import Query, Schema
from pydantic import Field

from pabal.errors import InvalidInput

T = TypeVar("T")
M = TypeVar("M", bound=models.Model)
LARGEST = 2**63 - 1


class PageQuery(Schema):
    """How every listing is paged."""

    cursor: str | None = Field(None, max_length=200, description="`next_cursor` of the page before.")
    limit: int = Field(100, ge=1, le=1000, description="Rows a page.")


Paging = Annotated[PageQuery, Query(...)]


class Page(Schema, Generic[T]):
    """A page of rows; `next_cursor` is null on the last."""

    data: list[T]
    next_cursor: str | None = None


def encode(kind: str, *place: int) -> str:
    """The cursor of a listing of `kind` that ended at `place`: one integer, or several in the order of its sorting."""
    return base64.urlsafe_b64encode(json.dumps([kind, *place], separators=(",", ":")).encode()).decode().rstrip("=")


def decode(kind: str, cursor: str | None) -> int | None:
    """Where a page begins, or None for the first. Raises InvalidInput (`invalid_cursor`)."""
    place = decode_several(kind, cursor, 1)
    return place[0] if place else None


def decode_several(kind: str, cursor: str | None, count: int) -> tuple[int, ...] | None:
    """The same for a place of `count` integers."""
    if not cursor:
        return None
    try:
        found = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError:
        found = None
    match found:
        case [str(name), *place] if name == kind and len(place) == count:
            if all(isinstance(n, int) and not isinstance(n, bool) and 0 <= n <= LARGEST for n in place):
                return tuple(place)
    raise InvalidInput(_("This cursor is not one of this listing."), code="invalid_cursor", field="cursor")


def paginate(
    rows: models.QuerySet[M], page: PageQuery, *, kind: str, descending: bool = False, by: str = "pk"
) -> tuple[list[M], str | None]:
    """(rows of this page, next cursor), by a unique integer column. New rows appear at the end, or (descending) never."""
    place = decode(kind, page.cursor)
    if place is not None:
        rows = rows.filter(**{f"{by}__{'lt' if descending else 'gt'}": place})
    found = list(rows.order_by(f"-{by}" if descending else by)[: page.limit + 1])
    more = len(found) > page.limit
    found = found[: page.limit]
    return found, encode(kind, _value(found[-1], by)) if more else None


def _value(row: Any, name: str) -> int:
    for step in name.split("__"):
        row = getattr(row, step)
    return int(row)
