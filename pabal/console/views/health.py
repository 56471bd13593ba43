"""`/healthz` and `/metrics` of the web process."""

from __future__ import annotations

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from pabal.accounts.access import public


@public
def healthz(request: HttpRequest) -> HttpResponse:
    """200 `ok` when the database answers, else 503 with the reason."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        return HttpResponse(f"database: {error}", status=503, content_type="text/plain")
    return HttpResponse("ok", content_type="text/plain")


@public
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus metrics of this worker; for loopback and private monitoring only, so a proxy must not pass it on."""
    address = request.META.get("REMOTE_ADDR", "")
    if request.headers.get("X-Forwarded-For") or address not in {"", "127.0.0.1", "::1"}:
        return HttpResponse(status=404)
    return HttpResponse(generate_latest(), content_type=CONTENT_TYPE_LATEST)
