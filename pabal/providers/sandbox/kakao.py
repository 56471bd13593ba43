"""Who is reached by KakaoTalk in the simulated world, and what it costs.

People are friends of the channel, others, blocked it, have no KakaoTalk, or have not opened it for long. Numbers that end in
98 and two digits are always the same (+82 10-0000-98xx); the rest are shared out by `SandboxSettings.kakao_people`, one
phone always alike.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, Literal, NamedTuple

from pabal.providers.base import Outgoing
from pabal.providers.reasons import Reason

Person = Literal["friend", "other", "blocked", "no_kakaotalk", "inactive"]

PEOPLE: Final[Mapping[str, Person]] = {
    "9801": "friend",
    "9802": "other",
    "9803": "blocked",
    "9804": "no_kakaotalk",
    "9805": "inactive",
}

#: Codes as Solapi has them.
FAILURES: Final[Mapping[Person, tuple[Reason, str]]] = {
    "blocked": (Reason.INACTIVE, "3107"),
    "no_kakaotalk": (Reason.NO_KAKAOTALK, "3104"),
    "inactive": (Reason.INACTIVE, "3107"),
}
_REACHED: Final[Mapping[str, frozenset[Person]]] = {
    "I": frozenset({"friend"}),
    "M": frozenset({"friend", "other"}),
    "N": frozenset({"other"}),
}


class Fate(NamedTuple):
    """What becomes of a KakaoTalk message: delivered if it has no reason, at the price `billed`."""

    reason: Reason | None
    code: str = ""
    billed: str = ""


def person(phone: str, people: str) -> Person:
    """Who has this phone, by a mix such as `friend=60, other=40`."""
    if (known := PEOPLE.get(phone[-4:])) is not None:
        return known
    kinds, bounds, total = shares(people)
    at = zlib.crc32(phone.encode()) % 1_000_000 / 1_000_000 * total
    return next((kind for kind, bound in zip(kinds, bounds, strict=True) if at < bound), kinds[-1])


def fate(message: Outgoing, people: str) -> Fate:
    """What becomes of this message."""
    who = person(message.to, people)
    if who in FAILURES:
        return Fate(*FAILURES[who])
    if who not in _REACHED.get(message.target, frozenset()):
        return Fate(Reason.NOT_FRIEND, "3102")
    return Fate(None, billed="kakao_friend" if who == "friend" else "kakao_other")


@lru_cache(maxsize=16)
def shares(people: str) -> tuple[tuple[Person, ...], tuple[float, ...], float]:
    """Parse a mix: kinds, the upper bound of each, and the sum. Raises `ValueError`."""
    kinds: list[Person] = []
    bounds: list[float] = []
    total = 0.0
    known = set(PEOPLE.values())
    for item in people.split(","):
        name, _, weight = item.partition("=")
        found = next((kind for kind in known if kind == name.strip()), None)
        if found is None or float(weight or 1) <= 0:
            raise ValueError(f"not a kind of person with a weight above 0: {item.strip()}")
        total += float(weight or 1)
        kinds.append(found)
        bounds.append(total)
    return tuple(kinds), tuple(bounds), total
