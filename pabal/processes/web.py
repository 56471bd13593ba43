"""`pabal web`: the console and the management API, Django over WSGI on granian."""

from __future__ import annotations

from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from pabal.config import get


def main() -> int:
    """Serve until SIGTERM or SIGINT, then finish the requests that are under way."""
    config = get()
    Granian(
        "pabal.wsgi:application",
        address=config.web_host,
        port=config.web_port,
        interface=Interfaces.WSGI,
        workers=config.web_workers,
        blocking_threads=8,
        backlog=1024,
        respawn_failed_workers=True,
        log_enabled=True,
        log_level=LogLevels(config.log_level.lower()),
    ).serve()
    return 0
