"""Each page of the console × each role. The routes are enumerated, so a new one without a role fails."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from pabal.accounts.models import RANK, Role, User
from tests.accounts.people import someone

#: Routes whose least role is a matter of safety, by the beginning of their name.
AT_LEAST = {
    "user": Role.ADMIN,
    "api_key": Role.ADMIN,
    "audit": Role.ADMIN,
    "top_up": Role.ADMIN,
    "sender_": Role.ADMIN,
    "account_": Role.ADMIN,
    "campaign_launch": Role.APPROVER,
    "campaign_pause": Role.APPROVER,
    "campaign_resume": Role.APPROVER,
    "campaign_end": Role.APPROVER,
}
#: Routes that only look, under a beginning of what changes things.
LOOKS = {"sender_reply_size"}
EXAMPLES = {
    "IntConverter": 1,
    "StringConverter": "x",
    "SlugConverter": "x",
    "UUIDConverter": "00000000-0000-0000-0000-000000000000",
}


def routes() -> list[URLPattern]:
    """Every address of the console."""

    def walk(patterns: list[URLPattern | URLResolver]) -> Iterator[URLPattern]:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns)
            else:
                yield pattern

    for resolver in get_resolver().url_patterns:
        if isinstance(resolver, URLResolver) and resolver.namespace == "console":
            return list(walk(resolver.url_patterns))
    raise AssertionError("there is no console")


def address(route: URLPattern) -> str:
    """The route with made-up arguments."""
    values = {name: EXAMPLES.get(type(converter).__name__, "x") for name, converter in route.pattern.converters.items()}
    return reverse(f"console:{route.name}", kwargs=values)


ROUTES = {str(route.name): route for route in routes()}
GUARDED = {name: route for name, route in ROUTES.items() if hasattr(route.callback, "required_role")}


def test_every_route_has_a_role_or_is_public_on_purpose() -> None:
    bare = [name for name, route in ROUTES.items() if name not in GUARDED and not hasattr(route.callback, "public")]
    assert not bare


def test_what_is_dangerous_needs_its_role() -> None:
    weak = [
        name
        for name, route in GUARDED.items()
        for beginning, role in AT_LEAST.items()
        if name.startswith(beginning) and name not in LOOKS and RANK[route.callback.required_role] < RANK[role]
    ]
    assert not weak


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(GUARDED))
def test_each_role_gets_what_it_may_and_no_more(name: str) -> None:
    url, needed = address(GUARDED[name]), GUARDED[name].callback.required_role
    stranger = Client(raise_request_exception=False)
    assert stranger.get(url).headers.get("Location", "").startswith("/login")
    assert stranger.post(url).headers.get("Location", "").startswith("/login")
    for role in Role:
        client = Client(raise_request_exception=False)
        client.force_login(User.objects.filter(role=role).first() or someone(role))
        for method in ("get", "post"):
            status = getattr(client, method)(url).status_code
            if RANK[role] < RANK[needed]:
                assert status == 403, (name, role, method)
            else:  # what a page posts may need more than looking at it
                assert status != 401, (name, role, method)
                assert status != 403 or method == "post", (name, role, method)
                assert status < 500, (name, role, method)
