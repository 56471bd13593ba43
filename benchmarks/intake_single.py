"""`bin/bench intake-single`: see `benchmarks.intake`."""

from __future__ import annotations

from benchmarks.intake import single as run

__all__ = ["run"]
