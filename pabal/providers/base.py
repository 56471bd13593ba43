"""The seam between the dispatcher and a carrier or gateway.

The dispatcher opens a provider, hands it windows of messages and gets one outcome for each, in the same order:

    Outcome
    ├── Accepted       the carrier took it and named it
    ├── Rejected       the carrier refused it for good; it was not sent
    ├── Throttled      too fast: surely not sent, try again after `retry_after` seconds
    ├── Unavailable    no connection, or the carrier is out of order: surely not sent, try again
    └── Uncertain      handed over, no answer: perhaps sent. Never send it again by itself

What the carrier says later arrives as reports: a `Receipt` for a message sent, an `Inbound` for one received. Reports
may come before `send` has returned, late, twice, or out of order; the receiver must be idempotent.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, ClassVar, Literal, Protocol, TypeAlias, runtime_checkable

import msgspec

from pabal.kakao.message import KakaoMessage
from pabal.providers.reasons import Reason
from pabal.providers.uploads import MediaLimits

Kind: TypeAlias = Literal["sms", "lms", "mms", "kakao"]
Encoding: TypeAlias = Literal["gsm7", "ucs2", "euckr", "utf8"]


class Fallback(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The text that a gateway sends by itself when KakaoTalk does not reach the phone. `sender` is a phone number."""

    sender: str
    text: str
    kind: Kind = "sms"
    subject: str = ""


class Outgoing(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One message to one phone.

    `reference` is our message id, `to` an E.164 number with its plus, `sender` the address it comes from (E.164,
    national digits, short code or brand name), `parts` what the plan counted. After `expires_at` (aware) it must not
    be delivered any more. `media` are the gateway's own ids or addresses of its images.

    A KakaoTalk message has `kakao`, finished (`text` is its main text once more); `sender` is then the channel's search
    id, `sender_key` the gateway's own id of the channel, `target` whom KakaoTalk delivers to (I friends, M all who
    agreed, N others), and `media` are in the order of `kakao.places.images`. With `fallback` the gateway fails over.
    """

    reference: int
    to: str
    sender: str
    text: str
    kind: Kind = "sms"
    encoding: Encoding = "gsm7"
    parts: int = 1
    subject: str = ""
    expires_at: datetime | None = None
    media: tuple[str, ...] = ()
    kakao: KakaoMessage | None = None
    sender_key: str = ""
    target: str = "I"
    fallback: Fallback | None = None


class Accepted(msgspec.Struct, frozen=True, tag="accepted", gc=False):
    """The carrier took the message. `provider_id` is what its receipts will name."""

    provider_id: str


class Rejected(msgspec.Struct, frozen=True, tag="rejected", gc=False):
    """The carrier refused the message for good. `code` is the carrier's own, as text."""

    reason: Reason
    code: str = ""


class Throttled(msgspec.Struct, frozen=True, tag="throttled", gc=False):
    """Refused for speed alone; surely not sent. Wait `retry_after` seconds before the next."""

    retry_after: float = 1.0
    code: str = ""


class Unavailable(msgspec.Struct, frozen=True, tag="unavailable", gc=False):
    """Surely not sent: never handed over, or the carrier said it is out of order. Try again after `retry_after` s.

    `reason` is set when it is the account that cannot send (`ACCOUNT_SUSPENDED`, `INSUFFICIENT_BALANCE`), whatever the
    message.
    """

    retry_after: float = 1.0
    code: str = ""
    detail: str = ""
    reason: Reason | None = None


class Uncertain(msgspec.Struct, frozen=True, tag="uncertain", gc=False):
    """Handed over (at least in part) and not answered for. Perhaps sent, so never sent again by itself."""

    code: str = ""
    detail: str = ""


Outcome: TypeAlias = Accepted | Rejected | Throttled | Unavailable | Uncertain


