"""The web process: the console, and the management API under /api/."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("i18n/", include("django.conf.urls.i18n")),
    path("", include("pabal.console.urls")),
]
