"""What every console request gets: the user's time zone, a content security policy, errors turned into pages."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from pabal.console import errors

# Nothing runs or shows but what we serve: no inline script or style, no other host.
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


class ConsoleMiddleware:
    """Show times in the viewer's zone and pages in the viewer's language."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        language = user.language if user.is_authenticated else ""
        if language and settings.LANGUAGE_COOKIE_NAME not in request.COOKIES:
            translation.activate(language)
            request.LANGUAGE_CODE = translation.get_language()
        zone = (user.time_zone if user.is_authenticated else "") or settings.TIME_ZONE
        with timezone.override(zoneinfo.ZoneInfo(zone)):
            response = self.get_response(request)
        if not request.path.startswith("/api/") and not (settings.DEBUG and response.status_code >= 500):
            response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Errors of ours become pages and toasts."""
        return errors.handle(request, exception)
