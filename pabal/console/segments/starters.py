"""Ready-made segments: they open the builder filled in, to be changed and saved.

Events have the names of Segment's e-commerce specification ("Order Completed"), which shops' libraries send.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from pabal import config
from pabal.audience.models import Property
from pabal.warehouse import conditions as c

ORDER, CART, VIEW = "Order Completed", "Product Added", "Product Viewed"
#: What "a lot in a year" is, by currency.
VIP_SPENT = {"KRW": 300_000, "USD": 300, "EUR": 300, "GBP": 250, "JPY": 30_000}


@dataclass(frozen=True, kw_only=True)
class Starter:
    key: str
    icon: str
    name: Any
    text: Any
    make: Callable[[], c.Group]


def _all(*conditions: c.Condition) -> c.Group:
    return c.Group(match="all", conditions=conditions)


def _last(n: int, unit: Any) -> c.Window:
    return c.Window(last=n, unit=unit)


def _never(name: str, window: c.Window | None = None) -> c.Event:
    return c.Event(name=name, operator="exactly", value=0, window=window)


def _lapsed() -> c.Group:
    return _all(c.Event(name=ORDER, value=2), _never(ORDER, _last(90, "days")))


def _birthday() -> c.Group:
    known = Property.objects.filter(
        kind="date", name__in=("생일", "생년월일", "birthday", "birthdate", "date_of_birth")
    )
    row = known.first() or Property.objects.filter(kind="date").order_by("name").first()
    name = row.name if row else "birthday"
    return _all(c.Property(name=name, kind="date", operator="anniversary", value=c.Span(value=7, unit="days")))


def _unclicked() -> c.Group:
    clicked = c.Message(what="clicked", did=False)
    return _all(c.Consent(), c.Message(what="delivered"), clicked)


def _cart() -> c.Group:
    day = _last(24, "hours")
    return _all(c.Event(name=CART, window=day), _never(ORDER, day))


def _vip() -> c.Group:
    amount = VIP_SPENT.get(config.get().currency, 300)
    return _all(
        c.Event(name=ORDER, measure="sum", property="revenue", operator="more", value=amount, window=_last(1, "years"))
    )


def _new() -> c.Group:
    joined = c.Span(value=1, unit="months")
    return _all(c.Property(field="created_at", kind="date", operator="within_last", value=joined))


STARTERS = (
    Starter(
        key="lapsed",
        icon="undo-2",
        name=_("Good customers who stayed away"),
        text=_("Bought at least twice, but not in the last 90 days"),
        make=_lapsed,
    ),
    Starter(
        key="birthday",
        icon="calendar",
        name=_("Birthday soon"),
        text=_("Has a birthday within the next 7 days"),
        make=_birthday,
    ),
    Starter(
        key="unclicked",
        icon="mouse-pointer-click",
        name=_("Subscribed, never clicked"),
        text=_("Gets our texts, but never opened a link"),
        make=_unclicked,
    ),
    Starter(
        key="cart",
        icon="shopping-bag",
        name=_("Left in the cart"),
        text=_("Put something into the cart in the last 24 hours, but did not buy"),
        make=_cart,
    ),
    Starter(
        key="vip",
        icon="sparkles",
        name=_("VIP"),
        text=_("Spent a lot in the last year"),
        make=_vip,
    ),
    Starter(
        key="new",
        icon="user-plus",
        name=_("New this month"),
        text=_("Known for less than a month: a good time to say hello"),
        make=_new,
    ),
)


def starter(key: str) -> Starter | None:
    return next((s for s in STARTERS if s.key == key), None)
