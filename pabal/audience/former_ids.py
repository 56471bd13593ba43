"""External ids that are no profile's own any more, because their owner went up in another profile: they mean that one.

Whoever finds people by external id asks here: the edge, the API, imports and lists made of ids.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, Final

import polars as pl
import psycopg

from pabal.audience.models import Profile
from pabal.database import raw_cursor

Cursor = psycopg.Cursor[Any]

#: Prefix in `anonymous` of such an id: what is said of it belongs to the profile that was kept.
FORMER_ID: Final = "user:"

_ANY_MERGED: Final = "SELECT EXISTS (SELECT FROM profile_merge)"
#: An id that somebody was given anew means them.
_OWNERS: Final = f"""
SELECT substr(a.anonymous_id, {len(FORMER_ID) + 1}), p.id, p.external_id
FROM anonymous a JOIN profile p ON p.id = a.profile_id
WHERE a.anonymous_id = ANY(%s::text[])
  AND NOT EXISTS (SELECT FROM profile o WHERE o.external_id = substr(a.anonymous_id, {len(FORMER_ID) + 1}))
"""  # noqa: S608


def present_ids(cursor: Cursor, external_ids: Iterable[str]) -> dict[str, str]:
    """Former external id → the one that its owner has now. Ids that are still somebody's own are left out."""
    return {former: now for former, _pk, now in _owners(cursor, external_ids) if now is not None}


def by_present_ids(cursor: Cursor, people: pl.DataFrame) -> pl.DataFrame:
    """The same people with the external ids that they have now (`external_id` is a column). Untouched when there is none."""
    present = present_ids(cursor, people.get_column("external_id").drop_nulls().unique())
    return people.with_columns(pl.col("external_id").replace(present)) if present else people


def profiles_named(external_ids: Collection[str]) -> dict[str, int]:
    """External id, present or former → id of the profile. Ids of nobody are left out."""
    named = dict(Profile.objects.filter(external_id__in=external_ids).values_list("external_id", "pk"))
    found: dict[str, int] = {name: pk for name, pk in named.items() if name is not None}
    if missing := [name for name in external_ids if name not in found]:
        with raw_cursor() as cursor:
            found |= {former: pk for former, pk, _now in _owners(cursor, missing)}
    return found


def _owners(cursor: Cursor, external_ids: Iterable[str]) -> list[tuple[str, int, str | None]]:
    wanted = [FORMER_ID + name for name in external_ids]
    if not wanted or not cursor.execute(_ANY_MERGED).fetchone()[0]:  # type: ignore[index]
        return []
    return cursor.execute(_OWNERS, [wanted]).fetchall()
