"""Of the engine: look every few seconds, tell, and count for Prometheus."""

from __future__ import annotations

from collections import Counter
from typing import Final

from prometheus_client import Gauge

from pabal.reports.alerts.book import look, open_alerts
from pabal.reports.alerts.telling import tell
from pabal.reports.models import AlertKind

EVERY_S: Final = 10.0

ALERTS: Final = Gauge("pabal_alerts", "Open alerts", ["kind"])


def watch() -> None:
    """One round."""
    look()
    counts = Counter(alert.kind for alert in open_alerts())
    for kind in AlertKind.values:
        ALERTS.labels(kind=kind).set(counts[kind])
    tell()
