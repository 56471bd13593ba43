"""Lists: what there is, making one, changing and archiving it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from pabal.accounts import audit
from pabal.accounts.access import actor, person, requires
from pabal.accounts.models import Role
from pabal.audience import lists
from pabal.audience.models import Import, List
from pabal.console.errors import add_error
from pabal.console.forms.audience import ListEditForm, ListForm
from pabal.console.parts import Page
from pabal.errors import PabalError

PER_PAGE = 50


@requires(Role.VIEWER)
def index(request: HttpRequest) -> HttpResponse:
    """Every list, the one changed last first."""
    archived = request.GET.get("show") == "archived"
    found = List.objects.filter(archived_at__isnull=not archived).order_by("-updated_at", "-id")
    if q := request.GET.get("q", "").strip():
        found = found.filter(Q(name__icontains=q) | Q(key__icontains=q))
    start = int(request.GET["from"]) if request.GET.get("from", "").isdigit() else 0
    rows = list(found[start : start + PER_PAGE + 1])
    query = request.GET.copy()
    query["from"] = str(start + PER_PAGE)
    more = len(rows) > PER_PAGE
    values: dict[str, Any] = {
        "lists": rows[:PER_PAGE],
        "page": Page(shown=len(rows), next_url=f"?{query.urlencode()}" if more else ""),
        "q": q,
        "archived": archived,
        "any": bool(rows) or List.objects.exists(),
        "may_edit": person(request).may(Role.EDITOR),
    }
    return render(request, "console/audience/lists.html", values)


@requires(Role.EDITOR)
def new(request: HttpRequest) -> HttpResponse:
    form = ListForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            with transaction.atomic():
                made = lists.create_list(said["name"], key=said["key"], description=said["description"])
                audit.record(actor(request), "list.create", made, {"name": made.name, "key": made.key})
            return redirect("console:list", key=made.key)
        except PabalError as error:
            add_error(form, error)
    return render(request, "console/audience/list_new.html", {"form": form}, status=422 if form.errors else 200)


@requires(Role.EDITOR)
def edit(request: HttpRequest, key: str) -> HttpResponse:
    """Another name or description; the key stays."""
    list_ = get_object_or_404(List, key=key)
    fields = ("name", "description")
    form = ListEditForm(request.POST or None, initial=audit.snapshot(list_, fields))
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                before = audit.snapshot(list_, fields)
                lists.rename_list(list_, **form.cleaned_data)
                audit.record(
                    actor(request), "list.edit", list_, audit.difference(before, audit.snapshot(list_, fields))
                )
            messages.success(request, _("Saved"))
            return redirect("console:list", key=key)
        except PabalError as error:
            add_error(form, error)
    values = {"form": form, "list": list_}
    return render(request, "console/audience/list_edit.html", values, status=422 if form.errors else 200)


@requires(Role.EDITOR)
@require_POST
def archive(request: HttpRequest, key: str) -> HttpResponse:
    """Out of sight; campaigns that used it keep their results."""
    list_ = get_object_or_404(List, key=key)
    with transaction.atomic():
        lists.archive_list(list_)
        audit.record(actor(request), "list.archive", list_)
    messages.success(request, _("The list is archived."))
    return redirect("console:lists")


@requires(Role.EDITOR)
@require_POST
def restore(request: HttpRequest, key: str) -> HttpResponse:
    list_ = get_object_or_404(List, key=key)
    with transaction.atomic():
        lists.restore_list(list_)
        audit.record(actor(request), "list.restore", list_)
    messages.success(request, _("The list is back."))
    return redirect("console:list", key=key)


def last_import(list_: List) -> Import | None:
    """The newest file that went into a list."""
    return Import.objects.filter(list=list_).exclude(state="uploaded").order_by("-id").first()
