"""A lane: one sender slot at work.

    ┌ wait for the pace, the carrier, a free place in the air
    ├ mark the next window (windows.mark_next), commit
    ├ hand it over          ┐
    └ … the next one        │ up to `IN_THE_AIR` windows at once
                            └ land in order: outcomes → recorder

What a carrier surely did not take stays queued: the landed part is recorded, the mark is taken off, and the lane waits
before it reads the rest again. So nothing about a part of a window lives in memory only.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from pabal.delivery import metrics
from pabal.delivery.breaker import Breaker, stop_sender
from pabal.delivery.carriers import Carrier
from pabal.delivery.holders import clock
from pabal.delivery.leases import Lease
from pabal.delivery.outcomes import land, outgoing
from pabal.delivery.pacing import Pacer
from pabal.delivery.recorder import DATABASE_GONE, Pool, Recorder, first_line
from pabal.delivery.recovery import Orphan, adopt, orphans, unmark
from pabal.delivery.windows import LeaseLost, Window, mark_next
from pabal.providers.base import Outcome, Throttled, Unavailable, Uncertain

IN_THE_AIR: Final = 3
MOST: Final = 5_000  # messages a window, whatever the speed
STALE_S: Final = 2.0  # a marked window that could not be handed over within this is read again
LONGEST_PAUSE_S: Final = 15.0

log = logging.getLogger(__name__)


@dataclass(kw_only=True)
class SenderFacts:
    """What a lane must know of its sender."""

    sender_id: int
    account_id: int
    address: str
    throughput: int
    slots: int
    active: bool


@dataclass(kw_only=True)
class Flight:
    """A window in the air."""

    window: Window
    sending: asyncio.Task[list[Outcome]] = field(repr=False)


class Lane:
    """Runs until `stop` (finishes what is in the air) or `abort` (the lease is lost: drops it)."""

    def __init__(
        self,
        lease: Lease,
        sender: SenderFacts,
        *,
        pool: Pool,
        recorder: Recorder,
        carrier: Callable[[int], Carrier],
        valid_until: Callable[[], float],
        shard: int,
    ) -> None:
        self.lease = lease
        self.sender = sender
        self.wake = asyncio.Event()
        self.lost = False
        self._pool = pool
        self._recorder = recorder
        self._carrier = carrier
        self._valid_until = valid_until
        self._shard = shard
        self._pacer = Pacer(max(sender.throughput / sender.slots, 0.01))
        self._breaker = Breaker()
        self._air: deque[Flight] = deque()
        self._room = asyncio.Event()
        self._room.set()
        self._landing: asyncio.Task[None] | None = None
        self._holes: dict[int, int] = {}
        self._unsent = False
        self._failures = 0
        self._stopping = False
        self._task = asyncio.create_task(self._run(), name=f"lane {lease.sender_id}/{lease.slot}")

    @property
    def idle(self) -> bool:
        return not self._air

    @property
    def done(self) -> bool:
        return self._task.done()

    def update(self, sender: SenderFacts) -> None:
        """The sender was edited."""
        if sender.active and not self.sender.active:
            self._breaker.reset()
        self.sender = sender
        self._pacer.rate = max(sender.throughput / sender.slots, 0.01)

    async def stop(self) -> None:
        """Mark nothing more; return when everything in the air has landed and is recorded."""
        self._stopping = True
        self.wake.set()
        await asyncio.wait([self._task])

    async def abort(self) -> None:
        """The lease is lost. Hand over nothing more; whoever took over decides about what is in the air."""
        self.lost = self._stopping = True
        self.cancel_sends()
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    def cancel_sends(self) -> None:
        """Stop handing over; what was handed over becomes uncertain."""
        for flight in self._air:
            flight.sending.cancel()

    async def _run(self) -> None:
        try:
            await self._recover()
            while not self._stopping:
                await self._step()
            await self._landed()
        except LeaseLost:
            self.lost = True
            log.warning("lease lost", extra={"sender": self.lease.sender_id, "slot": self.lease.slot})
        finally:
            if self._landing is not None:
                if self.lost:
                    self._landing.cancel()
                await asyncio.wait([self._landing])

    async def _step(self) -> None:
        """Hand over one window, or wait for a reason to try again."""
        self.wake.clear()
        if self._unsent and self._air:
            await self._landed()  # what was not sent goes before what follows
            return
        self._unsent = False
        carrier = self._carrier(self.sender.account_id)
        if not self.sender.active or not carrier.ready.is_set() or carrier.provider is None:
            await self._sleep(0.5)
            return
        if self._pacer.wait > 0:
            await self._sleep(self._pacer.wait)
            return
        if len(self._air) >= IN_THE_AIR:
            self._room.clear()
            await self._room.wait()
            return
        try:
            async with self._pool.connection() as connection, connection.transaction():
                window = await mark_next(
                    connection,
                    self.lease,
                    parts=self._pacer.window_parts,
                    most=min(MOST, carrier.provider.capabilities.max_window),
                    shard=self._shard,
                    now=datetime.now(UTC),
                )
        except DATABASE_GONE as error:
            log.warning("no window can be marked", extra={"sender": self.lease.sender_id, "error": first_line(error)})
            await self._after_lost_mark()
            return
        if window is None:
            # With something in the air, its landing may have been what stood in the way.
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self.wake.wait(), 0.05 if self._air else None)
            return
        self._pacer.spend(window.parts)
        flight = Flight(window=window, sending=asyncio.create_task(self._send(carrier, window)))
        self._air.append(flight)
        metrics.FLYING.inc(len(window.rows))
        if self._landing is None or self._landing.done():
            self._landing = asyncio.create_task(self._land())

    async def _landed(self) -> None:
        """Wait until nothing is in the air."""
        if self._landing is not None:
            await asyncio.wait([self._landing])

    async def _sleep(self, seconds: float) -> None:
        if not self._stopping:
            await asyncio.sleep(min(seconds, 0.5))

    async def _send(self, carrier: Carrier, window: Window) -> list[Outcome]:
        """Hand over, if we may."""
        count = len(window.rows)
        if not count:
            return []
        if clock() >= self._valid_until():  # the database is away, or we were asleep
            await asyncio.sleep(STALE_S)
            if clock() >= self._valid_until() or self.lost:
                return [Unavailable(code="no_lease")] * count
        provider = carrier.provider
        if provider is None or not carrier.ready.is_set():
            return [Unavailable(code="closed")] * count
        try:
            with metrics.WINDOW_SECONDS.time():
                return await provider.send(outgoing(window, self.sender.address))
        except asyncio.CancelledError:
            return [Uncertain(code="cancelled")] * count
        except Exception:
            log.exception("the provider failed", extra={"provider": carrier.provider_name, "batch": window.batch_id})
            return [Uncertain(code="provider_error")] * count

    async def _land(self) -> None:
        """Record windows in the order in which they were handed over."""
        while self._air:
            flight = self._air[0]
            outcomes = await flight.sending
            await self._finish(flight.window, outcomes, last=len(self._air) == 1)
            metrics.FLYING.dec(len(flight.window.rows))
            self._air.popleft()
            self._room.set()

    async def _finish(self, window: Window, outcomes: list[Outcome], *, last: bool) -> None:
        landed, hole = land(window, outcomes, hole=self._holes.get(window.batch_id))
        if hole is not None:
            self._holes[window.batch_id] = hole
        self._slow_down(outcomes, landed.accepted)
        await self._watch(outcomes)
        if not await self._recorder.record(landed):
            log.warning("a window was taken over", extra={"batch": window.batch_id, "start": window.start})
            self.lost = True
            self._stopping = True
            self.wake.set()
        if last and len(self._air) <= 1:
            self._holes.clear()

    async def _watch(self, outcomes: list[Outcome]) -> None:
        """Stop the sender when its carrier refuses it."""
        tripped = self._breaker.note(outcomes)
        if tripped is None or not self.sender.active:
            return
        self.sender = replace(self.sender, active=False)
        log.warning("the sender is stopped", extra={"sender": self.sender.address, "reason": tripped.value})
        with contextlib.suppress(*DATABASE_GONE):
            await stop_sender(self._pool, self.sender.sender_id, tripped)

    def _slow_down(self, outcomes: list[Outcome], accepted: int) -> None:
        waits = [outcome.retry_after for outcome in outcomes if isinstance(outcome, Throttled)]
        if waits:
            self._unsent = True
            self._pacer.slow_down(max(waits))
        waits = [outcome.retry_after for outcome in outcomes if isinstance(outcome, Unavailable)]
        if waits:
            self._unsent = True
            self._failures += 1
            pause = min(max(waits) * 2 ** min(self._failures - 1, 6), LONGEST_PAUSE_S)
            self._pacer.pause(pause)
            log.warning(
                "the carrier is away",
                extra={"sender": self.sender.address, "unsent": len(waits), "again_in_s": round(pause, 1)},
            )
        elif accepted:
            self._failures = 0

    async def _after_lost_mark(self) -> None:
        """A mark may or may not have been committed. With nothing in the air, a mark of ours was never handed over."""
        await self._landed()
        while not self._stopping:
            try:
                async with self._pool.connection() as connection:
                    await unmark(connection, self.lease)
                return
            except DATABASE_GONE:
                await asyncio.sleep(0.5)

    async def _recover(self) -> None:
        """Decide about windows that a former holder left with the carrier."""
        left: list[Orphan] = []
        while not self._stopping:
            try:
                async with self._pool.connection() as connection, connection.transaction():
                    left = await orphans(connection, self.lease)
                break
            except DATABASE_GONE:
                await asyncio.sleep(0.5)
        for orphan in left:
            carrier = self._carrier(self.sender.account_id)
            while not carrier.ready.is_set() and not self._stopping and orphan.may_ask:
                await asyncio.sleep(0.1)
                carrier = self._carrier(self.sender.account_id)
            outcomes = await adopt(orphan, carrier.provider)
            log.info(
                "a window of a lost dispatcher",
                extra={
                    "batch": orphan.window.batch_id,
                    "messages": len(outcomes),
                    "unknown": sum(isinstance(outcome, Uncertain) for outcome in outcomes),
                },
            )
            await self._finish(orphan.window, outcomes, last=True)
