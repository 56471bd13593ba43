"""Imports under way and past: progress, result, the refused rows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from pabal import config
from pabal.accounts import audit
from pabal.accounts.access import actor, person, requires
from pabal.accounts.models import Role
from pabal.audience import import_actions
from pabal.audience.mapping import target_label
from pabal.audience.mapping_words import TARGETS
from pabal.audience.models import Import, ImportState
from pabal.console import charts
from pabal.console.parts import Page
from pabal.console.views.audience.preview_table import reason
from pabal.errors import NotFound

PER_PAGE = 30
LIVE = {ImportState.QUEUED, ImportState.RUNNING}


@requires(Role.VIEWER)
def index(request: HttpRequest) -> HttpResponse:
    """Every import, newest first."""
    found = Import.objects.select_related("list", "created_by").order_by("-id")
    if (before := request.GET.get("before", "")).isdigit():
        found = found.filter(pk__lt=int(before))
    rows = list(found[: PER_PAGE + 1])
    more, rows = len(rows) > PER_PAGE, rows[:PER_PAGE]
    values: dict[str, Any] = {
        "imports": rows,
        "page": Page(shown=len(rows), next_url=f"?before={rows[-1].pk}" if more else ""),
        "live": any(row.state in LIVE for row in rows),
        "may_edit": person(request).may(Role.EDITOR),
    }
    return render(request, "console/audience/imports.html", values)


@requires(Role.VIEWER)
def show(request: HttpRequest, import_id: int) -> HttpResponse:
    """Progress while it runs, the result afterwards. htmx gets the body alone."""
    import_ = get_object_or_404(Import.objects.select_related("list", "statement", "created_by"), pk=import_id)
    if import_.state == ImportState.UPLOADED and person(request).may(Role.EDITOR):
        return redirect("console:import_map", import_id=import_id)
    values = {"import": import_, "may_edit": person(request).may(Role.EDITOR), **_outcome(import_)}
    part = "import_body" if request.headers.get("HX-Request") else "import"
    return render(request, f"console/audience/{part}.html", values)


def _outcome(import_: Import) -> dict[str, Any]:
    counts = {
        name: import_.counts.get(name, 0)
        for name in (
            "rows",
            "created",
            "updated",
            "unchanged",
            "merged",
            "refused",
            "subscribed",
            "unsubscribed",
            "kept_unsubscribed",
            "joined",
        )
    }
    spent = (import_.finished_at or timezone.now()) - import_.started_at if import_.started_at else timedelta(0)
    pace = import_.rows_done / spent.total_seconds() if spent.total_seconds() > 0.5 else 0.0
    left = max(0, (import_.rows_total or 0) - import_.rows_done)
    bars = sorted(import_.refusals.items(), key=lambda item: -item[1])
    return {
        "n": counts,
        "live": import_.state in LIVE,
        "spent": spent,
        "pace": round(pace) if pace else None,
        "left": timedelta(seconds=left / pace) if pace and left and import_.state == ImportState.RUNNING else None,
        "refusals": charts.BarList(
            title=_("Refused, by reason"),
            bars=[charts.Bar(label=reason(code), value=rows, tone="warn") for code, rows in bars],
            whole=counts["refused"],
        ),
        "unread": [
            (target_label(f) if f in TARGETS else f, n) for f, n in import_.counts.get("unread", {}).items() if n
        ],
        "has_refused": counts["refused"] > 0 and (config.get().home_path / import_.refused_path).is_file(),
    }


@requires(Role.EDITOR)
@require_POST
def resume(request: HttpRequest, import_id: int) -> HttpResponse:
    """Go on with an import that failed, from where it stopped."""
    import_ = get_object_or_404(Import, pk=import_id)
    with transaction.atomic():
        import_actions.queue_import(import_)
        audit.record(actor(request), "import.resume", import_, {"rows_done": import_.rows_done})
    return redirect("console:import", import_id=import_id)


@requires(Role.EDITOR)
def refused(request: HttpRequest, import_id: int) -> HttpResponseBase:
    """The refused rows as a file: the reason beside each, ready to be corrected and imported again."""
    import_ = get_object_or_404(Import, pk=import_id)
    path = config.get().home_path / import_.refused_path
    if not import_.refused_path or not path.is_file():
        raise NotFound(_("There are no refused rows to download."))
    audit.record(actor(request), "import.download_refused", import_, {"rows": import_.counts.get("refused", 0)})
    name = f"{import_.name.rsplit('.', 1)[0]}-{_('refused')}.csv"
    return FileResponse(path.open("rb"), as_attachment=True, filename=name, content_type="text/csv; charset=utf-8")
