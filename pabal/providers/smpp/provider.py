"""SMPP 3.4, the protocol of carriers and large gateways.

Nothing is submitted twice: once a submit_sm was given to the socket, its message is accepted, refused, or uncertain,
whatever happens to the link. Receipts and inbound texts are acknowledged only after `on_reports` returned.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar, Final

import msgspec

from pabal.providers.base import (
    Capabilities,
    Health,
    Inbound,
    OnReports,
    Outcome,
    Outgoing,
    Receipt,
    Rejected,
    Throttled,
    Unavailable,
)
from pabal.providers.smpp.handover import Flight, Handover, Sent
from pabal.providers.smpp.joins import Joins
from pabal.providers.smpp.keeper import Keeper
from pabal.providers.smpp.link import Direction, Link
from pabal.providers.smpp.patience import Patience
from pabal.providers.smpp.pdu import BrokenStream, Delivery, Pdu, read_delivery
from pabal.providers.smpp.receipts import read_receipt
from pabal.providers.smpp.reports import Ack, Reports
from pabal.providers.smpp.settings import SmppSettings
from pabal.providers.smpp.submission import Submission
from pabal.providers.smpp.text import decode

_REMEMBERED: Final = 200_000  # ids whose receipts can name our message at once; about 50 MB
_SAME_TEXT_S: Final = 300  # a text that comes twice within this time is one whose answer was lost
_RX_P_APPN: Final = 0x65  # 5.1.3: ESME receiver permanent error, do not send it again

log = logging.getLogger(__name__)


class Smpp:
    """A bind to an SMSC: one transceiver, or a transmitter and a receiver."""

    name: ClassVar[str] = "smpp"
    labels: ClassVar[dict[str, str]] = {"en": "SMPP 3.4", "ko": "SMPP 3.4"}
    settings_type: ClassVar[type[msgspec.Struct]] = SmppSettings
    capabilities: Capabilities = Capabilities(
        kinds=frozenset({"sms"}),
        encodings=frozenset({"gsm7", "ucs2", "euckr"}),
        two_way=True,
        receipts=True,
        can_look_up=False,
        validity=True,
        max_window=1000,
        streams=True,
    )

    def __init__(self, settings: SmppSettings) -> None:
        self.settings = settings
        able = type(self).capabilities
        self.capabilities = msgspec.structs.replace(
            able,
            encodings=able.encodings if settings.euckr else able.encodings - {"euckr"},
            receipts=settings.receipts,
            max_window=min(4 * settings.window, able.max_window),
        )
        self._submission = Submission(settings)
        self._patience = Patience()
        self._keepers: dict[Direction, Keeper] = {}
        self._under_way: set[Handover] = set()
        self._queue: deque[Flight] = deque()
        self._throttled_until = 0.0  # loop time
        self._sent: dict[str, tuple[Sent, bool]] = {}
        self._reports: Reports | None = None
        self._joins = Joins(self._inbound)
        self._closing = False
        self.round_trip = 0.0  # `Timed`
        self.may_send: Callable[[], bool] = lambda: True  # `Gated`

    async def open(self, on_reports: OnReports) -> None:
        """Connect and bind; see `Provider.open`."""
        self._closing = False
        self._reports = Reports(on_reports)
        directions: tuple[Direction, ...] = ("transmitter", "receiver")
        if self.settings.bind == "transceiver":
            directions = ("transceiver",)
        self._keepers = {direction: Keeper(self, self.settings, direction) for direction in directions}
        try:
            for keeper in self._keepers.values():
                await keeper.start()
        except BaseException:
            await self._stop()
            raise

    async def send(self, messages: Sequence[Outgoing]) -> list[Outcome]:
        """Hand over a window of messages; see `Provider.send`."""
        hindrance = self._hindrance()
        if hindrance is not None:
            return [hindrance] * len(messages)
        handover = Handover(len(messages))
        now = datetime.now(UTC)
        for index, message in enumerate(messages):
            bodies = self._submission.bodies(message, now)
            if isinstance(bodies, Rejected):
                handover.settle(index, bodies)
            else:
                self._queue.append(Flight(handover, index, message, bodies, self.settings.throttle_s))
        link = self._out()
        if link is not None:
            self.room(link)
        self._under_way.add(handover)
        try:
            await handover.done
        finally:
            self._under_way.discard(handover)
        return self._patience.judge(messages, handover.result())

    async def look_up(self, references: Sequence[int]) -> dict[int, Outcome]:
        """SMSCs know nothing of our references, and query_sm is rarely offered."""
        raise NotImplementedError("an SMSC cannot be asked by our reference")

    async def close(self) -> None:
        """Wait for the answers, pass on the last reports, unbind."""
        self._closing = True
        if self._under_way:
            await asyncio.wait([handover.done for handover in self._under_way], timeout=self.settings.answer_s)
        await self._stop()

    def health(self) -> Health:
        """Open while every bind stands."""
        if not self._keepers:
            return Health(state="closed")
        details = [keeper.detail for keeper in self._keepers.values() if keeper.link is None]
        return Health(state="connecting", detail=details[0]) if details else Health(state="open")

    async def _stop(self) -> None:
        self._drain(Unavailable(code="closed"))
        self._joins.stop()
        reports, self._reports = self._reports, None
        if reports is not None:
            await reports.stop()
        keepers, self._keepers = self._keepers, {}
        for keeper in keepers.values():
            await keeper.stop()

    # ── out ──

    def _out(self) -> Link | None:
        keeper = self._keepers.get("transceiver") or self._keepers.get("transmitter")
        return keeper.link if keeper is not None else None

    def _hindrance(self) -> Outcome | None:
        """Why nothing can be handed over at this moment."""
        if self._closing or not self._keepers:
            return Unavailable(code="closed")
        if self._out() is None:
            return Unavailable(code="not_connected", detail=self.health().detail)
        left = self._throttled_until - asyncio.get_running_loop().time()
        return Throttled(left, "throttled") if left > 0 else None

    def room(self, link: Link) -> None:
        """Fill the window of the link from the queue (`Owner.room`)."""
        if link is not self._out():
            return
        batch: list[Flight] = []
        free = link.free
        while self._queue and free > 0:
            flight = self._queue[0]
            size = len(flight.bodies)
            if size > free and (batch or link.outstanding):
                break
            self._queue.popleft()
            if flight.wanted:
                batch.append(flight)
                free -= size
        if batch:
            if not self.may_send():
                for flight in batch:
                    flight.settle(Unavailable(retry_after=0.0, code="no_lease"))
                self._drain(Unavailable(retry_after=0.0, code="no_lease"))
                return
            link.submit(batch)

    def answered_in(self, seconds: float) -> None:
        """Know the quickest round trip (`Owner.answered_in`); slowly forget, for routes change."""
        self.round_trip = min(seconds, self.round_trip * 1.0001) if self.round_trip else seconds

    def throttled(self) -> None:
        """Hand over no more for a while (`Owner.throttled`); what waits was surely not sent."""
        self._throttled_until = asyncio.get_running_loop().time() + self.settings.throttle_s
        self._drain(Throttled(self.settings.throttle_s, "throttled"))

    def down(self, direction: Direction, reason: str) -> None:
        """A link ended (`keeper.Owner.down`). What was not handed over was surely not sent."""
        if direction != "receiver":
            self._drain(Unavailable(code="link_lost", detail=reason))

    def _drain(self, outcome: Outcome) -> None:
        queue, self._queue = self._queue, deque()
        for flight in queue:
            flight.settle(outcome)

    # ── in ──

    def remember(self, message_id: str, sent: Sent, last: bool) -> None:
        """Know whose receipt will come under this id (`Owner.remember`)."""
        if not message_id:
            return
        self._sent[message_id] = (sent, last)
        if len(self._sent) > _REMEMBERED:
            del self._sent[next(iter(self._sent))]

    def deliver(self, link: Link, message: Pdu) -> None:
        """Take a receipt or a text (`Owner.deliver`)."""
        if self._reports is None:
            return  # not acknowledged, so it will come again
        try:
            delivery = read_delivery(message)
        except BrokenStream as error:
            log.warning("a message that cannot be read is refused: %s", error)
            link.acknowledge(message, _RX_P_APPN)
            return
        if delivery.is_receipt:
            self._reports.add(self._receipt(delivery), [Ack(link, message)])
        else:
            self._joins.take(delivery, Ack(link, message))

    def _receipt(self, delivery: Delivery) -> Receipt | None:
        """The report of a receipt; None when it changes nothing.

        The id of the last part stands for a text of several: an earlier part speaks up only when it failed, and then
        the text has failed, whatever the last part says afterwards.
        """
        verdict = read_receipt(delivery, self.settings)
        if verdict is None:
            log.warning("a receipt that names no message: %s", delivery.body[:200])
            return None
        if verdict.outcome is None:
            return None
        sent, last = self._sent.get(verdict.message_id, (None, True))
        if sent is not None:
            if verdict.outcome == "delivered" and (sent.failed or not last):
                return None
            sent.failed = sent.failed or verdict.outcome != "delivered"
        return Receipt(
            provider_id=(sent.provider_id if sent is not None else "") or verdict.message_id,
            reference=sent.reference if sent is not None else None,
            outcome=verdict.outcome,
            reason=verdict.reason,
            code=verdict.code,
            at=datetime.now(UTC),  # the SMSC's own date has no zone; it is in `raw`
            raw=verdict.raw,
        )

    def _inbound(self, delivery: Delivery, body: bytes, whole: bool, acks: list[Ack]) -> None:
        if self._reports is None:
            return
        raw: dict[str, Any] = {"data_coding": delivery.data_coding, "body": body.hex()}
        if not whole:
            raw["incomplete"] = True
        now = time.time()
        # A deliver_sm has no id. One whose answer was lost comes again, so the same text within minutes is the same.
        same = f"{delivery.source} {delivery.destination} {body.hex()} {int(now / _SAME_TEXT_S)}"
        inbound = Inbound(
            sender=delivery.destination,
            from_=delivery.source,
            text=decode(body, delivery.data_coding, self.settings.euckr_coding),
            at=datetime.fromtimestamp(now, UTC),
            provider_id=hashlib.sha256(same.encode()).hexdigest()[:32],
            raw=raw,
        )
        self._reports.add(inbound, acks)
