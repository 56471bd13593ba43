"""The command line: `pabal COMMAND …`.

Each area of the product registers its own commands (`register(subparsers)`); they end with exit code 0, or 1 with one
sentence on standard error that says what is wrong and what to do.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module

import pabal
from pabal.errors import PabalError

#: Modules with a `register(subparsers)`, in the order in which the help shows their commands.
COMMANDS = (
    "pabal.processes.commands",
    "pabal.audience.import_command",
    "pabal.audience.write_key_command",
    "pabal.campaigns.commands",
    "pabal.campaigns.test_commands",
    "pabal.campaigns.segment_commands",
    "pabal.campaigns.warehouse_command",
    "pabal.reports.people_commands",
    "pabal.accounts.commands",
)


def parser() -> argparse.ArgumentParser:
    """The whole command line. Each command's function is its `run` default."""
    top = argparse.ArgumentParser(
        prog="pabal", description="Marketing text messages that you host yourself. / 직접 운영하는 문자 마케팅."
    )
    top.add_argument("--version", action="version", version=f"pabal {pabal.__version__}")
    subparsers = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name in COMMANDS:
        import_module(name).register(subparsers)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pabal.settings")
    try:
        import django
        from django.utils import translation

        from pabal import config, logs

        options = config.get()
        django.setup()
        translation.activate(options.language)
        chosen = parser().parse_args(arguments)
        logs.set_up(chosen.command, style=options.log_format, level=options.log_level)
        run: Callable[[argparse.Namespace], int] = chosen.run
        return run(chosen)
    except PabalError as error:
        print(f"pabal: {error}", file=sys.stderr)  # noqa: T201
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
