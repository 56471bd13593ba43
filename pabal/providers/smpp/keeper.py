"""Keeps one link up: connects, binds, and connects again with growing, irregular pauses."""

from __future__ import annotations

import asyncio
import logging
import random
import ssl
from typing import Final, Protocol

from pabal.errors import NotAllowed, Unavailable
from pabal.providers.smpp.link import Direction, Link, Refused
from pabal.providers.smpp.link import Owner as LinkOwner
from pabal.providers.smpp.settings import SmppSettings
from pabal.providers.smpp.status import REFUSED_BIND, code

_FIRST_PAUSE_S: Final = 0.2
_STEADY_S: Final = 10.0  # a link that lived so long was sound, so the pauses begin anew

log = logging.getLogger(__name__)


class Owner(LinkOwner, Protocol):
    """What a keeper asks of its provider."""

    def down(self, direction: Direction, reason: str) -> None:
        """The link has ended."""


class Keeper:
    """One direction. `link` is the bound link, or None; `detail` is why it is not."""

    def __init__(self, owner: Owner, settings: SmppSettings, direction: Direction) -> None:
        self._owner = owner
        self._settings = settings
        self._direction: Direction = direction
        self._task: asyncio.Task[None] | None = None
        self.link: Link | None = None
        self.detail = ""

    async def start(self) -> None:
        """Make the first link, then keep it. Raises `NotAllowed` or `Unavailable`."""
        settings = self._settings
        where = f"{settings.host}:{settings.port}"
        try:
            link = await self._connect()
        except Refused as error:
            why = REFUSED_BIND.get(error.status, code(error.status))
            if error.status in REFUSED_BIND:
                raise NotAllowed(f"{where} refused the log-in ({why}).", code="carrier_refused_login") from error
            raise Unavailable(f"{where} refused the bind ({why}).", code="carrier_unavailable") from error
        except OSError as error:  # a certificate that is refused is also a ValueError
            message = f"{where} does not answer: {_words(error)}."
            raise Unavailable(message, code="carrier_unavailable") from error
        except ValueError as error:
            raise NotAllowed(f"The log-in cannot be sent: {error}.", code="carrier_refused_login") from error
        self._task = asyncio.create_task(self._keep(link), name=f"smpp {self._direction}")

    async def stop(self) -> None:
        """Unbind and connect no more."""
        link, self.link = self.link, None
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if link is not None:
            await link.unbind(min(self._settings.answer_s, 5.0))

    async def _keep(self, link: Link) -> None:
        loop = asyncio.get_running_loop()
        pause = _FIRST_PAUSE_S
        while True:
            since = loop.time()
            await asyncio.wait([link.lost])
            self.link = None
            self.detail = link.reason
            self._owner.down(self._direction, link.reason)
            log.warning("link to %s lost: %s", self._settings.host, link.reason)
            if loop.time() - since > _STEADY_S:
                pause = _FIRST_PAUSE_S
            while True:
                await asyncio.sleep(pause * random.uniform(0.5, 1.0))
                pause = min(pause * 2, self._settings.reconnect_s)
                try:
                    link = await self._connect()
                    break
                except (Refused, OSError) as error:
                    self.detail = _words(error)
                    log.warning("cannot bind to %s: %s", self._settings.host, self.detail)

    async def _connect(self) -> Link:
        """A bound link. Raises `Refused`, or `OSError` with its many children (time-outs, TLS, refusals)."""
        settings = self._settings
        loop = asyncio.get_running_loop()
        link = Link(self._owner, settings, self._direction)
        context = _tls(settings.tls_ca) if settings.tls else None
        async with asyncio.timeout(settings.connect_s):
            await loop.create_connection(lambda: link, settings.host, settings.port, ssl=context)
        try:
            await link.bind()
        except BaseException:
            link.close("not bound")
            raise
        self.link = link
        return link


def _tls(authority: str) -> ssl.SSLContext:
    """Verify the SMSC's certificate and name, always."""
    return ssl.create_default_context(cafile=authority or None)


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__
