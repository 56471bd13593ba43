"""One list: who is on it, how it grew, which campaigns use it; adding, removing, exporting people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from pabal.accounts import audit
from pabal.accounts.access import actor, person, requires
from pabal.accounts.models import Role
from pabal.audience import lists, members, queries
from pabal.audience.models import List, ListMember, Profile, Property
from pabal.campaigns.models import Campaign
from pabal.console import charts, formats
from pabal.console.forms.audience import AddMembersForm
from pabal.console.parts import Page
from pabal.console.views.audience.lists import last_import
from pabal.console.views.audience.people import PersonRow, rows_of
from pabal.reports.export import FORMULA, as_csv

DAYS = 30


@requires(Role.VIEWER)
def show(request: HttpRequest, key: str) -> HttpResponse:
    """A list with its people. htmx asks for the same page and takes the results from it."""
    list_ = get_object_or_404(List, key=key)
    return _page(request, list_, AddMembersForm())


def _page(request: HttpRequest, list_: List, form: AddMembersForm) -> HttpResponse:
    q = request.GET.get("q", "").strip()
    cursor = int(request.GET["before"]) if request.GET.get("before", "").isdigit() else None
    found = queries.find_profiles(q, list_id=list_.pk, cursor=cursor)
    query = request.GET.copy()
    if found.cursor is not None:
        query["before"] = str(found.cursor)
    values: dict[str, Any] = {
        "list": list_,
        "rows": _with_joined(list_, rows_of(found.profiles)),
        "page": Page(shown=len(found.profiles), next_url=f"?{query.urlencode()}" if found.cursor is not None else ""),
        "q": q,
        "form": form,
        "campaigns": _campaigns(list_),
        "import": last_import(list_),
        "may_edit": person(request).may(Role.EDITOR),
    }
    return render(request, "console/audience/list.html", values, status=422 if form.errors else 200)


def _with_joined(list_: List, rows: list[PersonRow]) -> list[tuple[PersonRow, Any]]:
    """Each person with when they joined."""
    ids = [row.profile.pk for row in rows]
    joined = dict(ListMember.objects.filter(list=list_, profile__in=ids).values_list("profile_id", "added_at"))
    return [(row, joined.get(row.profile.pk)) for row in rows]


def _campaigns(list_: List) -> list[tuple[Campaign, bool]]:
    """The latest campaigns that use the list, and whether they leave it out."""
    found = Campaign.objects.filter(Q(include_lists=list_) | Q(exclude_lists=list_)).distinct().order_by("-id")[:8]
    excluding = set(list_.excluding_campaigns.values_list("pk", flat=True))
    return [(campaign, campaign.pk in excluding) for campaign in found]


@requires(Role.VIEWER)
def growth(request: HttpRequest, key: str) -> HttpResponse:
    """The size of the list over the last days. A fragment: counting a long list takes a moment."""
    list_ = get_object_or_404(List, key=key)
    zone = str(timezone.get_current_timezone())
    days = members.growth(list_, days=DAYS, zone=zone)
    chart = charts.TimeSeries(
        title=_("Members, last %(days)s days") % {"days": DAYS},
        labels=[formats.short_day(day) for day, _size in days],
        series=[charts.Series(name=_("Members"), values=[size for _day, size in days])],
    )
    gained = days[-1][1] - days[0][1]
    values = {"list": list_, "chart": chart, "gained": gained, "days": DAYS, "subscribed": members.subscribed(list_)}
    return render(request, "console/audience/list_growth.html", values)


@requires(Role.EDITOR)
@require_POST
def add(request: HttpRequest, key: str) -> HttpResponse:
    """Put people on the list, named by phone or customer ID."""
    list_ = get_object_or_404(List, key=key)
    form = AddMembersForm(request.POST)
    if not form.is_valid():
        return _page(request, list_, form)
    named = members.people_named(form.cleaned_data["people"])
    if not named.ids:
        form.add_error("people", _("Nobody is known by these numbers or IDs."))
        return _page(request, list_, form)
    with transaction.atomic():
        added = lists.add_members(list_, named.ids)
        audit.record(actor(request), "list.add_members", list_, {"people": added})
    said = ngettext("%(n)s person added.", "%(n)s people added.", added) % {"n": formats.number(added)}
    if already := len(named.ids) - added:
        said += " " + _("%(n)s were on it already.") % {"n": formats.number(already)}
    messages.success(request, said)
    if named.unknown:
        shown = ", ".join(named.unknown[:5]) + ("…" if len(named.unknown) > 5 else "")
        messages.warning(request, _("Nobody is known by: %(words)s") % {"words": shown})
    return redirect("console:list", key=key)


@requires(Role.EDITOR)
@require_POST
def remove(request: HttpRequest, key: str, profile_id: int) -> HttpResponse:
    """Take one person off the list."""
    list_ = get_object_or_404(List, key=key)
    profile = get_object_or_404(Profile, pk=profile_id)
    with transaction.atomic():
        lists.remove_members(list_, [profile_id])
        audit.record(actor(request), "list.remove_members", list_, {"profile": str(profile), "id": profile_id})
    messages.success(request, _("%(name)s is off the list.") % {"name": profile})
    back = request.POST.get("back") == "profile"
    return redirect("console:profile", profile_id) if back else redirect("console:list", key=key)


@requires(Role.EDITOR)
@require_POST
def export(request: HttpRequest, key: str) -> HttpResponseBase:
    """Everybody on the list as CSV, read in chunks while it is sent."""
    list_ = get_object_or_404(List, key=key)
    audit.record(actor(request), "list.export", list_, {"people": list_.size})
    names = list(Property.objects.order_by("name").values_list("name", flat=True)[:200])
    heads = [
        _("Customer ID"), _("Phone"), _("Last name"), _("First name"), _("Email"), _("Country"), _("Language"),
        _("Time zone"), _("Consent"), _("Joined"), *names,
    ]  # fmt: skip
    response = StreamingHttpResponse(as_csv(_lines(list_, names), heads), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = content_disposition_header(True, f"{list_.key}.csv") or ""
    return response


def _lines(list_: List, names: list[str]) -> Iterator[list[object]]:
    states = {"subscribed": _("yes"), "unsubscribed": _("no"), "": ""}
    for _id, *fields, state, joined, properties in members.everybody(list_):
        held = properties if isinstance(properties, dict) else {}
        customer, phone, *others = fields
        yield [
            _cell(customer), phone, *map(_cell, others), states[str(state)], f"{timezone.localtime(joined):%Y-%m-%d %H:%M}",  # type: ignore[arg-type]
            *(_cell(held.get(name)) for name in names),
        ]  # fmt: skip


def _cell(value: object) -> object:
    """A text that begins like a formula is marked as text."""
    if isinstance(value, str):
        return "'" + value if value.startswith(FORMULA) else value
    return "" if value is None else value
