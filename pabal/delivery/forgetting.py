"""Forgetting people whole: who they were (`audience.erasure`), and what was sent to them and came back.

A message is immutable but for this: the law wants the person gone from it. Its number, state, cost and time stay, so that
results add up; phone and text go. One that still waits is dropped by the dispatcher, as nobody is left to send it to.
"""

from __future__ import annotations

from collections.abc import Collection

from django.db import transaction

from pabal.audience.erasure import erase_profiles
from pabal.audience.merge import ids_of_all
from pabal.audience.models import Profile
from pabal.database import raw_cursor

_PHONES = """
SELECT phone FROM profile WHERE id = ANY(%(ids)s) AND phone <> ''
UNION SELECT phone FROM message WHERE profile_id = ANY(%(ids)s) AND phone <> ''
"""
#: Texts of a phone that belong to nobody else.
_INBOUND = """
UPDATE inbound SET phone = '', text = '', reply = '' WHERE phone = ANY(%(phones)s)
    AND (profile_id = ANY(%(ids)s) OR profile_id IS NULL)
"""
#: The trail of the suppression list names numbers.
_AUDIT = """
UPDATE accounts_auditentry SET label = CASE WHEN label = ANY(%(phones)s::text[]) THEN '' ELSE label END,
    changes = changes - 'phones'
WHERE object_type = 'suppression'
    AND (label = ANY(%(phones)s::text[]) OR changes->'phones' ?| %(phones)s::text[])
"""
_STATEMENTS = (
    """
    UPDATE click SET user_agent = '' WHERE user_agent <> ''
        AND message_id IN (SELECT id FROM message WHERE profile_id = ANY(%(ids)s))
    """,
    """
    UPDATE message_event SET detail = NULL WHERE detail IS NOT NULL
        AND message_id IN (SELECT id FROM message WHERE profile_id = ANY(%(ids)s))
    """,
    # Where somebody signed up; the words that were agreed to stay.
    """
    UPDATE signup SET state = CASE state WHEN 'pending' THEN 'expired' ELSE state END, phone = '', name = '', page = '',
        ip_hash = '', user_agent = '', anonymous_id = ''
    WHERE profile_id = ANY(%(ids)s) OR phone = ANY(%(phones)s)
    """,
    "UPDATE consent_event SET actor = '' WHERE profile_id = ANY(%(ids)s) AND method = 'form' AND actor <> ''",
    "UPDATE message SET phone = '', subject = '', text = '' WHERE profile_id = ANY(%(ids)s) AND phone <> ''",
)


@transaction.atomic
def erase_people(profile_ids: Collection[int], *, actor: str = "") -> int:
    """Forget people and whatever went up in them by a merge; returns how many there were. See `erase_profiles`."""
    known = list(Profile.objects.filter(pk__in=list(profile_ids)).values_list("pk", flat=True))
    ids = ids_of_all(known)
    with raw_cursor() as cursor:
        phones = [phone for (phone,) in cursor.execute(_PHONES, {"ids": ids})]
        erased = erase_profiles(known, actor=actor)
        cursor.execute(_INBOUND, {"ids": ids, "phones": phones})
        for statement in _STATEMENTS:
            cursor.execute(statement, {"ids": ids, "phones": phones})
        cursor.execute(_AUDIT, {"phones": phones})
    return erased
