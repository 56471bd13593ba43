"""Alerts: the bell, the page of what is and was wrong, and the levels."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from pabal import config
from pabal.accounts.access import actor, person, requires
from pabal.accounts.models import Role
from pabal.campaigns.questions import engine_runs
from pabal.console import errors
from pabal.console.forms.alerts import AlertForm
from pabal.console.views.settings import tabs
from pabal.errors import PabalError
from pabal.reports.alerts import book, words
from pabal.reports.models import Alert


@dataclass(frozen=True, kw_only=True)
class Line:
    """An alert as it is shown."""

    alert: Alert
    sentence: str
    remedy: str
    path: str


def _lines(alerts: list[Alert]) -> list[Line]:
    return [
        Line(alert=alert, sentence=words.sentence(alert), remedy=words.remedy(alert), path=words.path(alert))
        for alert in alerts
    ]


@requires(Role.VIEWER)
def index(request: HttpRequest) -> HttpResponse:
    """What is wrong now, and what was."""
    values = {
        "open": _lines(book.open_alerts()),
        "past": _lines(list(book.past_alerts())),
        "engine": engine_runs(),
        "may_acknowledge": person(request).may(Role.EDITOR),
        "may_edit": person(request).may(Role.ADMIN),
    }
    return render(request, "console/alerts/index.html", values)


@requires(Role.VIEWER)
def bell(request: HttpRequest) -> HttpResponse:
    """The bell of the top bar, asked for again and again: how many alerts nobody has seen to."""
    engine = engine_runs()
    values = {"unseen": book.unseen() + (not engine), "engine": engine}
    return render(request, "console/alerts/bell.html", values)


@requires(Role.EDITOR)
@require_POST
def acknowledge(request: HttpRequest, alert_id: int) -> HttpResponse:
    """Somebody has seen it."""
    book.acknowledge(alert_id, by=actor(request))
    return redirect("console:alerts")


@requires(Role.ADMIN)
def levels(request: HttpRequest) -> HttpResponse:
    """From which levels on something is wrong, and whom to tell."""
    row = book.settings()
    form = AlertForm(request.POST or None, initial=AlertForm.initial_of(row))
    if request.method == "POST" and form.is_valid():
        try:
            book.set_settings(form.values(), by=actor(request))
            messages.success(request, _("Saved"))
            return redirect("console:alert_settings")
        except PabalError as error:
            errors.add_error(form, error)
    values = {
        "form": form,
        "currency": config.get().currency,
        "no_mail": not config.get().smtp_url,
        "tabs": tabs(request, "alert_settings"),
    }
    return render(request, "console/alerts/levels.html", values, status=422 if form.errors else 200)
