"""Forgetting people. A refusal outlives its number as a hash: see `erased_phones`."""

from __future__ import annotations

from collections.abc import Collection

from django.db import transaction

from pabal.audience import consent_sql
from pabal.audience.erased_phones import block_returning, digest
from pabal.audience.models import ConsentMethod
from pabal.audience.people_sql import PEOPLE_LOCK
from pabal.database import raw_cursor

_REMEMBER = """
INSERT INTO erased_phone (digest, reason)
SELECT digest, reason FROM unnest(%(digests)s::bytea[], %(reasons)s::text[]) AS t(digest, reason) ORDER BY 1
ON CONFLICT (digest) DO NOTHING
"""

#: Phones of the people to be erased, why nothing may be sent to them (null: nothing says so), and whether somebody
#: else has the phone too.
_PHONES = """
SELECT p.phone, coalesce(
        max(s.reason) FILTER (WHERE s.lifted_at IS NULL),
        CASE WHEN bool_or(EXISTS (
            SELECT FROM consent c WHERE c.profile_id = p.id AND c.state = 'unsubscribed'
        )) THEN 'refused' END),
    EXISTS (SELECT FROM profile o WHERE o.phone = p.phone AND o.id <> ALL(%(ids)s))
FROM profile p LEFT JOIN suppression s ON s.phone = p.phone
WHERE p.id = ANY(%(ids)s) AND p.phone <> '' GROUP BY p.phone ORDER BY p.phone
"""

#: The catalogue of properties shows an example of each: not one of theirs.
_FORGET_EXAMPLES = """
UPDATE property SET example = '' FROM (
    SELECT DISTINCT v.key, left(v.value, 200) AS value
    FROM profile p CROSS JOIN LATERAL jsonb_each_text(p.properties) v WHERE p.id = ANY(%s)
) said WHERE property.name = said.key AND property.example = said.value
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
def erase_profiles(profile_ids: Collection[int], *, actor: str = "") -> int:
    """Forget people: everything that says who they are; returns how many there were.

    An empty shell stays, so that past results still add up, with the history of consent, which names nobody. Consent
    ends, lists are left, events, anonymous ids and what profiles merged into these brought are gone. The
    phone of somebody who had refused, or that was suppressed, stays known by its hash alone. What was sent is forgotten
    by `delivery.forgetting`, which stands above this.
    """
    ids = sorted(set(profile_ids))
    with raw_cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [PEOPLE_LOCK])
        found = cursor.execute("SELECT id FROM profile WHERE id = ANY(%s) ORDER BY id FOR UPDATE", [ids]).fetchall()
        phones: list[tuple[str, str | None, bool]] = cursor.execute(_PHONES, {"ids": ids}).fetchall()
        stopped = [(phone, reason) for phone, reason, _shared in phones if reason]
        cursor.execute(
            _REMEMBER,
            {"digests": [digest(phone) for phone, _why in stopped], "reasons": [why for _phone, why in stopped]},
        )
        consent_sql.begin(cursor)
        cursor.execute(
            "INSERT INTO wanted_consent SELECT profile_id, channel, purpose, 'unsubscribed', now() FROM consent "
            "WHERE profile_id = ANY(%s) AND state = 'subscribed'",
            [ids],
        )
        consent_sql.apply(cursor, consent_sql.Evidence(method=ConsentMethod.CONSOLE, source="erasure", actor=actor))
        # A reply's actor is the phone that sent it.
        cursor.execute("UPDATE consent_event SET actor = '' WHERE profile_id = ANY(%s) AND actor LIKE '+%%'", [ids])
        cursor.execute(_FORGET_EXAMPLES, [ids])
        cursor.execute(_BLANK, [ids])
        cursor.execute(_LEAVE_LISTS, [ids])
        cursor.execute("DELETE FROM event WHERE profile_id = ANY(%s)", [ids])
        cursor.execute(
            "DELETE FROM event WHERE anonymous_id IN (SELECT anonymous_id FROM anonymous WHERE profile_id = ANY(%s))",
            [ids],
        )
        cursor.execute("DELETE FROM anonymous WHERE profile_id = ANY(%s)", [ids])
        cursor.execute(
            "DELETE FROM suppression WHERE phone = ANY(%s)", [[phone for phone, _why, shared in phones if not shared]]
        )
        # Somebody else with the same phone: the refusal holds for the phone.
        block_returning(cursor, [phone for phone, why, shared in phones if shared and why])
    return len(found)


def erase_profile(profile_id: int, *, actor: str = "") -> bool:
    """Forget one person; whether there was one. See `erase_profiles`."""
    return erase_profiles([profile_id], actor=actor) == 1
