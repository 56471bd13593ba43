"""Writing sets of people: profiles, consent and list membership in a handful of statements, whatever their number.

Everything runs in the caller's transaction. Locks are taken in one order everywhere: people (an advisory lock, so that two
sets cannot both create the same phone), profile, consent, list_member, list.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
import psycopg

from pabal.audience import erased_phones
from pabal.database import raw_cursor

Cursor = psycopg.Cursor[Any]

#: Held until the transaction ends by whoever creates or changes profiles in sets.
PEOPLE_LOCK = 0x9A8A_0001

STAGED = (
    "line", "external_id", "phone", "email", "first_name", "last_name", "locale", "time_zone", "country", "region",
    "zones", "properties", "consent", "consent_at", "again",
)  # fmt: skip

STAGE = """
CREATE TEMP TABLE IF NOT EXISTS incoming (
    line bigint, external_id text, phone text, email text, first_name text, last_name text, locale text, time_zone text,
    country text, region text, zones text, properties jsonb, consent boolean, consent_at timestamptz, again boolean,
    unset text[]
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS person (
    line bigint, profile_id bigint, is_new boolean, again boolean, consent boolean, consent_at timestamptz
) ON COMMIT DELETE ROWS;
TRUNCATE incoming, person;
"""

#: Ways to find who an incoming row is, in the order in which they count. Ways that nobody in the set needs are left out:
#: each costs an index look-up a row.
BY_EXTERNAL_ID = """
LEFT JOIN profile named ON named.external_id = i.external_id
"""
#: A new external id with the phone of somebody who has none yet.
BY_ADOPTION = """
LEFT JOIN LATERAL (
    SELECT id FROM profile
    WHERE named.id IS NULL AND i.external_id IS NOT NULL AND i.phone <> ''
      AND phone = i.phone AND external_id IS NULL
    ORDER BY id LIMIT 1
) adopted ON true
"""
#: No external id: whoever has the phone, the oldest first; without a phone, whoever has nothing but the same email.
BY_PHONE_OR_EMAIL = """
LEFT JOIN LATERAL (
    SELECT id FROM profile
    WHERE i.external_id IS NULL AND i.phone <> '' AND phone = i.phone
    ORDER BY id LIMIT 1
) called ON true
LEFT JOIN LATERAL (
    SELECT id FROM profile
    WHERE i.external_id IS NULL AND coalesce(i.phone, '') = '' AND i.email <> ''
      AND lower(email) = lower(i.email) AND external_id IS NULL AND phone = ''
    ORDER BY id LIMIT 1
) mailed ON true
"""

#: Two new external ids with the phone of one nameless profile: the first adopts it, the others are new people.
SEPARATE = """
UPDATE person SET profile_id = nextval('profile_id_seq'), is_new = true
FROM (
    SELECT p.line FROM (
        SELECT line, row_number() OVER (PARTITION BY profile_id ORDER BY line) AS place FROM person WHERE NOT is_new
    ) p JOIN incoming i USING (line) WHERE p.place > 1 AND i.external_id IS NOT NULL
) late
WHERE person.line = late.line
"""

CREATE = """
INSERT INTO profile (id, external_id, phone, email, first_name, last_name, locale, time_zone, country, region, zones,
    properties, xid)
SELECT p.profile_id, i.external_id, coalesce(i.phone, ''), coalesce(i.email, ''), coalesce(i.first_name, ''),
    coalesce(i.last_name, ''), coalesce(i.locale, ''), coalesce(i.time_zone, ''), coalesce(i.country, ''),
    coalesce(i.region, ''), coalesce(i.zones, ''), coalesce(i.properties, '{}'), %(xid)s
FROM incoming i JOIN person p USING (line)
WHERE p.is_new
"""

#: Only rows that say something new are written. The place follows the phone.
UPDATE = """
UPDATE profile t SET
    external_id = n.external_id, phone = n.phone, email = n.email, first_name = n.first_name, last_name = n.last_name,
    locale = n.locale, time_zone = n.time_zone, country = n.country, region = n.region, zones = n.zones,
    properties = n.properties, updated_at = now()
FROM (
    SELECT o.id, coalesce(o.external_id, i.external_id) AS external_id, coalesce(i.phone, o.phone) AS phone,
        coalesce(i.email, o.email) AS email, coalesce(i.first_name, o.first_name) AS first_name,
        coalesce(i.last_name, o.last_name) AS last_name, coalesce(i.locale, o.locale) AS locale,
        coalesce(i.time_zone, o.time_zone) AS time_zone,
        CASE WHEN i.phone IS NULL AND o.phone <> '' THEN o.country ELSE coalesce(i.country, o.country) END AS country,
        CASE WHEN i.phone IS NULL THEN o.region ELSE coalesce(i.region, '') END AS region,
        CASE WHEN i.phone IS NULL THEN o.zones ELSE coalesce(i.zones, '') END AS zones,
        (CASE WHEN i.unset IS NULL THEN o.properties ELSE o.properties - i.unset END)
            || coalesce(i.properties, '{}') AS properties
    FROM incoming i JOIN person p USING (line) JOIN profile o ON o.id = p.profile_id
    WHERE NOT p.is_new
) n
WHERE t.id = n.id AND (t.external_id, t.phone, t.email, t.first_name, t.last_name, t.locale, t.time_zone, t.country,
        t.region, t.zones, t.properties)
    IS DISTINCT FROM (n.external_id, n.phone, n.email, n.first_name, n.last_name, n.locale, n.time_zone, n.country,
        n.region, n.zones, n.properties)
RETURNING t.id
"""

ADOPTABLE = "SELECT 1 FROM profile WHERE external_id IS NULL AND phone <> '' LIMIT 1"

COUNT = """
SELECT count(*) FILTER (WHERE is_new AND NOT again), count(*) FILTER (WHERE NOT is_new AND NOT again),
    count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE NOT is_new), pg_current_xact_id()::text::bigint
