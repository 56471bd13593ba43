"""Reports on their way from the SMSC to the dispatcher, and their acknowledgements on the way back."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Final, NamedTuple

from pabal.providers.base import OnReports, Report
from pabal.providers.smpp.link import Link
from pabal.providers.smpp.pdu import Pdu

_RX_T_APPN: Final = 0x64  # 5.1.3: ESME receiver temporary error, so that the SMSC tries again

log = logging.getLogger(__name__)


class Ack(NamedTuple):
    """A deliver_sm that still has to be answered, on the link on which it came."""

    link: Link
    message: Pdu


class Reports:
    """Passes reports on, all that came meanwhile at once, and acknowledges them after they were taken."""

    def __init__(self, on_reports: OnReports) -> None:
        self._on_reports = on_reports
        self._reports: list[Report] = []
        self._acks: list[Ack] = []
        self._wake = asyncio.Event()
        self._stopping = False
        self._task = asyncio.create_task(self._run(), name="smpp reports")

    def add(self, report: Report | None, acks: Sequence[Ack]) -> None:
        """Pass on `report` (if any), then answer `acks`."""
        if report is not None:
            self._reports.append(report)
        self._acks += acks
        self._wake.set()

    async def stop(self) -> None:
        """Pass on what is left, and end."""
        self._stopping = True
        self._wake.set()
        await self._task

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            reports, self._reports = self._reports, []
            acks, self._acks = self._acks, []
            status = 0
            if reports:
                try:
                    await self._on_reports(reports)
                except Exception:
                    log.exception("%s reports were not taken; the SMSC is asked to send them again", len(reports))
                    status = _RX_T_APPN
            for link, message in acks:
                link.acknowledge(message, status)
            if self._stopping and not self._acks:
                return
