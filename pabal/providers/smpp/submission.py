"""From one message to the bodies of its submit_sm PDUs."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Final

from pabal.providers.base import Outgoing, Rejected
from pabal.providers.reasons import Reason
from pabal.providers.smpp import pdu, text
from pabal.providers.smpp.settings import SmppSettings

_TYPES: Final = {
    "unknown": (0, 0),
    "international": (1, 1),
    "national": (2, 1),
    "network": (3, 0),
    "alphanumeric": (5, 0),
}
_ALWAYS: Final = 1
_IF_IT_FAILS: Final = 2


class Submission:
    """Builds submit_sm bodies for one account; keeps the running reference of concatenated texts."""

    def __init__(self, settings: SmppSettings) -> None:
        self._settings = settings
        self._service_type = pdu.text_field(settings.service_type, 6)
        self._coding = {"gsm7": 0, "ucs2": text.UCS2, "euckr": settings.euckr_coding}
        self._reference = random.randrange(1 << 16)  # two processes are unlikely to mix their parts on one phone
        self._sources: dict[str, bytes] = {}
        self._options = b"".join(pdu.option(tag, value) for tag, value in settings.options())
        self._validity: tuple[datetime | None, bytes] = (None, b"\0")

    def bodies(self, message: Outgoing, now: datetime) -> list[bytes] | Rejected:
        """One body for each part, or why the message cannot be submitted. Nothing is sent here.

        A text of several parts asks for one receipt, that of its last part, whose id stands for the message: it
        survives a restart without any table of parts. The parts before ask to be told only if they fail.
        """
        if message.expires_at is not None and message.expires_at <= now:
            return Rejected(Reason.EXPIRED, "expired_before_sending")
        if message.encoding == "euckr" and not self._settings.euckr:
            return Rejected(Reason.INCAPABLE, "euckr_not_taken")
        try:
            addresses = self._source(message.sender) + self._destination(message.to)
        except ValueError:
            return Rejected(Reason.INVALID_NUMBER, "address_not_encodable")
        try:
            parts = self._parts(text.encode(message.text, message.encoding), message)
        except text.NotEncodable as error:
            return Rejected(Reason.UNKNOWN, f"not_encodable: {error}")
        except ValueError:
            return Rejected(Reason.TOO_LONG, "too_many_parts")
        validity = self._validity_of(message.expires_at, now)
        last = len(parts) - 1
        return [
            pdu.submit_body(
                addresses,
                service_type=self._service_type,
                esm_class=esm_class,
                validity=validity,
                registered_delivery=(_ALWAYS if index == last else _IF_IT_FAILS) if self._settings.receipts else 0,
                data_coding=self._coding[message.encoding],
                short_message=short_message,
                options=options + self._options,
            )
            for index, (esm_class, short_message, options) in enumerate(parts)
        ]

    def _parts(self, data: bytes, message: Outgoing) -> list[tuple[int, bytes, bytes]]:
        """esm_class, short_message and options of each part. Raises `ValueError` beyond 255 parts."""
        how = self._settings.long_texts
        pieces = text.split(data, message.encoding, 7 if how == "udh16" else 6)
        total = len(pieces)
        if total == 1:
            return [(0, data, b"")]
        if how == "payload":
            return [(0, b"", pdu.option(pdu.MESSAGE_PAYLOAD, data))]
        self._reference = (self._reference + 1) & 0xFFFF
        reference = self._reference
        if how == "sar":
            return [(0, piece, _sar(reference, total, number)) for number, piece in enumerate(pieces, 1)]
        header = text.header16 if how == "udh16" else text.header8
        return [(0x40, header(reference, total, number) + piece, b"") for number, piece in enumerate(pieces, 1)]

    def _source(self, sender: str) -> bytes:
        found = self._sources.get(sender)
        if found is None:
            ton, npi = _TYPES[self._type_of(sender)]
            found = self._sources[sender] = pdu.address(ton, npi, sender.removeprefix("+"))
        return found

    def _type_of(self, sender: str) -> str:
        if self._settings.source_type != "auto":
            return self._settings.source_type
        if sender.startswith("+"):
            return "international"
        if not sender.isdigit():
            return "alphanumeric"
        return "national" if sender.startswith("0") else "network"  # short codes, Korean 15xx numbers

    def _destination(self, to: str) -> bytes:
        return pdu.address(*_TYPES["international" if to.startswith("+") else "unknown"], to.removeprefix("+"))

    def _validity_of(self, expires_at: datetime | None, now: datetime) -> bytes:
        """validity_period (7.1.1). A window shares one deadline as a rule, so the last one is kept."""
        if expires_at is None or self._settings.validity == "none":
            return b"\0"
        if self._settings.validity == "relative":
            return _relative(expires_at - now)
        if self._validity[0] != expires_at:
            absolute = expires_at.astimezone(UTC).strftime("%y%m%d%H%M%S000+").encode() + b"\0"
            self._validity = (expires_at, absolute)
        return self._validity[1]


def _relative(left: timedelta) -> bytes:
    """YYMMDDhhmmss000R; a year is not a fixed time, so beyond 30 days it says 30 days."""
    seconds = min(max(int(left.total_seconds()), 1), 30 * 86_400)
    days, seconds = divmod(seconds, 86_400)
    hours, seconds = divmod(seconds, 3600)
    return f"0000{days:02d}{hours:02d}{seconds // 60:02d}{seconds % 60:02d}000R\0".encode()


def _sar(reference: int, total: int, number: int) -> bytes:
    return (
        pdu.option(pdu.SAR_MSG_REF_NUM, reference.to_bytes(2))
        + pdu.option(pdu.SAR_TOTAL_SEGMENTS, bytes((total,)))
        + pdu.option(pdu.SAR_SEGMENT_SEQNUM, bytes((number,)))
    )
