"""Events of a few milliseconds, written by one statement, and each request answered after it is committed.

The statement resolves who each event belongs to: by external id, else through `anonymous`. Events of people whom we do
not know yet are written once `people` has made profiles for them. Rows go in the order of their keys, so two edges that
get the same events at once wait for each other and never deadlock.

An anonymous event and the `identify` that names its visitor may come at once, to two edges. The events' transaction holds
`ANONYMOUS_LOCK` shared and the binding's holds it alone, so either the event sees the binding or the binding the event.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from pabal.audience.anonymous import ANONYMOUS_LOCK
from pabal.audience.former_ids import FORMER_ID
from pabal.edge.intake import metrics
from pabal.edge.intake.arrays import TextArray, TimeArray, UuidArray, text_element
from pabal.edge.intake.failures import Away, Malformed, Overloaded
from pabal.edge.intake.limits import PAUSE, WAITING_BYTES, WAITING_EVENTS

log = logging.getLogger(__name__)

MOST_EVENTS: Final = 10_000
"""Events of one statement."""

MOST_BYTES: Final = 8 * 1024 * 1024
WRITERS: Final = 2
"""Statements under way: while PostgreSQL runs one, the next is put together."""

WRITE: Final = f"""
WITH told AS MATERIALIZED (
    SELECT e.*, coalesce(p.id, a.profile_id) AS person
    FROM unnest(%s, %s, %s, %s, %s, %s) AS e(key, user_id, anonymous_id, name, at, properties)
    LEFT JOIN profile p ON p.external_id = e.user_id
    LEFT JOIN anonymous a
        ON a.anonymous_id = CASE WHEN p.id IS NULL THEN coalesce('{FORMER_ID}' || e.user_id, e.anonymous_id) END
), kept AS (
    INSERT INTO event (key, profile_id, anonymous_id, name, at, properties, xid)
    SELECT key, person, anonymous_id, name, at, properties, (SELECT pg_current_xact_id()::text::bigint)
    FROM told WHERE user_id IS NULL OR person IS NOT NULL
    ORDER BY key
    ON CONFLICT (key) DO NOTHING
)
SELECT DISTINCT user_id FROM told WHERE user_id IS NOT NULL AND person IS NULL
"""  # noqa: S608

Ensure = Callable[[list[str]], Awaitable[None]]


@dataclass(slots=True)
class Events:
    """The events of one request, column by column, as elements of binary arrays (`arrays`)."""

    keys: list[bytes] = field(default_factory=list)
    users: list[bytes] = field(default_factory=list)
    anonymous: list[bytes] = field(default_factory=list)
    names: list[bytes] = field(default_factory=list)
    times: list[bytes] = field(default_factory=list)
    properties: list[bytes] = field(default_factory=list)
    size: int = 0
    nameless: bool = False
    """Whether an event has no user id."""

    def __len__(self) -> int:
        return len(self.keys)

    def add(self, other: Events) -> None:
        self.keys += other.keys
        self.users += other.users
        self.anonymous += other.anonymous
        self.names += other.names
        self.times += other.times
        self.properties += other.properties
        self.size += other.size
        self.nameless |= other.nameless

    def of(self, users: set[bytes]) -> Events:
        """The events of these users."""
        places = [place for place, user in enumerate(self.users) if user in users]
        return Events(
            keys=[self.keys[place] for place in places],
            users=[self.users[place] for place in places],
            anonymous=[self.anonymous[place] for place in places],
            names=[self.names[place] for place in places],
            times=[self.times[place] for place in places],
            properties=[self.properties[place] for place in places],
        )

    def parameters(self) -> list[Any]:
        return [
            UuidArray(self.keys),
            TextArray(self.users),
            TextArray(self.anonymous),
            TextArray(self.names),
            TimeArray(self.times),
            TextArray(self.properties),
        ]


class EventBook:
    """Gathers the events of requests and writes them."""

    def __init__(self, pool: AsyncConnectionPool[psycopg.AsyncConnection[Any]], ensure: Ensure) -> None:
        self._pool = pool
        self._ensure = ensure
        self._queue: list[tuple[Events, asyncio.Future[None]]] = []
        self._waiting = 0
        self._bytes = 0
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._run()) for _ in range(WRITERS)]

    async def stop(self) -> None:
        """Answer what waits, then end."""
        await asyncio.gather(*[future for _, future in self._queue], return_exceptions=True)
        for task in self._tasks:
            task.cancel()

    def room(self, events: int, size: int) -> bool:
        """Whether so many more may wait. An empty book takes anything."""
        return not self._waiting or (self._waiting + events <= WAITING_EVENTS and self._bytes + size <= WAITING_BYTES)

    async def put(self, events: Events) -> None:
        """Return once they are committed. Raises Overloaded, Away, Malformed (the database takes none of it)."""
        if not self.room(len(events), events.size):
            raise Overloaded
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append((events, future))
        self._waiting += len(events)
        self._bytes += events.size
        self._wake.set()
        await future

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            if self._waiting < MOST_EVENTS:
                await asyncio.sleep(PAUSE)
            taken, whole = self._take()
            if not taken:
                continue
            try:
                with metrics.SECONDS.labels("events").time():
                    await self._write(whole)
            except psycopg.DataError:
                await self._one_by_one(taken)
            except Exception as error:
                log.warning("events could not be written", extra={"events": len(whole), "error": str(error)})
                _fail(taken, error)
            else:
                for _, future in taken:
                    if not future.done():
                        future.set_result(None)
            finally:
                self._waiting -= len(whole)
                self._bytes -= whole.size
                metrics.WAITING.set(self._waiting)

    def _take(self) -> tuple[list[tuple[Events, asyncio.Future[None]]], Events]:
        whole, place = Events(), 0
        for events, _ in self._queue:
            if place and (len(whole) + len(events) > MOST_EVENTS or whole.size + events.size > MOST_BYTES):
                break
            whole.add(events)
            place += 1
        taken, self._queue = self._queue[:place], self._queue[place:]
        if not self._queue:
            self._wake.clear()
        return taken, whole

    async def _write(self, events: Events) -> None:
        unknown = await self._insert(events)
        for _attempt in range(3):
            if not unknown:
                break
            await self._ensure(unknown)
            events = events.of({text_element(user.encode()) for user in unknown})
            unknown = await self._insert(events)
        else:
            raise Away

    async def _insert(self, events: Events) -> list[str]:
        """Write the events of people whom we know; the external ids of the others."""
        async with self._pool.connection() as connection:
            if not events.nameless:
                cursor = await connection.execute(WRITE, events.parameters(), prepare=True)
                return [row[0] for row in await cursor.fetchall()]
            async with connection.transaction():
                await connection.execute("SELECT pg_advisory_xact_lock_shared(%s)", [ANONYMOUS_LOCK], prepare=True)
                cursor = await connection.execute(WRITE, events.parameters(), prepare=True)
                return [row[0] for row in await cursor.fetchall()]

    async def _one_by_one(self, taken: list[tuple[Events, asyncio.Future[None]]]) -> None:
        """One request holds what PostgreSQL does not take: the others must not suffer."""
        for events, future in taken:
            try:
                await self._write(events)
            except psycopg.DataError as error:
                log.warning("events refused by the database", extra={"error": str(error)})
                if not future.done():
                    future.set_exception(Malformed("refused_by_database", str(error).splitlines()[0]))
            except Exception as error:
                _fail([(events, future)], error)
            else:
                if not future.done():
                    future.set_result(None)


def _fail(taken: list[tuple[Events, asyncio.Future[None]]], error: Exception) -> None:
    away = Away()
    away.__cause__ = error if isinstance(error, psycopg.Error | PoolTimeout | OSError) else None
    for _, future in taken:
        if not future.done():
            future.set_exception(away if away.__cause__ or isinstance(error, Away) else error)
