"""`pabal dispatch`: sends messages to carriers until SIGTERM or SIGINT, then lands what is in the air and ends."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal

from pabal.config import Config, get
from pabal.delivery.dispatcher import Dispatcher
from pabal.processes import monitor


def main() -> int:
    """Dispatch until told to stop. Returns the exit code; a second signal ends at once (what is in the air: unknown)."""
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_run(get()))
    return 0


async def _run(config: Config) -> None:
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)  # we say it ourselves, once, when the database is away
    dispatcher = Dispatcher(config.database_dsn)
    server = monitor.serve(config.dispatch_port, dispatcher.health)
    loop = asyncio.get_running_loop()

    def on_signal(sig: signal.Signals) -> None:
        dispatcher.stop()
        loop.remove_signal_handler(sig)

    for sig in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sig, on_signal, sig)
    try:
        await dispatcher.run()
    finally:
        server.shutdown()
