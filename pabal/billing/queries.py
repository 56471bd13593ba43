"""What pages and the API read of money."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from pabal.billing.models import Balance, LedgerEntry, Price
from pabal.billing.prices import price_list

PAGE = 50


@dataclass(frozen=True, kw_only=True)
class LedgerPage:
    """Entries, the newest first; `next_before` is the cursor of the following page, or None."""

    entries: Sequence[LedgerEntry]
    next_before: int | None


@dataclass(frozen=True, kw_only=True)
class CampaignMoney:
    """What became of a campaign's reservation, in thousandths of a credit: `spent = settled - refunded`."""

    reserved: int
    settled: int
    released: int
    refunded: int

    @property
    def outstanding(self) -> int:
        return self.reserved - self.settled - self.released

    @property
    def spent(self) -> int:
        return self.settled - self.refunded


def balance() -> Balance:
    """The balance of the installation."""
    return Balance.objects.get(pk=1)


def ledger_page(
    *, before: int | None = None, campaign_id: int | None = None, kinds: Sequence[str] = (), limit: int = PAGE
) -> LedgerPage:
    """A page of the ledger by keyset: entries with an id below `before`."""
    entries = LedgerEntry.objects.select_related("user").order_by("-id")
    if before is not None:
        entries = entries.filter(id__lt=before)
    if campaign_id is not None:
        entries = entries.filter(campaign_id=campaign_id)
    if kinds:
        entries = entries.filter(kind__in=list(kinds))
    page = list(entries[: limit + 1])
    return LedgerPage(entries=page[:limit], next_before=page[limit - 1].pk if len(page) > limit else None)


def campaign_money(campaign_id: int) -> CampaignMoney:
    """The sums of a campaign's entries."""
    sums = dict.fromkeys(("reserve", "settle", "release", "refund"), 0)
    for kind, amount in LedgerEntry.objects.filter(campaign_id=campaign_id).values_list("kind", "amount"):
        if kind in sums:
            sums[kind] += amount
    return CampaignMoney(
        reserved=sums["reserve"], settled=sums["settle"], released=sums["release"], refunded=sums["refund"]
    )


def prices(provider: str = "") -> list[Price]:
    """The rows of the price list, of every date."""
    rows = Price.objects.order_by("provider", "country", "kind", "-valid_from")
    return list(rows.filter(provider=provider) if provider else rows)


def price_frame(providers: Sequence[str], on: date) -> pl.DataFrame:
    """The prices in force on a date, for joins: provider, kind, country (empty: all others), amount, bills_failed."""
    rows = [
        (name, kind, country, rate.amount, rate.bills_failed)
        for name in dict.fromkeys(providers)
        for (kind, country), rate in price_list(name, on).rates.items()
    ]
    schema = {
        "provider": pl.String(),
        "kind": pl.String(),
        "country": pl.String(),
        "amount": pl.Int64(),
        "bills_failed": pl.Boolean(),
    }
    return pl.DataFrame(rows, schema=schema, orient="row")
