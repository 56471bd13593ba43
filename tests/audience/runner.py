"""A process of its own that runs an import: `python -m tests.audience.runner IMPORT ROWS`. Prints a line per chunk."""

from __future__ import annotations

import sys

import django

if __name__ == "__main__":
    django.setup()
    from pabal.audience import csv_files, importing

    importing.ROWS = int(sys.argv[2])
    csv_files._SMALLEST = 10_000
    done = importing.run(int(sys.argv[1]), progress=lambda import_: print(import_.rows_done, flush=True))
    print(done.state, flush=True)
