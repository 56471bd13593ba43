"""The console's addresses."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from pabal.console.views import health

app_name = "console"
urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.healthz, name="healthz"),
    path("metrics", health.metrics, name="metrics"),
]
