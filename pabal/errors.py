"""Errors that a person can act on.

An error knows no HTTP. It has a `code` (stable, documented in `docs/reference/errors.md`), a message in the reader's
language, and optionally the field it belongs to and details for a program. The console and the API map them to
responses in one place each.

    PabalError
    ├── InvalidInput        the request cannot be understood or breaks a rule of its own
    ├── NotFound            there is no such thing, or the caller may not know of it
    ├── NotAllowed          the caller's role or key does not permit it
    ├── TooManyRequests     the caller asks too often; try again later
    ├── Conflict            the state does not permit it now (someone else was faster, or it is over)
    └── Unavailable         an engine or carrier that is needed does not answer; try again
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class PabalError(Exception):
    """Base of every error that is meant to be shown.

    `message` is a finished sentence in the reader's language (lazy translations are fine), `field` names the input it
    belongs to, `details` is plain data for programs.
    """

    code = "error"

    def __init__(
        self,
        message: Any,
        *,
        code: str | None = None,
        field: str | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.field = field
        self.details = dict(details or {})

    def __str__(self) -> str:
        return str(self.message)


class InvalidInput(PabalError):
    """The request cannot be understood or breaks a rule of its own."""

    code = "invalid_input"


class NotFound(PabalError):
    """There is no such thing, or the caller may not know of it."""

    code = "not_found"


class NotAllowed(PabalError):
    """The caller's role or key does not permit this."""

    code = "not_allowed"


class TooManyRequests(PabalError):
    """The caller asks too often. Nothing was done; try again later."""

    code = "too_many_requests"


class Conflict(PabalError):
    """The present state does not permit this: it changed meanwhile, or it is over."""

    code = "conflict"


class Unavailable(PabalError):
    """An engine or carrier that is needed does not answer. Nothing was done; try again."""

    code = "unavailable"
