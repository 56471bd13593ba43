"""Phones whose owners had refused and were then erased: known by a keyed hash alone.

The key is derived from the installation's secret, which is not in the database, so that nobody who has only the database
can try out all phone numbers. Whoever writes phones to profiles calls `block_returning` (or executes `BLOCK` with `hashed`) in
the same transaction: a phone that is known by its hash gets a suppression with the reason `erased`, and no import can
bring the messages back. Only its owner (a reply, a link) can, or a person who lifts the suppression.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection, Iterable
from functools import cache
from typing import Any

import psycopg
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from pabal import config

Cursor = psycopg.Cursor[Any]

#: Whether there is anything to compare with: without erased phones, nothing is hashed.
ANY_ERASED = "SELECT EXISTS (SELECT FROM erased_phone)"

#: Suppress the phones among these that are known by their hash. Parameters: `hashed(phones)`.
BLOCK = """
INSERT INTO suppression (phone, reason, source)
SELECT DISTINCT t.phone, 'erased', e.reason
FROM unnest(%(phones)s::text[], %(digests)s::bytea[]) AS t(phone, digest) JOIN erased_phone e USING (digest) ORDER BY 1
ON CONFLICT (phone) DO UPDATE SET reason = EXCLUDED.reason, source = EXCLUDED.source, at = now(), lifted_at = NULL
WHERE suppression.lifted_at IS NOT NULL
"""


@cache
def _key() -> bytes:
    secret = config.secret_key(config.get()).encode()
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"pabal erased phones").derive(secret)


def digest(phone: str) -> bytes:
    """The keyed hash (HMAC-SHA256) of a phone in E.164: 32 bytes, about a microsecond."""
    return hmac.digest(_key(), phone.encode(), hashlib.sha256)


def hashed(phones: Iterable[str]) -> dict[str, Any]:
    """The parameters of `BLOCK`."""
    named = sorted({phone for phone in phones if phone})
    return {"phones": named, "digests": [digest(phone) for phone in named]}


def block_returning(cursor: Cursor, phones: Collection[str]) -> int:
    """Suppress those of these phones whose owner had refused before being erased; returns how many it suppressed."""
    if not phones or not _any_erased(cursor):
        return 0
    return cursor.execute(BLOCK, hashed(phones)).rowcount


def block_returning_incoming(cursor: Cursor) -> int:
    """The same for the phones of the staged set `incoming` (`people_sql`), after its profiles are written."""
    if not _any_erased(cursor):
        return 0
    found = cursor.execute("SELECT DISTINCT phone FROM incoming WHERE phone <> ''").fetchall()
    return block_returning(cursor, [phone for (phone,) in found])


def forget_refusals(cursor: Cursor, phones: Collection[str]) -> None:
    """Drop what is known of these phones' refusals before an erasure: they may get messages again."""
    if phones and _any_erased(cursor):
        cursor.execute("DELETE FROM erased_phone WHERE digest = ANY(%s)", [hashed(phones)["digests"]])


def _any_erased(cursor: Cursor) -> bool:
    row = cursor.execute(ANY_ERASED).fetchone()
    return bool(row and row[0])
