"""Who goes first on a sender: the lowest number. Campaigns of one priority take turns."""

from __future__ import annotations

from enum import IntEnum


class Priority(IntEnum):
    """`FIRST`: single and triggered messages, which somebody waits for. `URGENT`: campaigns that a person marked so."""

    FIRST = -10
    URGENT = -5
    USUAL = 0
