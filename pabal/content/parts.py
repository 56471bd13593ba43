"""Where a long text is cut into the parts that a phone puts together again.

Parts are filled greedily. An escaped character of GSM-7 (two septets) stays in one part; in UCS-2 a grapheme cluster
does, so that a phone which shows parts as they come never shows half a flag. A cluster larger than a part is cut
between code points. Source: 3GPP TS 23.040 §9.2.3.24.1; Twilio's segment calculator does the same.
"""

from __future__ import annotations

from itertools import pairwise

import regex

from pabal.content.alphabets import GSM, GSM_EXTENSION, Encoding, Scheme, clusters, standing_alone
from pabal.content.limits import LIMITS

_ESCAPE = "\x1b"
_EXTENSION = regex.compile("[" + regex.escape("".join(sorted(GSM_EXTENSION)), special_only=False) + "]")


def split_parts(text: str, scheme: Scheme) -> list[str]:
    """The parts that `text` travels in; together they are the text. A Korean message is always one."""
    if scheme == "kr":
        return [text] if text else []
    return split(text, "gsm7" if all(character in GSM for character in text) else "ucs2")


def split(text: str, encoding: Encoding) -> list[str]:
    """The parts of a text that is already known to be GSM-7 or UCS-2; none if it is empty."""
    if not text:
        return []
    if encoding == "gsm7":
        escaped = _escaped(text)
        edges = [0, *_cuts_of_septets(escaped), len(escaped)]
        return [escaped[a:b].replace(_ESCAPE, "") for a, b in pairwise(edges)]
    units = _utf16(text)
    edges = [0, *_cuts_of_units(units), len(units)]
    return [_text(units[a:b]) for a, b in pairwise(edges)]


def count_parts(text: str, encoding: Encoding) -> int:
    """How many parts `split` makes."""
    if not text:
        return 0
    cuts = _cuts_of_septets(_escaped(text)) if encoding == "gsm7" else _cuts_of_units(_utf16(text))
    return len(cuts) + 1


def _escaped(text: str) -> str:
    return _EXTENSION.sub(r"\x1b\g<0>", text)


def _cuts_of_septets(escaped: str) -> list[int]:
    bound = LIMITS["sms", "gsm7"]
    end, cuts, at = len(escaped), list[int](), 0
    if end <= bound.single:
        return cuts
    while end - at > bound.several:
        at += bound.several
        if escaped[at - 1] == _ESCAPE:
            at -= 1
        cuts.append(at)
    return cuts


def _utf16(text: str) -> memoryview[int]:
    return memoryview(text.encode("utf-16-le")).cast("H")


def _text(units: memoryview[int]) -> str:
    return units.tobytes().decode("utf-16-le")


def _cuts_of_units(units: memoryview[int]) -> list[int]:
    bound, alone = LIMITS["sms", "ucs2"], standing_alone()
    end, cuts, at = len(units), list[int](), 0
    if end <= bound.single:
        return cuts
    while end - at > bound.several:
        cut = at + bound.several
        if not (alone[units[cut - 1]] and alone[units[cut]]):
            cut = _before_cluster(units, alone, at, cut)
        cuts.append(cut)
        at = cut
    return cuts


def _before_cluster(units: memoryview[int], alone: bytes, start: int, cut: int) -> int:
    """The last place at or before `cut`, after `start`, that is not inside a cluster.

    Looks only at the units around `cut` that may join: clusters begin and end where two standing alone meet.
    """
    low = high = cut
    while low > start and not (alone[units[low - 1]] and alone[units[low]]):
        low -= 1
    while high < len(units) and not (alone[units[high - 1]] and alone[units[high]]):
        high += 1
    place = low
    for cluster in clusters(_text(units[low:high])):
        following = place + len(_utf16(cluster))
        if following > cut:
            break
        place = following
    if place > start:
        return place
    return cut - 1 if 0xDC00 <= units[cut] < 0xE000 else cut
