"""Text as octets of an SMPP short message, and back: alphabets, parts, concatenation headers.

Sources: 3GPP TS 23.038 section 6.2.1 (the 7-bit default alphabet and its extension), TS 23.040 section 9.2.3.24
(concatenation headers), SMPP 3.4 section 5.2.19 (data_coding). SMPP carries septets one to an octet.
"""

from __future__ import annotations

import codecs
from typing import Final, NamedTuple

from pabal.providers.base import Encoding

_BASIC: Final = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION: Final = {0x0A: "\f", 0x14: "^", 0x28: "{", 0x29: "}", 0x2F: "\\", 0x3C: "[", 0x3D: "~", 0x3E: "]"} | {
    0x40: "|",
    0x65: "€",
}
_ESCAPE: Final = 0x1B
_ENCODE: Final[dict[int, bytes]] = {
    ord(character): bytes((code,)) for code, character in enumerate(_BASIC) if code != _ESCAPE
} | {ord(character): bytes((_ESCAPE, code)) for code, character in _EXTENSION.items()}

_SINGLE: Final[dict[Encoding, int]] = {"gsm7": 160, "ucs2": 140, "euckr": 140}
_EACH: Final[dict[Encoding, dict[int, int]]] = {  # by octets of header: what is left of 140 octets
    "gsm7": {6: 153, 7: 152},
    "ucs2": {6: 134, 7: 132},
    "euckr": {6: 134, 7: 133},
}
MAX_PARTS: Final = 255

UCS2: Final = 8
"""data_coding of UCS-2."""


class NotEncodable(ValueError):
    """The text has a character that this alphabet lacks. Nothing is ever replaced in silence."""


class Part(NamedTuple):
    """A received part of a longer text: which text it belongs to, and its place (from 1)."""

    key: int
    total: int
    number: int


def encode(text: str, encoding: Encoding) -> bytes:
    """The whole text. Raises `NotEncodable`."""
    try:
        match encoding:
            case "gsm7":
                return codecs.charmap_encode(text, "strict", _ENCODE)[0]
            case "ucs2":
                return text.encode("utf-16-be")
            case "euckr":
                data = text.encode("euc-kr")
                # Python writes Hangul outside KS X 1001, such as 뷁, as eight octets; no phone shows that.
                if len(data) > 2 * len(text) or any(len(character.encode("euc-kr")) > 2 for character in text):
                    raise NotEncodable("a syllable outside KS X 1001")
                return data
            case "utf8":
                raise NotEncodable("SMPP carries no UTF-8")
    except UnicodeEncodeError as error:
        raise NotEncodable(f"{error.object[error.start]!r} is not in {encoding}") from error


def split(data: bytes, encoding: Encoding, header: int) -> list[bytes]:
    """Cut encoded text into parts that leave `header` (6 or 7) octets free; one part if it fits one.

    Never cuts between an escape and its character, the halves of a surrogate pair, or the octets of a syllable.
    Raises `ValueError` beyond 255 parts.
    """
    if len(data) <= _SINGLE[encoding]:
        return [data]
    size = _EACH[encoding][header]
    parts: list[bytes] = []
    at = 0
    while at < len(data):
        end = at + size
        if end < len(data):
            end -= _overhang(data, at, end, encoding)
        parts.append(data[at:end])
        at = end
    if len(parts) > MAX_PARTS:
        raise ValueError(f"{len(parts)} parts, at most {MAX_PARTS}")
    return parts


def _overhang(data: bytes, start: int, end: int, encoding: Encoding) -> int:
    """The octets before `end` that belong to a character which ends after it."""
    if encoding == "gsm7":
        return 1 if data[end - 1] == _ESCAPE else 0
    if encoding == "ucs2":
        return 2 if 0xD8 <= data[end - 2] <= 0xDB else 0
    at = start
    while at < end:
        at += 2 if data[at] >= 0x80 else 1
    return 1 if at > end else 0


def header8(reference: int, total: int, number: int) -> bytes:
    """The user data header of one part, with a reference of 8 bits."""
    return bytes((5, 0, 3, reference & 0xFF, total, number))


def header16(reference: int, total: int, number: int) -> bytes:
    """The user data header of one part, with a reference of 16 bits."""
    return bytes((6, 8, 4, reference >> 8 & 0xFF, reference & 0xFF, total, number))


def read_header(body: bytes) -> tuple[Part | None, bytes]:
    """Take the user data header off: the concatenation in it, if any, and the text behind it."""
    if not body or len(body) <= body[0]:
        return None, b""
    part = None
    at, end = 1, 1 + body[0]
    while at + 2 <= end:
        element, length = body[at], body[at + 1]
        value = body[at + 2 : at + 2 + length]
        if element == 0x00 and length == 3:
            part = Part(value[0], value[1], value[2])
        elif element == 0x08 and length == 4:
            part = Part(value[0] << 8 | value[1], value[2], value[3])
        at += 2 + length
    return part, body[end:]


def decode(body: bytes, data_coding: int, euckr_coding: int) -> str:
    """Text that came in. Octets that its alphabet lacks become U+FFFD: an answer must not be lost for one character."""
    if data_coding == euckr_coding:
        return body.decode("cp949", "replace")
    match data_coding:
        case 0x00:
            return _decode_gsm7(body)
        case 0x01:
            return body.decode("ascii", "replace")
        case 0x08:
            return body.decode("utf-16-be", "replace")
        case _:
            return body.decode("latin-1")


def _decode_gsm7(body: bytes) -> str:
    characters: list[str] = []
    escaped = False
    for octet in body:
        if escaped:
            # TS 23.038: what the extension table lacks is shown as in the basic table.
            characters.append(_EXTENSION.get(octet) or (_BASIC[octet] if octet < 0x80 else "\ufffd"))
            escaped = False
        elif octet == _ESCAPE:
            escaped = True
        else:
            characters.append(_BASIC[octet] if octet < 0x80 else "\ufffd")
    return "".join(characters)
