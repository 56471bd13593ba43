"""Who may open a page, and who it is that asks.

Every view of the console is either decorated with `requires(role)` or marked `public`; a test holds that.
"""

from __future__ import annotations

import functools
import ipaddress
from collections.abc import Callable
from typing import Any, TypeVar, cast

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import resolve_url
from django.utils.translation import gettext_lazy as _

from pabal.accounts.audit import Actor
from pabal.accounts.models import Role, User
from pabal.errors import NotAllowed

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


def requires(role: Role | str) -> Callable[[View], View]:
    """Let in people whose role includes `role`; send strangers to the log-in page.

    Raises NotAllowed (`role_needed`) for the others. Works on view functions, and on classes through
    `method_decorator(requires(…), name="dispatch")`.
    """
    needed = Role(role)

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return _to_login(request)
            if not request.user.may(needed):
                raise NotAllowed(
                    _("This needs the role “%(role)s”. Ask an administrator.") % {"role": needed.label},
                    code="role_needed",
                    details={"role": needed.value},
                )
            return view(request, *args, **kwargs)

        guarded.required_role = needed  # type: ignore[attr-defined]
        return cast(View, guarded)

    return decorate


def public(view: View) -> View:
    """Mark a view that strangers may open: logging in, the first run, an invitation."""
    view.public = True  # type: ignore[attr-defined]
    return view


def person(request: HttpRequest) -> User:
    """The person behind a request that `requires` let in."""
    return cast(User, request.user)


def actor(request: HttpRequest) -> Actor:
    """Who asks, for the audit trail: the API key of an API request, else the person who is logged in."""
    address = client_address(request)
    if key := getattr(request, "api_key", None):
        return Actor(api_key=key, address=address)
    if request.user.is_authenticated:
        return Actor(user=request.user, address=address)
    return Actor(name="anonymous", address=address)


def client_address(request: HttpRequest) -> str:
    """The caller's IP address; see `address_behind`."""
    return address_behind(request.META.get("REMOTE_ADDR", ""), request.headers.get("X-Forwarded-For", ""))


def address_behind(peer: str, forwarded: str) -> str:
    """The IP address of a caller whose connection comes from `peer`. `forwarded` (X-Forwarded-For) counts only where a
    trusted proxy (setting `trusted_proxies`) wrote it: the last address in it that is not itself such a proxy.
    """
    address = _address(peer) or "0.0.0.0"  # noqa: S104
    hops = [h.strip() for h in forwarded.split(",")]
    while hops and _trusted(address):
        previous = _address(hops.pop())
        if not previous:
            break
        address = previous
    return address


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return ""


@functools.lru_cache(maxsize=4096)
def _trusted(address: str) -> bool:
    return any(ipaddress.ip_address(address) in network for network in settings.TRUSTED_PROXIES)


def _to_login(request: HttpRequest) -> HttpResponse:
    """The log-in page, then back; fragments fetched by a page make the whole page go there."""
    if request.headers.get("HX-Request"):
        login = resolve_url(settings.LOGIN_URL)
        return HttpResponse(status=204, headers={"HX-Redirect": login})
    return redirect_to_login(request.get_full_path())
