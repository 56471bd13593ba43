"""Errors as JSON: the one place where anything that goes wrong becomes a response of the API.

Every response with a status of 400 or more has this shape, whether a rule of ours, the parser, the database or the
router refused:

    {"error": {"code": "…", "message": "…", "field": "…" | null, "details": {…}, "errors": [{code, message, field}, …]}}
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import DatabaseError, DataError, IntegrityError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from ninja import NinjaAPI, Schema
from ninja.errors import AuthenticationError, HttpError, ValidationError
from pydantic import Field

from pabal.content.failures import TemplateError
from pabal.database import is_disk_full
from pabal.errors import Conflict, InvalidInput, NotAllowed, NotFound, PabalError, TooManyRequests, Unavailable

log = logging.getLogger(__name__)

STATUS: dict[type[PabalError], int] = {
    InvalidInput: 422,
    NotFound: 404,
    NotAllowed: 403,
    TooManyRequests: 429,
    Conflict: 409,
    Unavailable: 503,
}


class FieldError(Schema):
    """One thing that is wrong with a request."""

    code: str
    message: str
    field: str | None = Field(None, description="Where, e.g. `profiles.3.phone`.")


class ErrorBody(Schema):
    code: str = Field(description="Stable; see docs/reference/errors.md.")
    message: str = Field(description="For people, in the language of `Accept-Language`.")
    field: str | None = Field(None, description="The input that it belongs to, if it is one.")
    details: dict[str, Any] = Field(default_factory=dict, description="For programs; depends on the code.")
    errors: list[FieldError] = Field(
        default_factory=list, description="Each thing that is wrong, if there are several."
    )


class Error(Schema):
    """The body of every response with a status of 400 or more."""

    error: ErrorBody


def status_of(error: PabalError) -> int:
    """The HTTP status of an error of ours."""
    return next((status for kind, status in STATUS.items() if isinstance(error, kind)), 500)


def response(
    status: int,
    code: str,
    message: Any,
    *,
    field: str | None = None,
    details: Mapping[str, Any] | None = None,
    errors: Sequence[Mapping[str, Any]] = (),
) -> HttpResponse:
    """An error response. Adds what its status demands: WWW-Authenticate, Retry-After."""
    body = {
        "code": code,
        "message": str(message),
        "field": field,
        "details": dict(details or {}),
        "errors": [dict(e) for e in errors],
    }
    made = JsonResponse({"error": body}, status=status, json_dumps_params={"ensure_ascii": False, "default": str})
    if status == 401:
        made["WWW-Authenticate"] = "Bearer"
    if status == 503:
        made["Retry-After"] = "5"
    return made


def of(error: Exception) -> HttpResponse:
    """The response for whatever was raised while a request was handled."""
    match error:
        case TemplateError():
            korean = (get_language() or "").startswith("ko")
            text = error.message_in("ko" if korean else "en")
            return response(422, error.code, text, field=error.field, details=error.details)
        case PabalError():
            inner = error.details.pop("errors", ()) if isinstance(error.details.get("errors"), list) else ()
            return response(status_of(error), error.code, error, field=error.field, details=error.details, errors=inner)
        case ValidationError():
            return _validation(error)
        case AuthenticationError():
            return response(401, "unauthenticated", _("Send a valid API key: Authorization: Bearer pabal_…"))
        case HttpError(status_code=400):
            return response(400, "invalid_json", _("The body is not valid JSON in UTF-8."))
        case HttpError():
            return plain(error.status_code, str(error))
        case Http404():
            return response(404, "not_found", _("There is no such thing."))
        case PermissionDenied():
            return response(403, "not_allowed", _("This is not allowed."))
        case RequestDataTooBig():
            return response(413, "too_large", _("The request is too large. Split it into several."))
        case MultiPartParserError() | SuspiciousOperation():
            return response(400, "bad_request", _("The request could not be understood."))
        case DataError() | psycopg.DataError() | UnicodeError():  # raw cursors raise psycopg's own
            return response(
                422, "invalid_text", _("A value cannot be stored: it is too large, or holds a forbidden character.")
            )
        case IntegrityError() | psycopg.IntegrityError():
            log.warning("integrity error", exc_info=error)
            return response(409, "conflict", _("It was changed at the same moment. Read it again and retry."))
        case _ if is_disk_full(error):
            log.error("the disk is full", exc_info=error)
            return response(503, "disk_full", _("The disk of the server is full. Nothing was done; try again later."))
        case OperationalError() | InterfaceError() | psycopg.OperationalError() | psycopg.InterfaceError():
            log.error("database unavailable", exc_info=error)
            return response(503, "unavailable", _("The database cannot be reached. Nothing was done; try again."))
        case DatabaseError() | _:
            log.error("unexpected error", exc_info=error)
            return response(500, "internal_error", _("Something broke on our side. It is in the log."))


def plain(status: int, message: str = "") -> HttpResponse:
    """The response for a bare status: an unknown address, a wrong method, a refusal of the server itself."""
    known = {
        400: ("bad_request", _("The request could not be understood.")),
        403: ("not_allowed", _("This is not allowed.")),
        404: ("not_found", _("There is nothing at this address.")),
        405: ("method_not_allowed", _("This address does not take this method.")),
        413: ("too_large", _("The request is too large. Split it into several.")),
        503: ("unavailable", _("Not available just now; try again.")),
    }
    code, text = known.get(status, ("internal_error" if status >= 500 else "bad_request", message))
    return response(status, code, text or _("Something broke on our side. It is in the log."))


def install(api: NinjaAPI) -> None:
    """Let `api` answer every exception through `of`."""

    def handler(request: HttpRequest, error: Any) -> HttpResponse:
        return of(error)

    for kind in (Exception, Http404, HttpError, ValidationError, PabalError):
        api.add_exception_handler(kind, handler)


def _validation(error: ValidationError) -> HttpResponse:
    """Pydantic's errors: where, what kind, and a sentence."""
    found = [
        {"code": str(e.get("type", "invalid")), "message": _sentence(e), "field": _place(e.get("loc", ()))}
        for e in error.errors[:100]
    ]
    first = found[0] if found else {"message": _("The request breaks a rule."), "field": None}
    return response(422, "invalid_input", first["message"], field=first["field"], errors=found)


