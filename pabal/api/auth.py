"""Who calls: bearer keys and their scopes."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja.security import HttpBearer

from pabal.accounts import keys
from pabal.accounts.keys import Scope
from pabal.accounts.models import ApiKey
from pabal.errors import NotAllowed

_UNKNOWN = object()


def authenticate(request: HttpRequest) -> ApiKey | None:
    """The key that the request carries, or None. Looked up once a request; kept as `request.api_key`."""
    found = getattr(request, "api_key", _UNKNOWN)
    if found is _UNKNOWN:
        scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
        found = keys.verify(token.strip()) if scheme.lower() == "bearer" else None
        request.api_key = found  # type: ignore[attr-defined]
    return found if isinstance(found, ApiKey) else None


class ApiKeyAuth(HttpBearer):
    """An API key with one scope. Raises NotAllowed (`scope_missing`) for a key without it."""

    def __init__(self, scope: Scope | None) -> None:
        super().__init__()
        self.scope = scope

    def __call__(self, request: HttpRequest) -> ApiKey | None:
        key = authenticate(request)
        if key is not None and self.scope is not None and self.scope not in key.scopes:
            raise NotAllowed(
                _("This key needs the scope “%(scope)s”.") % {"scope": self.scope.value},
                code="scope_missing",
                details={"scope": self.scope.value},
            )
        return key

    def authenticate(self, request: HttpRequest, token: str) -> ApiKey | None:
        return self(request)
