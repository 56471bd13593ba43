"""The addresses of alerts."""

from __future__ import annotations

from django.urls import path

from pabal.console.views import alerts

urlpatterns = [
    path("alerts/", alerts.index, name="alerts"),
    path("alerts/bell", alerts.bell, name="alerts_bell"),
    path("alerts/<int:alert_id>/acknowledge", alerts.acknowledge, name="alert_acknowledge"),
    path("settings/alerts", alerts.levels, name="alert_settings"),
]
