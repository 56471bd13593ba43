"""Shapes that a picture may be cut to: as names and width by height."""

from __future__ import annotations

import json
from math import gcd

from pabal.kakao.limits import ImageLimit

#: Beside the recommended ones, the usual shapes that a layout allows.
_USUAL = ((2, 1), (4, 3), (1, 1), (3, 4))


def offered(limit: ImageLimit) -> str:
    """JSON: `[["2:1", 2.0], …]`, the recommended first."""
    low, high = limit.ratio
    found: dict[str, float] = {}
    for width, height in (*limit.recommended, *_USUAL):
        if low - 0.001 <= height / width <= high + 0.001:
            by = gcd(width, height)
            found.setdefault(f"{width // by}:{height // by}", width / height)
    return json.dumps(list(found.items()))
