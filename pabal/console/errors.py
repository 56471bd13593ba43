"""Errors as pages: the one place where an error of ours becomes a response of the console.

A fragment fetched by a page gets a toast; a form sent by a page leads back to it with a toast; everything else is a
page of its own. Views catch `InvalidInput` themselves where they can show it beside its field (`add_error`).
"""

from __future__ import annotations

import json
import logging
import sys
from typing import Any

import psycopg
from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from pabal.content.failures import TemplateError
from pabal.database import is_disk_full
from pabal.errors import Conflict, InvalidInput, NotAllowed, NotFound, PabalError, Unavailable

log = logging.getLogger(__name__)
STATUS: dict[type[PabalError], int] = {
    InvalidInput: 422,
    NotFound: 404,
    NotAllowed: 403,
    Conflict: 409,
    Unavailable: 503,
}


def status_of(error: PabalError) -> int:
    """The HTTP status of an error of ours."""
    return next((status for kind, status in STATUS.items() if isinstance(error, kind)), 500)


def add_error(form: forms.BaseForm, error: PabalError) -> None:
    """Show an error in a form: beside its field when the form has it, above the form otherwise."""
    form.add_error(error.field if error.field in form.fields else None, sentence(error))


def sentence(error: PabalError) -> str:
    """What an error says, in the reader's language."""
    if isinstance(error, TemplateError):
        return error.message_in("ko" if (get_language() or "").startswith("ko") else "en")
    return str(error)


def respond(request: HttpRequest, error: PabalError) -> HttpResponse:
    """The response for an error of ours."""
    if request.headers.get("HX-Request"):
        toast = json.dumps({"toast": {"text": sentence(error), "level": "error"}})
        return HttpResponse(status=status_of(error), headers={"HX-Trigger": toast, "HX-Reswap": "none"})
    back = request.headers.get("Referer", "")
    here = request.method not in ("GET", "HEAD") and not isinstance(error, NotAllowed)
    if here and url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}):
        messages.error(request, sentence(error))
        return HttpResponseRedirect(back, status=303)
    return page(request, status_of(error), sentence(error))


def page(request: HttpRequest, status: int, text: str) -> HttpResponse:
    """A whole page that says what went wrong and what to do. Needs neither the database nor a session."""
    values = {
        "title": _title(status),
        "text": text,
        "status": status,
        "theme": request.COOKIES.get("theme", ""),
        "LANGUAGE_CODE": get_language(),
        "request": request,
    }
    return HttpResponse(render_to_string("console/error.html", values), status=status)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler404."""
    return page(request, 404, _("The address is wrong, or what was here is gone."))


def not_allowed(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler403."""
    return page(request, 403, _("You may not open this page."))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler400."""
    return page(request, 400, _("The request could not be understood. Go back and try again."))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's CSRF_FAILURE_VIEW: mostly a page that was left open through a log-in."""
    log.warning("csrf check failed: %s", reason)
    return page(request, 403, _("This page was open too long. Go back, reload it and try again."))


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500."""
    error = sys.exc_info()[1]
    if error is not None and is_disk_full(error):
        return page(request, 503, disk_full())
    if isinstance(error, (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError)):
        return page(request, 503, _("The database cannot be reached. Nothing was lost; try again in a moment."))
    return page(request, 500, _("Something broke on our side. It is in the log; try again in a moment."))


def disk_full() -> str:
    """What people read when the server's disk is full."""
    return _(
        "The disk of the server is full, so nothing can be stored. Nothing was lost; free some space and try again."
    )


def handle(request: HttpRequest, exception: Exception) -> HttpResponse | None:
    """A response for what a view raised, or None to leave it to Django."""
    if isinstance(exception, PabalError):
        return respond(request, exception)
    if is_disk_full(exception):
        log.error("the disk is full: %s", exception)
        return respond(request, Unavailable(disk_full(), code="disk_full"))
    if isinstance(exception, (Http404, PermissionDenied)) and request.headers.get("HX-Request"):
        gone = isinstance(exception, Http404)
        error: Any = NotFound(_("It is gone.")) if gone else NotAllowed(_("You may not do this."))
        return respond(request, error)
    return None


def _title(status: int) -> str:
    titles = {
        403: _("Not allowed"),
        404: _("Nothing here"),
        409: _("Not possible now"),
        422: _("That does not fit"),
        503: _("Not available just now"),
    }
    return titles.get(status) or _("That did not work")