def _place(loc: Sequence[Any]) -> str | None:
    """`("body", "payload", "profiles", 3, "phone")` → `profiles.3.phone`."""
    steps = [str(step) for step in loc]
    if steps and steps[0] in ("body", "query", "path", "form", "file", "header"):
        steps = steps[1:]
    if steps and steps[0] == "body":  # the name our functions give to the whole body
        steps = steps[1:]
    return ".".join(steps) or None


def _sentence(error: Mapping[str, Any]) -> str:
    context = error.get("ctx") or {}
    match error.get("type"):
        case "missing":
            return _("This is required.")
        case "extra_forbidden":
            return _("There is no such field.")
        case "string_too_long":
            return _("At most %(limit)s characters.") % {"limit": context.get("max_length")}
        case "string_too_short":
            return _("At least %(limit)s characters.") % {"limit": context.get("min_length")}
        case "too_long":
            return _("At most %(limit)s entries.") % {"limit": context.get("max_length")}
        case "too_short":
            return _("At least %(limit)s entries.") % {"limit": context.get("min_length")}
        case "less_than_equal":
            return _("At most %(limit)s.") % {"limit": context.get("le")}
        case "greater_than_equal":
            return _("At least %(limit)s.") % {"limit": context.get("ge")}
        case "enum" | "literal_error":
            return _("One of: %(values)s.") % {"values": str(context.get("expected", "")).replace("'", "")}
        case "timezone_aware":
            return _("Give the time with its offset, e.g. 2026-03-02T10:00:00+09:00.")
        case _:
            return str(error.get("msg", ""))
