"""How fast a lane sends: a token bucket in message parts a second, and the size of its windows.

A lane of a sender gets its share of the sender's throughput. A window is about `WINDOW_S` of it, so a pause, an edit or a
crash concerns a fraction of a second of messages. A carrier that says "too fast" slows the lane down; it recovers slowly.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from time import monotonic
from typing import Final

WINDOW_S: Final = 0.25
SLOWEST: Final = 0.1  # of the rate, however often the carrier complains
RECOVERY: Final = 0.05  # of the rate, given back each second without complaint


class Pacer:
    """The bucket holds at most one window's worth, and starts empty of debt: an idle lane does not save up a burst."""

    def __init__(self, rate: float, *, now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self.rate = rate
        self._factor = 1.0
        self._factor_at = now()
        self._free_at = now()

    @property
    def effective_rate(self) -> float:
        """Parts a second at this moment, after the carrier's complaints."""
        now = self._now()
        self._factor = min(1.0, self._factor + RECOVERY * (now - self._factor_at))
        self._factor_at = now
        return self.rate * self._factor

    @property
    def window_parts(self) -> int:
        """Parts that the next window should have."""
        return max(1, math.floor(self.effective_rate * WINDOW_S))

    @property
    def wait(self) -> float:
        """Seconds until the next window may be handed over; 0 when it may now."""
        return max(0.0, self._free_at - self._now())

    def spend(self, parts: int) -> None:
        """A window of so many parts is handed over. A lane that is late catches up by at most one window."""
        start = max(self._free_at, self._now() - WINDOW_S / 2)
        self._free_at = start + parts / self.effective_rate

    def pause(self, seconds: float) -> None:
        """Hand over nothing for a while."""
        self._free_at = max(self._free_at, self._now() + seconds)

    def slow_down(self, retry_after: float) -> None:
        """The carrier found us too fast: wait as it says, then go at 70 %."""
        self._factor = max(SLOWEST, self.effective_rate / self.rate * 0.7)
        self.pause(retry_after)
