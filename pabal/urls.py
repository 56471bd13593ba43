"""The web process: the console, and the management API under /api/."""

from __future__ import annotations

from django.urls import include, path

from pabal.api.v1 import api

handler400 = "pabal.console.errors.bad_request"
handler403 = "pabal.console.errors.not_allowed"
handler404 = "pabal.console.errors.not_found"
handler500 = "pabal.console.errors.server_error"

urlpatterns = [
    path("api/v1/", api.urls),
    path("i18n/", include("django.conf.urls.i18n")),
    path("", include("pabal.console.urls")),
]
