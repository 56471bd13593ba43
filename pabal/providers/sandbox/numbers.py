"""Numbers that always behave the same, for demonstrations and tests.

Korean-style numbers end in 99 and two digits (+82 10-0000-99xx); in the North American range for fiction the same two
digits follow 01 9 (+1 ### 555-019x, for the first nine behaviours).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from pabal.providers.reasons import Reason

What = Literal["refused", "failed", "expired", "late", "twice", "early", "never", "uncertain"]


class Behaviour(NamedTuple):
    """What happens to a message to such a number, and why."""

    what: What
    reason: Reason | None = None


BEHAVIOURS: Final[Mapping[str, Behaviour]] = {
    "01": Behaviour("refused", Reason.INVALID_NUMBER),
    "02": Behaviour("failed", Reason.UNREACHABLE),
    "03": Behaviour("late"),
    "04": Behaviour("failed", Reason.BLOCKED),
    "05": Behaviour("twice"),
    "06": Behaviour("early"),
    "07": Behaviour("never"),
    "08": Behaviour("expired", Reason.EXPIRED),
    "09": Behaviour("uncertain"),
    "10": Behaviour("failed", Reason.INCAPABLE),
    "11": Behaviour("failed", Reason.SPAM),
    "12": Behaviour("failed", Reason.CARRIER_VIOLATION),
    "13": Behaviour("refused", Reason.INSUFFICIENT_BALANCE),
    "14": Behaviour("refused", Reason.UNREGISTERED_SENDER),
    "15": Behaviour("failed", Reason.UNKNOWN),
}

_BY_LAST_FOUR: Final = {f"99{digits}": behaviour for digits, behaviour in BEHAVIOURS.items()} | {
    f"019{digits[1]}": behaviour for digits, behaviour in BEHAVIOURS.items() if digits[0] == "0"
}


def behaviour(to: str) -> Behaviour | None:
    """How this number always behaves, or None for an ordinary one."""
    found = _BY_LAST_FOUR.get(to[-4:])
    if found is None or (to[-4] == "0" and to[-7:-4] != "555"):
        return None
    return found
