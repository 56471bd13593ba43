"""Texts that people send us in several parts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from pabal.providers.smpp.pdu import SAR_MSG_REF_NUM, SAR_SEGMENT_SEQNUM, SAR_TOTAL_SEGMENTS, Delivery
from pabal.providers.smpp.reports import Ack
from pabal.providers.smpp.text import Part, read_header

HOLD_S: Final = 1.0
"""So long a part goes unanswered in the hope of the others: what is acknowledged before it was passed on is lost if
we crash. Longer would stop an SMSC that waits for each answer before it sends the next part."""

JOIN_S: Final = 300.0
"""After this time a text is passed on without the parts that are missing."""

OnText = Callable[[Delivery, bytes, bool, list[Ack]], None]
"""Told the last part to come, the octets of the text, whether it is whole, and what is still to be acknowledged."""


class _Text:
    def __init__(self, total: int) -> None:
        self.total = total
        self.bodies: dict[int, bytes] = {}
        self.acks: list[Ack] = []
        self.timers: list[asyncio.TimerHandle] = []


class Joins:
    """Collects parts until a text is whole."""

    def __init__(self, on_text: OnText) -> None:
        self._on_text = on_text
        self._texts: dict[tuple[str, str, int, int], _Text] = {}

    def take(self, delivery: Delivery, ack: Ack) -> None:
        """Take a message or a part of one."""
        part, body = _part(delivery)
        if part is None or part.total <= 1 or not 1 <= part.number <= part.total:
            self._on_text(delivery, body, True, [ack])
            return
        key = (delivery.source, delivery.destination, part.key, part.total)
        text = self._texts.get(key)
        if text is None:
            text = self._texts[key] = _Text(part.total)
            text.timers.append(asyncio.get_running_loop().call_later(JOIN_S, self._give_up, key, delivery))
        text.bodies[part.number] = body
        text.acks.append(ack)
        if len(text.bodies) == text.total:
            self._finish(key, delivery, whole=True)
        else:
            text.timers.append(asyncio.get_running_loop().call_later(HOLD_S, _release, text))

    def stop(self) -> None:
        """Leave what is not whole unanswered, where it can be: the SMSC sends it again."""
        for text in self._texts.values():
            for timer in text.timers:
                timer.cancel()
        self._texts.clear()

    def _give_up(self, key: tuple[str, str, int, int], delivery: Delivery) -> None:
        if key in self._texts:
            self._finish(key, delivery, whole=False)

    def _finish(self, key: tuple[str, str, int, int], delivery: Delivery, *, whole: bool) -> None:
        text = self._texts.pop(key)
        for timer in text.timers:
            timer.cancel()
        self._on_text(delivery, b"".join(text.bodies[number] for number in sorted(text.bodies)), whole, text.acks)


def _release(text: _Text) -> None:
    for link, message in text.acks:
        link.acknowledge(message)
    text.acks.clear()


def _part(delivery: Delivery) -> tuple[Part | None, bytes]:
    if delivery.has_header:
        return read_header(delivery.body)
    options = delivery.options
    if SAR_MSG_REF_NUM not in options:
        return None, delivery.body
    return Part(
        int.from_bytes(options[SAR_MSG_REF_NUM]),
        int.from_bytes(options.get(SAR_TOTAL_SEGMENTS, b"")),
        int.from_bytes(options.get(SAR_SEGMENT_SEQNUM, b"")),
    ), delivery.body
