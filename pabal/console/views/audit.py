"""The audit trail: who changed what, when, from where."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from django.db import connection
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from pabal.accounts.access import requires
from pabal.accounts.models import ApiKey, AuditEntry, Role, User
from pabal.console import audit_words
from pabal.console.parts import Page
from pabal.console.views.settings import tabs

ROWS = 50
FILTERS = ("q", "who", "object", "id", "action")


@requires(Role.ADMIN)
def audit(request: HttpRequest) -> HttpResponse:
    wanted = {name: request.GET.get(name, "").strip()[:200] for name in FILTERS}
    entries = _matching(wanted)
    before, after = _number(request.GET.get("before")), _number(request.GET.get("after"))
    if after is not None:
        found = list(entries.filter(pk__gt=after).order_by("pk")[: ROWS + 1])
        newer, older, found = len(found) > ROWS, True, found[:ROWS][::-1]
    else:
        found = list((entries.filter(pk__lt=before) if before else entries).order_by("-pk")[: ROWS + 1])
        newer, older, found = before is not None, len(found) > ROWS, found[:ROWS]
    query = {name: value for name, value in wanted.items() if value}
    values = {
        "entries": [_row(entry) for entry in found],
        "page": Page(
            shown=len(found),
            previous_url="?" + urlencode({**query, "after": found[0].pk}) if newer and found else "",
            next_url="?" + urlencode({**query, "before": found[-1].pk}) if older and found else "",
        ),
        "wanted": wanted,
        "filtered": bool(query),
        "people": [(f"user:{user.pk}", str(user)) for user in User.objects.order_by("name", "email")],
        "keys": [(f"key:{key.pk}", key.name) for key in ApiKey.objects.order_by("name")],
        "objects": sorted(audit_words.OBJECTS.items(), key=lambda pair: str(pair[1])),
        "actions": _present_actions(),
        "tabs": tabs(request, "audit"),
    }
    return render(request, "console/accounts/audit.html", values)


def _matching(wanted: dict[str, str]) -> QuerySet[AuditEntry]:
    entries = AuditEntry.objects.select_related("user", "api_key")
    if wanted["q"]:
        entries = entries.filter(Q(label__icontains=wanted["q"]) | Q(actor__icontains=wanted["q"]))
    kind, _colon, number = wanted["who"].partition(":")
    if kind in ("user", "key") and number.isdecimal():
        entries = entries.filter(**{"user_id" if kind == "user" else "api_key_id": int(number)})
    elif kind == "system":
        entries = entries.filter(user=None, api_key=None)
    if wanted["object"]:
        entries = entries.filter(object_type=wanted["object"])
    if wanted["id"]:
        entries = entries.filter(object_id=wanted["id"])
    if wanted["action"]:
        entries = entries.filter(action=wanted["action"])
    return entries


def _row(entry: AuditEntry) -> dict[str, Any]:
    return {
        "entry": entry,
        "action": audit_words.action_label(entry.action),
        "object": audit_words.object_label(entry.object_type),
        "who": str(entry.api_key or entry.user or entry.actor),
        "icon": "key" if entry.api_key_id else "user" if entry.user_id else "settings",
        "changes": [_change(name, value) for name, value in entry.changes.items()],
    }


def _change(name: str, value: Any) -> dict[str, Any]:
    """One line of the difference: before and after, or the one value that was recorded."""
    label = audit_words.field_label(name)
    if isinstance(value, list) and len(value) == 2:
        return {"name": label, "before": _text(value[0]), "after": _text(value[1]), "pair": True}
    return {"name": label, "after": _text(value), "pair": False}


def _text(value: Any) -> str:
    match value:
        case None | "" | []:
            return "–"
        case bool():
            return str(_("yes") if value else _("no"))
        case str():
            return value
        case list() if all(isinstance(item, (str, int)) for item in value):
            return ", ".join(str(item) for item in value)
        case _:
            return json.dumps(value, ensure_ascii=False)


def _present_actions() -> list[tuple[str, Any]]:
    """The actions that the trail holds (a loose index scan: one probe an action, however long the trail)."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH RECURSIVE found AS (
                (SELECT action FROM accounts_auditentry ORDER BY action LIMIT 1)
                UNION ALL
                SELECT (SELECT e.action FROM accounts_auditentry e WHERE e.action > found.action ORDER BY e.action LIMIT 1)
                FROM found WHERE found.action IS NOT NULL
            )
            SELECT action FROM found WHERE action IS NOT NULL
            """
        )
        return [(action, audit_words.action_label(action)) for (action,) in cursor.fetchall()]


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() and len(text) < 19 else None
