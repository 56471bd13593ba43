"""The transaction that writes what a few milliseconds of `identify` and `alias` said: profiles, consent, bound ids.

Profiles are found and written by `audience.people_sql`, like an import's, under the same lock, so no two writers make
the same person. Anonymous ids are bound last; the events that waited for it get their profile then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import polars as pl
import psycopg
from django.db import connection as django_connection

from pabal.audience import people_sql
from pabal.audience.anonymous import ANONYMOUS_LOCK
from pabal.audience.former_ids import present_ids
from pabal.audience.merge import merge_profiles
from pabal.audience.merging import KEY, identify
from pabal.edge.intake import consents
from pabal.edge.intake.failures import Refusal
from pabal.edge.intake.people import Person, Verdict
from pabal.edge.intake.people_frame import frame
from pabal.edge.intake.together import together
from pabal.errors import NotFound

Cursor = psycopg.Cursor[Any]

HAVE_PHONE: Final = """
SELECT external_id FROM profile WHERE external_id = ANY(%s::text[]) AND (phone <> '' OR email <> '')
"""
PHONES_TAKEN: Final = "SELECT DISTINCT phone FROM profile WHERE phone = ANY(%s::text[])"

BOUND: Final = """
SELECT w.anonymous_id, w.profile_id FROM unnest(%s::text[], %s::bigint[]) AS w(anonymous_id, profile_id)
LEFT JOIN anonymous a USING (anonymous_id) WHERE a.profile_id IS DISTINCT FROM w.profile_id
"""
BIND: Final = """
INSERT INTO anonymous (anonymous_id, profile_id)
SELECT * FROM unnest(%s::text[], %s::bigint[]) ORDER BY 1
ON CONFLICT (anonymous_id) DO UPDATE SET profile_id = EXCLUDED.profile_id, at = now()
WHERE anonymous.profile_id <> EXCLUDED.profile_id
"""
SETTLE: Final = """
UPDATE event SET profile_id = w.profile_id
FROM unnest(%s::text[], %s::bigint[]) AS w(anonymous_id, profile_id)
WHERE event.anonymous_id = w.anonymous_id AND event.profile_id IS NULL
"""


def write(connection: psycopg.Connection[Any], people: Sequence[Person]) -> Verdict:
    """Write them all, or raise psycopg's errors.

    An alias of somebody whom we know already merges two profiles, after the rest is committed: if that fails, the sender
    repeats all of it.
    """
    merged, places = together(people)
    verdict = Verdict()
    merges: list[tuple[int, int, str]] = []
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [people_sql.PEOPLE_LOCK])
        _by_present_ids(cursor, merged)
        found = _write_profiles(cursor, merged, verdict)
        agreed = [(found[place], one) for place, person in enumerate(merged) if place in found for one in person.agreed]
        if agreed:
            consents.apply(cursor, agreed)
        merges = _merges(cursor, merged, found)
        bound = {
            anonymous_id: found[place]
            for place, person in enumerate(merged)
            if place in found
            for anonymous_id in person.anonymous_ids
        }
        if bound:
            _bind(cursor, bound)
    for keep, gone, actor in merges:
        _merge(keep, gone, actor)
    return Verdict(
        refused=_spread(people, places, verdict.refused),
        notes=_spread(people, places, verdict.notes),
    )


def _merges(cursor: Cursor, people: Sequence[Person], found: dict[int, int]) -> list[tuple[int, int, str]]:
    """(kept profile, the one that goes up in it, who says so) of aliases whose previous id is a profile's own."""
    asked = {place: one.previous_id for place, one in enumerate(people) if one.previous_id and not one.public}
    if not asked:
        return []
    known = dict(
        cursor.execute(
            "SELECT external_id, id FROM profile WHERE external_id = ANY(%s)", [list(asked.values())]
        ).fetchall()
    )
    return [
        (found[place], known[previous], people[place].actor)
        for place, previous in asked.items()
        if place in found and previous in known and known[previous] != found[place]
    ]


def _merge(keep: int, gone: int, actor: str) -> None:
    try:
        merge_profiles(keep, gone, by=actor)
    except NotFound:  # somebody else merged it meanwhile
        pass
    finally:
        django_connection.close()


def _spread(people: Sequence[Person], places: Sequence[int], found: dict[int, Refusal]) -> dict[int, Refusal]:
    """What was found of a merged person, for each message that named it."""
    return {at: replace(found[place], index=people[at].index) for at, place in enumerate(places) if place in found}


def _by_present_ids(cursor: Cursor, people: Sequence[Person]) -> None:
    """Who went up in another profile is named by that one's external id."""
    present = present_ids(cursor, {person.external_id for person in people if person.external_id is not None})
    for person in people if present else ():
        if person.external_id is not None:
            person.external_id = present.get(person.external_id, person.external_id)


def _write_profiles(cursor: Cursor, people: Sequence[Person], verdict: Verdict) -> dict[int, int]:
    """Profiles by place in `people`."""
    rows, known = frame(people, verdict)
    if not rows.height:
        return {}
    rows = _without_what_browsers_may_not(cursor, rows, people)
    rows = identify(rows)
    rows = rows.with_columns(pl.int_range(pl.len()).over(KEY).alias("round")).drop(KEY)
    found: dict[int, int] = {}
    for part in rows.partition_by("round", maintain_order=True):
        staged = people_sql.staging(part)
        people_sql.stage(cursor, staged, locked=True)
        people_sql.write_profiles(cursor, staged)
        found |= dict(cursor.execute("SELECT line, profile_id FROM person").fetchall())
    if known:
        cursor.execute(people_sql.KNOW_PROPERTIES, [[row[at] for row in known] for at in range(3)])
    return found


def _without_what_browsers_may_not(cursor: Cursor, rows: pl.DataFrame, people: Sequence[Person]) -> pl.DataFrame:
    """A page can claim to be anybody: it neither changes a phone or email that is known, nor takes one of somebody else."""
    public = [line for line in rows.get_column("line").to_list() if people[line].public]
    if not public:
        return rows
    mine = pl.col("line").is_in(public)
    asked = rows.filter(mine)
    ids = asked.get_column("external_id").to_list()
    kept = [row[0] for row in cursor.execute(HAVE_PHONE, [ids]).fetchall()]
    phones = asked.get_column("phone").drop_nulls().to_list()
    taken = [row[0] for row in cursor.execute(PHONES_TAKEN, [phones]).fetchall()] if phones else []
    refuse = mine & (pl.col("external_id").is_in(kept) | pl.col("phone").is_in(taken).fill_null(False))
    emptied = mine & (pl.col("phone") == "").fill_null(False)
    return rows.with_columns(
        pl.when(~(refuse | emptied)).then(pl.col(name)).alias(name)
        for name in ("phone", "email", "region", "zones", "country")
    )


def _bind(cursor: Cursor, bound: dict[str, int]) -> None:
    """Say who the anonymous ids are, and give the events that waited their profile."""
    changed = cursor.execute(BOUND, [list(bound), list(bound.values())]).fetchall()
    if not changed:
        return
    ids, profiles = [row[0] for row in changed], [row[1] for row in changed]
    cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ANONYMOUS_LOCK])
    cursor.execute(BIND, [ids, profiles])
    cursor.execute(SETTLE, [ids, profiles])
