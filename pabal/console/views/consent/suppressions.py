"""The suppression list: numbers to which nothing is sent."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from pabal.accounts import audit
from pabal.accounts.access import actor, person, requires
from pabal.accounts.audit import Subject
from pabal.accounts.models import Role
from pabal.audience import suppressions
from pabal.audience.models import Profile
from pabal.audience.suppressions import Place, Read
from pabal.console import formats
from pabal.console.errors import add_error
from pabal.console.forms.consent import SuppressFileForm, SuppressManyForm
from pabal.console.parts import Page
from pabal.console.views.audience.moments import SUPPRESSIONS
from pabal.console.views.consent.tabs import tabs
from pabal.errors import PabalError
from pabal.reports.export import as_csv

_PLACE = re.compile(r"(\d{1,18})(\+\d{5,15})")
_ZERO = datetime(1970, 1, 1, tzinfo=UTC)


@requires(Role.VIEWER)
def index(request: HttpRequest) -> HttpResponse:
    """Numbers, the latest first; `?q=` searches, `?reason=` and `?show=lifted` filter."""
    return _page(request)


def _page(
    request: HttpRequest, *, add: SuppressManyForm | None = None, file: SuppressFileForm | None = None
) -> HttpResponse:
    q, reason = request.GET.get("q", "").strip(), request.GET.get("reason", "")
    lifted = request.GET.get("show") == "lifted"
    found = suppressions.find(q, reason=reason, lifted=lifted, before=_place(request.GET.get("before", "")))
    known: dict[str, Profile] = {}
    for profile in Profile.objects.filter(phone__in=[row.phone for row in found.rows]).order_by("-pk"):
        known[profile.phone] = profile
    counts = suppressions.counts()
    hashed = counts.pop("hashed")
    query = request.GET.copy()
    if found.following:
        query["before"] = f"{(found.following.at - _ZERO) // timedelta(microseconds=1)}{found.following.phone}"
    values: dict[str, Any] = {
        "tabs": tabs("suppressions"),
        "rows": [
            {"row": row, "profile": known.get(row.phone), "why": SUPPRESSIONS.get(row.reason, row.reason)}
            for row in found.rows
        ],
        "page": Page(shown=len(found.rows), next_url=f"?{query.urlencode()}" if found.following else ""),
        "q": q,
        "reason": reason,
        "lifted": lifted,
        "reasons": [(name, SUPPRESSIONS.get(name, name), n) for name, n in counts.items()],
        "total": sum(counts.values()),
        "hashed": hashed,
        "any": bool(found.rows or counts or q or reason or lifted),
        "add": add or SuppressManyForm(),
        "file": file or SuppressFileForm(),
        "add_open": add is not None,
        "import_open": file is not None,
        "may_edit": person(request).may(Role.EDITOR),
    }
    return render(request, "console/consent/suppressions.html", values, status=422 if add or file else 200)


@requires(Role.EDITOR)
@require_POST
def add(request: HttpRequest) -> HttpResponse:
    """Block one number or many."""
    form = SuppressManyForm(request.POST)
    if not form.is_valid():
        return _page(request, add=form)
    read = suppressions.read_text(form.cleaned_data["phones"])
    if not read.phones:
        form.add_error("phones", _("None of these is a phone number."))
        return _page(request, add=form)
    _suppress(request, read, form.cleaned_data["reason"], form.cleaned_data["source"])
    return redirect("console:suppressions")


@requires(Role.EDITOR)
@require_POST
def import_file(request: HttpRequest) -> HttpResponse:
    """Block the numbers of a file."""
    form = SuppressFileForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, file=form)
    try:
        read = suppressions.read_file(form.cleaned_data["file"].read())
        if not read.phones:
            form.add_error("file", _("No column of this file has phone numbers."))
            return _page(request, file=form)
        _suppress(request, read, form.cleaned_data["reason"], form.cleaned_data["source"])
    except PabalError as error:
        add_error(form, error)
        return _page(request, file=form)
    return redirect("console:suppressions")


def _suppress(request: HttpRequest, read: Read, reason: str, source: str) -> None:
    with transaction.atomic():
        added = suppressions.add(read.phones, reason=reason, source=source)
        label = read.phones[0] if len(read.phones) == 1 else f"{len(read.phones):,}"
        what = {"reason": reason, "source": source, "added": added}
        audit.record(actor(request), "suppression.add", Subject(type="suppression", label=label), what)
    said = ngettext("%(n)s number blocked.", "%(n)s numbers blocked.", added) % {"n": formats.number(added)}
    if already := len(read.phones) - added:
        said += " " + _("%(n)s were blocked already.") % {"n": formats.number(already)}
    messages.success(request, said)
    if read.refused:
        lines = ", ".join(f"{line}: {text[:30]}" for line, text in read.refused[:5])
        more = "…" if len(read.refused) > 5 else ""
        messages.warning(
            request,
            ngettext(
                "%(n)s entry is no phone number (line %(lines)s)",
                "%(n)s entries are no phone numbers (lines %(lines)s)",
                len(read.refused),
            )
            % {"n": formats.number(len(read.refused)), "lines": lines + more},
        )


@requires(Role.EDITOR)
@require_POST
def lift(request: HttpRequest) -> HttpResponse:
    """Lift the blocks that were ticked."""
    phones = request.POST.getlist("phone")
    try:
        with transaction.atomic():
            lifted = suppressions.lift(phones)
            label = phones[0] if len(phones) == 1 else f"{len(phones):,}"
            audit.record(
                actor(request),
                "suppression.lift",
                Subject(type="suppression", label=label),
                {"phones": phones, "lifted": lifted},
            )
        said = ngettext("%(n)s block lifted.", "%(n)s blocks lifted.", lifted) % {"n": formats.number(lifted)}
        messages.success(request, said)
    except PabalError as error:
        messages.error(request, str(error))
    return redirect(reverse("console:suppressions"))


@requires(Role.EDITOR)
@require_POST
def export(request: HttpRequest) -> HttpResponseBase:
    """Every block that holds, as CSV."""
    reason = request.POST.get("reason", "")
    audit.record(actor(request), "suppression.export", Subject(type="suppression", label=reason))
    rows = (
        [row.phone, row.reason, row.source, row.at.isoformat(timespec="seconds")]
        for row in suppressions.everything(reason=reason)
    )
    columns = ("phone", "reason", "source", "at")
    response = StreamingHttpResponse(as_csv(rows, columns), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = content_disposition_header(True, "suppressions.csv") or ""
    return response


def _place(said: str) -> Place | None:
    match = _PLACE.fullmatch(said)
    return Place(at=_ZERO + timedelta(microseconds=int(match[1])), phone=match[2]) if match else None
