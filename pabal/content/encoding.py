"""How long a text is on a phone network: encoding, units, parts, and which characters make it dear.

The scalar truth. `columns.measure_column` is the same thing for a million texts, and a property test holds both
together. Nothing here changes a text, except `replace_forcing`, which a person asks for.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pabal.content.alphabets import (
    GSM,
    GSM_EXTENSION,
    Scheme,
    carries,
    clusters,
    euc_kr_bytes,
    utf16_units,
)
from pabal.content.replacements import replacement

Encoding = Literal["gsm7", "ucs2", "euckr"]
Kind = Literal["sms", "lms"]


@dataclass(frozen=True, kw_only=True)
class Limit:
    """What one message may hold. `single` and `several` are units in a message of one part and in each of several."""

    single: int
    several: int
    parts: int
    characters: int | None
    source: str


_GSM_SOURCE = "3GPP TS 23.040 9.2.3.24.1 (units, 255 parts); Twilio Messages API: 1,600 characters (2026)"
_KR_SOURCE = "Korean carriers through Solapi, NHN Cloud and Aligo: SMS 90 bytes, LMS 2,000 bytes of EUC-KR (2026)"

LIMITS: dict[tuple[Kind, Encoding], Limit] = {
    ("sms", "gsm7"): Limit(single=160, several=153, parts=255, characters=1600, source=_GSM_SOURCE),
    ("sms", "ucs2"): Limit(single=70, several=67, parts=255, characters=1600, source=_GSM_SOURCE),
    ("sms", "euckr"): Limit(single=90, several=90, parts=1, characters=None, source=_KR_SOURCE),
    ("lms", "euckr"): Limit(single=2000, several=2000, parts=1, characters=None, source=_KR_SOURCE),
}

SUBJECT_BYTES = 40
"""Bytes of EUC-KR in the title of an LMS (NHN Cloud 40, Aligo 44: the smaller; 2026)."""


def limit(kind: Kind, scheme: Scheme, encoding: Encoding | None = None) -> Limit:
    """The limits of a kind of message. `encoding` tells GSM-7 from UCS-2 and defaults to GSM-7.

    Raises KeyError for an LMS outside Korea: there is no such thing.
    """
    return LIMITS[kind, "euckr" if scheme == "kr" else encoding or "gsm7"]


@dataclass(frozen=True, kw_only=True)
class Forcing:
    """A character that forces UCS-2, or that a Korean network cannot carry at all.

    `character` is a grapheme cluster, `name` its Unicode name (of its first code point that is at fault), `replacement`
    what could be written instead (may be empty for invisible characters), or None.
    """

    character: str
    count: int
    name: str
    replacement: str | None


@dataclass(frozen=True, kw_only=True)
class Measure:
    """The length of one text on the wire.

    `characters` are grapheme clusters: what a reader counts. `units` are septets (gsm7), UTF-16 code units (ucs2) or
    bytes of EUC-KR (euckr; a character that cannot be carried counts as two). `per_part` is how many units one part
    takes here, `left` how many still fit into the last part (negative when a Korean text exceeds an LMS).
    """

    scheme: Scheme
    encoding: Encoding
    kind: Kind
    characters: int
    units: int
    parts: int
    per_part: int
    left: int
    forcing: tuple[Forcing, ...]

    @property
    def unsendable(self) -> tuple[Forcing, ...]:
        """The characters with which the text cannot be sent as it is: only Korean networks have them."""
        return self.forcing if self.scheme == "kr" else ()

    @property
    def over_length(self) -> bool:
        """Whether the text exceeds what its kind of message may hold."""
        bound = LIMITS[self.kind, self.encoding]
        if self.encoding == "euckr":
            return self.units > bound.single
        return self.parts > bound.parts or (bound.characters is not None and self.characters > bound.characters)


def measure(text: str, scheme: Scheme) -> Measure:
    """Measure `text` on a network that counts by `scheme`. Never fails; an empty text has no parts."""
    found = clusters(text)
    forcing = _forcing(found, scheme)
    if scheme == "kr":
        units = sum(euc_kr_bytes(character) or 2 for character in text)
        kind: Kind = "sms" if units <= LIMITS["sms", "euckr"].single else "lms"
        room = LIMITS[kind, "euckr"].single
        return Measure(
            scheme=scheme,
            encoding="euckr",
            kind=kind,
            characters=len(found),
            units=units,
            parts=1 if text else 0,
            per_part=room,
            left=room - units,
            forcing=forcing,
        )
    encoding: Encoding = "ucs2" if forcing else "gsm7"
    pieces = _fill(text, encoding)
    bound = LIMITS["sms", encoding]
    per_part = bound.single if len(pieces) <= 1 else bound.several
    return Measure(
        scheme=scheme,
        encoding=encoding,
        kind="sms",
        characters=len(found),
        units=_units(text, encoding),
        parts=len(pieces),
        per_part=per_part,
        left=per_part - (_units(pieces[-1], encoding) if pieces else 0),
        forcing=forcing,
    )


def split_parts(text: str, scheme: Scheme) -> list[str]:
    """The parts that `text` travels in; together they are the text. A Korean message is always one."""
    if scheme == "kr":
        return [text] if text else []
    return _fill(text, "gsm7" if all(character in GSM for character in text) else "ucs2")


def replace_forcing(text: str, scheme: Scheme) -> str:
    """`text` with every forcing character replaced that has a replacement; the others stay."""
    return "".join(_replaced(cluster, scheme) for cluster in clusters(text))


def _replaced(cluster: str, scheme: Scheme) -> str:
    if all(carries(character, scheme) for character in cluster):
        return cluster
    instead = replacement(cluster, scheme)
    return cluster if instead is None else instead


def _forcing(found: list[str], scheme: Scheme) -> tuple[Forcing, ...]:
    counts = Counter(cluster for cluster in found if not all(carries(c, scheme) for c in cluster))
    return tuple(
        Forcing(character=cluster, count=count, name=_name(cluster, scheme), replacement=replacement(cluster, scheme))
        for cluster, count in counts.items()
    )


def _name(cluster: str, scheme: Scheme) -> str:
    fault = next(character for character in cluster if not carries(character, scheme))
    return unicodedata.name(fault, f"U+{ord(fault):04X}")


def _units(text: str, encoding: Encoding) -> int:
    if encoding == "ucs2":
        return utf16_units(text)
    return len(text) + sum(character in GSM_EXTENSION for character in text)


def _atoms(text: str, encoding: Encoding, room: int) -> Iterator[str]:
    """What may not be cut: a character of GSM-7; a grapheme cluster of UCS-2, or a code point of one larger than a part."""
    if encoding == "gsm7":
        yield from text
        return
    for cluster in clusters(text):
        if utf16_units(cluster) <= room:
            yield cluster
        else:
            yield from cluster


def _fill(text: str, encoding: Encoding) -> list[str]:
    """Fill parts greedily, in order, without cutting an atom."""
    bound = LIMITS["sms", encoding]
    if _units(text, encoding) <= bound.single:
        return [text] if text else []
    parts: list[str] = []
    begun: list[str] = []
    left = bound.several
    for atom in _atoms(text, encoding, bound.several):
        size = _units(atom, encoding)
        if size > left:
            parts.append("".join(begun))
            begun, left = [], bound.several
        begun.append(atom)
        left -= size
    return [*parts, "".join(begun)]
