"""The calls of the intake, as an ASGI application below /v1/.

POST /v1/track, identify, alias, page, screen, group    one message
POST /v1/batch                                          {"batch": [messages]}
POST /v1/import                                         a message a line

Plain ASGI: a framework's routing and request objects would take longer than the rest.
"""

from __future__ import annotations

import logging
from functools import cache
from typing import Any, Final

import psycopg
from prometheus_client import Counter
from psycopg_pool import AsyncConnectionPool
from starlette.types import Receive, Scope, Send

from pabal.edge.intake import bodies, metrics, moments
from pabal.edge.intake.answers import Answer, failed, send, taken
from pabal.edge.intake.arrays import DUMPERS
from pabal.edge.intake.bodies import Gone
from pabal.edge.intake.event_book import EventBook
from pabal.edge.intake.failures import IntakeError, NotOurs, WrongKey
from pabal.edge.intake.importing import take_lines
from pabal.edge.intake.keys import Key, Keys, from_header
from pabal.edge.intake.limits import LONGEST_STATEMENT
from pabal.edge.intake.messages import Told, read_batch, read_message
from pabal.edge.intake.people_book import PeopleBook
from pabal.edge.intake.reading import CALLS, Read, read

log = logging.getLogger(__name__)

_ONE: Final = {
    **{call: call for call in CALLS},
    "t": "track",
    "i": "identify",
    "a": "alias",
    "p": "page",
    "g": "group",
    "s": "screen",
}
"""The last part of the address → call. The short ones are what Segment's browser library uses."""

_BATCHES: Final = ("batch", "b", "import")
ADDRESSES: Final = frozenset(f"/v1/{call}" for call in (*_ONE, *_BATCHES))
_CORS: Final = (
    (b"access-control-allow-methods", b"POST, OPTIONS"),
    (b"access-control-allow-headers", b"authorization, content-type, content-encoding, anonymousid"),
    (b"access-control-max-age", b"86400"),
)


class Intake:
    """Everything that one process needs to take events."""

    def __init__(self, dsn: str) -> None:
        self.pool: AsyncConnectionPool[psycopg.AsyncConnection[Any]] = AsyncConnectionPool(
            dsn,
            min_size=1,
            max_size=4,
            timeout=5,
            open=False,
            kwargs={"application_name": "pabal edge intake", "autocommit": True},
            configure=_configure,
        )
        self.keys = Keys(self.pool)
        self.people = PeopleBook(dsn)
        self.events = EventBook(self.pool, self.people.ensure)

    async def start(self) -> None:
        await self.pool.open()
        self.people.start()
        self.events.start()

    async def stop(self) -> None:
        """Answer what waits, then end."""
        await self.events.stop()
        await self.people.stop()
        await self.pool.close()

    async def __call__(self, scope: Scope, receive: Receive, to: Send) -> None:
        call = scope["path"].rpartition("/v1/")[2]
        found = bodies.headers(scope)
        origin = found.get(b"origin")
        more = [] if origin is None else [(b"access-control-allow-origin", origin), (b"vary", b"Origin")]
        if scope["method"] == "OPTIONS":
            return await send(Answer(204, b""), to, more=[*more, *_CORS])
        try:
            answer = await self._answer(call, scope, found, receive)
        except IntakeError as error:
            answer = failed(error)
        except Gone:
            return None
        except Exception:
            log.exception("intake failed", extra={"call": call})
            answer = Answer(
                500, b'{"success":false,"code":"failed","message":"This is our fault. Send it again later."}'
            )
        _counted(call if call in _ONE or call in _BATCHES else "unknown", answer.status).inc()
        return await send(answer, to, more=more)

    async def _answer(self, call: str, scope: Scope, found: dict[bytes, bytes], receive: Receive) -> Answer:
        one = _ONE.get(call)
        if one is None and call not in _BATCHES:
            raise NotOurs("unknown_call", f"There is no /v1/{call[:50]}.")
        if scope["method"] != "POST":
            return failed(NotOurs("bad_method", "Use POST."))
        origin = found.get(b"origin", b"").decode("latin-1")
        text = from_header(found.get(b"authorization", b""))
        if call == "import":
            return await take_lines(self, bodies.stream(receive, found), await self._key(text, origin))
        key = await self._key(text, origin) if text else None  # before a large body is read
        body = await bodies.whole(receive, found)
        told = read_message(body) if one else read_batch(body)
        if key is None:
            key = await self._key(told.write_key, origin)
        return await self.take(told, key, one)

    async def _key(self, text: str, origin: str) -> Key:
        key = await self.keys.find(text)
        if origin and key.origins and origin not in key.origins:
            raise WrongKey("wrong_origin", "This write key is not for pages of this origin.")
        return key

    async def take(self, told: Told, key: Key, call: str | None = None) -> Answer:
        """Write a request's messages and answer for them."""
        found = read(told, key, call, received=moments.now())
        accepted = await self.write(found)
        found.refused.sort(key=lambda one: one.index)
        return taken(accepted, found.refused, found.notes)

    async def write(self, found: Read) -> int:
        """Write what was read; how many messages were accepted. Who is nobody after all goes to `found.refused`."""
        accepted = len(found.events) + len(found.people)
        if found.people:
            verdict = await self.people.put(found.people)
            found.refused += verdict.refused.values()
            found.notes += verdict.notes.values()
            accepted -= len(verdict.refused)
            metrics.PEOPLE.inc(len(found.people) - len(verdict.refused))
        if len(found.events):
            await self.events.put(found.events)
            metrics.EVENTS.inc(len(found.events))
        for one in found.refused:
            metrics.REFUSED.labels(one.code).inc()
        return accepted


@cache
def _counted(call: str, status: int) -> Counter:
    return metrics.REQUESTS.labels(call, str(status))


async def _configure(connection: psycopg.AsyncConnection[Any]) -> None:
    await connection.execute(f"SET statement_timeout = {LONGEST_STATEMENT}")
    for kind, dumper in DUMPERS:
        connection.adapters.register_dumper(kind, dumper)
