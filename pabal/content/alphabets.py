"""Which characters a phone network carries: GSM-7, UCS-2 and EUC-KR.

Sources: 3GPP TS 23.038 §6.2.1 (GSM-7 default alphabet and its extension table), KS X 1001 as Python's `euc_kr` codec
knows it (Korean carriers), Unicode UAX #29 (what belongs together as one character a reader sees).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Literal

import regex

Scheme = Literal["gsm", "kr"]
"""How a network counts: `gsm` (GSM-7, else UCS-2) nearly everywhere, `kr` (bytes of EUC-KR) in Korea."""

Encoding = Literal["gsm7", "ucs2", "euckr"]
"""What a text is written in on the wire: septets, UTF-16 code units, or bytes of EUC-KR."""

GSM_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""One septet each."""

GSM_EXTENSION = frozenset("\f^{}\\[~]|€")
"""Two septets each: an escape and a character, which must stay in the same part."""

GSM = GSM_BASIC | GSM_EXTENSION

_CLUSTER = regex.compile(r"\X")
_JOINING = regex.compile(
    r"[\p{GCB=Extend}\p{GCB=ZWJ}\p{GCB=SpacingMark}\p{GCB=Prepend}\p{GCB=L}\p{GCB=V}\p{GCB=T}\p{GCB=CR}\p{GCB=Regional_Indicator}]"
)


def clusters(text: str) -> list[str]:
    """The grapheme clusters of `text`: what a reader sees as single characters (UAX #29)."""
    if text.isascii() and "\r" not in text:
        return list(text)
    return _CLUSTER.findall(text)


@lru_cache(maxsize=65536)
def euc_kr_bytes(character: str) -> int | None:
    """Bytes (1 or 2) of one code point on a Korean network, None if it cannot be carried.

    Python's codec writes syllables outside KS X 1001 (뷁, 똠) as a sequence of 8 bytes that no carrier accepts, hence the
    limit of two.
    """
    try:
        size = len(character.encode("euc_kr"))
    except UnicodeEncodeError:
        return None
    return size if size <= 2 else None


def carries(character: str, scheme: Scheme) -> bool:
    """Whether one code point fits the cheap alphabet: GSM-7 for `gsm`, EUC-KR for `kr`."""
    return character in GSM if scheme == "gsm" else euc_kr_bytes(character) is not None


def utf16_units(text: str) -> int:
    """UTF-16 code units: two for a code point beyond the basic plane."""
    return len(text) if text.isascii() else len(text) + sum(character > "\uffff" for character in text)


def character_class(characters: Iterable[str], *, negate: bool = False) -> str:
    """A character class for the regular expressions of Polars (Rust's `regex`), ranges merged."""
    ranges: list[list[int]] = []
    for point in sorted(map(ord, characters)):
        if ranges and ranges[-1][1] == point - 1:
            ranges[-1][1] = point
        else:
            ranges.append([point, point])
    body = "".join(rf"\x{{{low:X}}}-\x{{{high:X}}}" for low, high in ranges)
    return f"[{'^' if negate else ''}{body}]"


def _basic_plane() -> list[str]:
    return [chr(point) for point in range(0x10000) if not 0xD800 <= point < 0xE000]


@lru_cache(maxsize=1)
def outside_euc_kr() -> str:
    """Character class of everything that a Korean network cannot carry."""
    return character_class((c for c in _basic_plane() if euc_kr_bytes(c) is not None), negate=True)


@lru_cache(maxsize=1)
def outside_gsm() -> str:
    """Character class of everything that forces UCS-2."""
    return character_class(GSM, negate=True)


@lru_cache(maxsize=1)
def standing_alone() -> bytes:
    """For each UTF-16 unit 1 if it never joins its neighbours, else 0: between two such units a text may be cut."""
    table = bytearray(0x10000)
    for character in _basic_plane():
        table[ord(character)] = not _JOINING.match(character)
    return bytes(table)


@lru_cache(maxsize=1)
def joining() -> str:
    """Character class of what may join its neighbours into one cluster. Planes 2 and 3 (ideographs) have none."""
    higher = (chr(point) for plane in (1, 14) for point in range(plane << 16, (plane + 1) << 16))
    return character_class(c for c in [*_basic_plane(), *higher] if _JOINING.match(c))
