"""Connections to carriers: one provider for each account whose senders this process holds.

Opened when the first lane needs it and closed when the last one is gone. One that cannot be opened is tried again with
growing pauses; one whose settings were edited is closed and opened anew. Their state is there for people to see.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from pabal.delivery import metrics
from pabal.delivery.credentials import unseal
from pabal.delivery.hook_addresses import hook_url
from pabal.delivery.media import Media
from pabal.errors import PabalError
from pabal.providers import registry
from pabal.providers.base import Gated, Inbound, Provider, Receipt, Report
from pabal.providers.gateway import Hooked

FIRST_PAUSE_S: Final = 1.0
LONGEST_PAUSE_S: Final = 30.0

Config = tuple[str, str, dict[str, Any], bytes]
MaySend = Callable[[], bool]
OnReceipts = Callable[[int, list[Receipt]], Awaitable[None]]
OnInbound = Callable[[int, Inbound], Awaitable[None]]

log = logging.getLogger(__name__)


class Carrier:
    """The provider of one account, kept open. `config` is (name, provider, settings, sealed secrets)."""

    def __init__(
        self, account_id: int, config: Config, receipts: OnReceipts, inbound: OnInbound, may_send: MaySend
    ) -> None:
        self.account_id = account_id
        self.config = config
        self.name, self.provider_name = config[0], config[1]
        self.provider: Provider | None = None
        self.ready = asyncio.Event()
        self.trouble = ""
        self.media = Media(account_id)
        self._receipts = receipts
        self._inbound = inbound
        self._may_send = may_send
        self._task = asyncio.create_task(self._open(), name=f"carrier {account_id}")

    async def _open(self) -> None:
        pause = FIRST_PAUSE_S
        while True:
            try:
                _, name, settings, sealed = self.config
                provider = registry.make(name, settings | unseal(sealed))
                if isinstance(provider, Hooked):
                    provider.hook_url = hook_url(self.account_id)
                if isinstance(provider, Gated):
                    provider.may_send = self._may_send
                await provider.open(self._report)
            except (PabalError, OSError) as error:
                self.trouble = str(error)
                metrics.CARRIERS.labels(account=self.name).set(0)
                log.warning("a carrier cannot be reached", extra={"account": self.name, "error": self.trouble})
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE_S)
            else:
                self.provider = provider
                self.trouble = ""
                self.ready.set()
                log.info("carrier open", extra={"account": self.name, "provider": self.provider_name})
                return

    async def _report(self, reports: Sequence[Report]) -> None:
        receipts = [report for report in reports if isinstance(report, Receipt)]
        if receipts:
            await self._receipts(self.account_id, receipts)
        if len(receipts) < len(reports):
            for report in reports:
                if isinstance(report, Inbound):
                    await self._inbound(self.account_id, report)

    async def close(self) -> None:
        """Let the provider finish; its last reports are still taken."""
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        self.ready.clear()
        if self.provider is not None:
            await self.provider.close()
        metrics.CARRIERS.labels(account=self.name).set(0)

    def state(self) -> dict[str, str]:
        """For people: `open`, `connecting` or `closed`, and the last error in the carrier's words."""
        if self.provider is None:
            return {"name": self.name, "state": "connecting", "detail": self.trouble}
        health = self.provider.health()
        metrics.CARRIERS.labels(account=self.name).set(health.state == "open")
        return {"name": self.name, "state": health.state, "detail": self.media.trouble or health.detail}
