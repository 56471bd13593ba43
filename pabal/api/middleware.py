"""What every request gets: an id that the log and the response carry; and errors of the API in their one shape."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from pabal.api import errors, limits

PREFIX = "/api/"
ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class RequestMiddleware:
    """Outermost. Takes the caller's `X-Request-Id` when it is sane, else makes one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-Id", "")
        request.request_id = given if ID.fullmatch(given) else uuid.uuid4().hex  # type: ignore[attr-defined]
        response = self.get_response(request)
        if request.path.startswith(PREFIX):
            response = self._as_api(response)
            limits.tell(request, response)
        response["X-Request-Id"] = request.request_id  # type: ignore[attr-defined]
        return response

    @staticmethod
    def _as_api(response: HttpResponse) -> HttpResponse:
        """Pages that Django made (404, 405, 500…) become the API's errors."""
        if response.status_code < 400 or response.get("Content-Type", "").startswith("application/json"):
            return response
        made = errors.plain(response.status_code)
        if allow := response.get("Allow"):
            made["Allow"] = allow
        return made
