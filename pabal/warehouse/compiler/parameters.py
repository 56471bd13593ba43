"""Bound parameters: whatever a person wrote reaches ClickHouse as a value, never as SQL."""

from __future__ import annotations

from datetime import datetime
from typing import Any


class Parameters:
    """Collects values and gives their places, `{p1:String}`. The same value of the same type has one place."""

    def __init__(self, prefix: str = "p") -> None:
        self._prefix = prefix
        self._places: dict[tuple[str, str], str] = {}
        self.values: dict[str, Any] = {}

    def text(self, value: str) -> str:
        return self._place(value, "String")

    def texts(self, values: list[str]) -> str:
        return self._place(values, "Array(String)")

    def text_lists(self, values: list[list[str]]) -> str:
        return self._place(values, "Array(Array(String))")

    def number(self, value: float) -> str:
        return self._place(float(value), "Float64")

    def numbers(self, values: list[float]) -> str:
        return self._place([float(value) for value in values], "Array(Float64)")

    def integer(self, value: int) -> str:
        return self._place(value, "Int64")

    def integers(self, values: list[int]) -> str:
        return self._place(values, "Array(Int64)")

    def ids(self, values: list[int]) -> str:
        return self._place(values, "Array(UInt64)")

    def moment(self, value: datetime) -> str:
        """A moment in UTC, to the millisecond."""
        return self._place(
            value.strftime("%Y-%m-%d %H:%M:%S.") + f"{value.microsecond // 1000:03}", "DateTime64(3, 'UTC')"
        )

    def _place(self, value: Any, type_: str) -> str:
        key = (type_, repr(value))
        if key not in self._places:
            name = f"{self._prefix}{len(self._places) + 1}"
            self._places[key] = f"{{{name}:{type_}}}"
            self.values[name] = value
        return self._places[key]
