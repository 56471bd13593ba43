"""The engine's side of questions: hears of them, answers several at once, forgets old ones.

Not jobs of the queue: plans and imports may take all of its workers, and a person who builds a condition should not
wait for them. What PostgreSQL announces (LISTEN) wakes the loop; it also looks by itself every second, so nothing that
was asked before it listened, or while the connection was lost, is left lying.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import psycopg
from clickhouse_connect.driver.exceptions import ClickHouseError
from django.db import DatabaseError, close_old_connections, connection
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from prometheus_client import Histogram

from pabal.audience.models import Question, QuestionState
from pabal.campaigns.answers import find
from pabal.campaigns.questions import CHANNEL, LIST
from pabal.config import get
from pabal.errors import Conflict, InvalidInput, PabalError, Unavailable
from pabal.warehouse.sync import Synchroniser

log = logging.getLogger(__name__)

THREADS = 3
PATIENCE = timedelta(seconds=60)
"""Age at which nobody waits for a question any more: it is not answered."""
KEPT = timedelta(hours=1)
_LOOK = 1.0
_TIMES = Histogram(
    "pabal_question_seconds", "Time from a question to its answer", ["kind"], buckets=(0.05, 0.1, 0.2, 0.5, 1, 2, 5, 20)
)


class Answerer:
    """Answers questions until it is cancelled. One for an engine that leads."""

    def __init__(self, synchroniser: Synchroniser, dsn: str) -> None:
        self._synchroniser = synchroniser
        self._dsn = dsn
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="answers")
        self._under_way: set[UUID] = set()
        self._swept = 0.0

    async def run(self) -> None:
        """Look, answer, listen. A database that does not answer is tried again."""
        while True:
            try:
                await self._listen()
            except (psycopg.Error, DatabaseError) as error:
                log.warning("questions: the database does not answer: %s", error)
                await asyncio.sleep(1)

    def close(self) -> None:
        """Wait for what is being answered; its threads leave the database. For a process that goes on without."""
        together = threading.Barrier(THREADS)

        def leave() -> None:
            together.wait(60)
            connection.close()

        for _thread in range(THREADS):
            self._threads.submit(leave)
        self._threads.shutdown(wait=True)

    async def _listen(self) -> None:
        wake = asyncio.Event()
        async with await psycopg.AsyncConnection.connect(
            self._dsn, autocommit=True, application_name="pabal questions"
        ) as listener:
            await listener.execute(f"LISTEN {CHANNEL}")
            hearing = asyncio.create_task(_hear(listener, wake))
            try:
                while not hearing.done():
                    wake.clear()
                    await self._look(wake)
                    # Not `wait_for`: in Python 3.11 it loses a cancellation that comes with the waking.
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(_LOOK):
                            await wake.wait()
                hearing.result()
            finally:
                hearing.cancel()

    async def _look(self, wake: asyncio.Event) -> None:
        """Hand to the threads what is asked, as far as some are free."""
        free = THREADS - len(self._under_way)
        if free <= 0:
            return
        loop = asyncio.get_running_loop()
        for pk in await loop.run_in_executor(self._threads, self._open, free):
            self._under_way.add(pk)
            work = loop.run_in_executor(self._threads, partial(answer_one, pk, self._synchroniser))
            work.add_done_callback(partial(self._done, pk, wake))

    def _done(self, pk: UUID, wake: asyncio.Event, work: asyncio.Future[None]) -> None:
        self._under_way.discard(pk)
        wake.set()
        if not work.cancelled() and (error := work.exception()) is not None:
            log.error("question %s", pk, exc_info=error)

    def _open(self, limit: int) -> list[UUID]:
        """Up to `limit` questions to be answered now, the oldest first; settles those that nobody needs any more."""
        close_old_connections()
        if time.monotonic() - self._swept > 60:
            self._swept = time.monotonic()
            Question.objects.filter(asked_at__lt=timezone.now() - KEPT).exclude(
                kind=LIST, state=QuestionState.ASKED
            ).delete()
        asked = Question.objects.filter(state=QuestionState.ASKED).exclude(kind=LIST).order_by("-asked_at")
        wanted: list[UUID] = []
        askers: set[tuple[str, str]] = set()
        late = timezone.now() - PATIENCE
        for pk, kind, asker, asked_at in asked.values_list("pk", "kind", "asker", "asked_at")[:1000]:
            if asker and (asker, kind) in askers:
                _fail(pk, Conflict(_("A newer question took its place."), code="question_superseded"))
            elif asked_at < late:
                _fail(pk, Conflict(_("Nobody waited for this answer any more."), code="question_expired"))
            elif pk not in self._under_way:
                wanted.append(pk)
            askers.add((asker, kind))
        return wanted[::-1][:limit]


async def _hear(listener: psycopg.AsyncConnection[Any], wake: asyncio.Event) -> None:
    async for _notice in listener.notifies():
        wake.set()


def answer_one(pk: UUID, synchroniser: Synchroniser) -> None:
    """Answer a question, or note why that cannot be. Nothing is raised for what is wrong with the question."""
    close_old_connections()
    question = Question.objects.filter(pk=pk, state=QuestionState.ASKED).first()
    if question is None:
        return
    with translation.override(question.body.get("language") or get().language):
        try:
            began = time.monotonic()
            found = find(question, synchroniser)
            found["seconds"] = round(time.monotonic() - began, 3)
            Question.objects.filter(pk=pk, state=QuestionState.ASKED).update(
                state=QuestionState.ANSWERED, answer=found, answered_at=timezone.now()
            )
        except PabalError as error:
            _fail(pk, error)
        except ClickHouseError as error:
            log.warning("question %s (%s): %s", pk, question.kind, error)
            _fail(pk, _of_warehouse(str(error)))
        except Exception:
            log.exception("question %s (%s)", pk, question.kind)
            _fail(pk, PabalError(_("Something broke on our side. It is in the log."), code="internal_error"))
            if connection.connection is not None and connection.connection.broken:
                connection.close()
    _TIMES.labels(question.kind).observe((timezone.now() - question.asked_at).total_seconds())


def _of_warehouse(said: str) -> PabalError:
    """What an error of ClickHouse, which speaks English and at length, means to whoever asked."""
    if "TIMEOUT_EXCEEDED" in said:
        message = _("Counting took too long. Shorten the time span or take a condition away.")
        return InvalidInput(message, code="question_too_long", field="condition")
    if "MEMORY_LIMIT" in said:
        message = _("Counting took too much memory. Take a condition away.")
        return InvalidInput(message, code="question_too_large", field="condition")
    if "UNKNOWN_TABLE" in said:
        return Unavailable(_("The warehouse is being filled. Try again in a moment."), code="warehouse_filling")
    return Unavailable(_("The warehouse could not answer. It is in the engine's log."), code="warehouse_unavailable")


def _fail(pk: UUID, error: PabalError) -> None:
    """Note why a question has no answer. The class is the one of ours: `InvalidCondition` is an `InvalidInput`."""
    kind = next(kind.__name__ for kind in type(error).__mro__ if kind.__module__ == PabalError.__module__)
    noted = {"type": kind, "code": error.code, "message": str(error), "field": error.field, "details": error.details}
    Question.objects.filter(pk=pk, state=QuestionState.ASKED).update(
        state=QuestionState.FAILED,
        error={name: value for name, value in noted.items() if value},
        answered_at=timezone.now(),
    )
