"""Numbers that carriers say again and again do not exist or cannot be reached: suppressed, so that nobody pays for them.

A number is dead after `invalid` failures in a row for being invalid, or `unreachable` ones for being unreachable. A
delivery in between starts the count anew. What a person lifts stays lifted until the same failures happen again.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from django.db import connection

from pabal.audience.actions import suppress
from pabal.delivery.models import EventKind
from pabal.providers.reasons import Reason
from pabal.warehouse.client import Warehouse

LOOK_BACK: Final = timedelta(days=2)
"""Failures newer than this make a number worth a look; all of its history is then counted."""

#: Per number: the failures of each reason since the last delivery.
_DEAD: Final = """
WITH failing AS (
    SELECT DISTINCT number FROM message FINAL WHERE message_id IN (
        SELECT message_id FROM message_event FINAL
        WHERE kind = {failed:UInt8} AND at > {since:DateTime64(6, 'UTC')} AND reason IN ({invalid:String}, {unreachable:String})
    )
),
history AS (
    SELECT m.number AS number, m.phone AS phone, e.kind AS kind, e.reason AS reason, e.at AS at
    FROM message AS m FINAL INNER JOIN (
        SELECT message_id, kind, reason, at FROM message_event FINAL WHERE kind IN ({failed:UInt8}, {delivered:UInt8})
    ) AS e ON e.message_id = m.message_id
    WHERE m.number IN (SELECT number FROM failing) AND m.number != 0
),
counted AS (
    SELECT any(phone) AS phone, maxIf(at, kind = {delivered:UInt8}) AS alive_at,
           groupArrayIf(at, kind = {failed:UInt8} AND reason = {invalid:String}) AS invalids,
           groupArrayIf(at, kind = {failed:UInt8} AND reason = {unreachable:String}) AS unreachables
    FROM history GROUP BY number
)
SELECT phone, arrayCount(at -> at > alive_at, invalids) AS invalid, arrayCount(at -> at > alive_at, unreachables) AS unreachable,
       arrayMax(arrayConcat(invalids, unreachables)) AS last_at
FROM counted
WHERE ({most_invalid:UInt32} > 0 AND invalid >= {most_invalid:UInt32})
   OR ({most_unreachable:UInt32} > 0 AND unreachable >= {most_unreachable:UInt32})
"""

#: Not those that a person let go again after the last failure.
_NOT_LIFTED: Final = """
SELECT d.phone FROM unnest(%s::text[], %s::timestamptz[]) AS d(phone, last_at)
WHERE NOT EXISTS (SELECT FROM suppression s WHERE s.phone = d.phone AND (s.lifted_at IS NULL OR s.lifted_at > d.last_at))
ORDER BY 1
"""


def suppress_dead(warehouse: Warehouse, *, invalid: int, unreachable: int, now: datetime | None = None) -> int:
    """Suppress the numbers that became dead lately; how many. A limit of 0 switches its reason off."""
    if not invalid and not unreachable:
        return 0
    rows = warehouse.rows(
        _DEAD,
        {
            "failed": EventKind.FAILED.value,
            "delivered": EventKind.DELIVERED.value,
            "since": (now or datetime.now(UTC)) - LOOK_BACK,
            "invalid": Reason.INVALID_NUMBER.value,
            "unreachable": Reason.UNREACHABLE.value,
            "most_invalid": invalid,
            "most_unreachable": unreachable,
        },
    )
    suppressed = 0
    for reason, dead in (
        (Reason.INVALID_NUMBER, [row for row in rows if invalid and row[1] >= invalid]),
        (Reason.UNREACHABLE, [row for row in rows if not (invalid and row[1] >= invalid)]),
    ):
        if dead:
            with connection.cursor() as cursor:
                cursor.execute(_NOT_LIFTED, [[row[0] for row in dead], [row[3] for row in dead]])
                phones = [phone for (phone,) in cursor.fetchall()]
            suppressed += suppress(phones, reason=reason.value, source="delivery")
    return suppressed
