"""/styleguide: every component, live, in both themes, with made-up values."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from pabal.accounts.access import public
from pabal.console.charts import Bar, BarList, Series, StackedBar, TimeSeries
from pabal.console.parts import Bubble, Entry, Funnel, Page, Skip, Tab
from pabal.console.statuses import LOOKS
from pabal.console.widgets import Cards, Drop, LocalDateTime, Switch, TickCards


class SampleForm(forms.Form):
    """One of each control."""

    name = forms.CharField(label=_("Campaign name"), help_text=_("Only your team sees it."), initial="가을 신상품 안내")
    rate = forms.IntegerField(label=_("Send limit"), required=False, initial=600)
    country = forms.ChoiceField(label=_("Country"), choices=[("KR", "대한민국"), ("US", "United States")])
    timing = forms.ChoiceField(
        label=_("When to send"),
        choices=[("now", _("Now")), ("at", _("At a time"))],
        initial="at",
        widget=Cards(
            notes={"now": _("Starts as soon as you confirm"), "at": _("You choose the date and time")},
            icons={"now": "zap", "at": "calendar-clock"},
        ),
    )
    at = forms.DateTimeField(label=_("Send at"), required=False, widget=LocalDateTime())
    lists = forms.MultipleChoiceField(
        label=pgettext_lazy("navigation", "Lists"),
        required=False,
        initial=["vip"],
        choices=[("vip", "VIP 고객"), ("new", "신규 가입")],
        widget=TickCards(notes={"vip": "12,480", "new": "3,204"}),
    )
    quiet = forms.BooleanField(
        label=_("Respect quiet hours"),
        help_text=_("Messages wait until the recipient's morning."),
        required=False,
        initial=True,
        widget=Switch(),
    )
    agreed = forms.BooleanField(label=_("These people agreed to marketing texts"), help_text=_("You can prove it."))
    file = forms.FileField(
        label=_("Contacts"), widget=Drop(accept=".csv,.xlsx", note=_("CSV or Excel, up to millions of rows"))
    )
    text = forms.CharField(label=_("Message"), widget=forms.Textarea(attrs={"rows": 3}))


def samples(prefix: str) -> dict[str, Any]:
    """Values for one theme's half of the page. `prefix` keeps element ids apart."""
    now = timezone.now()
    blank = SampleForm(prefix=prefix)
    wrong = SampleForm({f"{prefix}-name": "", f"{prefix}-rate": "abc", f"{prefix}-timing": "now"}, prefix=prefix)
    hours = [f"{h:02d}:00" for h in range(9, 21)]
    return {
        "theme": prefix,
        "form": blank,
        "wrong": {"name": wrong["name"], "rate": wrong["rate"]},
        "statuses": list(LOOKS),
        "now": now,
        "soon": now + timedelta(hours=5),
        "before": now - timedelta(minutes=3),
        "tabs": [
            Tab(label=_("Overview"), url="#", current=True),
            Tab(label=_("Messages"), url="#", count=12480),
            Tab(label=_("Skipped"), url="#", count=311),
        ],
        "steps": [(_("Audience"), "#"), _("Message"), _("Schedule"), _("Review")],
        "page": Page(shown=25, total=12480, next_url="#"),
        "bubbles": [
            Bubble(
                text="(광고)[한빛상점] 지우님, 기다리시던 가을 니트가 들어왔어요. 오늘만 20% 할인!\n"
                "https://pbl.kr/aB3dE9xK\n무료수신거부 080-000-0000",
                at=now - timedelta(hours=2),
            ),
            Bubble(text="그만", at=now - timedelta(minutes=4), out=True),
            Bubble(text="한빛상점 광고 문자 수신이 거부되었습니다.", note=_("Confirmation, sent once")),
        ],
        "entries": [
            Entry(title=_("Clicked"), at=now, text="pbl.kr/aB3dE9xK", icon="mouse-pointer-click", tone="good"),
            Entry(title=_("Delivered"), at=now - timedelta(minutes=2), icon="circle-check", tone="good"),
            Entry(title=_("Submitted"), at=now - timedelta(minutes=3), text="sandbox", icon="send", tone="accent"),
        ],
        "line": TimeSeries(
            title=_("Messages per hour"),
            labels=hours,
            series=[
                Series(name=_("Delivered"), values=[round(9000 * math.sin((i + 1) / 4.2) ** 2) for i in range(12)]),
                Series(name=_("Failed"), values=[120 + 90 * (i % 4) for i in range(12)], tone="bad"),
            ],
        ),
        "bars": BarList(
            title=_("Failures by reason"),
            whole=1204,
            bars=[
                Bar(label=_("Number does not exist"), value=820, tone="bad"),
                Bar(label=_("Phone switched off"), value=301, tone="bad"),
                Bar(label=_("Blocked by the carrier"), value=83, tone="bad"),
            ],
        ),
        "stacked": StackedBar(
            title=_("Outcome"),
            whole=12480,
            parts=[
                Bar(label=_("Delivered"), value=11276, tone="good"),
                Bar(label=_("Waiting"), value=700, tone="1"),
                Bar(label=_("Failed"), value=304, tone="bad"),
            ],
        ),
        "spark": [3, 5, 4, 8, 7, 12, 9, 14],
        "funnel": Funnel(
            audience=15420,
            messages=12480,
            skips=(
                Skip(label=_("Not subscribed"), count=1904, detail="010-0000-1234, 010-0000-5678"),
                Skip(label=_("Messaged in the last 24 hours"), count=702, url="#"),
                Skip(label=_("Quiet hours where they live"), count=311, url="#"),
                Skip(label=_("No usable phone number"), count=23),
            ),
        ),
    }


@public  # it looks for itself
def styleguide(request: HttpRequest) -> HttpResponse:
    """Shown while developing, or to admins."""
    user = request.user
    if not settings.DEBUG and not (user.is_authenticated and user.may("admin")):
        raise Http404
    return render(request, "console/styleguide.html", {"halves": [samples("light"), samples("dark")]})
