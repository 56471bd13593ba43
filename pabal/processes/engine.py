"""`pabal engine`: owns the warehouse, plans campaigns, runs jobs.

One engine leads: it holds an advisory lock on a connection of its own; others stand by and take over when that
connection ends. The leader ends itself when it loses the connection, so two never lead.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import psycopg
from prometheus_client import Gauge

from pabal.config import Config, get
from pabal.database import LEADER_LOCK
from pabal.errors import PabalError, Unavailable
from pabal.processes import monitor

if TYPE_CHECKING:
    from pabal.warehouse.sync import Synchroniser

log = logging.getLogger(__name__)

CONCURRENCY = 4
LAG = Gauge("pabal_warehouse_lag_seconds", "Age of the oldest change that the warehouse has not read")
LEADS = Gauge("pabal_engine_leads", "1 while this engine leads")


class Health:
    """What /healthz says."""

    def __init__(self) -> None:
        self.trouble: str | None = "starting"
        self.failing: dict[str, str] = {}

    def check(self) -> str | None:
        return self.trouble or next(iter(self.failing.values()), None)


def main() -> int:
    """Stand by until leading, then lead until SIGTERM or SIGINT. Returns the exit code."""
    config = get()
    health = Health()
    server = monitor.serve(config.engine_port, health.check)
    try:
        return asyncio.run(_run(config, health))
    finally:
        server.shutdown()


async def _run(config: Config, health: Health) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    # Jobs and what is done every second share these threads: long imports must not keep the rest waiting.
    loop.set_default_executor(ThreadPoolExecutor(CONCURRENCY + 16, thread_name_prefix="engine"))
    for sig in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sig, stop.set)
    connection = await _lead(config, stop, health)
    if connection is None:
        return 0
    LAG.set(float("inf"))  # until the first round, which the synchroniser then tells
    health.trouble = "starting"
    LEADS.set(1)
    log.info("leading")
    tasks = [asyncio.create_task(_hold(connection)), *await _start(config, stop, health)]
    waiting = asyncio.create_task(stop.wait())
    done, _ = await asyncio.wait([waiting, *tasks], return_when=asyncio.FIRST_COMPLETED)
    code = 0
    for task in done - {waiting}:
        if (error := task.exception()) is not None:
            log.error("ended by an error", exc_info=error)
            code = 1
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks, timeout=10)
    await connection.close()
    if code:
        os._exit(code)  # a thread may hang in a lost engine; the supervisor starts a fresh one
    return code


async def _lead(
    config: Config, stop: asyncio.Event, health: Health
) -> psycopg.AsyncConnection[tuple[object, ...]] | None:
    """Wait for the leader's lock. None when asked to stop first."""
    while not stop.is_set():
        try:
            connection = await psycopg.AsyncConnection.connect(
                config.database_dsn, autocommit=True, application_name="pabal engine"
            )
            while not stop.is_set():
                cursor = await connection.execute("SELECT pg_try_advisory_lock(%s)", [LEADER_LOCK])
                row = await cursor.fetchone()
                if row and row[0]:
                    return connection
                health.trouble = None  # standing by is well
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(stop.wait(), 2)
            await connection.close()
        except psycopg.OperationalError as error:
            health.trouble = f"database: {error}"
            log.warning("the database does not answer: %s", error)
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(stop.wait(), 1)
    return None


async def _hold(connection: psycopg.AsyncConnection[tuple[object, ...]]) -> None:
    """Ends with an error when the leader's connection, and with it the lock, is gone."""
    while True:
        await connection.execute("SELECT 1")
        await asyncio.sleep(1)


async def _open(config: Config, stop: asyncio.Event, health: Health) -> Synchroniser | None:
    """The warehouse, as soon as it can be opened. None when asked to stop first."""
    from pabal.campaigns.warehouse import open_warehouse

    while not stop.is_set():
        try:
            return await asyncio.to_thread(open_warehouse, config)
        except PabalError as error:
            health.trouble = f"warehouse: {error}"
            log.warning("the warehouse cannot be opened, trying again: %s", error)
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(stop.wait(), 2)
    return None


