"""Which of a campaign's senders carries its messages to each country, and what they cost there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial

import polars as pl

from pabal.billing.prices import PriceList, price_list
from pabal.campaigns.compose import reaching, route_of
from pabal.delivery.models import Sender
from pabal.policy.countries import can_send


@dataclass(frozen=True, kw_only=True)
class Way:
    """The sender for one country. `lms` says whether it can carry one there; prices are thousandths of a credit, of a
    part (`sms_amount`) and of a message (`lms_amount`, `mms_amount`)."""

    country: str
    sender_id: int
    lms: bool
    sms_amount: int
    lms_amount: int
    mms_amount: int = 0


#: Columns of `ways_frame`.
WAYS = pl.Schema(
    {
        "country": pl.String(),
        "sender_id": pl.Int64(),
        "lms": pl.Boolean(),
        "sms_amount": pl.Int64(),
        "lms_amount": pl.Int64(),
        "mms_amount": pl.Int64(),
    }
)


def find_ways(
    senders: Sequence[Sender], countries: Iterable[str], *, allow_lms: bool, on: date, mms: bool = False
) -> tuple[dict[str, Way], list[str]]:
    """(the way to each country that has one, the countries that could be reached if there were a price).

    `mms`: the messages carry a picture, so only senders and countries count that do.
    A sender of the country itself goes before one from abroad; among equals the campaign's order counts.
    """
    prices = {sender.pk: price_list(sender.account.provider, on) for sender in senders}
    ways: dict[str, Way] = {}
    unpriced: list[str] = []
    for country in sorted(set(countries)):
        found = reaching(senders, country, "mms" if mms else "sms")
        way_of = _mms_way if mms else partial(_way, allow_lms=allow_lms)
        priced = [way for sender in found if (way := way_of(sender, country, prices[sender.pk]))]
        if priced:
            ways[country] = priced[0]
        elif found:
            unpriced.append(country)
    return ways, unpriced


def ways_frame(ways: dict[str, Way]) -> pl.DataFrame:
    """The ways, to be joined with recipients by country."""
    rows = [(w.country, w.sender_id, w.lms, w.sms_amount, w.lms_amount, w.mms_amount) for w in ways.values()]
    return pl.DataFrame(rows, schema=WAYS, orient="row")


def _mms_way(sender: Sender, country: str, prices: PriceList) -> Way | None:
    mms = prices.rate("mms", country)
    if mms is None:
        return None
    return Way(country=country, sender_id=sender.pk, lms=False, sms_amount=0, lms_amount=0, mms_amount=mms.amount)


def _way(sender: Sender, country: str, prices: PriceList, allow_lms: bool) -> Way | None:
    sms = prices.rate("sms", country)
    if sms is None:
        return None
    lms = prices.rate("lms", country) if allow_lms and can_send(route_of(sender), country, "lms") else None
    return Way(
        country=country,
        sender_id=sender.pk,
        lms=lms is not None,
        sms_amount=sms.amount,
        lms_amount=lms.amount if lms is not None else 0,
    )
