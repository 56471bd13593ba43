"""What `identify` says of people, gathered for a few milliseconds and written by one transaction in a thread."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any, Final

import psycopg
from psycopg import errors as pg

from pabal.edge.intake import metrics, people_writing
from pabal.edge.intake.failures import Away, Malformed, Overloaded
from pabal.edge.intake.limits import LONGEST_STATEMENT, PAUSE, WAITING_PEOPLE
from pabal.edge.intake.people import Person, Verdict

log = logging.getLogger(__name__)

MOST_PEOPLE: Final = 2_000
"""People of one transaction."""

_ATTEMPTS: Final = 5
_AGAIN: Final = (pg.UniqueViolation, pg.DeadlockDetected, pg.SerializationFailure)

Waiting = tuple[list[Person], asyncio.Future[Verdict]]


class PeopleBook:
    """Gathers people and writes them, one transaction at a time."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._connection: psycopg.Connection[Any] | None = None
        self._queue: list[Waiting] = []
        self._waiting = 0
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Answer what waits, then end."""
        await asyncio.gather(*[future for _, future in self._queue], return_exceptions=True)
        if self._task is not None:
            self._task.cancel()
        if self._connection is not None:
            self._connection.close()

    async def put(self, people: list[Person]) -> Verdict:
        """Return once they are committed: who was refused (by place in `people`). Raises Overloaded, Away, Malformed."""
        if self._waiting and self._waiting + len(people) > WAITING_PEOPLE:
            raise Overloaded
        future: asyncio.Future[Verdict] = asyncio.get_running_loop().create_future()
        self._queue.append((people, future))
        self._waiting += len(people)
        self._wake.set()
        return await future

    async def ensure(self, external_ids: list[str]) -> None:
        """Make profiles for people of whom only the id is known."""
        await self.put([Person(external_id=external_id) for external_id in external_ids])

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            if self._waiting < MOST_PEOPLE:
                await asyncio.sleep(PAUSE)
            taken = self._take()
            try:
                with metrics.SECONDS.labels("people").time():
                    await self._answer(taken)
            except psycopg.DataError:
                for one in taken:  # one request holds what PostgreSQL does not take: the others must not suffer
                    await self._alone(one)
            except Exception as error:
                self._fail(taken, error)
            finally:
                self._waiting -= sum(len(people) for people, _ in taken)

    def _take(self) -> list[Waiting]:
        place, people = 0, 0
        for those, _ in self._queue:
            if place and people + len(those) > MOST_PEOPLE:
                break
            people += len(those)
            place += 1
        taken, self._queue = self._queue[:place], self._queue[place:]
        if not self._queue:
            self._wake.clear()
        return taken

    async def _answer(self, taken: Sequence[Waiting]) -> None:
        people = [person for those, _ in taken for person in those]
        found = await asyncio.to_thread(self._write, people)
        start = 0
        for those, future in taken:
            mine = Verdict(
                refused={at - start: one for at, one in found.refused.items() if start <= at < start + len(those)},
                notes={at - start: one for at, one in found.notes.items() if start <= at < start + len(those)},
            )
            start += len(those)
            if not future.done():
                future.set_result(mine)

    async def _alone(self, one: Waiting) -> None:
        try:
            await self._answer([one])
        except psycopg.DataError as error:
            log.warning("people refused by the database", extra={"error": str(error)})
            if not one[1].done():
                one[1].set_exception(Malformed("refused_by_database", str(error).splitlines()[0]))
        except Exception as error:
            self._fail([one], error)

    def _fail(self, taken: Sequence[Waiting], error: Exception) -> None:
        log.warning("people could not be written", extra={"error": str(error)})
        away: Exception = error
        if isinstance(error, psycopg.Error | OSError):
            away = Away()
            away.__cause__ = error
        for _, future in taken:
            if not future.done():
                future.set_exception(away)

    def _write(self, people: list[Person]) -> Verdict:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return people_writing.write(self._connected(), people)
            except _AGAIN:
                if attempt == _ATTEMPTS:
                    raise
            except (psycopg.OperationalError, psycopg.InterfaceError):
                self._disconnect()
                raise
        raise AssertionError

    def _connected(self) -> psycopg.Connection[Any]:
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(self._dsn, autocommit=True, application_name="pabal edge people")
            self._connection.execute(f"SET statement_timeout = {LONGEST_STATEMENT}")
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
