"""`pabal warehouse status`, `pabal warehouse rebuild`."""
# ruff: noqa: T201

from __future__ import annotations

import argparse
import sys
import time
from typing import Any

import msgspec
from django.utils.translation import gettext as _

from pabal.accounts.audit import Actor
from pabal.campaigns import warehouse_status
from pabal.campaigns.warehouse_status import Progress, Told

BY = Actor(name="command line")
_BAR = 30


def register(subparsers: Any) -> None:
    """Add the commands."""
    parser = subparsers.add_parser("warehouse", help=_("how the warehouse is; fill it anew"))
    commands = parser.add_subparsers(dest="warehouse_command", required=True, metavar="COMMAND")
    status = commands.add_parser("status", help=_("health, lag, rows and size of each table"))
    status.add_argument("--json", action="store_true", help=_("print JSON"))
    status.set_defaults(run=_status)
    rebuild = commands.add_parser(
        "rebuild", help=_("empty it and fill it again from PostgreSQL, while the engine runs")
    )
    rebuild.add_argument("--no-wait", action="store_true", help=_("do not wait until it is done"))
    rebuild.set_defaults(run=_rebuild)


def _status(options: argparse.Namespace) -> int:
    told = warehouse_status.read()
    if options.json:
        body = {
            "state": told.state,
            "at": told.at.isoformat() if told.at else None,
            **msgspec.to_builtins(told.status),
        }
        print(msgspec.json.format(msgspec.json.encode(body)).decode())
        return 0 if told.state in ("well", "filling", "asked") else 1
    for line in _lines(told):
        print(line)
    return 0 if told.state in ("well", "filling", "asked") else 1


def _lines(told: Told) -> list[str]:
    status = told.status
    lines = [
        {
            "unknown": _("No engine has told of the warehouse yet. Start one: pabal up, or pabal engine."),
            "silent": _("No engine runs; this is how it was at %(at)s.")
            % {"at": f"{told.at:%Y-%m-%d %H:%M:%S} UTC" if told.at else ""},
            "troubled": _("It does not keep up: %(trouble)s") % {"trouble": status.trouble},
            "asked": _("A rebuild was asked for and begins in a moment."),
            "filling": _("It is being filled."),
            "well": _("It is well."),
        }[told.state]
    ]
    if told.at is None:
        return lines
    kind = "CLICKHOUSE_URL" if status.server else _("embedded (chDB in the engine)")
    lines.append(f"ClickHouse {status.version}, {kind}")
    if status.filling is not None:
        lines.append(bar(status.filling))
    elif status.lag is not None:
        lines.append(
            _("%(lag)s s behind; the last round took %(seconds)s s")
            % {"lag": f"{status.lag:.1f}", "seconds": f"{status.round_seconds:.2f}"}
        )
    width = max((len(table.name) for table in status.tables), default=0)
    lines += [
        f"  {table.name:<{width}} {table.rows:>14,} {table.size / 1_000_000:>10,.1f} MB" for table in status.tables
    ]
    return lines


def bar(progress: Progress) -> str:
    """One line of a filling: a bar, the share, rows, time left."""
    full = round(progress.share * _BAR)
    rows, total = sum(progress.done.values()), sum(progress.total.values())
    left = (
        ""
        if progress.seconds_left is None
        else _("about %(seconds)s s left") % {"seconds": round(progress.seconds_left)}
    )
    return (
        f"[{'█' * full}{'░' * (_BAR - full)}] {progress.share:>4.0%}  {rows:,} / ~{max(rows, total):,}  {left}".rstrip()
    )


def _rebuild(options: argparse.Namespace) -> int:
    began = time.time()
    warehouse_status.ask_rebuild(BY)
    print(_("The engine was asked to fill the warehouse again."))
    if options.no_wait:
        return 0
    shown = time.monotonic()
    while True:
        time.sleep(0.5)
        told = warehouse_status.read()
        if told.status.filling is not None and told.fresh:
            print("\r" + bar(told.status.filling), end="", flush=True)
            shown = time.monotonic()
        elif told.asked_at is None and told.at is not None and told.at.timestamp() > began and told.state == "well":
            print("\r" + " " * 100 + "\r" + _("Done in %(seconds)s s.") % {"seconds": f"{time.time() - began:.1f}"})
            for line in _lines(told)[1:]:
                print(line)
            return 0
        elif time.monotonic() - shown > 15:
            print(_("Nothing happens. Is an engine running? It begins as soon as one does."), file=sys.stderr)
            shown = time.monotonic()
