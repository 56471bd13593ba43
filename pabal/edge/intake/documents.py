"""JSON of any shape made into compact JSON text that PostgreSQL and ClickHouse both take: bounded, without NUL."""

from __future__ import annotations

import math
from typing import Any

import msgspec

from pabal.edge.intake.failures import Refused
from pabal.edge.intake.limits import DEEPEST, LARGEST_EVENT

_encode = msgspec.json.Encoder().encode
_INT64 = range(-(2**63), 2**63)


def compact(document: dict[str, Any] | None, field: str = "properties") -> bytes:
    """The document as JSON text. Raises Refused `too_deep`, `too_large`."""
    if not document:
        return b"{}"
    try:
        text = _encode(document)
    except (OverflowError, UnicodeEncodeError):
        text = _encode(tidy(document))
    except RecursionError:
        raise _too_deep(field) from None
    if len(text) > LARGEST_EVENT:
        raise Refused("too_large", f"{field} may have {LARGEST_EVENT // 1024} KB.", field)
    # Each level has an opening bracket, so few brackets need no look at the levels.
    if text.count(b"{") + text.count(b"[") > DEEPEST and depth(document) > DEEPEST:
        raise _too_deep(field)
    return text


def depth(value: Any) -> int:
    """Levels of objects and lists; stops counting soon after `DEEPEST`."""
    level, here = 0, [value]
    while level <= DEEPEST:
        inside: list[Any] = []
        for one in here:
            if isinstance(one, dict):
                inside += one.values()
            elif isinstance(one, list):
                inside += one
        level += 1
        here = [one for one in inside if isinstance(one, dict | list)]
        if not here:
            return level
    return level


def tidy(value: Any) -> Any:
    """The value without NUL characters and halves of surrogate pairs, numbers in the range of 64 bits or floating.

    Raises RecursionError.
    """
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, dict):
        return {clean_text(str(key)): tidy(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [tidy(inner) for inner in value]
    if isinstance(value, int) and not isinstance(value, bool) and value not in _INT64:
        try:
            return float(value)
        except OverflowError:
            return None
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def clean_text(text: str) -> str:
    """Without NUL; half a surrogate pair becomes U+FFFD."""
    if "\0" in text:
        text = text.replace("\0", "")
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _too_deep(field: str) -> Refused:
    return Refused("too_deep", f"{field} may be {DEEPEST} levels deep.", field)