class Receipt(msgspec.Struct, frozen=True, kw_only=True, tag="receipt"):
    """What became of a message that was sent.

    `reference` is filled when the provider still knows (or the carrier echoes) our message id; `reason` is set unless
    delivered; `code` is the carrier's own code; `at` is when it happened by the carrier's clock, else when we heard.
    `billed` is the kind of price that the carrier says it bills, where that is known only now (`kakao_friend`,
    `kakao_other`). `instead` is set when a gateway failed over by itself: the kind of text it sent, of which `outcome`
    tells.
    """

    provider_id: str
    reference: int | None = None
    outcome: Literal["delivered", "failed", "expired", "unknown"]
    reason: Reason | None = None
    code: str = ""
    at: datetime
    raw: dict[str, Any] = {}
    billed: str = ""
    instead: Kind | None = None


class Inbound(msgspec.Struct, frozen=True, kw_only=True, tag="inbound"):
    """A message that a person sent to us: `from_` is their number in E.164 form, `sender` our address.

    `provider_id` identifies it: the same report delivered twice carries the same one.
    """

    sender: str
    from_: str
    text: str
    at: datetime
    provider_id: str
    raw: dict[str, Any] = {}


Report: TypeAlias = Receipt | Inbound
OnReports: TypeAlias = Callable[[Sequence[Report]], Awaitable[None]]


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider can do, so that a review refuses what it cannot before anything is sent.

    `max_window` is the most messages that one `send` may carry; `subject` says whether LMS and MMS carry a title;
    `fails_over` whether it sends `Outgoing.fallback` by itself when KakaoTalk fails; `streams` whether a window goes to
    the carrier message by message, so that it may as well be handed over in small portions; `validity` whether the
    carrier is told `expires_at`, so that it delivers nothing later (else nothing is handed over in the last minute).
    """

    kinds: frozenset[Kind]
    encodings: frozenset[Encoding]
    two_way: bool
    receipts: bool
    can_look_up: bool
    max_window: int
    subject: bool = False
    fails_over: bool = False
    media: MediaLimits | None = None
    uploads_days: int | None = None
    streams: bool = False
    validity: bool = False


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """The state of the connection, for people to look at. `detail` is the last error, in the carrier's words."""

    state: Literal["closed", "connecting", "open"]
    detail: str = ""


class Provider(Protocol):
    """An adapter to one carrier or gateway, with the settings of one account.

    Making one does no I/O. `name` is what is stored; `labels` are for people, by language; `settings_type` describes
    the form (`settings.fields`). `capabilities` on an instance may be narrower than on its class.
    """

    name: ClassVar[str]
    labels: ClassVar[dict[str, str]]
    settings_type: ClassVar[type[msgspec.Struct]]
    capabilities: Capabilities

    def __init__(self, settings: Any) -> None: ...

    async def open(self, on_reports: OnReports) -> None:
        """Connect, and report from now on. A report is acknowledged to the carrier only after `on_reports` returned.

        Raises `pabal.errors.Unavailable` if the carrier does not answer and `pabal.errors.NotAllowed` if it refuses
        the credentials; nothing is left running then. Once open, the provider reconnects by itself.
        """
        ...

    async def send(self, messages: Sequence[Outgoing]) -> list[Outcome]:
        """Hand over a window of messages; one outcome each, in the same order.

        Never raises for what a carrier does, and never hands over a message twice. Cancelling it leaves the messages
        that were handed over uncertain.
        """
        ...

    async def look_up(self, references: Sequence[int]) -> dict[int, Outcome]:
        """What the carrier knows of these messages of ours, by reference; absent means it surely never took it.

        Only if `capabilities.can_look_up`; raises `pabal.errors.Unavailable` if the carrier does not answer.
        """
        ...

    async def close(self) -> None:
        """Wait for what was handed over to be answered for, pass on the last reports, and disconnect."""
        ...

    def health(self) -> Health:
        """The state of the connection right now."""
        ...


@runtime_checkable
class Gated(Protocol):
    """A provider that asks `may_send` immediately before each hand-over. When it says no (the dispatcher was stopped and
    another sends for it now), what was not handed over is `Unavailable(code="no_lease")`."""

    may_send: Callable[[], bool]


@runtime_checkable
class Timed(Protocol):
    """A provider that streams and knows its `round_trip`: the seconds of the quickest answer so far; 0 at first."""

    round_trip: float
