"""Django's models away from the event loop: a few threads, and no more waiting than they keep up with."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

from django.db import close_old_connections, connections, transaction
from django.db.models import F

T = TypeVar("T")
log = logging.getLogger(__name__)

THREADS: Final = 4
WAITING: Final = 200
"""Calls that may wait for a thread; one more is refused with 503."""

FLUSH: Final = 5.0
"""Seconds between two notes of how often forms were seen."""


class Busy(Exception):
    """More calls wait than the threads keep up with."""


class Work:
    """The threads of one process."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="forms")
        self._under_way = 0
        self._views: Counter[int] = Counter()
        self._flushing: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._flushing = asyncio.create_task(self._flush_now_and_then())

    async def stop(self) -> None:
        """Note the views, then end."""
        if self._flushing is not None:
            self._flushing.cancel()
        await self._flush()
        self._pool.shutdown(wait=True)

    async def do(self, act: Callable[..., T], *values: Any) -> T:
        """`act(*values)` in a thread with a database connection. Raises Busy, and what `act` raises."""
        if self._under_way >= WAITING:
            raise Busy
        self._under_way += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, _run, act, values)
        finally:
            self._under_way -= 1

    def seen(self, form_id: int) -> None:
        """Somebody looked at a form."""
        self._views[form_id] += 1

    async def _flush_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(FLUSH)
            await self._flush()

    async def _flush(self) -> None:
        views, self._views = self._views, Counter()
        if views:
            try:
                await self.do(_note, views)
            except Exception as error:
                log.warning("views of forms not noted", extra={"error": str(error)})


def _run(act: Callable[..., T], values: tuple[Any, ...]) -> T:
    close_old_connections()
    try:
        return act(*values)
    finally:
        connections.close_all()


@transaction.atomic
def _note(views: Counter[int]) -> None:
    from pabal.campaigns.models import SignupForm

    for form_id, count in sorted(views.items()):
        SignupForm.objects.filter(pk=form_id).update(views=F("views") + count)
