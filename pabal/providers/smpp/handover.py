"""Messages on their way through a link, and what becomes of each.

`Handover` is one call of `send`; `Flight` is one message of it. A flight is settled once, whatever comes later.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from pabal.providers.base import Accepted, Outcome, Outgoing, Rejected, Throttled, Unavailable, Uncertain
from pabal.providers.smpp.status import OUT_OF_ORDER, THROTTLED, code, refusal


class Handover:
    """One call of `send`: its outcomes, and a future that is done when there is one for each."""

    def __init__(self, count: int) -> None:
        self.outcomes: list[Outcome | None] = [None] * count
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._left = count
        if not count:
            self.done.set_result(None)

    def settle(self, index: int, outcome: Outcome) -> None:
        """Note the outcome of message `index`. The first one stands."""
        if self.outcomes[index] is not None:
            return
        self.outcomes[index] = outcome
        self._left -= 1
        if not self._left and not self.done.done():
            self.done.set_result(None)

    def result(self) -> list[Outcome]:
        """The outcomes, all of them there."""
        return [outcome for outcome in self.outcomes if outcome is not None]


class Sent:
    """What is remembered of a message that was handed over, for its receipts."""

    __slots__ = ("failed", "provider_id", "reference")

    def __init__(self, reference: int) -> None:
        self.reference = reference
        self.provider_id = ""
        self.failed = False


class Flight:
    """One message: the bodies of its parts, and the answers so far."""

    __slots__ = ("_bad", "_handover", "_index", "_taken", "_waiting", "bodies", "sent", "throttle_s")

    def __init__(
        self, handover: Handover, index: int, message: Outgoing, bodies: Sequence[bytes], throttle_s: float
    ) -> None:
        self.bodies = bodies
        self.sent = Sent(message.reference)
        self.throttle_s = throttle_s
        self._handover = handover
        self._index = index
        self._waiting = len(bodies)
        self._taken = 0
        self._bad: list[int] = []

    @property
    def wanted(self) -> bool:
        """Whether `send` still waits for it; when it was cancelled before the hand-over, nothing is sent."""
        return not self._handover.done.cancelled()

    def settle(self, outcome: Outcome) -> None:
        """Decide it, unless it was."""
        self._handover.settle(self._index, outcome)

    def answer(self, status: int, message_id: str, part: int, remember: Callable[[str, Sent, bool], None]) -> None:
        """Take the SMSC's answer for one part; `remember` is told the id that its receipts will name."""
        self._waiting -= 1
        if status:
            self._bad.append(status)
        else:
            self._taken += 1
            last = part == len(self.bodies) - 1
            if last:
                self.sent.provider_id = message_id
            remember(message_id, self.sent, last)
        if not self._waiting:
            self.settle(self._verdict())

    def _verdict(self) -> Outcome:
        if not self._bad:
            return Accepted(self.sent.provider_id)
        worst = next((status for status in self._bad if status not in THROTTLED | OUT_OF_ORDER), self._bad[0])
        if self._taken:
            return Uncertain(code(worst), f"{self._taken} of {len(self.bodies)} parts were taken")
        if worst in THROTTLED:
            return Throttled(self.throttle_s, code(worst))
        if worst in OUT_OF_ORDER:
            return Unavailable(self.throttle_s, code(worst))
        return Rejected(refusal(worst), code(worst))
