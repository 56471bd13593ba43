"""How long a text is on a phone network: encoding, units, parts, and which characters make it dear.

The scalar truth. `columns.measure_column` is the same thing for a million texts, and a property test holds both
together. Nothing here changes a text, except `replace_forcing`, which a person asks for.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from dataclasses import dataclass

from pabal.content.alphabets import (
    GSM_EXTENSION,
    Encoding,
    Scheme,
    carries,
    clusters,
    euc_kr_bytes,
    utf16_units,
)
from pabal.content.limits import LIMITS, Kind
from pabal.content.parts import split
from pabal.content.replacements import replacement


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
    takes here, `left` how many still fit into the last part (negative when a Korean text exceeds an LMS); of an MMS
    abroad both are characters.
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
        if self.kind == "mms":
            return self.characters > (bound.characters or 0)
        return self.parts > bound.parts or (bound.characters is not None and self.characters > bound.characters)


def measure(text: str, scheme: Scheme, *, mms: bool = False) -> Measure:
    """Measure `text` on a network that counts by `scheme`; `mms`: it stands beside a picture, in one message.

    Never fails; an empty text has no parts.
    """
    found = clusters(text)
    forcing = _forcing(found, scheme)
    if scheme == "kr":
        units = sum(euc_kr_bytes(character) or 2 for character in text)
        kind: Kind = "mms" if mms else "sms" if units <= LIMITS["sms", "euckr"].single else "lms"
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
    if mms:
        return _beside_picture(text, scheme, encoding, len(found), forcing)
    pieces = split(text, encoding)
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


def _beside_picture(
    text: str, scheme: Scheme, encoding: Encoding, characters: int, forcing: tuple[Forcing, ...]
) -> Measure:
    """Abroad the text of an MMS is counted in characters, whatever they are."""
    most = LIMITS["mms", encoding].characters or 0
    return Measure(
        scheme=scheme,
        encoding=encoding,
        kind="mms",
        characters=characters,
        units=_units(text, encoding),
        parts=1 if text else 0,
        per_part=most,
        left=most - characters,
        forcing=forcing,
    )


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
