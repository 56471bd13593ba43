"""Credits: the balance, topping up, every movement of money, and the price list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from pabal import config
from pabal.accounts.access import actor, person, requires
from pabal.accounts.models import Role
from pabal.billing import actions, prices, queries
from pabal.billing.ledger import EFFECT
from pabal.billing.models import MILLI, EntryKind, LedgerEntry
from pabal.campaigns.models import Campaign
from pabal.console import formats
from pabal.console.forms.credits import PriceForm, TopUpForm
from pabal.console.forms.errors import put_error
from pabal.console.parts import Page, Tab
from pabal.errors import PabalError


@dataclass(frozen=True, kw_only=True)
class Line:
    """A ledger entry as it is shown: what it did to the balance, and for which campaign."""

    entry: LedgerEntry
    change: str
    after: str
    available: str
    campaign: Campaign | None


def money(milli: int) -> str:
    return formats.money(milli / MILLI, config.get().currency)


def _tabs(current: str) -> list[Tab]:
    from django.urls import reverse

    return [
        Tab(label=_("Balance"), url=reverse("console:credits"), current=current == "balance"),
        Tab(label=_("Price list"), url=reverse("console:prices"), current=current == "prices"),
    ]


@requires(Role.VIEWER)
def index(request: HttpRequest) -> HttpResponse:
    """Balance and ledger; topping up for admins."""
    form = TopUpForm(request.POST or None)
    if request.method == "POST":
        return requires(Role.ADMIN)(_top_up)(request, form=form)
    return _index(request, form)


def _top_up(request: HttpRequest, *, form: TopUpForm) -> HttpResponse:
    if form.is_valid():
        try:
            amount = int(form.cleaned_data["amount"] * MILLI)
            actions.top_up(amount, by=actor(request), note=form.cleaned_data["note"])
            return redirect("console:credits")
        except PabalError as error:
            put_error(form, error)
    return _index(request, form, status=422)


def _index(request: HttpRequest, form: TopUpForm, *, status: int = 200) -> HttpResponse:
    before = request.GET.get("before", "")
    kind = request.GET.get("kind", "")
    page = queries.ledger_page(
        before=int(before) if before.isdigit() else None, kinds=[kind] if kind in EntryKind.values else []
    )
    names = Campaign.objects.in_bulk({e.campaign_id for e in page.entries if e.campaign_id})
    query = request.GET.copy()
    if page.next_before:
        query["before"] = str(page.next_before)
    balance = queries.balance()
    values: dict[str, Any] = {
        "tabs": _tabs("balance"),
        "total": money(balance.total),
        "available": money(balance.available),
        "reserved": money(balance.reserved),
        "empty": balance.total == 0,
        "lines": [_line(e, names.get(e.campaign_id or 0)) for e in page.entries],
        "page": Page(shown=len(page.entries), next_url=f"?{query.urlencode()}" if page.next_before else ""),
        "form": form,
        "kinds": EntryKind.choices,
        "kind": kind,
        "currency": config.get().currency,
        "may_top_up": person(request).may(Role.ADMIN),
    }
    return render(request, "console/credits/index.html", values, status=status)


def _line(entry: LedgerEntry, campaign: Campaign | None) -> Line:
    total, _reserved = EFFECT[EntryKind(entry.kind)]
    change = entry.amount * total
    return Line(
        entry=entry,
        change=("+" if change > 0 else "−" if change < 0 else "") + money(abs(change or entry.amount)),
        after=money(entry.total_after),
        available=money(entry.total_after - entry.reserved_after),
        campaign=campaign,
    )


@requires(Role.VIEWER)
def price_list(request: HttpRequest) -> HttpResponse:
    """What a part or message costs, by provider, country and kind, with its history."""
    form = PriceForm(request.POST or None)
    if request.method == "POST":
        return requires(Role.ADMIN)(_set_price)(request, form=form)
    return _prices(request, form)


def _set_price(request: HttpRequest, *, form: PriceForm) -> HttpResponse:
    if form.is_valid():
        values = dict(form.cleaned_data)
        values["amount"] = int(values["amount"] * MILLI)
        try:
            prices.set_price(by=actor(request), source=_("Entered in the console"), **values)
            return redirect("console:prices")
        except PabalError as error:
            put_error(form, error)
    return _prices(request, form, status=422)


def _prices(request: HttpRequest, form: PriceForm, *, status: int = 200) -> HttpResponse:
    rows = [
        {
            "price": p,
            "country": formats.country(p.country) if p.country else _("All other countries"),
            "amount": money(p.amount),
        }
        for p in queries.prices()
    ]
    values = {"tabs": _tabs("prices"), "rows": rows, "form": form, "may_edit": person(request).may(Role.ADMIN)}
    return render(request, "console/credits/prices.html", values, status=status)