async def _start(config: Config, stop: asyncio.Event, health: Health) -> list[asyncio.Task[None]]:
    """Open the warehouse and start what a leader does."""
    from procrastinate.contrib.django import app

    from pabal.audience.tasks import resume_imports
    from pabal.campaigns import segment_sizes
    from pabal.campaigns import tasks as campaigns
    from pabal.campaigns.answering import Answerer
    from pabal.campaigns.dead_numbers import suppress_dead
    from pabal.campaigns.list_making import resume_lists
    from pabal.campaigns.signup import ticking as signups
    from pabal.campaigns.warehouse_keeping import Keeper
    from pabal.reports.alerts import ticking as alerts

    warehouse = await _open(config, stop, health)
    if warehouse is None:
        return []
    keeper = Keeper(warehouse, config)
    LAG.set_function(warehouse.lag)
    await asyncio.to_thread(resume_imports)
    await asyncio.to_thread(campaigns.resume_plans)
    await asyncio.to_thread(campaigns.resume_enquiries)
    await asyncio.to_thread(resume_lists)

    def synchronise() -> None:
        keeper.synchronise()

    async def work() -> None:
        worker = app.with_connector(app.connector.get_worker_connector())  # type: ignore[attr-defined]
        async with worker.open_async():
            await worker.run_worker_async(
                queues=["engine"],
                concurrency=CONCURRENCY,
                install_signal_handlers=False,
                delete_jobs="successful",
                fetch_job_polling_interval=1.0,  # what a lost or early notification costs
            )
        # It stops by itself when one of its connections fails. An engine without it would only look alive.
        raise Unavailable("The worker of the engine's jobs ended.", code="worker_ended")

    def rescue() -> None:
        campaigns.rescue_plans()

    def campaigns_tick() -> None:
        campaigns.start_due()
        campaigns.fail_over()
        campaigns.finish_done()

    def segments() -> None:
        segment_sizes.count_due(warehouse)

    def dead_numbers() -> None:
        with warehouse.reading(wait=True):
            suppress_dead(
                warehouse.warehouse,
                invalid=config.suppress_invalid_after,
                unreachable=config.suppress_unreachable_after,
            )

    health.trouble = None
    return [
        asyncio.create_task(work()),
        asyncio.create_task(_every(600.0, dead_numbers, health)),
        asyncio.create_task(_every(1.0, synchronise, health)),
        asyncio.create_task(_every(2.0, keeper.tell, health)),
        asyncio.create_task(_every(5.0, keeper.catalogue, health)),
        asyncio.create_task(_every(60.0, keeper.forget_old, health)),
        asyncio.create_task(_every(0.5, campaigns_tick, health)),
        asyncio.create_task(_every(5.0, signups.send_and_expire, health)),
        asyncio.create_task(_every(3_600.0, signups.forget, health)),
        asyncio.create_task(_every(5.0, rescue, health)),
        asyncio.create_task(Answerer(warehouse, config.database_dsn).run()),
        asyncio.create_task(_every(5.0, segments, health)),
        asyncio.create_task(_every(86_400.0, segment_sizes.thin, health)),
        asyncio.create_task(_every(alerts.EVERY_S, alerts.watch, health)),
    ]


async def _every(seconds: float, act: Callable[[], None], health: Health) -> None:
    """Call `act` in a thread again and again. A passing failure is logged and shown by /healthz, and tried again."""
    from django.db import close_old_connections

    lock = threading.Lock()

    def once() -> None:
        with lock:
            close_old_connections()
            act()

    while True:
        began = time.monotonic()
        try:
            await asyncio.to_thread(once)
            health.failing.pop(act.__name__, None)
        except (PabalError, psycopg.Error, OSError) as error:
            health.failing[act.__name__] = f"{act.__name__}: {error}"
            log.warning("%s failed, trying again: %s", act.__name__, error)
        except Exception as error:
            health.failing[act.__name__] = f"{act.__name__}: {error}"
            log.exception("%s failed, trying again", act.__name__)
        await asyncio.sleep(max(0.05, seconds - (time.monotonic() - began)))
