"""Who is on a list: growth, everybody in chunks for an export, and people named by phone or customer id."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import connection
from django.utils import timezone

from pabal import config
from pabal.audience.former_ids import profiles_named
from pabal.audience.models import List, Profile
from pabal.audience.phones import normalise_one

_GROWTH = """
SELECT day::date, sum(n)::bigint FROM (
    SELECT date_trunc('day', added_at AT TIME ZONE %(zone)s) AS day, count(*) AS n FROM list_member
    WHERE list_id = %(list)s AND added_at >= %(since)s AND (removed_at IS NULL OR removed_at >= %(since)s) GROUP BY 1
    UNION ALL
    SELECT date_trunc('day', removed_at AT TIME ZONE %(zone)s), -count(*) FROM list_member
    WHERE list_id = %(list)s AND removed_at >= %(since)s GROUP BY 1
) moves GROUP BY 1
"""

_MEMBERS = """
SELECT p.id, p.external_id, p.phone, p.last_name, p.first_name, p.email, p.country, p.locale, p.time_zone,
    coalesce(c.state, ''), m.added_at, p.properties
FROM list_member m JOIN profile p ON p.id = m.profile_id
LEFT JOIN consent c ON c.profile_id = p.id AND c.channel = 'text' AND c.purpose = 'promotional'
WHERE m.list_id = %s AND m.removed_at IS NULL AND m.profile_id > %s ORDER BY m.profile_id LIMIT %s
"""
_SUBSCRIBED = """
SELECT count(*) FROM list_member m JOIN consent c USING (profile_id)
WHERE m.list_id = %s AND m.removed_at IS NULL
    AND c.channel = 'text' AND c.purpose = 'promotional' AND c.state = 'subscribed'
"""
Member = tuple[object, ...]


def growth(list_: List, *, days: int = 30, zone: str) -> list[tuple[date, int]]:
    """The list's size at the end of each of the last days, oldest first, counted back from today's."""
    today = timezone.localdate()
    first = today - timedelta(days=days - 1)
    since = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=days - 1)
    with connection.cursor() as cursor:
        cursor.execute(_GROWTH, {"list": list_.pk, "since": since, "zone": zone})
        moves: dict[date, int] = dict(cursor.fetchall())
    size, found = list_.size, []
    for back in range(days):
        day = today - timedelta(days=back)
        found.append((day, size))
        size -= moves.get(day, 0)
    assert found[-1][0] == first
    return found[::-1]


def subscribed(list_: List) -> int:
    """Members who agreed to advertising by text message."""
    with connection.cursor() as cursor:
        cursor.execute(_SUBSCRIBED, [list_.pk])
        return int(cursor.fetchone()[0])


def everybody(list_: List, *, rows: int = 5_000) -> Iterator[Member]:
    """Every member in the order of their ids, read in chunks: id, customer id, phone, last and first name, email, country,
    language, time zone, state of consent to advertising by text, when they joined, properties."""
    after = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_MEMBERS, [list_.pk, after, rows])
            found = cursor.fetchall()
        for *fields, properties in found:  # jsonb comes as text
            yield (*fields, json.loads(properties))
        if len(found) < rows:
            return
        after = int(found[-1][0])


@dataclass(frozen=True, kw_only=True, slots=True)
class Named:
    """People found by what was typed, and the words that name nobody."""

    ids: list[int]
    unknown: list[str]


def people_named(words: Sequence[str]) -> Named:
    """Profiles by customer id, else by phone (national numbers are of the default country)."""
    wanted = list(dict.fromkeys(word.strip() for word in words if word.strip()))
    by_id = profiles_named(wanted)
    country = config.get().default_country
    phones = {
        word: phone
        for word in wanted
        if word not in by_id and (phone := normalise_one(word, country, allow_fictional=True)[0])
    }
    by_phone: dict[str, list[int]] = {}
    for pk, phone in Profile.objects.filter(phone__in=set(phones.values())).values_list("pk", "phone"):
        by_phone.setdefault(phone, []).append(pk)
    ids = [*by_id.values(), *(pk for phone in phones.values() for pk in by_phone.get(phone, []))]
    unknown = [word for word in wanted if word not in by_id and phones.get(word, "") not in by_phone]
    return Named(ids=list(dict.fromkeys(ids)), unknown=unknown)
