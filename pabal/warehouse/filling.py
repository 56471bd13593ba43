"""Whether the warehouse may be read: not while it is filled from nothing, when every number would be too small."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from pabal.errors import Unavailable

CODE = "warehouse_rebuilding"


@dataclass(kw_only=True)
class Filling:
    """How far it is. `totals` are PostgreSQL's estimates, by source; `rows` what was written so far."""

    started: float = field(default_factory=time.time)
    totals: dict[str, int] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)

    @property
    def share(self) -> float:
        """From 0 to 1. Estimates may be too small: then it stays below 1 until the end."""
        total = sum(max(count, self.rows.get(name, 0)) for name, count in self.totals.items())
        return min(0.999, sum(self.rows.values()) / total) if total else 0.0

    def seconds_left(self) -> float | None:
        """At the speed so far; None as long as that says nothing."""
        took = time.time() - self.started
        return took * (1 - self.share) / self.share if self.share > 0.01 and took > 0.5 else None


class Gate:
    """Readers enter while the warehouse is whole; whoever fills it closes the gate and waits until they have left."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._readers = 0
        self._times = 0
        self.filling: Filling | None = Filling()  # until the first round, nobody knows whether it is whole

    @contextmanager
    def reading(self, *, wait: bool = False) -> Iterator[None]:
        """Read what is whole. `wait`: until a filling is over; else it raises `Unavailable` (`warehouse_rebuilding`).

        It is raised at the end, too, when a filling began meanwhile that could not wait: what was read is no answer then.
        """
        with self._changed:
            while self.filling is not None:
                if not wait:
                    raise unavailable(self.filling)
                self._changed.wait(1)
            self._readers += 1
            times = self._times
        try:
            yield
            if self._times != times:
                raise unavailable(self.filling)
        finally:
            with self._changed:
                self._readers -= 1
                self._changed.notify_all()

    def close(self, *, patience: float = 0) -> None:
        """Let nobody in, and wait up to `patience` seconds for the readers to leave."""
        until = time.monotonic() + patience
        with self._changed:
            if self.filling is None:
                self.filling = Filling()
            while self._readers and (left := until - time.monotonic()) > 0:
                self._changed.wait(left)
            self._times += 1

    def note(self, totals: Mapping[str, int]) -> None:
        """The sources that will be read, and about how many rows each has."""
        if self.filling is not None:
            self.filling.totals = dict(totals)

    def add(self, source: str, rows: int) -> None:
        """Rows of a source were written."""
        if (filling := self.filling) is not None:
            filling.rows[source] = filling.rows.get(source, 0) + rows

    def open(self) -> None:
        """It is whole."""
        with self._changed:
            self.filling = None
            self._changed.notify_all()


def unavailable(filling: Filling | None) -> Unavailable:
    """The error for whoever would read it now."""
    share = round(filling.share * 100) if filling else 0
    left = filling.seconds_left() if filling else None
    return Unavailable(
        f"The warehouse is being filled ({share} %). Numbers come when it is whole.",
        code=CODE,
        details={"percent": share, "seconds_left": round(left) if left is not None else None},
    )
