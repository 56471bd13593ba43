"""`python -m benchmarks [NAME…] [--json FILE]`."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import platform
import shutil
import sys
import tempfile
from importlib import import_module
from pathlib import Path

from benchmarks import BENCHMARKS, Result


def main() -> int:
    options = argparse.ArgumentParser(prog="bin/bench", description=__doc__)
    options.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS) + " (default: all)")
    options.add_argument("--json", type=Path, metavar="FILE", help="write the figures as JSON, too")
    chosen = options.parse_args()
    if unknown := [name for name in chosen.names if name not in BENCHMARKS]:
        options.error(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    results: list[Result] = []
    for name in chosen.names or BENCHMARKS:
        with home():
            print(f"{name}…", file=sys.stderr, flush=True)
            results += import_module(f"benchmarks.{BENCHMARKS[name]}").run()
    print(table(results))
    if chosen.json:
        facts = {"cores": os.cpu_count(), "python": platform.python_version(), "machine": platform.machine()}
        rows = [dataclasses.asdict(result) for result in results]
        chosen.json.write_text(json.dumps({"where": facts, "results": rows}, indent=1))
    return 0 if all(result.met is not False for result in results) else 1


class home:
    """A PABAL_HOME and an embedded PostgreSQL of the benchmark's own, with the settings that users get."""

    def __enter__(self) -> None:
        import django

        from pabal.processes.postgres import EmbeddedPostgres

        if "PABAL_BENCH_HOME" in os.environ:  # Django reads its settings once: the benchmarks of one run share a home
            return
        for name in [*os.environ, "DATABASE_URL", "CLICKHOUSE_URL"]:
            if name in ("DATABASE_URL", "CLICKHOUSE_URL") or (
                name.startswith("PABAL_") and not name.startswith("PABAL_BENCH_")
            ):
                os.environ.pop(name, None)
        path = Path(tempfile.mkdtemp(prefix="pabal-bench-"))
        path.chmod(0o755)
        os.environ |= {"PABAL_HOME": str(path), "PABAL_BENCH_HOME": str(path), "PABAL_ALLOW_FICTIONAL": "true"}
        os.environ["DJANGO_SETTINGS_MODULE"] = "pabal.settings"
        server = EmbeddedPostgres(path)
        server.start()
        import atexit

        def end() -> None:
            server.stop()
            shutil.rmtree(path, ignore_errors=True)

        atexit.register(end)
        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0, interactive=False)

    def __exit__(self, *exception: object) -> None:
        from django.db import connections

        connections.close_all()


def table(results: list[Result]) -> str:
    """The figures as aligned columns."""
    head = ("name", "value", "unit", "floor", "ratio", "goal", "met")
    body = [
        (
            r.name,
            f"{r.value:,.4g}" if r.value < 1000 else f"{r.value:,.0f}",
            r.unit,
            "" if r.floor is None else f"{r.floor:,.4g}" if r.floor < 1000 else f"{r.floor:,.0f}",
            "" if r.ratio is None else f"{r.ratio:.2f}×",
            r.goal,
            {None: "", True: "yes", False: "NO"}[r.met],
        )
        for r in results
    ]
    widths = [max(len(row[i]) for row in [head, *body]) for i in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in [head, *body]
    )


if __name__ == "__main__":
    sys.exit(main())
