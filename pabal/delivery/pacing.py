"""How fast we send: at most so many message parts in any second by the carrier's own clock, and evenly spread.

A `Pace` remembers what was handed over lately. Where a carrier takes messages one by one, each chunk counts until a second
after its answer, less the quickest round trip: by then the carrier has surely counted it, however long it was under way.
So delays cost a little speed, and never break the limit.

A window of messages is handed over in chunks of `CHUNK_S`, so that traffic is even. A lane has a pace, and so has its
account where that has a limit; a chunk must fit both. Lanes that share a pace take turns.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Final

WINDOW_S: Final = 0.25  # what is marked at once: a pause, an edit or a crash concerns no more
STREAMED_S: Final = 0.1  # the same where a carrier takes messages one by one: small windows cost it nothing
CHUNK_S: Final = 0.05
CATCH_UP_S: Final = 0.2  # how much of a delay of ours may be made up for
HASTE: Final = 0.75  # and how close chunks may come to each other then, as a share of their usual distance
SECOND: Final = 1.002  # a hair more, for clocks that are read a moment apart
EVENLY: Final = 1.006  # chunks are spaced a little wider than the limit asks, so that it rarely interferes
DELAY_S: Final = 1.0  # a chunk is not taken to be under way for longer than this
SLOWEST: Final = 0.1  # of the rate, however often the carrier complains
RECOVERY: Final = 0.05  # of the rate, given back each second without complaint
_LOOK_S: Final = 0.005  # how often to see whether a chunk under way is answered

Clock = Callable[[], float]


class Chunk:
    """Parts that were handed over together, until they count no more."""

    __slots__ = ("handed_at", "over_at", "parts", "under_way")

    def __init__(self, parts: int, handed_at: float, *, under_way: bool) -> None:
        self.parts = parts
        self.handed_at = handed_at
        self.under_way = under_way
        self.over_at = handed_at + SECOND + DELAY_S if under_way else handed_at + SECOND

    def answered(self, now: float, round_trip: float) -> None:
        """The carrier has answered for all of it."""
        counted = min(now - round_trip, self.handed_at + DELAY_S)
        self.over_at = max(counted, self.handed_at) + SECOND
        self.under_way = False


class Pace:
    """At most `rate` parts in any second. It begins full: a former holder may just have used up the second."""

    def __init__(self, rate: float, *, now: Clock = monotonic) -> None:
        self.now = now
        self.rate = rate
        self.sharers = 1
        self.turn = asyncio.Lock()
        self._factor = 1.0
        self._factor_at = now()
        self._free_at = now()
        self._lately = [Chunk(self.most, now(), under_way=False)]

    @property
    def most(self) -> int:
        """Parts in a second."""
        return max(1, math.floor(self.rate))

    @property
    def effective_rate(self) -> float:
        """Parts a second at this moment, after the carrier's complaints."""
        now = self.now()
        self._factor = min(1.0, self._factor + RECOVERY * max(now - self._factor_at, 0.0))
        self._factor_at = now
        return self.rate * self._factor

    def window_parts(self, *, streams: bool) -> int:
        """Parts that the next window of one of those who share it should have."""
        seconds = STREAMED_S if streams else WINDOW_S
        return max(1, math.floor(self.effective_rate * seconds / self.sharers))

    @property
    def chunk_parts(self) -> int:
        """Parts that should be handed over together."""
        return max(1, math.floor(self.effective_rate * CHUNK_S))

    @property
    def room(self) -> int:
        """Parts that may be handed over at this moment without breaking the limit."""
        now = self.now()
        self._lately = [chunk for chunk in self._lately if chunk.over_at > now]
        return self.most - sum(chunk.parts for chunk in self._lately)

    def wait(self, parts: int = 1) -> float:
        """Seconds until so many parts may go, as far as can be told now; 0 when they may."""
        missing = min(parts, self.most) - self.room
        now = self.now()
        until = self._free_at
        if missing > 0:
            for over_at, chunk_parts in sorted((self._over_at(chunk, now), chunk.parts) for chunk in self._lately):
                until = max(until, over_at)
                missing -= chunk_parts
                if missing <= 0:
                    break
        return max(0.0, until - now)

    def begin(self, parts: int, *, round_trip: float | None = None) -> Chunk:
        """So many parts go now. `round_trip` is set where the answer will tell when they were counted; of a carrier that
        takes more than a second to answer, it would come too late to be waited for."""
        now = self.now()
        seconds = parts * EVENLY / self.effective_rate
        since = self._free_at if now - self._free_at < CATCH_UP_S else now  # an idle lane saves nothing up
        self._free_at = max(since + seconds, now + HASTE * seconds)
        chunk = Chunk(parts, now, under_way=round_trip is not None and round_trip < 1.0)
        self._lately.append(chunk)
        return chunk

    def pause(self, seconds: float) -> None:
        """Hand over nothing for a while."""
        self._free_at = max(self._free_at, self.now() + seconds)

    def slow_down(self, retry_after: float) -> None:
        """The carrier found us too fast: wait as it says, then go at 70 %."""
        self._factor = max(SLOWEST, self.effective_rate / self.rate * 0.7)
        self.pause(retry_after)

    @staticmethod
    def _over_at(chunk: Chunk, now: float) -> float:
        if chunk.under_way:  # its answer may come at any moment
            return max(chunk.handed_at + SECOND, now + _LOOK_S)
        return chunk.over_at


async def take(
    parts: Sequence[int], own: Pace, shared: Pace | None, *, round_trip: float | None, stopped: Callable[[], bool]
) -> tuple[int, list[Chunk]]:
    """Wait until the first of these messages may go; how many of them go with it, and their chunks.

    `parts` are those of each message, in order; `round_trip` is the carrier's where it takes them one by one. (0, []) when
    it was stopped meanwhile.
    """
    while wait := own.wait(parts[0]):
        if stopped():
            return 0, []
        await asyncio.sleep(min(wait, 0.25))
    if shared is None:
        return _take(parts, [own], round_trip)
    async with shared.turn:
        while wait := max(shared.wait(parts[0]), own.wait(parts[0])):
            if stopped():
                return 0, []
            await asyncio.sleep(min(wait, 0.25))
        return _take(parts, [own, shared], round_trip)


def _take(parts: Sequence[int], paces: Sequence[Pace], round_trip: float | None) -> tuple[int, list[Chunk]]:
    most = min(pace.room for pace in paces)
    if round_trip is not None:
        most = min(most, *(pace.chunk_parts for pace in paces))
    count, total = 1, parts[0]  # the first always goes: a text may have more parts than a second has room for
    while count < len(parts) and total + parts[count] <= most:
        total += parts[count]
        count += 1
    return count, [pace.begin(total, round_trip=round_trip) for pace in paces]
