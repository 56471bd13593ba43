"""How long to believe an SMSC that it cannot take one message *now*.

ESME_RSYSERR and its like mean "try again", but some SMSCs say so of one message for ever, and the dispatcher would wait
for it until it expires. So a message that was put off `TRIES` times, while others were taken in between, is refused. An
SMSC that takes nothing at all is out of order, and is waited for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pabal.providers.base import Accepted, Outcome, Outgoing, Rejected, Unavailable
from pabal.providers.reasons import Reason

TRIES: Final = 5
_REMEMBERED: Final = 10_000


class Patience:
    """Counts, for each message that was put off, how often that was while others were taken."""

    def __init__(self) -> None:
        self._taken = 0
        self._tries: dict[int, tuple[int, int]] = {}  # reference → times put off, messages taken by then

    def judge(self, messages: Sequence[Outgoing], outcomes: list[Outcome]) -> list[Outcome]:
        """The outcomes of a window, those refused that were put off too often."""
        taken = sum(type(outcome) is Accepted for outcome in outcomes)
        self._taken += taken
        if taken < len(outcomes):
            for index, outcome in enumerate(outcomes):
                if isinstance(outcome, Unavailable) and outcome.code.startswith("0x"):  # the SMSC's own word
                    outcomes[index] = self._put_off(messages[index].reference, outcome)
        return outcomes

    def _put_off(self, reference: int, outcome: Unavailable) -> Outcome:
        tries, taken = self._tries.pop(reference, (0, -1))
        if self._taken > taken:
            tries += 1
        if tries >= TRIES:
            return Rejected(Reason.UNKNOWN, outcome.code)
        self._tries[reference] = (tries, self._taken)
        if len(self._tries) > _REMEMBERED:
            del self._tries[next(iter(self._tries))]
        return outcome
