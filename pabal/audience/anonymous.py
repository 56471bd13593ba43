"""An anonymous visitor turns out to be somebody."""

from __future__ import annotations

from typing import Final

from django.db import transaction

from pabal.database import raw_cursor

#: Held shared by writers of events without a known person, alone by whoever binds anonymous ids to people.
ANONYMOUS_LOCK: Final = 0x9A8A_0002

_BIND: Final = """
INSERT INTO anonymous (anonymous_id, profile_id) VALUES (%s, %s) ON CONFLICT (anonymous_id) DO NOTHING
RETURNING anonymous_id
"""
_SETTLE: Final = "UPDATE event SET profile_id = %s WHERE anonymous_id = %s AND profile_id IS NULL"


@transaction.atomic
def bind(anonymous_id: str, profile_id: int) -> bool:
    """Say that a visitor is this person, whose events the visitor's then are; False when the visitor is known already."""
    with raw_cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ANONYMOUS_LOCK])
        if cursor.execute(_BIND, [anonymous_id, profile_id]).fetchone() is None:
            return False
        cursor.execute(_SETTLE, [profile_id, anonymous_id])
    return True
