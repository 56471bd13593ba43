"""Valid forms of alerts, replies, asking the carrier again and splitting."""

from __future__ import annotations

from django.test import Client

from pabal.reports.models import Alert, AlertKind
from tests.accounts.console_probes import Form, probe


@probe
def alert_acknowledge(client: Client) -> Form:
    return f"/alerts/{Alert.objects.create(kind=AlertKind.BALANCE_LOW).pk}/acknowledge", {}


@probe
def alert_settings(client: Client) -> Form:
    return "/settings/alerts", {
        "failed_percent": "4",
        "unsubscribed_percent": "1.3",
        "clicked_percent": "6",
        "least_messages": "100",
        "unknown_messages": "1",
        "balance_below": "10000",
        "warehouse_lag_s": "300",
        "no_dispatcher_s": "60",
    }
