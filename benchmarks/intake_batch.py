"""`bin/bench intake-batch`: see `benchmarks.intake`."""

from __future__ import annotations

from benchmarks.intake import batch as run

__all__ = ["run"]
