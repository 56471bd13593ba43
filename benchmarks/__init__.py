"""What Pabal promises, measured: `bin/bench [NAME…] [--json FILE]`.

Each module of this package that is named here has `run() -> list[Result]`. It measures its floor (a bare COPY, a bare
query, a bare socket) in the same run, on the same machine, so that the ratio means something.
"""

from __future__ import annotations

from dataclasses import dataclass

#: Name on the command line → module.
BENCHMARKS = {
    "import": "import_",
    "plan": "plan",
    "dispatch": "dispatch",
    "smpp": "smpp",
    "receipts": "receipts",
    "segment": "segment",
    "membership": "membership",
    "intake-batch": "intake_batch",
    "intake-single": "intake_single",
    "freshness": "freshness",
    "rebuild": "rebuild",
}


@dataclass(frozen=True, kw_only=True)
class Result:
    """One figure. `floor` is in the same unit, `ratio` how many times the floor's time ours takes (1 is the floor).

    `met` is None where no goal is set.
    """

    name: str
    value: float
    unit: str
    floor: float | None = None
    ratio: float | None = None
    goal: str = ""
    met: bool | None = None