FROM person
"""

JOIN_LIST_NEW = """
INSERT INTO list_member (list_id, profile_id, xid)
SELECT %(list)s, profile_id, %(xid)s FROM person WHERE is_new
"""

JOIN_LIST_KNOWN = """
INSERT INTO list_member (list_id, profile_id)
SELECT DISTINCT %(list)s::bigint, p.profile_id
FROM person p LEFT JOIN list_member m ON m.list_id = %(list)s AND m.profile_id = p.profile_id
WHERE NOT p.is_new AND (m.profile_id IS NULL OR m.removed_at IS NOT NULL)
ORDER BY 2
ON CONFLICT (list_id, profile_id) DO UPDATE SET removed_at = NULL, added_at = now()
WHERE list_member.removed_at IS NOT NULL
"""

KNOW_PROPERTIES = """
INSERT INTO property (name, kind, example)
SELECT * FROM unnest(%s::text[], %s::text[], %s::text[]) ORDER BY 1
ON CONFLICT (name) DO UPDATE SET example = EXCLUDED.example WHERE property.example = '' AND EXCLUDED.example <> ''
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Staging:
    """People as COPY wants them. `named` and `nameless` say whether any have an external id, and whether any have none."""

    csv: bytes
    columns: tuple[str, ...]
    height: int
    named: bool
    nameless: bool


def staging(people: pl.DataFrame) -> Staging:
    """Encode people (columns `STAGED`, and perhaps `unset`) for `stage`. Uses no database."""
    columns = (*STAGED, *(["unset"] if "unset" in people.columns else []))
    nameless = people.get_column("external_id").null_count()
    return Staging(
        # Nulls are unquoted and empty; Polars quotes an empty text, which COPY reads as one.
        csv=people.select(columns).write_csv(include_header=False, datetime_format="%Y-%m-%d %H:%M:%S%.f%z").encode(),
        columns=columns,
        height=people.height,
        named=nameless < people.height,
        nameless=nameless > 0,
    )


def stage(cursor: Cursor, people: Staging, *, locked: bool = False) -> None:
    """Take the people lock, unless the caller has `locked`, and copy people into the temporary table `incoming`."""
    if not locked:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [PEOPLE_LOCK])
    for statement in STAGE.split(";"):
        if statement.strip():
            cursor.execute(statement)
    with cursor.copy(f"COPY incoming ({', '.join(people.columns)}) FROM STDIN (FORMAT csv)") as copy:
        copy.write(people.csv)


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """`created`, `updated` and `unchanged` count people named for the first time; `new` and `known` everybody.

    `xid` is the running transaction, the change marker of what it writes.
    """

    created: int
    updated: int
    unchanged: int
    new: int
    known: int
    xid: int


def write_profiles(cursor: Cursor, people: Staging) -> Written:
    """Create and update the profiles of `incoming`; fills `person`.

    Raises psycopg's UniqueViolation when somebody outside the people lock created an external id meanwhile: roll back and
    try again.
    """
    adoptable = people.named and cursor.execute(ADOPTABLE).fetchone() is not None
    cursor.execute(_identify(people, adoptable=adoptable))
    if adoptable:
        cursor.execute(SEPARATE)
    created, first_known, new, known, xid = cursor.execute(COUNT).fetchone() or (0, 0, 0, 0, 0)
    updated = 0
    if new:
        cursor.execute(CREATE, {"xid": xid})
    if known:
        row = cursor.execute(
            f"WITH changed AS ({UPDATE}) SELECT count(DISTINCT p.profile_id) FROM changed c "  # noqa: S608
            "JOIN person p ON p.profile_id = c.id WHERE NOT p.again"
        ).fetchone()
        updated = row[0] if row else 0
    erased_phones.block_returning_incoming(cursor)
    return Written(created=created, updated=updated, unchanged=first_known - updated, new=new, known=known, xid=xid)


def _identify(people: Staging, *, adoptable: bool) -> str:
    ways = [
        ("named.id", BY_EXTERNAL_ID, people.named),
        ("adopted.id", BY_ADOPTION, adoptable),
        ("called.id, mailed.id", BY_PHONE_OR_EMAIL, people.nameless),
    ]
    used = [(ids, join) for ids, join, needed in ways if needed]
    ids = f"coalesce({', '.join(ids for ids, _join in used)})"
    return (
        "INSERT INTO person "  # noqa: S608
        f"SELECT i.line, coalesce({ids}, nextval('profile_id_seq')), {ids} IS NULL, i.again, i.consent, i.consent_at "
        f"FROM incoming i {''.join(join for _ids, join in used)} ORDER BY i.line"
    )


def know_properties(rows: Sequence[tuple[str, str, str]]) -> None:
    """Put properties (name, kind, example) into the catalogue. The kind that was known first stays."""
    if rows:
        with raw_cursor() as cursor:
            cursor.execute(KNOW_PROPERTIES, [[row[at] for row in rows] for at in range(3)])


def join_list(cursor: Cursor, list_id: int, written: Written) -> int:
    """Put everybody in `person` on a list and keep its size. Returns how many joined."""
    joined = 0
    if written.new:
        joined += cursor.execute(JOIN_LIST_NEW, {"list": list_id, "xid": written.xid}).rowcount
    if written.known:
        joined += cursor.execute(JOIN_LIST_KNOWN, {"list": list_id}).rowcount
    if joined:
        cursor.execute("UPDATE list SET size = size + %s, updated_at = now() WHERE id = %s", [joined, list_id])
    return joined
