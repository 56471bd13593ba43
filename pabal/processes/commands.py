"""Commands that run Pabal: `up`, `demo`, `web`, `edge`, `engine`, `dispatch`, `migrate`, `doctor`, `reset`."""
# ruff: noqa: T201

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Callable
from importlib import import_module

from django.utils.translation import gettext as _

from pabal.config import Config, get
from pabal.processes.supervisor import Supervisor


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    demo = subparsers.add_parser("demo", help=_("start everything with a sample shop, and print how to log in"))
    demo.add_argument(
        "purchases", nargs="?", metavar="PURCHASES", help=_("a file of purchases like cdnow.txt to import")
    )
    demo.set_defaults(run=run_demo)
    subparsers.add_parser("up", help=_("start everything on this machine")).set_defaults(run=run_up)
    for name, module, text in (
        ("web", "pabal.processes.web", _("the console and API")),
        ("edge", "pabal.processes.edge", _("short links, webhooks, opt-out pages")),
        ("engine", "pabal.processes.engine", _("warehouse, plans and jobs")),
        ("dispatch", "pabal.processes.dispatch", _("sends messages to carriers")),
    ):
        subparsers.add_parser(name, help=text).set_defaults(run=_process(module))
    subparsers.add_parser("migrate", help=_("bring the database up to date")).set_defaults(run=run_migrate)
    doctor = subparsers.add_parser("doctor", help=_("what is used, and whether it is well"))
    doctor.add_argument("--json", action="store_true", help=_("print JSON"))
    doctor.set_defaults(run=run_doctor)
    reset = subparsers.add_parser("reset", help=_("remove all state below PABAL_HOME, after asking"))
    reset.add_argument("--yes", action="store_true", help=_("do not ask"))
    reset.set_defaults(run=run_reset)


def _process(module: str) -> Callable[[argparse.Namespace], int]:
    def run(options: argparse.Namespace) -> int:
        return int(import_module(module).main())

    return run


def say(line: str) -> None:
    print(f"  · {line}", flush=True)


def run_up(options: argparse.Namespace) -> int:
    return supervise(get(), greet=lambda config: print(f"\n  Pabal: {config.console_url}\n  Ctrl-C: {_('stop')}\n"))


def run_demo(options: argparse.Namespace) -> int:
    from pabal.processes.demo import run

    return int(run(options.purchases))


def supervise(config: Config, *, greet: Callable[[Config], None]) -> int:
    """Start everything, call `greet`, run until a signal, end everything."""
    supervisor = Supervisor(config, say=say)
    try:
        supervisor.start()
        if not supervisor.stopping:
            greet(config)
        sys.stdout.flush()
        supervisor.run()
        print(_("Stopping…"), flush=True)
    finally:
        supervisor.stop()
    print(_("Stopped. Your data stays in %(home)s.") % {"home": config.home_path}, flush=True)
    return 0


def run_migrate(options: argparse.Namespace) -> int:
    from django.core.management import call_command

    call_command("migrate", interactive=False, verbosity=0)
    return 0


def run_doctor(options: argparse.Namespace) -> int:
    from pabal.processes.doctor import report

    return report(as_json=options.json)


def run_reset(options: argparse.Namespace) -> int:
    import fcntl

    home = get().home_path.resolve()
    if not home.exists():
        print(_("There is nothing at %(home)s.") % {"home": home})
        return 0
    lock = home / "up.lock"
    if lock.exists():
        with lock.open("r+") as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                print(_("Pabal is running on %(home)s. Stop it first (Ctrl-C).") % {"home": home}, file=sys.stderr)
                return 1
    if not options.yes:
        print(_("This removes every profile, campaign, message and key below %(home)s.") % {"home": home})
        if input(_("Type “reset” to go on: ")).strip() != "reset":
            print(_("Nothing was removed."))
            return 1
    from pabal.processes.postgres import EmbeddedPostgres, socket_folder

    server = EmbeddedPostgres(home)
    if server.running_pid() is not None:
        server.end_stray(30)
    shutil.rmtree(socket_folder(home), ignore_errors=True)
    shutil.rmtree(home)
    print(_("Removed %(home)s.") % {"home": home})
    return 0
