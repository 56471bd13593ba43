"""A circuit breaker for each lane: a sender that its carrier refuses stops by itself, with the reason on its page.

It trips on what is about the sender or the account, never on what is about a recipient:

- the account cannot send (suspended, no balance, credentials refused): after `ACCOUNT_WINDOWS` windows in a row;
- the sender is not registered with the carrier: after `IN_A_ROW` refusals in a row;
- most messages are refused (as spam, as against the rules, or for reasons we do not know): `SHARE` of the last `LATEST`.

What was not handed over stays queued; a person mends the cause and starts the sender again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final

from pabal.delivery.recorder import Pool
from pabal.delivery.stops import Tripped
from pabal.providers.base import Accepted, Outcome, Rejected, Unavailable
from pabal.providers.reasons import Reason

ACCOUNT_WINDOWS: Final = 3
IN_A_ROW: Final = 20
LATEST: Final = 200
SHARE: Final = 0.5

_ACCOUNT: Final = {
    Reason.ACCOUNT_SUSPENDED: "carrier_suspended",
    Reason.INSUFFICIENT_BALANCE: "carrier_balance",
}
#: Codes by which gateways say that the account's credentials are refused.
_CREDENTIALS: Final = frozenset({"401", "403"})
_SUSPECT: Final = frozenset({Reason.CARRIER_VIOLATION, Reason.SPAM, Reason.UNKNOWN, Reason.UNREGISTERED_SENDER})

STOP: Final = """
UPDATE sender SET state = 'stopped', state_reason = %s WHERE id = %s AND state = 'active' RETURNING id
"""


class Breaker:
    """Watches the outcomes of one lane."""

    def __init__(self) -> None:
        self._account = 0
        self._unregistered = 0
        self._latest: deque[bool] = deque(maxlen=LATEST)

    def note(self, outcomes: Iterable[Outcome]) -> Tripped | None:
        """Take in the outcomes of a window; the reason when the sender must stop."""
        trouble: Tripped | None = None
        accepted = False
        for outcome in outcomes:
            if isinstance(outcome, Accepted):
                accepted = True
                self._unregistered = 0
                self._latest.append(False)
            elif isinstance(outcome, Rejected):
                if outcome.reason in _ACCOUNT:
                    trouble = Tripped(_ACCOUNT[outcome.reason])
                self._unregistered = self._unregistered + 1 if outcome.reason is Reason.UNREGISTERED_SENDER else 0
                self._latest.append(outcome.reason in _SUSPECT)
            elif isinstance(outcome, Unavailable):
                if outcome.reason in _ACCOUNT:
                    trouble = Tripped(_ACCOUNT[outcome.reason])
                elif outcome.code in _CREDENTIALS:
                    trouble = Tripped.CREDENTIALS
        self._account = 0 if accepted else self._account + (trouble is not None)
        if trouble is not None and self._account >= ACCOUNT_WINDOWS:
            return trouble
        if self._unregistered >= IN_A_ROW:
            return Tripped.UNREGISTERED
        if len(self._latest) == LATEST and sum(self._latest) >= LATEST * SHARE:
            return Tripped.REFUSALS
        return None

    def reset(self) -> None:
        """Begin anew, as when a person has started the sender again."""
        self.__init__()  # type: ignore[misc]


async def stop_sender(pool: Pool, sender_id: int, reason: Tripped) -> bool:
    """Stop the sender, unless a person was faster; whether it was us."""
    async with pool.connection() as connection:
        return await (await connection.execute(STOP, [reason.value, sender_id])).fetchone() is not None
