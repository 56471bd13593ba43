"""Openings of short links, recorded before the redirect is answered.

Requests of a few milliseconds share one transaction: their messages, targets and profiles are read in one query, their
clicks written by one COPY. A click that was answered is committed; one that was not, the browser repeats.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlsplit

import psycopg
from prometheus_client import Counter
from psycopg_pool import AsyncConnectionPool

from pabal.content.failures import TemplateError
from pabal.content.links import compile_target
from pabal.content.template import Template
from pabal.delivery.arrays import integers
from pabal.delivery.models import EventKind
from pabal.delivery.tallies import Counts

log = logging.getLogger(__name__)

CLICKS = Counter("pabal_edge_clicks_total", "Clicks recorded")
REFUSED = Counter("pabal_edge_clicks_refused_total", "Requests refused because too many wait")

WAITING = 5_000
"""Requests that may wait for the database; one more is refused with 503, so memory stays bounded."""

PAUSE = 0.003
"""Seconds in which requests gather for one transaction."""

_READ: Final = """
SELECT m.id, l.position, m.campaign_id, m.parts, l.target,
       p.external_id, p.phone, p.email, p.first_name, p.last_name, p.locale, p.time_zone, p.country, p.region, p.properties
FROM unnest(%s::bigint[], %s::smallint[]) AS w(message_id, position)
JOIN message m ON m.id = w.message_id
JOIN link l ON l.campaign_id = m.campaign_id AND l.position = w.position
LEFT JOIN profile p ON p.id = m.profile_id
"""
_FIELDS = ("external_id", "phone", "email", "first_name", "last_name", "locale", "time_zone", "country", "region")

_FIRST: Final = """
INSERT INTO message_event (message_id, kind, at)
SELECT id, %s, now() FROM unnest(%s::bigint[]) AS t(id) ORDER BY id
ON CONFLICT DO NOTHING RETURNING message_id
"""


@dataclass(frozen=True, kw_only=True)
class Opening:
    """One request for a short link. `counts` is false for robots and previews, which are sent on without a click."""

    message_id: int
    position: int
    user_agent: str
    counts: bool


class TooMany(Exception):
    """More requests wait than the database keeps up with."""


class ClickBook:
    """Gathers openings and answers each with the address to go to, or None when the link is gone."""

    def __init__(self, pool: AsyncConnectionPool[psycopg.AsyncConnection[Any]]) -> None:
        self._pool = pool
        self._waiting: list[tuple[Opening, asyncio.Future[str | None]]] = []
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Answer what waits, then end."""
        await asyncio.gather(*[future for _, future in self._waiting], return_exceptions=True)
        if self._task is not None:
            self._task.cancel()

    async def open(self, opening: Opening) -> str | None:
        """The address that the link leads to, once the click is committed. Raises TooMany, psycopg.Error."""
        if len(self._waiting) >= WAITING:
            REFUSED.inc()
            raise TooMany
        future: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((opening, future))
        self._wake.set()
        return await future

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            await asyncio.sleep(PAUSE)
            self._wake.clear()
            batch, self._waiting = self._waiting, []
            try:
                answers = await self._record([opening for opening, _ in batch])
            except Exception as error:
                log.warning("clicks could not be recorded", extra={"clicks": len(batch), "error": str(error)})
                for _, future in batch:
                    if not future.done():
                        future.set_exception(error)
                continue
            for (_, future), answer in zip(batch, answers, strict=True):
                if not future.done():
                    future.set_result(answer)

    async def _record(self, openings: list[Opening]) -> list[str | None]:
        async with self._pool.connection() as connection:
            found: dict[tuple[int, int], tuple[str | None, int, int]] = {}
            asked = [integers(o.message_id for o in openings), integers(o.position for o in openings)]
            cursor = await connection.execute(_READ, asked, prepare=True)
            async for row in cursor:
                values = dict(zip(_FIELDS, row[5:14], strict=True))
                values |= {f"properties.{name}": value for name, value in (row[14] or {}).items()}
                found[row[0], row[1]] = (address(row[4], values), row[2], row[3])
            real = [o for o in openings if o.counts and (o.message_id, o.position) in found]
            if real:
                await self._write(connection, real, found)
        CLICKS.inc(len(real))
        return [found[o.message_id, o.position][0] if (o.message_id, o.position) in found else None for o in openings]

    async def _write(
        self,
        connection: psycopg.AsyncConnection[Any],
        real: list[Opening],
        found: dict[tuple[int, int], tuple[str | None, int, int]],
    ) -> None:
        async with (
            connection.cursor() as cursor,
            cursor.copy("COPY click (message_id, position, user_agent) FROM STDIN") as copy,
        ):
            await copy.write("".join([f"{o.message_id}\t{o.position}\t{_copied(o.user_agent)}\n" for o in real]))
        of = {o.message_id: found[o.message_id, o.position] for o in real}
        cursor = await connection.execute(_FIRST, [int(EventKind.CLICKED), integers(of)], prepare=True)
        counts = Counts()
        async for (message_id,) in cursor:
            _target, campaign_id, parts = of[message_id]
            counts.add(campaign_id, EventKind.CLICKED, "", 1, parts, 0)
        await counts.write(connection, 0)


def _copied(text: str) -> str:
    """As COPY reads text: https://www.postgresql.org/docs/18/sql-copy.html#id-1.9.3.55.9.2. NUL cannot be kept."""
    return text.translate(_ESCAPES)


_ESCAPES: Final = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": ""})


@lru_cache(maxsize=1024)
def _compiled(target: str) -> Template:
    return compile_target(target)


def address(target: str, values: dict[str, Any]) -> str | None:
    """The finished address for one person, or None when it is not a web address."""
    try:
        finished = _compiled(target).render(values)
    except TemplateError:
        return None
    try:
        parts = urlsplit(finished)
    except ValueError:
        return None
    return finished if parts.scheme in {"http", "https"} and parts.hostname else None
