"""Charts as values and geometry: what the SVG templates draw. No HTML here, and nothing of the database.

Every chart has a title, a sentence that says what it shows (`summary`, read by screen readers) and its numbers as a
table. Coordinates are in a 1000 × 200 box that the page stretches to its width.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from pabal.console import formats

WIDTH, HEIGHT = 1000.0, 200.0
NICE_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)

Format = Callable[[Any], str]


@dataclass(frozen=True, kw_only=True)
class Series:
    """One line. `values` runs along the chart's labels; None leaves a gap. `tone` is 1–5, good, warn or bad."""

    name: Any
    values: Sequence[float | None]
    tone: str = "1"


@dataclass(frozen=True, kw_only=True)
class TimeSeries:
    """Lines over time. `labels` are finished texts (an hour, a day), one per point; every series is as long."""

    title: Any
    labels: Sequence[str]
    series: Sequence[Series]
    area: bool = True
    format: Format = field(default=formats.number)
    short: Format = field(default=formats.compact)

    def __post_init__(self) -> None:
        if any(len(s.values) != len(self.labels) for s in self.series):
            raise ValueError("every series needs one value per label")

    @property
    def ticks(self) -> list[float]:
        """Round values for the axis, from 0 up, at most five of them above it."""
        return axis_ticks(max((v for s in self.series for v in s.values if v is not None), default=0.0))

    @property
    def tick_labels(self) -> list[str]:
        """From the top down."""
        return [self.short(tick) for tick in reversed(self.ticks)]

    @property
    def grid(self) -> list[float]:
        return [self._y(tick) for tick in self.ticks]

    @property
    def axis(self) -> list[dict[str, Any]]:
        """At most six labels below, evenly apart: text, `x` in per cent of the width, anchor."""
        count = len(self.labels)
        step = max(1, math.ceil((count - 1) / 5))
        found = []
        for index in range(0, count, step):
            x = self._x(index) / WIDTH * 100
            anchor = "start" if x == 0 else "end" if x == 100 else "middle"
            found.append({"text": self.labels[index], "x": f"{x:g}%", "anchor": anchor})
        return found

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [
            {"name": s.name, "tone": s.tone, "line": self._path(s), "area": self._area(s), "total": self._total(s)}
            for s in self.series
        ]

    @property
    def points(self) -> list[dict[str, Any]]:
        """One hover column per label: its box, the dots in it, and the tooltip's text."""
        count = len(self.labels)
        width = WIDTH / max(1, count - 1) if count > 1 else WIDTH
        found = []
        for index, label in enumerate(self.labels):
            here = [(s, s.values[index]) for s in self.series]
            rows = [f"{s.name}: {formats.DASH if v is None else self.format(v)}" for s, v in here]
            dots = [{"tone": s.tone, "y": self._y(v)} for s, v in here if v is not None]
            x = self._x(index)
            left, right = max(0.0, x - width / 2), min(WIDTH, x + width / 2)
            found.append(
                {
                    "x": x,
                    "left": round(left, 2),
                    "width": round(right - left, 2),
                    "dots": dots,
                    "tip": "\n".join([str(label), *rows]),
                }
            )
        return found

    @property
    def rows(self) -> list[tuple[str, list[str]]]:
        """The table: label and formatted values."""
        return [
            (label, [formats.DASH if (v := s.values[i]) is None else self.format(v) for s in self.series])
            for i, label in enumerate(self.labels)
        ]

    @property
    def summary(self) -> str:
        span = f"{self.labels[0]} – {self.labels[-1]}. " if self.labels else ""
        return span + " ".join(f"{line['name']}: {line['total']}." for line in self.lines)

    def _total(self, series: Series) -> str:
        return self.format(sum(v for v in series.values if v is not None))

    def _x(self, index: int) -> float:
        return WIDTH / 2 if len(self.labels) == 1 else round(index * WIDTH / (len(self.labels) - 1), 2)

    def _y(self, value: float) -> float:
        return round(HEIGHT * (1 - value / self.ticks[-1]), 2)

    def _runs(self, series: Series) -> list[list[tuple[float, float]]]:
        """Unbroken stretches of the line."""
        runs: list[list[tuple[float, float]]] = [[]]
        for index, value in enumerate(series.values):
            if value is None:
                runs.append([])
            else:
                runs[-1].append((self._x(index), self._y(value)))
        return [run for run in runs if run]

    def _path(self, series: Series) -> str:
        return "".join(_line(run) if len(run) > 1 else _line([*run, run[0]]) for run in self._runs(series))

    def _area(self, series: Series) -> str:
        if not self.area:
            return ""
        runs = [run for run in self._runs(series) if len(run) > 1]
        return "".join(f"{_line(run)}L{run[-1][0]:g} {HEIGHT:g}L{run[0][0]:g} {HEIGHT:g}Z" for run in runs)


@dataclass(frozen=True, kw_only=True)
class Bar:
    label: Any
    value: float
    tone: str = "1"
    url: str = ""


@dataclass(frozen=True, kw_only=True)
class BarList:
    """Horizontal bars, longest as wide as the box. With `whole`, each also shows its share of it."""

    title: Any
    bars: Sequence[Bar]
    whole: float | None = None
    format: Format = field(default=formats.number)

    @property
    def rows(self) -> list[dict[str, Any]]:
        top = max((b.value for b in self.bars), default=0) or 1
        return [
            {
                "bar": b,
                "width": round(WIDTH * b.value / top, 2),
                "value": self.format(b.value),
                "share": formats.share(b.value, self.whole) if self.whole else "",
            }
            for b in self.bars
        ]


@dataclass(frozen=True, kw_only=True)
class StackedBar:
    """Parts of one whole side by side. What the parts leave of `whole` stays empty."""

    title: Any
    parts: Sequence[Bar]
    whole: float | None = None
    format: Format = field(default=formats.number)

    @property
    def rows(self) -> list[dict[str, Any]]:
        whole = self.whole or sum(p.value for p in self.parts) or 1
        found, left = [], 0.0
        for part in self.parts:
            width = WIDTH * part.value / whole
            shown = {"part": part, "value": self.format(part.value), "share": formats.share(part.value, whole)}
            found.append({**shown, "left": round(left, 2), "width": round(width, 2)})
            left += width
        return found

    @property
    def summary(self) -> str:
        return ", ".join(f"{row['part'].label} {row['value']} ({row['share']})" for row in self.rows)


def sparkline(values: Sequence[float]) -> str:
    """The path of a small line in a 1000 × 200 box, from the least value to the greatest."""
    low, high = min(values, default=0.0), max(values, default=0.0)
    span = (high - low) or 1.0
    step = WIDTH / max(1, len(values) - 1)
    return _line([(round(i * step, 2), round(HEIGHT * (1 - (v - low) / span), 2)) for i, v in enumerate(values)])


def axis_ticks(top: float) -> list[float]:
    """0 and round steps up to the first one at or above `top`; whole numbers once `top` is 1 or more."""
    if top < 1e-6:
        return [0.0, 1.0]
    rough = top / 4
    power = 10.0 ** math.floor(math.log10(rough))
    steps = [n * scale for scale in (power, power * 10) for n in NICE_STEPS if n * scale >= rough * (1 - 1e-12)]
    step = next(s for s in steps if top < 1 or s == int(s))
    return [round(i * step, 10) for i in range(math.ceil(round(top / step, 9)) + 1)]


def _line(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in points) if points else ""
