"""How many requests a key may make in a minute, counted in PostgreSQL, so that it holds across processes.

Every answer says where the key stands: `RateLimit-Limit`, `RateLimit-Remaining`, and `RateLimit-Reset` (seconds until it starts
anew), as in the IETF draft. One row a key, not logged by PostgreSQL: after a crash the minute begins again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.utils.translation import ngettext

from pabal.accounts.models import ApiKey
from pabal.config import get
from pabal.errors import TooManyRequests

_TAKE: Final = """
INSERT INTO accounts_apiuse AS u (api_key_id, minute, requests)
VALUES (%s, date_trunc('minute', clock_timestamp()), 1)
ON CONFLICT (api_key_id) DO UPDATE SET
    requests = CASE WHEN u.minute = EXCLUDED.minute THEN u.requests + 1 ELSE 1 END, minute = EXCLUDED.minute
RETURNING requests, ceil(extract(epoch FROM minute + interval '1 minute' - clock_timestamp()))::int
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Allowance:
    """Requests a minute, how many are left, and seconds until there are as many as at first."""

    limit: int
    remaining: int
    reset: int


def take(request: HttpRequest, key: ApiKey) -> None:
    """Count a request. Raises TooManyRequests (`rate_limited`, with `seconds`). A limit of 0 counts nothing."""
    limit = get().api_per_minute
    if limit <= 0:
        return
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [key.pk])
        requests, reset = cursor.fetchone()
    reset = max(1, reset)
    request.allowance = Allowance(limit=limit, remaining=max(0, limit - requests), reset=reset)  # type: ignore[attr-defined]
    if requests > limit:
        message = ngettext(
            "This key may make %(limit)s request a minute. Try again in %(seconds)s s.",
            "This key may make %(limit)s requests a minute. Try again in %(seconds)s s.",
            limit,
        ) % {"limit": f"{limit:,}", "seconds": reset}
        raise TooManyRequests(message, code="rate_limited", details={"limit": limit, "seconds": reset})


def tell(request: HttpRequest, response: HttpResponse) -> None:
    """Put the allowance into the headers of a response, where one was counted."""
    allowance = getattr(request, "allowance", None)
    if isinstance(allowance, Allowance):
        response["RateLimit-Limit"] = str(allowance.limit)
        response["RateLimit-Remaining"] = str(allowance.remaining)
        response["RateLimit-Reset"] = str(allowance.reset)
        if response.status_code == 429:
            response["Retry-After"] = str(allowance.reset)
