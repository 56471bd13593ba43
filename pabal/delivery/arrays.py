"""PostgreSQL arrays as text. Ten times quicker to make than by adapting each element, which matters for sets of thousands."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime


def integers(values: Iterable[int | None]) -> str:
    """`{1,2,NULL}`"""
    return "{" + ",".join(["NULL" if value is None else str(value) for value in values]) + "}"


def texts(values: Iterable[str | None]) -> str:
    """`{"a","b",NULL}`"""
    return "{" + ",".join(["NULL" if value is None else _quoted(value) for value in values]) + "}"


def moments(values: Iterable[datetime]) -> str:
    """Aware times. Neighbours are often the same object, so each is written once."""
    written: dict[int, str] = {}
    parts = []
    for value in values:
        text = written.get(id(value))
        if text is None:
            text = written[id(value)] = f'"{value.isoformat()}"'
        parts.append(text)
    return "{" + ",".join(parts) + "}"


def _quoted(value: str) -> str:
    if "\\" in value or '"' in value:
        value = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{value}"'
