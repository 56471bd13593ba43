"""Calls of gateways: verified, kept as they came, and what they report applied once.

A call is answered when what it said is durable. The gateway repeats what was not answered, and receipts and replies are
idempotent, so nothing is lost and nothing counts twice. The raw call stays for `KEPT`, for whoever must look into it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

import psycopg
from psycopg.types.json import Jsonb
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from pabal.delivery.credentials import unseal
from pabal.delivery.hook_addresses import hook_url
from pabal.delivery.inbound import Replies
from pabal.delivery.receipts import ReceiptBook
from pabal.errors import NotFound, PabalError
from pabal.providers import registry
from pabal.providers.base import Inbound, Provider, Receipt, Report
from pabal.providers.gateway import Call, Hooked

KEPT: Final = timedelta(days=30)
KNOWN_S: Final = 5.0
SHARD: Final = 1  # of the tallies: not the one that replies use

ACCOUNT: Final = "SELECT provider, settings, secrets FROM provider_account WHERE id = %s"
KEEP: Final = "INSERT INTO hook_call (account_id, headers, url, body, reports, error) VALUES (%s, %s, %s, %s, %s, %s)"
FORGET: Final = "DELETE FROM hook_call WHERE received_at < now() - %s"

#: What a call's headers may hold that says who called and how it is signed. A header that is a fixed secret (Solapi's, NHN's)
#: is not kept: it would stand in the database for whoever reads it.
_HEADERS: Final = frozenset(
    {"content-type", "user-agent", "x-twilio-signature", "x-pabal-signature", "i-twilio-idempotency-token"}
)

log = logging.getLogger(__name__)


class Hooks:
    """Takes calls for one edge process."""

    def __init__(self, pool: AsyncConnectionPool[psycopg.AsyncConnection[Any]]) -> None:
        self._pool = pool
        self._names: dict[int, str] = {}
        self._receipts = ReceiptBook(pool, shard=SHARD, providers=self._names)
        self._replies = Replies()
        self._known: dict[int, tuple[float, Provider]] = {}
        self._reading: dict[int, asyncio.Lock] = {}
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to apply what calls report."""
        self._tasks = [asyncio.create_task(self._receipts.run()), asyncio.create_task(self._forget_daily())]

    async def stop(self) -> None:
        """End; calls that were answered are durable already."""
        for task in self._tasks:
            task.cancel()
        for _, provider in self._known.values():
            await provider.close()

    async def take(self, account_id: int, call: Call) -> int:
        """Apply what a call says; how many reports that were. Raises NotFound, NotAllowed, InvalidInput."""
        provider = await self._provider(account_id)
        try:
            reports = provider.read_call(call)
        except PabalError as error:
            await self._keep(account_id, call, 0, str(error)[:500])
            raise
        await self._keep(account_id, call, len(reports), "")
        await self._apply(account_id, reports, provider)
        return len(reports)

    async def forget(self) -> None:
        """Remove raw calls older than `KEPT`."""
        async with self._pool.connection() as connection:
            await connection.execute(FORGET, [KEPT])

    async def _forget_daily(self) -> None:
        while True:
            try:
                await self.forget()
            except (psycopg.Error, PoolTimeout) as error:
                log.warning("old calls could not be removed", extra={"error": str(error)})
            await asyncio.sleep(86_400)

    async def _apply(self, account_id: int, reports: list[Report], provider: Provider) -> None:
        receipts = [report for report in reports if isinstance(report, Receipt)]
        if receipts:
            await self._receipts.take(account_id, receipts)
        for report in reports:
            if isinstance(report, Inbound):
                await self._replies.take(account_id, report, provider)

    async def _provider(self, account_id: int) -> Any:
        """The account's adapter, able to answer a reply. Looked up anew every few seconds, for settings change."""
        read_at, provider = self._known.get(account_id, (0.0, None))
        if provider is not None and time.monotonic() - read_at < KNOWN_S:
            return provider
        async with self._reading.setdefault(account_id, asyncio.Lock()):
            return await self._read(account_id)

    async def _read(self, account_id: int) -> Any:
        """Calls that come together read the account one after the other, so that its client is made once."""
        read_at, provider = self._known.get(account_id, (0.0, None))
        if provider is not None and time.monotonic() - read_at < KNOWN_S:
            return provider
        async with self._pool.connection() as connection:
            row = await (await connection.execute(ACCOUNT, [account_id])).fetchone()
        made = registry.make(row[0], row[1] | unseal(row[2])) if row else None
        if row is None or not isinstance(made, Hooked):
            raise NotFound("Nobody is called here.", code="unknown_hook")
        if provider is not None and getattr(provider, "settings", None) == getattr(made, "settings", object()):
            self._known[account_id] = (time.monotonic(), provider)
            return provider
        made.hook_url = hook_url(account_id)
        await made.connect()
        if provider is not None:
            await provider.close()
        self._names[account_id] = row[0]
        self._known[account_id] = (time.monotonic(), made)
        return made

    async def _keep(self, account_id: int, call: Call, reports: int, error: str) -> None:
        async with self._pool.connection() as connection:
            await connection.execute(
                KEEP, [account_id, Jsonb(_telling(call.headers)), call.url, call.body, reports, error]
            )


def _telling(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name in _HEADERS}
