"""What is done to people: their consent and suppression. One transaction each. Forgetting them is in `erasure`.

Writing the audit trail is the caller's part. Creating and changing profiles is in `upsert`, lists in `lists`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from pabal.audience import consent_sql, erased_phones
from pabal.audience.models import Channel, ConsentMethod, ConsentState, ConsentStatement, Purpose
from pabal.database import raw_cursor
from pabal.errors import InvalidInput

_E164 = re.compile(r"\+[1-9]\d{5,14}")

_WANT = """
INSERT INTO wanted_consent
SELECT DISTINCT p.id, %(channel)s, u.purpose, %(state)s, least(%(at)s, now())
FROM profile p CROSS JOIN unnest(%(purposes)s::text[]) AS u(purpose)
WHERE p.id = ANY(%(ids)s::bigint[]) OR (p.phone = ANY(%(phones)s::text[]) AND p.phone <> '')
"""

#: What the people's own last act ended: it is a refusal of theirs, and what stood before it was consent.
_ENDED = """
INSERT INTO wanted_consent
SELECT c.profile_id, c.channel, c.purpose, 'subscribed', least(%(at)s, now())
FROM profile p JOIN consent c ON c.profile_id = p.id
CROSS JOIN LATERAL (
    SELECT array_agg(e.state ORDER BY e.at DESC, e.id DESC) AS states,
        (array_agg(e.method ORDER BY e.at DESC, e.id DESC))[1] AS method,
        (array_agg(e.source ORDER BY e.at DESC, e.id DESC))[1] AS source
    FROM consent_event e WHERE e.profile_id = c.profile_id AND e.channel = c.channel AND e.purpose = c.purpose
) history
WHERE p.phone = %(phone)s AND p.phone <> '' AND c.channel = %(channel)s AND c.purpose = ANY(%(purposes)s)
    AND c.state = 'unsubscribed' AND history.states[1:2] = ARRAY['unsubscribed', 'subscribed']::varchar[]
    AND history.method IN ('reply', 'link') AND (%(ended_by)s = '' OR history.source = %(ended_by)s)
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

    An owner's own consent (a reply, a link) ends the suppression that an erasure left on the phone. `at` (now) is when they decided: an older decision never overrules a newer one, see `consent_sql`. Every change is a
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
        if state == ConsentState.SUBSCRIBED and method in (ConsentMethod.REPLY, ConsentMethod.LINK):
            _forgive(cursor, profile_ids, phones)
        outcome = consent_sql.apply(
            cursor,
            consent_sql.Evidence(
                method=str(method), source=source, statement_id=statement.pk if statement else None, actor=actor
            ),
        )
    return outcome.changed


@transaction.atomic
def restore_consent(
    phone: str,
    *,
    channel: str,
    purposes: Sequence[str],
    method: str,
    source: str = "",
    ended_by: str = "",
    at: datetime | None = None,
) -> int:
    """Give back what the owner of a phone (E.164) had agreed to and then ended by a reply or link of their own.

    Consent that never was, or that somebody else ended, is not made by this. `ended_by`: only what this source ended.
    Returns how many people it changed. The owner takes part in person, so `actor` is the phone.
    """
    with raw_cursor() as cursor:
        consent_sql.begin(cursor)
        wanted = {
            "phone": phone,
            "channel": str(channel),
            "purposes": [str(purpose) for purpose in purposes],
            "ended_by": ended_by,
            "at": at or timezone.now(),
        }
        if cursor.execute(_ENDED, wanted).rowcount:
            _forgive(cursor, (), [phone])
        outcome = consent_sql.apply(cursor, consent_sql.Evidence(method=str(method), source=source, actor=phone))
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
    """Let these phones (E.164) get messages again, if they agreed; returns how many were suppressed.

    What is known of refusals before an erasure is forgotten too.
    """
    with raw_cursor() as cursor:
        erased_phones.forget_refusals(cursor, _checked(phones))
        return cursor.execute(_LIFT, [list(phones)]).rowcount


def _forgive(cursor: consent_sql.Cursor, profile_ids: Collection[int], phones: Collection[str]) -> None:
    """Lift what erasures left on the phones of these people, and nothing else."""
    found = cursor.execute(
        "SELECT phone FROM suppression WHERE reason = 'erased' AND lifted_at IS NULL AND phone IN ("
        "SELECT phone FROM profile WHERE id = ANY(%s) UNION SELECT unnest(%s::text[]))",
        [list(profile_ids), list(phones)],
    ).fetchall()
    if found:
        lift_suppression([phone for (phone,) in found])


def _checked(phones: Collection[str]) -> list[str]:
    for phone in phones:
        if not _E164.fullmatch(phone):
            raise InvalidInput(
                _("%(phone)s is not an international phone number like +821012345678.") % {"phone": phone},
                code="invalid_number",
                field="phones",
            )
    return list(phones)
