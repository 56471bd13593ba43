"""A lane: one sender slot at work.

    ┌ wait for the pace, the carrier, a free place in the air
    ├ mark the next window (windows.mark_next), commit
    ├ hand it over (handover)   ┐
    └ … the next one            │ several windows at once, while the carrier has yet to answer
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
from typing import Final

from pabal.delivery import metrics
from pabal.delivery.breaker import Breaker, stop_sender
from pabal.delivery.carriers import Carrier
from pabal.delivery.handover import NO_LEASE, PUT_BACK, HandOver
from pabal.delivery.holders import clock
from pabal.delivery.leases import Lease
from pabal.delivery.outcomes import land
from pabal.delivery.pacing import Pace
from pabal.delivery.recorder import DATABASE_GONE, Pool, Recorder, first_line
from pabal.delivery.recovery import Orphan, adopt, orphans, unmark
from pabal.delivery.windows import LeaseLost, Window, mark_next
from pabal.providers.base import Capabilities, Outcome, Throttled, Unavailable, Uncertain

IN_THE_AIR: Final = 3  # windows, or more small ones: a gateway that answers late needs them
SMALL_IN_THE_AIR: Final = 24
SMALL: Final = 1_000  # messages of small windows that may be in the air together: a crash makes them unknown
MOST: Final = 5_000  # messages a window, whatever the speed
METERED_S: Final = 0.2  # how often to look again after a campaign that has a limit a minute
TURNS: Final = 50  # campaigns whose turns are remembered
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
    sender_key: str = ""


@dataclass(kw_only=True)
class Flight:
    """A window in the air."""

    window: Window
    hand_over: HandOver = field(repr=False)


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
        account_pace: Callable[[int], Pace | None],
        valid_until: Callable[[], float],
        shard: int,
    ) -> None:
        self.lease = lease
        self.sender = sender
        self.wake = asyncio.Event()
        self.lost = False
        self.rivals = False
        """Several campaigns wait here, so they take turns."""
        self._pool = pool
        self._recorder = recorder
        self._carrier = carrier
        self._account_pace = account_pace
        self._valid_until = valid_until
        self._shard = shard
        self._pace = Pace(max(sender.throughput / sender.slots, 0.01))
        self._turns: list[int] = []
        self._metered = False
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
        self._pace.rate = max(sender.throughput / sender.slots, 0.01)

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
            flight.hand_over.cancel()

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
        if (wait := self._pace.wait()) > 0:
            await self._sleep(wait)
            return
        if not self._may_fly(carrier.provider.capabilities):
            self._room.clear()
            await self._room.wait()
            return
        account = self._account_pace(self.sender.account_id)
        able = carrier.provider.capabilities
        paces = [pace for pace in (self._pace, account) if pace is not None]
        try:
            async with self._pool.connection() as connection, connection.transaction():
                window = await mark_next(
                    connection,
                    self.lease,
                    parts=min(pace.window_parts(streams=able.streams) for pace in paces),
                    most=min(MOST, able.max_window),
                    shard=self._shard,
                    turns=self._turns if self.rivals else (),
                )
        except DATABASE_GONE as error:
            log.warning("no window can be marked", extra={"sender": self.lease.sender_id, "error": first_line(error)})
            await self._after_lost_mark()
            return
        if window is None:
            # With something in the air, its landing may have been what stood in the way.
            wait = 0.05 if self._air else METERED_S
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait if self._air or self._metered else None):
                    await self.wake.wait()
            self._metered = self._metered and not self.wake.is_set()
            return
        self._note_turn(window)
        hand_over = HandOver(
            window,
            sender=self.sender.address,
            sender_key=self.sender.sender_key,
            carrier=carrier,
            pool=self._pool,
            own=self._pace,
            shared=account,
            may_send=lambda: not self.lost and clock() < self._valid_until(),
            stopped=lambda: self._stopping or self._unsent,
        )
        self._air.append(Flight(window=window, hand_over=hand_over))
        metrics.FLYING.inc(len(window.rows))
        if self._landing is None or self._landing.done():
            self._landing = asyncio.create_task(self._land())
        await hand_over.handed.wait()

    def _may_fly(self, able: Capabilities) -> bool:
        """Whether another window may be marked. Where messages are streamed, no more than the carrier can have at once:
        what merely waits in this process would be unknown after a crash, too."""
        count, messages = len(self._air), sum(len(flight.window.rows) for flight in self._air)
        if able.streams:
            return count < 2 or (count < SMALL_IN_THE_AIR and messages < able.max_window / 2)
        return count < IN_THE_AIR or (count < SMALL_IN_THE_AIR and messages < SMALL)

    def _note_turn(self, window: Window) -> None:
        self._metered = window.metered
        if self._turns and self._turns[-1] == window.campaign_id:
            return
        with contextlib.suppress(ValueError):
            self._turns.remove(window.campaign_id)
        self._turns.append(window.campaign_id)
        del self._turns[:-TURNS]

    async def _landed(self) -> None:
        """Wait until nothing is in the air."""
        if self._landing is not None:
            await asyncio.wait([self._landing])

    async def _sleep(self, seconds: float) -> None:
        if not self._stopping:
            await asyncio.sleep(min(seconds, 0.5))

    async def _land(self) -> None:
        """Record windows in the order in which they were handed over."""
        while self._air:
            flight = self._air[0]
            outcomes = await flight.hand_over.outcomes()
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
            self._pace.slow_down(max(waits))
        if PUT_BACK in outcomes or NO_LEASE in outcomes:
            self._unsent = True
        waits = [
            outcome.retry_after
            for outcome in outcomes
            if isinstance(outcome, Unavailable) and outcome not in (PUT_BACK, NO_LEASE)
        ]
        if waits:
            self._unsent = True
            self._failures += 1
            pause = min(max(waits) * 2 ** min(self._failures - 1, 6), LONGEST_PAUSE_S)
            self._pace.pause(pause)
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
