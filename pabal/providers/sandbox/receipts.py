"""Receipts of the simulated carrier: kept until due, then reported in bulk."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

from pabal.providers.base import OnReports, Receipt, Report
from pabal.providers.reasons import Reason
from pabal.providers.sandbox.numbers import Behaviour
from pabal.providers.sandbox.settings import SandboxSettings

TICK_S: Final = 0.025
"""Receipts that fall due within this time are reported together."""

_AT_ONCE: Final = 10_000
_AGAIN_S: Final = 1.0

log = logging.getLogger(__name__)


class Due(NamedTuple):
    """A receipt to come; delivered if it has no reason."""

    provider_id: str
    reference: int
    reason: Reason | None
    code: str = ""
    billed: str = ""


class Post:
    """The receipts that are still to be reported, in buckets of one tick."""

    def __init__(self, on_reports: OnReports) -> None:
        self._on_reports = on_reports
        self._buckets: dict[int, list[Due]] = {}
        self._next = int(time.time() / TICK_S)
        self._early: list[Due] = []
        self._task: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()

    def start(self) -> None:
        """Report what falls due from now on."""
        self._task = asyncio.create_task(self._run(), name="sandbox receipts")

    async def stop(self) -> None:
        """Report everything that is left, now, and end."""
        self._stopping.set()
        if self._task is not None:
            await self._task

    def add(self, due: Due, at: float) -> None:
        """Report `due` at the Unix time `at` or up to one tick later."""
        tick = max(int(at / TICK_S) + 1, self._next)
        bucket = self._buckets.get(tick)
        if bucket is None:
            self._buckets[tick] = [due]
        else:
            bucket.append(due)

    def add_early(self, due: Due) -> None:
        """Report `due` before the window that carries its message is answered."""
        self._early.append(due)

    def add_special(self, due: Due, special: Behaviour, now: float, settings: SandboxSettings) -> None:
        """Report as the number always behaves."""
        at = now + settings.receipt_ms / 1000
        match special.what:
            case "early":
                self.add_early(due)
            case "late":
                self.add(due, now + settings.late_s)
            case "twice":
                self.add(due, at)
                self.add(due, at + 2 * TICK_S)
            case "failed" | "expired" | "uncertain":
                self.add(due, at)
            case "never" | "refused":
                pass

    def take_early(self) -> list[Receipt]:
        """The receipts that are to come before the answer."""
        early, self._early = self._early, []
        return self._receipts(early)

    async def report(self, reports: Sequence[Report]) -> None:
        """Pass on reports until they are taken; like a carrier, try again after a second if they are not."""
        while True:
            try:
                await self._on_reports(reports)
                return
            except Exception:
                log.exception("reports were not taken; trying again in %s s", _AGAIN_S)
                if self._stopping.is_set():
                    return
                await asyncio.sleep(_AGAIN_S)

    async def _run(self) -> None:
        while not self._stopping.is_set():
            await asyncio.sleep(TICK_S)
            now = int(time.time() / TICK_S)
            due: list[Due] = []
            for tick in sorted(tick for tick in self._buckets if tick <= now):
                due += self._buckets.pop(tick)
            self._next = now + 1
            await self._report(due)
        left = [due for tick in sorted(self._buckets) for due in self._buckets.pop(tick)]
        await self._report(left + self._early)

    async def _report(self, due: list[Due]) -> None:
        for start in range(0, len(due), _AT_ONCE):
            await self.report(self._receipts(due[start : start + _AT_ONCE]))

    def _receipts(self, due: Sequence[Due]) -> list[Receipt]:
        now = datetime.now(UTC)
        return [
            Receipt(provider_id=provider_id, reference=reference, outcome="delivered", at=now, billed=billed)
            if reason is None
            else Receipt(
                provider_id=provider_id,
                reference=reference,
                outcome="expired" if reason is Reason.EXPIRED else "failed",
                reason=reason,
                code=code or reason.value,
                at=now,
            )
            for provider_id, reference, reason, code, billed in due
        ]
