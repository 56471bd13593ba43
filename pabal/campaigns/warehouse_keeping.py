"""What the engine does for the warehouse, again and again: each method is called by a loop of its own."""

from __future__ import annotations

import time

from pabal.audience.merge import follow_late_events
from pabal.campaigns import warehouse_status
from pabal.campaigns.catalogue import Catalogue
from pabal.campaigns.event_retention import Retention
from pabal.config import Config
from pabal.errors import Unavailable
from pabal.warehouse import filling
from pabal.warehouse.sync import Synchroniser

_IDLE = 10.0
"""Seconds between two lines of the status when nothing is being filled."""

_FOLLOW = 5.0
"""Seconds between two looks for events of profiles that have just been merged."""


class Keeper:
    """Keeps one warehouse: in step, known of, described, and not larger than the settings say."""

    def __init__(self, synchroniser: Synchroniser, config: Config) -> None:
        self._synchroniser = synchroniser
        self._server = bool(config.clickhouse_url)
        self._version = ""
        self._told = 0.0
        self._followed = 0.0
        self._catalogue = Catalogue(synchroniser)
        self._retention = Retention(synchroniser, days=config.event_days, warehouse_days=config.warehouse_event_days)

    def synchronise(self) -> None:
        """A round, or the rebuild that somebody asked for."""
        if time.monotonic() - self._followed > _FOLLOW:
            self._followed = time.monotonic()
            follow_late_events()
        if not warehouse_status.rebuild_if_asked(self._synchroniser):
            self._synchroniser.run_once()

    def tell(self) -> None:
        """Write down how the warehouse is: often while it changes, seldom while it does not."""
        troubled = self._synchroniser.filling is not None or self._synchroniser.trouble
        if not troubled and time.monotonic() - self._told < _IDLE and self._told:
            return
        self._version = self._version or self._synchroniser.warehouse.version
        status = warehouse_status.tell(self._synchroniser, version=self._version, server=self._server)
        self._told = time.monotonic() if status.filling is None and not status.trouble else 0.0

    def catalogue(self) -> None:
        """Take up the names and properties of new events."""
        try:
            self._catalogue.keep()
        except Unavailable as error:
            if error.code != filling.CODE:
                raise

    def forget_old(self) -> None:
        """Remove events that are older than they are kept."""
        try:
            self._retention.forget_old()
        except Unavailable as error:
            if error.code != filling.CODE:
                raise
