"""The price list: what one part of an SMS or one LMS or MMS costs, by provider, kind, country and date.

A row holds from its date until a later one of the same provider, kind and country. The row of a country goes before the
row of all countries (`country` empty).
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cache
from importlib.resources import files
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext as _

from pabal.accounts.audit import Actor, Subject, record
from pabal.billing.models import MILLI, Price
from pabal.database import raw_cursor
from pabal.errors import InvalidInput, NotFound

KINDS = ("sms", "lms", "mms", "kakao_friend", "kakao_other")


@dataclass(frozen=True, kw_only=True)
class Rate:
    """A price in force. `amount` is thousandths of a credit, for one part (`sms`) or one message."""

    amount: int
    bills_failed: bool


class PriceList:
    """The prices of one provider on one date."""

    def __init__(self, provider: str, rates: Mapping[tuple[str, str], Rate]) -> None:
        self.provider = provider
        self.rates = dict(rates)

    def rate(self, kind: str, country: str) -> Rate | None:
        """The price of this kind to this country, or None when nothing is known: it cannot be sent then."""
        return self.rates.get((kind, country)) or self.rates.get((kind, ""))

    def amount(self, kind: str, country: str, parts: int) -> int | None:
        """What one message costs, in thousandths of a credit."""
        rate = self.rate(kind, country)
        if rate is None:
            return None
        return rate.amount * parts if kind == "sms" else rate.amount


#: The rows of a provider up to a date, the earliest first, for `rates`.
IN_FORCE: Final = """
SELECT kind, country, amount, bills_failed FROM price WHERE provider = %s AND valid_from <= %s ORDER BY valid_from
"""


def rates(rows: Iterable[tuple[str, str, int, bool]]) -> dict[tuple[str, str], Rate]:
    """The rates that rows of `IN_FORCE` leave in force: of each kind and country the last."""
    return {(kind, country): Rate(amount=amount, bills_failed=failed) for kind, country, amount, failed in rows}


def price_list(provider: str, on: date) -> PriceList:
    """The prices of `provider` in force on a date."""
    with raw_cursor() as cursor:
        return PriceList(provider, rates(cursor.execute(IN_FORCE, [provider, on]).fetchall()))


@transaction.atomic
def set_price(
    provider: str,
    kind: str,
    country: str,
    amount: int,
    *,
    bills_failed: bool,
    valid_from: date,
    source: str = "",
    by: Actor,
) -> Price:
    """Add a price from a date on, or replace the one that begins on that date. Raises InvalidInput."""
    if kind not in KINDS:
        raise InvalidInput(_("There is no such kind of price."), code="unknown_kind", field="kind")
    if amount < 0:
        raise InvalidInput(_("A price cannot be negative."), code="amount_negative", field="amount")
    if country and not (len(country) == 2 and country.isascii() and country.isupper()):
        raise InvalidInput(_("Write the country as two capital letters."), code="bad_country", field="country")
    price, _created = Price.objects.update_or_create(
        provider=provider,
        kind=kind,
        country=country,
        valid_from=valid_from,
        defaults={"amount": amount, "bills_failed": bills_failed, "source": source},
    )
    changes = {"amount": amount, "bills_failed": bills_failed, "valid_from": valid_from, "source": source}
    record(by, "price.set", _subject(price), changes)
    return price


@transaction.atomic
def remove_price(price_id: int, *, by: Actor) -> None:
    """Remove a row of the price list; an earlier one, or that of all countries, takes its place. Raises NotFound."""
    price = Price.objects.filter(pk=price_id).first()
    if price is None:
        raise NotFound(_("There is no such price."), code="unknown_price")
    record(by, "price.remove", _subject(price), {"amount": price.amount})
    price.delete()


@transaction.atomic
def load_default_prices(provider: str, *, currency: str = "KRW") -> int:
    """Give `provider` the price lists of `data/prices.toml` that are in `currency`; existing rows stay. Returns how many."""
    rows = [
        Price(
            provider=provider,
            kind=kind,
            country=row["country"],
            amount=_milli(row[kind]),
            bills_failed=prices["bills_failed"],
            valid_from=prices["valid_from"],
            source=prices["source"],
        )
        for prices in _lists()
        if prices["currency"] == currency and provider in prices.get("providers", [provider])
        for row in prices["prices"]
        for kind in KINDS
        if kind in row
    ]
    before = Price.objects.filter(provider=provider).count()
    Price.objects.bulk_create(rows, ignore_conflicts=True)
    return Price.objects.filter(provider=provider).count() - before


def _subject(price: Price) -> Subject:
    return Subject(type="price", id=str(price.pk), label=f"{price.provider} {price.kind} {price.country or '*'}")


def _milli(text: str) -> int:
    try:
        return int(Decimal(text) * MILLI)
    except InvalidOperation:
        raise ValueError(f"not an amount: {text!r}") from None


@cache
def _lists() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tomllib.loads(
        (files("pabal.billing") / "data" / "prices.toml").read_text(encoding="utf-8")
    )["list"]
    return found
