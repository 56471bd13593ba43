"""The console's main navigation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


@dataclass(frozen=True, kw_only=True)
class Item:
    """`route` is a URL name in the `console` namespace; an item whose route does not exist is not shown."""

    route: str
    label: Any
    icon: str


@dataclass(frozen=True, kw_only=True)
class Group:
    label: Any
    items: tuple[Item, ...]


@dataclass(frozen=True, kw_only=True)
class Link:
    """An item for one request: where it leads, and whether one is there or below it."""

    label: Any
    icon: str
    url: str
    current: str = ""


GROUPS = (
    Group(
        label="",
        items=(
            Item(route="home", label=pgettext_lazy("navigation", "Home"), icon="house"),
            Item(route="campaigns", label=_("Campaigns"), icon="send"),
        ),
    ),
    Group(
        label=_("Audience"),
        items=(
            Item(route="profiles", label=_("Profiles"), icon="users"),
            Item(route="lists", label=pgettext_lazy("navigation", "Lists"), icon="list"),
            Item(route="segments", label=_("Segments"), icon="filter"),
            Item(route="signup_forms", label=_("Sign-up forms"), icon="user-plus"),
            Item(route="consent", label=pgettext_lazy("navigation", "Consent"), icon="shield-check"),
        ),
    ),
    Group(
        label=_("Delivery"),
        items=(
            Item(route="senders", label=_("Senders"), icon="phone"),
            Item(route="channels", label=_("KakaoTalk channels"), icon="message-circle"),
            Item(route="credits", label=_("Credits"), icon="wallet"),
            Item(route="handset", label=_("Handset"), icon="smartphone"),
        ),
    ),
)
FOOT = Group(label="", items=(Item(route="settings", label=_("Settings"), icon="settings"),))


def links(group: Group, request: HttpRequest | None) -> list[Link]:
    """The group's items that exist, the one that holds the present page marked."""
    path = request.path if request else ""
    found: list[Link] = []
    for item in group.items:
        try:
            url = reverse(f"console:{item.route}")
        except NoReverseMatch:
            continue
        here = path == url
        below = url != "/" and path.startswith(url.rstrip("/") + "/")
        found.append(
            Link(label=item.label, icon=item.icon, url=url, current="page" if here else "true" if below else "")
        )
    return found
