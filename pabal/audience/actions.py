"""What is done to people: their consent, suppression, and being forgotten. One transaction each.

Writing the audit trail is the caller's part. Creating and changing profiles is in `upsert`, lists in `lists`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from pabal.audience import consent_sql
from pabal.audience.models import Channel, ConsentMethod, ConsentState, ConsentStatement, Purpose
from pabal.audience.people_sql import PEOPLE_LOCK
from pabal.database import raw_cursor
from pabal.errors import InvalidInput

_E164 = re.compile(r"\+[1-9]\d{5,14}")

_WANT = """
INSERT INTO wanted_consent
SELECT DISTINCT p.id, %(channel)s, u.purpose, %(state)s, least(%(at)s, now())
FROM profile p CROSS JOIN unnest(%(purposes)s::text[]) AS u(purpose)
WHERE p.id = ANY(%(ids)s::bigint[]) OR p.phone = ANY(%(phones)s::text[])
"""

_SUPPRESS = """
INSERT INTO suppression (phone, reason, source)
SELECT DISTINCT phone, %s, %s FROM unnest(%s::text[]) AS t(phone) ORDER BY 1
ON CONFLICT (phone) DO UPDATE SET reason = EXCLUDED.reason, source = EXCLUDED.source, at = now(), lifted_at = NULL
WHERE suppression.lifted_at IS NOT NULL
"""

_LIFT = """
UPDATE suppression SET lifted_at = now()
WHERE phone IN (SELECT phone FROM suppression WHERE phone = ANY(%s) AND lifted_at IS NULL ORDER BY phone FOR UPDATE)
"""

_BLANK = """
UPDATE profile SET external_id = NULL, phone = '', email = '', first_name = '', last_name = '', locale = '',
    time_zone = '', country = '', region = '', zones = '', properties = '{}', updated_at = now()
WHERE id = ANY(%s)
"""

_LEAVE_LISTS = """
WITH gone AS (
    UPDATE list_member SET removed_at = now() WHERE profile_id = ANY(%s) AND removed_at IS NULL RETURNING list_id
)
UPDATE list SET size = size - g.people, updated_at = now()
FROM (SELECT list_id, count(*) AS people FROM gone GROUP BY 1 ORDER BY 1) g WHERE list.id = g.list_id
"""


@transaction.atomic
def set_consent(
    profile_ids: Collection[int] = (),
    *,
    phones: Collection[str] = (),
    channel: str,
    purposes: Sequence[str],
    state: str,
    method: str,
    source: str = "",
    actor: str = "",
    at: datetime | None = None,
    statement: ConsentStatement | None = None,
) -> int:
    """Set the consent of people, named by id or by phone, for one channel; returns how many people it changed.

    `at` (now) is when they decided: an older decision never overrules a newer one, see `consent_sql`. Every change is a
    row of the history, with `method`, `source`, `actor` and the wording (`statement`). Raises InvalidInput for a word
    that is no channel, purpose, state or method.
    """
    for field, value, allowed in (
        ("channel", [channel], Channel.values),
        ("purposes", purposes, Purpose.values),
        ("state", [state], ConsentState.values),
        ("method", [method], ConsentMethod.values),
    ):
        if not value or not set(value) <= set(allowed):
            raise InvalidInput(
                _("%(field)s must be one of %(allowed)s.") % {"field": field, "allowed": ", ".join(allowed)},
                code="unknown_value",
                field=field,
            )
    with raw_cursor() as cursor:
        consent_sql.begin(cursor)
        cursor.execute(
            _WANT,
            {
                "ids": list(profile_ids),
                "phones": list(phones),
                "channel": channel,
                "purposes": [str(purpose) for purpose in purposes],
                "state": str(state),
                "at": at or timezone.now(),
            },
        )
        outcome = consent_sql.apply(
            cursor,
            consent_sql.Evidence(
                method=str(method), source=source, statement_id=statement.pk if statement else None, actor=actor
            ),
        )
    return outcome.changed


@transaction.atomic
def suppress(phones: Collection[str], *, reason: str, source: str = "") -> int:
    """Stop everything to these phones (E.164), whatever anybody's consent says; returns how many were not yet.

    `reason`: complaint, invalid_number, unreachable, manual, import or erased. Raises InvalidInput `invalid_number`.
    """
    with raw_cursor() as cursor:
        return cursor.execute(_SUPPRESS, [reason, source, _checked(phones)]).rowcount


@transaction.atomic
def lift_suppression(phones: Collection[str]) -> int:
    """Let these phones (E.164) get messages again, if they agreed; returns how many were suppressed."""
    with raw_cursor() as cursor:
        return cursor.execute(_LIFT, [_checked(phones)]).rowcount


@transaction.atomic
def erase_profiles(profile_ids: Collection[int], *, actor: str = "") -> int:
    """Forget people: everything that says who they are; returns how many there were.

    An empty shell stays, so that past results still add up, with the history of consent, which names nobody. Consent ends
    and lists are left. The phone of somebody who had refused stays suppressed, so that a later import cannot bring the
    messages back.
    """
    ids = sorted(profile_ids)
    with raw_cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [PEOPLE_LOCK])
        found = cursor.execute(
            """
            SELECT p.id, p.phone, EXISTS (
                SELECT 1 FROM consent c WHERE c.profile_id = p.id AND c.state = 'unsubscribed'
            ) FROM profile p WHERE p.id = ANY(%s) ORDER BY p.id FOR UPDATE
            """,
            [ids],
        ).fetchall()
        refused = sorted({phone for _id, phone, has_refused in found if has_refused and phone})
        if refused:
            suppress(refused, reason="erased", source="erasure")
        consent_sql.begin(cursor)
        cursor.execute(
            "INSERT INTO wanted_consent SELECT profile_id, channel, purpose, 'unsubscribed', now() FROM consent "
            "WHERE profile_id = ANY(%s) AND state = 'subscribed'",
            [ids],
        )
        consent_sql.apply(cursor, consent_sql.Evidence(method=ConsentMethod.CONSOLE, source="erasure", actor=actor))
        # A reply's actor is the phone that sent it.
        cursor.execute("UPDATE consent_event SET actor = '' WHERE profile_id = ANY(%s) AND actor LIKE '+%%'", [ids])
        cursor.execute(_BLANK, [ids])
        cursor.execute(_LEAVE_LISTS, [ids])
    return len(found)


def erase_profile(profile_id: int, *, actor: str = "") -> bool:
    """Forget one person; whether there was one. See `erase_profiles`."""
    return erase_profiles([profile_id], actor=actor) == 1


def _checked(phones: Collection[str]) -> list[str]:
    for phone in phones:
        if not _E164.fullmatch(phone):
            raise InvalidInput(
                _("%(phone)s is not an international phone number like +821012345678.") % {"phone": phone},
                code="invalid_number",
                field="phones",
            )
    return list(phones)
