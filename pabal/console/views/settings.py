"""The settings: a page each for oneself, people, API keys and the audit trail."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from pabal.accounts.access import person, requires
from pabal.accounts.models import Role
from pabal.console.parts import Tab

PAGES = (
    ("me", _("My settings"), Role.VIEWER),
    ("users", _("People"), Role.ADMIN),
    ("api_keys", _("API keys"), Role.ADMIN),
    ("write_keys", _("Event keys"), Role.ADMIN),
    ("warehouse", _("Warehouse"), Role.VIEWER),
    ("alert_settings", _("Alerts"), Role.ADMIN),
    ("audit", _("Audit trail"), Role.ADMIN),
)


def tabs(request: HttpRequest, here: str) -> list[Tab]:
    """The settings pages that this person may open, the present one marked."""
    user = person(request)
    return [
        Tab(label=label, url=reverse(f"console:{route}"), current=route == here)
        for route, label, role in PAGES
        if user.may(role)
    ]


@requires(Role.VIEWER)
def settings(request: HttpRequest) -> HttpResponse:
    return redirect("console:me")
