"""`pabal edge`: short links and opt-out pages, Starlette over ASGI on granian."""

from __future__ import annotations

from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from pabal.config import get


def main() -> int:
    """Serve until SIGTERM or SIGINT, then answer what is under way."""
    config = get()
    Granian(
        "pabal.processes.edge_app:app",
        address=config.edge_host,
        port=config.edge_port,
        interface=Interfaces.ASGI,
        workers=1,
        backlog=2048,
        respawn_failed_workers=True,
        log_enabled=True,
        log_level=LogLevels(config.log_level.lower()),
    ).serve()
    return 0
