"""What every console request gets: the user's time zone, and errors turned into pages."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from pabal.console import errors


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
            return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Errors of ours become pages and toasts."""
        return errors.handle(request, exception)
