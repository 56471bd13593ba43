"""The warehouse: whether it keeps up, how large it is, and filling it anew."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from pabal import config
from pabal.accounts.access import actor, person, requires
from pabal.accounts.models import Role
from pabal.campaigns import warehouse_status
from pabal.campaigns.warehouse_status import Told
from pabal.console.views.settings import tabs

TABLES: dict[str, Any] = {
    "profile": _("Profiles"),
    "consent": _("Consent"),
    "list_member": _("List memberships"),
    "suppression": _("Blocked numbers"),
    "event": _("Events"),
    "message": _("Messages"),
    "message_event": _("Message events"),
    "batch": _("Batches"),
    "skip": _("Skips"),
}
LATE = 60
"""Seconds of lag that deserve a warning."""


@requires(Role.VIEWER)
def warehouse(request: HttpRequest) -> HttpResponse:
    told = warehouse_status.read()
    status = told.status
    progress = status.filling if told.state == "filling" else None
    rows = sum(progress.done.values()) if progress else 0
    options = config.get()
    values = {
        "told": told,
        "status": status,
        "rows": rows,
        "total": max(rows, sum(progress.total.values())) or None if progress else None,
        "left": round(progress.seconds_left) if progress and progress.seconds_left is not None else None,
        "late": status.lag is not None and status.lag > LATE,
        "events": status.rows("event"),
        "read": sum(status.round_rows.values()),
        "tables": [{"label": TABLES.get(t.name, t.name), "rows": t.rows, "size": t.size} for t in status.tables],
        "kept": [(_("In PostgreSQL"), options.event_days), (_("In the warehouse"), options.warehouse_event_days)],
        "may_rebuild": person(request).may(Role.ADMIN),
        "can_rebuild": _can_rebuild(told),
        "tabs": tabs(request, "warehouse"),
    }
    return render(request, "console/accounts/warehouse.html", values)


@requires(Role.ADMIN)
@require_POST
def warehouse_rebuild(request: HttpRequest) -> HttpResponse:
    told = warehouse_status.ask_rebuild(actor(request))
    if told.fresh:
        messages.success(request, _("The warehouse is being filled again."))
    else:
        messages.success(request, _("The warehouse will be filled again as soon as an engine runs."))
    return redirect("console:warehouse")


def _can_rebuild(told: Told) -> bool:
    return told.asked_at is None and told.state not in ("unknown", "filling")
