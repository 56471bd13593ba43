"""The kinds of things that happen with a person, and a place among them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from pabal.audience.models import ConsentStatement, Suppression
from pabal.campaigns.models import Campaign
from pabal.delivery.models import Inbound, Message, MessageEvent
from pabal.policy.skips import SkipReason
from pabal.reports.recipients import State

_ZERO = datetime(1, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Place:
    """Where a moment stands: by time, then by `rank` of its kind and `id`, each descending on a page.

    Nothing is shown twice or left out, however many things happened at one moment.
    """

    at: datetime
    rank: int
    id: int

    @property
    def numbers(self) -> tuple[int, int, int]:
        """Three whole numbers, none below 0."""
        return (self.at - _ZERO) // _MICROSECOND, self.rank, self.id

    @classmethod
    def of(cls, numbers: tuple[int, int, int]) -> Place:
        """The inverse of `numbers`. Raises ValueError."""
        try:
            return cls(at=_ZERO + timedelta(microseconds=numbers[0]), rank=numbers[1], id=numbers[2])
        except OverflowError as error:
            raise ValueError(str(error)) from None

    @property
    def code(self) -> str:
        """As an address holds it."""
        return "-".join(str(number) for number in self.numbers)

    @classmethod
    def from_code(cls, code: str) -> Place | None:
        """The inverse of `code`; None for what is none."""
        parts = code.split("-")
        if len(parts) != 3 or not all(part.isascii() and part.isdigit() and len(part) < 19 for part in parts):
            return None
        try:
            return cls.of((int(parts[0]), int(parts[1]), int(parts[2])))
        except ValueError:
            return None


@dataclass(frozen=True, kw_only=True, slots=True)
class Clicked:
    """A short link was opened. `target` is the link's template; empty for the opt-out link."""

    at: datetime
    target: str


@dataclass(frozen=True, kw_only=True)
class Did:
    """Something that the person did. `properties` as they came."""

    kind: str = "event"
    at: datetime
    id: int
    name: str
    properties: dict[str, Any]
    received_at: datetime


@dataclass(frozen=True, kw_only=True)
class Sent:
    """A message and what became of it."""

    kind: str = "message"
    at: datetime
    id: int
    message: Message
    campaign: Campaign | None
    state: State
    events: tuple[MessageEvent, ...]
    clicks: tuple[Clicked, ...]


@dataclass(frozen=True, kw_only=True)
class Skipped:
    """A campaign that sent nothing to the person, and why."""

    kind: str = "skip"
    at: datetime
    id: int
    campaign: Campaign | None
    reason: SkipReason


@dataclass(frozen=True, kw_only=True)
class ConsentChange:
    """One act of consent or refusal, for one channel and one or several purposes.

    `moved_from`: the profile for which it was recorded, before that was merged into this one.
    """

    kind: str = "consent"
    at: datetime
    id: int
    channel: str
    purposes: tuple[str, ...]
    state: str
    method: str
    source: str
    actor: str
    statement: ConsentStatement | None
    recorded_at: datetime
    moved_from: int | None


@dataclass(frozen=True, kw_only=True)
class Reply:
    """A text that the person sent us, and what we answered."""

    kind: str = "reply"
    at: datetime
    id: int
    inbound: Inbound


@dataclass(frozen=True, kw_only=True)
class Blocked:
    """The number was suppressed, or the suppression lifted."""

    kind: str = "block"
    at: datetime
    id: int
    suppression: Suppression
    lifted: bool


@dataclass(frozen=True, kw_only=True)
class Merged:
    """Another profile went up in this one."""

    kind: str = "merge"
    at: datetime
    id: int
    old_id: int
    by: str


Moment: TypeAlias = Did | Sent | Skipped | ConsentChange | Reply | Blocked | Merged

#: Of things at one moment, the later in this list stands higher.
RANKS = {
    kind: rank for rank, kind in enumerate(("skip", "message", "event", "reply", "consent", "block", "merge"), start=1)
}


def place_of(moment: Moment) -> Place:
    return Place(at=moment.at, rank=RANKS[moment.kind], id=moment.id)
