"""Write keys as the edge needs them: remembered for a few seconds, so that a revoked key ends soon and the database is
not asked for each request."""

from __future__ import annotations

import asyncio
import base64
import binascii
import logging
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from pabal.audience.event_models import WriteKeyKind
from pabal.edge.intake.failures import Away, WrongKey

log = logging.getLogger(__name__)

REMEMBERED: Final = 5.0
"""Seconds."""

NOTED: Final = 60.0
"""Seconds between two notes of when a key was last used."""

MOST: Final = 10_000
_LONGEST: Final = 64

FIND: Final = "SELECT id, name, kind, origins FROM write_key WHERE key = %s AND revoked_at IS NULL"
NOTE: Final = """
UPDATE write_key SET last_used_at = now()
WHERE id = %s AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Key:
    """A key that may write. `origins` are those of pages that may use it; empty: any."""

    id: int
    name: str
    browser: bool
    origins: frozenset[str]

    @property
    def scope(self) -> bytes:
        """Message ids are unique within a scope: a public key cannot take those of the shop's own servers."""
        return b"browser\0" if self.browser else b"server\0"


class Keys:
    """Finds keys, and notes when they were used."""

    def __init__(self, pool: AsyncConnectionPool[psycopg.AsyncConnection[Any]]) -> None:
        self._pool = pool
        self._known: dict[str, tuple[float, Key | None]] = {}
        self._noted: dict[int, float] = {}
        self._notes: set[asyncio.Task[None]] = set()

    async def find(self, text: str) -> Key:
        """The key. Raises WrongKey, Away."""
        if not text:
            raise WrongKey("no_key", "Send the write key as the user name of HTTP basic authentication.")
        now = time.monotonic()
        known = self._known.get(text)
        if known is None or known[0] < now:
            known = (now + REMEMBERED, await self._look_up(text))
            if len(self._known) >= MOST:
                self._known.clear()
            self._known[text] = known
        key = known[1]
        if key is None:
            raise WrongKey("wrong_key", "There is no such write key, or it was revoked.")
        if self._noted.get(key.id, 0.0) < now:
            self._noted[key.id] = now + NOTED
            task = asyncio.create_task(self._note(key.id))
            self._notes.add(task)
            task.add_done_callback(self._notes.discard)
        return key

    async def _look_up(self, text: str) -> Key | None:
        if len(text) > _LONGEST or "\0" in text:
            return None
        try:
            async with self._pool.connection() as connection:
                row = await (await connection.execute(FIND, [text])).fetchone()
        except (psycopg.Error, PoolTimeout) as error:
            raise Away from error
        if row is None:
            return None
        return Key(id=row[0], name=row[1], browser=row[2] == WriteKeyKind.BROWSER, origins=frozenset(row[3]))

    async def _note(self, key_id: int) -> None:
        try:
            async with self._pool.connection() as connection:
                await connection.execute(NOTE, [key_id])
        except (psycopg.Error, PoolTimeout) as error:
            log.warning("use of a write key not noted", extra={"error": str(error)})


@lru_cache(maxsize=1024)
def from_header(authorization: bytes) -> str:
    """The user name of HTTP basic authentication, or a bearer token; empty: neither."""
    scheme, _, rest = authorization.decode("latin-1").partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(rest.strip(), validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return ""
