"""Test messages of a campaign to named colleagues, and the list of those colleagues."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from pabal.accounts import audit
from pabal.accounts.access import actor, person, requires
from pabal.accounts.models import Role
from pabal.campaigns import test_sends
from pabal.campaigns.models import Campaign, TestPerson, TestSend
from pabal.console.views.campaigns.draft import step_links
from pabal.console.views.campaigns.recipients import LOOK
from pabal.content.labels import PROBLEMS
from pabal.delivery.event_reasons import reason_label
from pabal.errors import PabalError
from pabal.reports.recipients import recipients

SHOWN = 20


@requires(Role.EDITOR)
def show(request: HttpRequest, key: str) -> HttpResponse:
    """The colleagues to choose from and what they got; POST sends the campaign as it stands to the chosen ones."""
    campaign = get_object_or_404(Campaign, key=key)
    error = ""
    if request.method == "POST":
        chosen = [int(pk) for pk in request.POST.getlist("people") if pk.isdecimal() and len(pk) < 10]
        people = list(TestPerson.objects.filter(pk__in=chosen).order_by("name", "id"))
        try:
            with transaction.atomic():
                test_sends.send_test(campaign, people, by=person(request))
                audit.record(actor(request), "campaign.test", campaign, {"people": [p.name for p in people]})
        except PabalError as failure:
            error = str(failure)
        else:
            return redirect("console:campaign_test", key=key)
    return _page(request, campaign, error=error)


@requires(Role.APPROVER)
@require_POST
def change_people(request: HttpRequest, key: str) -> HttpResponse:
    """Put a colleague on the list, or take one off it."""
    campaign = get_object_or_404(Campaign, key=key)
    try:
        with transaction.atomic():
            if (removed := request.POST.get("remove", "")).isdecimal():
                row = get_object_or_404(TestPerson, pk=int(removed))
                audit.record(actor(request), "test_person.delete", _subject(row))
                test_sends.remove_person(row.pk)
            else:
                row = test_sends.add_person(
                    name=request.POST.get("name", ""), phone=request.POST.get("phone", ""), by=person(request)
                )
                audit.record(actor(request), "test_person.create", _subject(row), {"name": row.name})
    except PabalError as failure:
        return _page(request, campaign, error=str(failure))
    return redirect("console:campaign_test", key=key)


def _page(request: HttpRequest, campaign: Campaign, *, error: str) -> HttpResponse:
    values = {
        "campaign": campaign,
        "steps": step_links(campaign),
        "people": TestPerson.objects.order_by("name", "id"),
        "sent": _sent(campaign),
        "may_change": person(request).may(Role.APPROVER),
        "error": error,
        "typed": request.POST,
    }
    return render(request, "console/campaigns/test.html", values, status=422 if error else 200)


def _sent(campaign: Campaign) -> list[tuple[TestSend, str, Any, str]]:
    """(test, badge, its word, reason), the newest first."""
    rows = list(TestSend.objects.filter(campaign=campaign).order_by("-id")[:SHOWN])
    states = {r.message.pk: r for r in recipients([row.message_id for row in rows if row.message_id is not None])}
    found: list[tuple[TestSend, str, Any, str]] = []
    for row in rows:
        if row.message_id is None or row.message_id not in states:
            found.append((row, "cancelled", _("Not sent"), _why(row)))
        else:
            state = states[row.message_id]
            found.append((row, *LOOK[state.state], reason_label(state.reason) if state.reason else ""))
    return found


def _why(row: TestSend) -> str:
    if row.reason in PROBLEMS:
        return PROBLEMS[row.reason]["ko" if (get_language() or "").startswith("ko") else "en"]
    return reason_label(row.reason) if row.reason else ""


def _subject(row: TestPerson) -> audit.Subject:
    return audit.Subject(type="test_person", id=str(row.pk), label=row.name)
