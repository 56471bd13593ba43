"""One connection to an SMSC: bind, submit within the window, answer, notice when it is dead.

What is written to the socket is never written again. When the link ends, every message whose answer is missing
becomes uncertain; what was not yet written is left to the queue.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final, Literal, NamedTuple, Protocol

from pabal.providers.base import Uncertain
from pabal.providers.smpp import pdu
from pabal.providers.smpp.handover import Flight, Sent
from pabal.providers.smpp.pdu import Pdu
from pabal.providers.smpp.receipts import answer_id
from pabal.providers.smpp.settings import SmppSettings
from pabal.providers.smpp.status import THROTTLED

Direction = Literal["transceiver", "transmitter", "receiver"]

_BINDS: Final[dict[Direction, int]] = {
    "transceiver": pdu.BIND_TRANSCEIVER,
    "transmitter": pdu.BIND_TRANSMITTER,
    "receiver": pdu.BIND_RECEIVER,
}
_LATE_KEPT: Final = 10_000
_RINVCMDID: Final = 0x03

log = logging.getLogger(__name__)


class Refused(Exception):
    """The SMSC answered the bind with an error. `status` is its command_status."""

    def __init__(self, status: int) -> None:
        super().__init__(f"bind refused with 0x{status:08X}")
        self.status = status


class Owner(Protocol):
    """What a link asks of its provider."""

    def room(self, link: Link) -> None:
        """The window has room: submit more."""

    def throttled(self) -> None:
        """A message was refused for speed: hand over no more for a while."""

    def answered_in(self, seconds: float) -> None:
        """A message was answered for so long after it was handed over."""

    def remember(self, message_id: str, sent: Sent, last: bool) -> None:
        """An id was given to a part of a message."""

    def deliver(self, link: Link, message: Pdu) -> None:
        """A deliver_sm or data_sm came. It is answered with `Link.acknowledge`, later."""


class _Part(NamedTuple):
    flight: Flight
    number: int
    at: float  # loop time of the hand-over


class Link(asyncio.Protocol):
    """One bound connection. Made by `asyncio.loop.create_connection`; `lost` is done when it has ended."""

    def __init__(self, owner: Owner, settings: SmppSettings, direction: Direction) -> None:
        self._owner = owner
        self._settings = settings
        self._direction = direction
        self._loop = asyncio.get_running_loop()
        self._reader = pdu.Reader()
        self._transport: asyncio.Transport | None = None
        self._sequence = 0
        self._pending: dict[int, _Part] = {}
        self._late: dict[int, _Part] = {}
        self._paused = False
        self._heard = 0.0
        self._enquired: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._bind: asyncio.Future[None] = self._loop.create_future()
        self._unbound: asyncio.Future[None] | None = None
        self.bound = False
        self.reason = ""
        self.lost: asyncio.Future[None] = self._loop.create_future()

    # ── life ──

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    async def bind(self) -> None:
        """Bind. Raises `Refused`, `ConnectionError`, or `TimeoutError`."""
        settings = self._settings
        body = pdu.bind_body(settings.system_id, settings.password, settings.system_type, settings.address_range)
        self._write(pdu.build(_BINDS[self._direction], self._next(), body))
        async with asyncio.timeout(settings.answer_s):
            await self._bind
        self.bound = True
        self._heard = self._loop.time()
        self._tick()

    async def unbind(self, wait_s: float) -> None:
        """Say good-bye, wait at most `wait_s` for the answer, and close."""
        if self.bound:
            self.bound = False
            self._unbound = self._loop.create_future()
            self._write(pdu.build(pdu.UNBIND, self._next()))
            await asyncio.wait([self._unbound, self.lost], timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
        self.close()
        await asyncio.wait([self.lost], timeout=wait_s)

    def close(self, reason: str = "closed") -> None:
        """End the connection at once; `lost` follows."""
        self.bound = False
        self.reason = self.reason or reason
        if self._transport is not None:
            self._transport.abort() if self.reason != "closed" else self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        """Called by asyncio: whatever was handed over and not answered for is uncertain now."""
        self.bound = False
        self.reason = self.reason or str(error or "the SMSC closed the connection")
        if self._timer is not None:
            self._timer.cancel()
        if not self._bind.done():
            self._bind.set_exception(ConnectionError(self.reason))
            self._bind.exception()  # nobody may be waiting
        pending, self._pending = self._pending, {}
        for part in pending.values():
            part.flight.settle(Uncertain("link_lost", self.reason))
        if not self.lost.done():
            self.lost.set_result(None)

    # ── out ──

    @property
    def outstanding(self) -> int:
        """Parts handed over and not answered for."""
        return len(self._pending)

    @property
    def free(self) -> int:
        """Parts that may be handed over now; a text of more parts than the window goes when the window is empty."""
        if not self.bound or self._paused:
            return 0
        return self._settings.window - len(self._pending)

    def submit(self, flights: list[Flight]) -> None:
        """Hand over these messages, all their parts, in one write."""
        chunks: list[bytes] = []
        now = self._loop.time()
        for flight in flights:
            for number, body in enumerate(flight.bodies):
                sequence = self._next()
                self._pending[sequence] = _Part(flight, number, now)
                chunks.append(pdu.build(pdu.SUBMIT_SM, sequence, body))
        self._write(b"".join(chunks))

    def acknowledge(self, message: Pdu, status: int = 0) -> None:
        """Answer a deliver_sm (empty message_id, 4.6.2). Nothing happens if the link has ended meanwhile."""
        self._write(pdu.build(message.command | pdu.RESPONSE, message.sequence, b"\0", status))

    def pause_writing(self) -> None:
        """Called by asyncio: the socket takes no more for now."""
        self._paused = True

    def resume_writing(self) -> None:
        """Called by asyncio: the socket takes more."""
        self._paused = False
        self._owner.room(self)

    def _write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def _next(self) -> int:
        self._sequence = self._sequence % 0x7FFFFFFF + 1
        return self._sequence

    # ── in ──

    def data_received(self, data: bytes) -> None:
        """Called by asyncio."""
        self._heard = self._loop.time()
        self._enquired = None
        answered = False
        try:
            for message in self._reader.feed(data):
                if message.command == pdu.SUBMIT_SM | pdu.RESPONSE or message.command == pdu.GENERIC_NACK:
                    self._answered(message)
                    answered = True
                else:
                    self._take(message)
        except pdu.BrokenStream as error:
            log.warning("the SMSC sent what is not SMPP: %s", error)
            self.close(str(error))
        if answered and self.free > 0:
            self._owner.room(self)

    def _answered(self, message: Pdu) -> None:
        part = self._pending.pop(message.sequence, None)
        if part is None:
            part = self._late.pop(message.sequence, None)
        if part is None:
            log.warning("an answer to nothing that waits: sequence %s, 0x%08X", message.sequence, message.status)
            return
        message_id = "" if message.status else answer_id(pdu.read_message_id(message.body), self._settings)
        status = message.status or (0xFF if message.command == pdu.GENERIC_NACK else 0)
        self._owner.answered_in(self._loop.time() - part.at)
        part.flight.answer(status, message_id, part.number, self._owner.remember)
        if status in THROTTLED:
            self._owner.throttled()

    def _take(self, message: Pdu) -> None:
        match message.command:
            case pdu.DELIVER_SM | pdu.DATA_SM:
                self._owner.deliver(self, message)
            case pdu.ENQUIRE_LINK:
                self._write(pdu.build(pdu.ENQUIRE_LINK | pdu.RESPONSE, message.sequence))
            case pdu.UNBIND:
                self._write(pdu.build(pdu.UNBIND | pdu.RESPONSE, message.sequence))
                self.bound = False
                self.reason = "the SMSC unbound"
                if self._transport is not None:
                    self._transport.close()
            case command if command & pdu.RESPONSE:
                self._take_response(message)
            case pdu.OUTBIND | pdu.ALERT_NOTIFICATION:
                pass
            case _:
                self._write(pdu.build(pdu.GENERIC_NACK, message.sequence, status=_RINVCMDID))

    def _take_response(self, message: Pdu) -> None:
        if message.command == _BINDS[self._direction] | pdu.RESPONSE and not self._bind.done():
            if message.status:
                self._bind.set_exception(Refused(message.status))
            else:
                self._bind.set_result(None)
        elif message.command == pdu.UNBIND | pdu.RESPONSE and self._unbound and not self._unbound.done():
            self._unbound.set_result(None)

    # ── time ──

    def _tick(self) -> None:
        """Give up on answers that are too late; ask an idle link whether it lives."""
        settings, now = self._settings, self._loop.time()
        while self._pending:
            sequence = next(iter(self._pending))
            part = self._pending[sequence]
            if part.at + settings.answer_s > now:
                break
            self._late[sequence] = self._pending.pop(sequence)  # its answer may still name an id for the receipt
            if len(self._late) > _LATE_KEPT:
                del self._late[next(iter(self._late))]
            part.flight.settle(Uncertain("no_answer", f"no answer within {settings.answer_s:g} s"))
        if self._enquired is not None and now - self._enquired > settings.answer_s:
            self.close("the SMSC does not answer enquire_link")
            return
        if self._enquired is None and now - self._heard > settings.enquire_s:
            self._enquired = now
            self._write(pdu.build(pdu.ENQUIRE_LINK, self._next()))
        if self.free > 0:
            self._owner.room(self)
        wait = min(settings.answer_s / 4, settings.enquire_s / 2, 1.0)
        self._timer = self._loop.call_later(wait, self._tick)
