"""Handing one marked window over to its carrier, chunk by chunk as the pace allows.

Before each chunk we make sure that the slot is still ours, and the provider does so before each message or request, so a
process that was stopped for minutes hands over nothing when it wakes up. What was not handed over stays queued.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from pabal.delivery import metrics
from pabal.delivery.carriers import Carrier
from pabal.delivery.media import AGAIN_S
from pabal.delivery.models import MessageKind
from pabal.delivery.outcomes import outgoing, outgoing_kakao
from pabal.delivery.pacing import Chunk, Pace, take
from pabal.delivery.recorder import DATABASE_GONE, Pool
from pabal.delivery.windows import KIND, PARTS, Window
from pabal.errors import Unavailable as CannotUpload
from pabal.providers.base import Outcome, Outgoing, Provider, Throttled, Timed, Unavailable, Uncertain

#: The lane stopped or was told to slow down before this message's turn.
PUT_BACK: Final = Unavailable(retry_after=0.0, code="put_back")
#: The lease could not be renewed in time: the database is away, or we were asleep.
NO_LEASE: Final = Unavailable(retry_after=0.0, code="no_lease")
STALE_S: Final = 2.0  # how long a window waits for the lease to be renewed

log = logging.getLogger(__name__)


class HandOver:
    """Begins at once. `handed` is set when nothing of the window is left to be handed over."""

    def __init__(
        self,
        window: Window,
        *,
        sender: str,
        sender_key: str = "",
        carrier: Carrier,
        pool: Pool,
        own: Pace,
        shared: Pace | None,
        may_send: Callable[[], bool],
        stopped: Callable[[], bool],
    ) -> None:
        self.handed = asyncio.Event()
        self._window = window
        self._sender = sender
        self._sender_key = sender_key
        self._carrier = carrier
        self._pool = pool
        self._own = own
        self._shared = shared
        self._may_send = may_send
        self._stopped = stopped
        self._halted = False
        self._unsent = PUT_BACK
        self._chunks: list[asyncio.Task[list[Outcome]]] = []
        self._task = asyncio.create_task(self._run())

    def cancel(self) -> None:
        """Hand over nothing more; what was handed over and not answered for becomes uncertain."""
        self._halted = True
        for chunk in self._chunks:
            chunk.cancel()

    async def outcomes(self) -> list[Outcome]:
        """One for each message of the window, once the carrier has answered for all that were handed over."""
        await asyncio.wait([self._task])
        if (error := self._task.exception()) is not None:
            log.error("a window was not handed over", exc_info=error)
        found: list[Outcome] = []
        for chunk in self._chunks:
            found += await chunk
        return found + [self._unsent] * (len(self._window.rows) - len(found))

    async def _run(self) -> None:
        try:
            await self._hand_over()
        finally:
            self.handed.set()

    async def _hand_over(self) -> None:
        rows = self._window.rows
        parts = [row[PARTS] for row in rows]
        try:
            messages = await self._messages()
        except (CannotUpload, *DATABASE_GONE) as error:
            self._unsent = Unavailable(retry_after=AGAIN_S, code="upload_failed", detail=str(error))
            return
        start = 0
        while start < len(rows) and not self._halt():
            rest = parts[start:] if start else parts
            trip = _round_trip(self._carrier.provider)
            count, chunks = await take(rest, self._own, self._shared, round_trip=trip, stopped=self._halt)
            if not count:
                return
            portion = messages[start : start + count] if count < len(messages) else messages
            self._chunks.append(asyncio.create_task(self._send(portion, chunks)))
            start += count

    async def _messages(self) -> list[Outgoing]:
        """The window as the provider takes it, its pictures uploaded."""
        provider, window = self._carrier.provider, self._window
        if provider is not None and any(row[KIND] == MessageKind.KAKAO for row in window.rows):
            shared = await self._carrier.media.shared(self._pool, window.campaign_id)
            if shared.kakao is None:
                raise CannotUpload("What the messages of this campaign share is gone.", code="content_gone")
            media = await self._carrier.media.kakao(self._pool, shared, provider)
            return outgoing_kakao(window, self._sender, shared, sender_key=self._sender_key, media=media)
        return outgoing(window, self._sender, await self._media())

    async def _media(self) -> tuple[str, ...]:
        """What the gateway calls the pictures of this window; all its messages have the same."""
        provider = self._carrier.provider
        if provider is None or not any(row[KIND] == MessageKind.MMS for row in self._window.rows):
            return ()
        return await self._carrier.media.mms(self._pool, self._window.campaign_id, provider)

    def _halt(self) -> bool:
        """Whether the rest of the window must stay queued: we stop, or something of it came back unsent."""
        if self._halted or self._stopped():
            return True
        landed = [chunk.result() for chunk in self._chunks if chunk.done() and not chunk.cancelled()]
        return any(isinstance(outcomes[-1], (Throttled, Unavailable)) for outcomes in landed)

    async def _send(self, messages: list[Outgoing], chunks: list[Chunk]) -> list[Outcome]:
        """Hand over a chunk, if we may."""
        count = len(messages)
        if not self._may_send():
            await asyncio.sleep(STALE_S)
            if not self._may_send():
                return [NO_LEASE] * count
        provider = self._carrier.provider
        if provider is None or not self._carrier.ready.is_set():
            return [Unavailable(code="closed")] * count
        try:
            with metrics.WINDOW_SECONDS.time():
                return await provider.send(messages)
        except asyncio.CancelledError:
            return [Uncertain(code="cancelled")] * count
        except Exception:
            log.exception(
                "the provider failed", extra={"provider": self._carrier.provider_name, "batch": self._window.batch_id}
            )
            return [Uncertain(code="provider_error")] * count
        finally:
            round_trip = _round_trip(provider) or 0.0
            for pace, chunk in zip((self._own, self._shared), chunks, strict=False):
                if pace is not None and chunk.under_way:
                    chunk.answered(pace.now(), round_trip)


def _round_trip(provider: Provider | None) -> float | None:
    """None where a window goes to the carrier in one piece."""
    if provider is None or not provider.capabilities.streams:
        return None
    return provider.round_trip if isinstance(provider, Timed) else 0.0
