"""Figures of consent: how many people stand where, how that grew, and where consent comes from.

All of it is read from small tables that are kept meanwhile (`consent_models`), so a page costs the same for a million people
as for ten.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone

from pabal.audience.models import ConsentEvent, ConsentSource
from pabal.database import raw_cursor

#: Most sources that are kept.
SOURCES = 500
_COMPACT_LOCK = 0x9A8A_0003

_COUNTS = "SELECT channel, purpose, state, sum(came - went)::bigint FROM consent_tally GROUP BY 1, 2, 3"

_DAYS = """
SELECT (hour AT TIME ZONE %(zone)s)::date,
    coalesce(sum(came) FILTER (WHERE state = 'subscribed'), 0)::bigint,
    coalesce(sum(came) FILTER (WHERE state = 'unsubscribed'), 0)::bigint,
    coalesce(sum(came - went) FILTER (WHERE state = 'subscribed'), 0)::bigint
FROM consent_tally
WHERE channel = %(channel)s AND purpose = %(purpose)s AND hour >= %(since)s GROUP BY 1
"""

_COMPACT = """
WITH gone AS (DELETE FROM consent_tally RETURNING hour, channel, purpose, state, came, went)
INSERT INTO consent_tally (hour, channel, purpose, state, came, went)
SELECT hour, channel, purpose, state, sum(came), sum(went) FROM gone GROUP BY 1, 2, 3, 4
"""
_LOOSE = "SELECT count(*), count(DISTINCT (hour, channel, purpose, state)) FROM consent_tally"

#: The consent that somebody gave last, and whether it stands. An opt-out link names its message: those are one source.
_SOURCES = """
INSERT INTO consent_source (channel, purpose, method, source, people, withdrawn, last_at)
SELECT e.channel, e.purpose, e.method, CASE WHEN e.method = 'link' THEN '' ELSE left(e.source, 200) END, count(*),
    count(*) FILTER (WHERE c.state = 'unsubscribed'), max(e.at)
FROM (
    SELECT max(id) AS id FROM consent_event WHERE state = 'subscribed' GROUP BY profile_id, channel, purpose
) given JOIN consent_event e USING (id) JOIN consent c USING (profile_id, channel, purpose)
GROUP BY 1, 2, 3, 4 ORDER BY 5 DESC LIMIT %s
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """People by state of consent, for one channel and purpose."""

    channel: str
    purpose: str
    subscribed: int
    unsubscribed: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Day:
    """One day's growth: who subscribed, who withdrew or refused, and how many are subscribed at its end."""

    day: date
    gained: int
    lost: int
    subscribed: int


def standings() -> list[Standing]:
    """For each channel and purpose that anybody was asked about, in alphabetical order."""
    with raw_cursor() as cursor:
        found = {(channel, purpose, state): n for channel, purpose, state, n in cursor.execute(_COUNTS)}
    return [
        Standing(
            channel=channel,
            purpose=purpose,
            subscribed=found.get((channel, purpose, "subscribed"), 0),
            unsubscribed=found.get((channel, purpose, "unsubscribed"), 0),
        )
        for channel, purpose in sorted({(channel, purpose) for channel, purpose, _state in found})
    ]


def growth(*, channel: str, purpose: str, days: int, zone: str, subscribed: int) -> list[Day]:
    """The last days, oldest first, counted back from today's number of people who are `subscribed`."""
    today = timezone.localdate()
    since = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=days - 1)
    with connection.cursor() as cursor:
        cursor.execute(_DAYS, {"channel": channel, "purpose": purpose, "since": since, "zone": zone})
        moves = {day: (gained, lost, net) for day, gained, lost, net in cursor.fetchall()}
    found, size = [], subscribed
    for back in range(days):
        day = today - timedelta(days=back)
        gained, lost, net = moves.get(day, (0, 0, 0))
        found.append(Day(day=day, gained=gained, lost=lost, subscribed=size))
        size -= net
    return found[::-1]


def sources(*, channel: str, purpose: str, limit: int = 20) -> Sequence[ConsentSource]:
    """Where most consent came from, as last counted."""
    return list(ConsentSource.objects.filter(channel=channel, purpose=purpose).order_by("-people", "id")[:limit])


def latest(limit: int = 15) -> list[ConsentEvent]:
    """The changes recorded last."""
    return list(ConsentEvent.objects.select_related("profile", "statement").order_by("-id")[:limit])


@transaction.atomic
def compact() -> int:
    """Sum up the tally's rows of each hour; returns how many rows went. Writers do not wait for it."""
    with raw_cursor() as cursor:
        if not (cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_COMPACT_LOCK]).fetchone() or [False])[0]:
            return 0
        rows, needed = cursor.execute(_LOOSE).fetchone() or (0, 0)
        if rows <= needed:
            return 0
        cursor.execute(_COMPACT)
    return int(rows) - int(needed)


@transaction.atomic
def count_sources() -> datetime | None:
    """Count the sources afresh, if consent changed since they were counted; returns when. Reads all of the history."""
    with raw_cursor() as cursor:
        changed = cursor.execute(
            "SELECT coalesce((SELECT recorded_at FROM consent_event ORDER BY id DESC LIMIT 1) > "
            "(SELECT min(at) FROM consent_source), EXISTS (SELECT FROM consent_event))"
        ).fetchone()
        if not (changed and changed[0]):
            return None
        cursor.execute("LOCK TABLE consent_source IN SHARE ROW EXCLUSIVE MODE")
        cursor.execute("DELETE FROM consent_source")
        cursor.execute(_SOURCES, [SOURCES])
        row = cursor.execute("SELECT now()").fetchone()
    return row[0] if row else None
