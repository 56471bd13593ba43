"""`Idempotency-Key`: a POST that is sent twice is done once.

The answer is stored in the transaction of the change itself, so either both exist or neither, and a crash leaves
nothing half done. An advisory lock turns away a repetition while the first is running. Answers that refused (400 and
above) are not stored: nothing was done, so the same key may try again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta

from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from pabal.accounts.models import ApiKey, IdempotencyKey
from pabal.errors import Conflict, InvalidInput

HEADER = "Idempotency-Key"
KEPT = timedelta(hours=24)


def once(request: HttpRequest, api_key: ApiKey, run: Callable[[], HttpResponse]) -> HttpResponse:
    """Run a change in one transaction, or repeat the stored answer of the same request (`Idempotent-Replay: true`).

    Raises Conflict (`in_progress`) while the first request with this key runs, InvalidInput (`idempotency_key_reused`)
    when the key came with another request before, InvalidInput (`invalid_idempotency_key`).
    """
    key = request.headers.get(HEADER, "")
    if HEADER in request.headers and not (0 < len(key) <= 255 and key.isprintable()):
        raise InvalidInput(_("An idempotency key has 1 to 255 characters."), code="invalid_idempotency_key")
    with transaction.atomic():
        fingerprint = b""
        if key:
            fingerprint = _fingerprint(request)
            stored = _begin(api_key, key, fingerprint)
            if stored is not None:
                return HttpResponse(
                    bytes(stored.body),
                    status=stored.status,
                    content_type="application/json; charset=utf-8",
                    headers={"Idempotent-Replay": "true"},
                )
        response = run()
        if response.status_code >= 400:
            transaction.set_rollback(True)
        elif key:
            IdempotencyKey.objects.create(
                api_key=api_key,
                key=key,
                request_hash=fingerprint,
                status=response.status_code,
                body=response.content,
            )
    return response


def _begin(api_key: ApiKey, key: str, fingerprint: bytes) -> IdempotencyKey | None:
    name = hashlib.sha256(f"{api_key.pk}:{key}".encode()).digest()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [int.from_bytes(name[:8], signed=True)])
        if not cursor.fetchone()[0]:
            raise Conflict(_("The first request with this key is still running."), code="in_progress")
    stored = IdempotencyKey.objects.filter(api_key=api_key, key=key).first()
    if stored is None:
        return None
    if stored.created_at < timezone.now() - KEPT:
        stored.delete()
        return None
    if bytes(stored.request_hash) != fingerprint:
        raise InvalidInput(
            _("This idempotency key was used for another request."), code="idempotency_key_reused", field=HEADER
        )
    return stored


def _fingerprint(request: HttpRequest) -> bytes:
    """SHA-256 of method, path and content. Of a form with files the parts count, not the boundary between them."""
    found = hashlib.sha256(f"{request.method} {request.get_full_path()}\n".encode())
    if request.content_type != "multipart/form-data":
        found.update(request.body)
        return found.digest()
    for name in sorted(request.POST):
        found.update(repr((name, request.POST.getlist(name))).encode())
    for name in sorted(request.FILES):
        for file in request.FILES.getlist(name):
            found.update(repr((name, file.name, file.size)).encode())
            for chunk in file.chunks():
                found.update(chunk)
            file.seek(0)
    return found.digest()
