"""Credits: the balance, its ledger, and the price list."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from django.http import HttpRequest
from ninja import Query, Schema
from pydantic import ConfigDict, Field

from pabal import config
from pabal.accounts.access import actor
from pabal.accounts.keys import Scope
from pabal.api.operations import Area
from pabal.api.pagination import Page, PageQuery, decode, encode
from pabal.api.schemas import Country, Id, Input, Milli, found
from pabal.billing import actions, prices, queries
from pabal.billing.models import EntryKind, LedgerEntry, Price
from pabal.campaigns.models import Campaign

area = Area("Credits")


class BalanceOut(Schema):
    """`available = total - reserved`: what a launch may still set aside."""

    total: Milli
    reserved: Milli
    available: Milli
    currency: str = Field(description="One credit is one unit of it.")


class EntryOut(Schema):
    """One movement of money, with the balance after it."""

    id: int
    at: datetime
    kind: EntryKind
    amount: Milli
    messages: int
    total_after: Milli
    reserved_after: Milli
    campaign_id: int | None
    batch_id: int | None
    note: str


class LedgerQuery(PageQuery):
    campaign: str | None = Field(None, max_length=64, description="Key of a campaign.")
    kind: EntryKind | None = None


class TopUp(Input):
    amount: Milli
    note: str = Field("", max_length=1000)


class Correction(Input):
    amount: Milli
    note: str = Field(max_length=1000)


class PriceIn(Input):
    """A price from a date on."""

    provider: str = Field(max_length=32)
    kind: Literal["sms", "lms", "mms"]
    country: Country | None = Field(None, description="Null: every country without a price of its own.")
    amount: Milli = Field(description="Of one part (sms) or one message (lms, mms), in thousandths of a credit.")
    bills_failed: bool = Field(True, description="Whether messages that fail are billed too.")
    valid_from: date
    source: str = Field("", max_length=1000)


class PriceOut(PriceIn):
    model_config = ConfigDict(extra="ignore")

    id: int
    country: str | None = None

    @staticmethod
    def resolve_country(row: Price) -> str | None:
        return row.country or None


@area.read("/balance", response=BalanceOut)
def read_balance(request: HttpRequest) -> BalanceOut:
    """Read the balance."""
    return _balance()


@area.read("/ledger", response=Page[EntryOut])
def list_ledger(request: HttpRequest, query: Annotated[LedgerQuery, Query(...)]) -> dict[str, object]:
    """List the movements of money, the newest first."""
    campaign_id = None
    if query.campaign is not None:
        campaign_id = found(Campaign.objects.filter(key=query.campaign).first(), "campaign", query.campaign).pk
    page = queries.ledger_page(
        before=decode("ledger", query.cursor),
        campaign_id=campaign_id,
        kinds=[query.kind] if query.kind else (),
        limit=query.limit,
    )
    cursor = encode("ledger", page.next_before) if page.next_before is not None else None
    return {"data": page.entries, "next_cursor": cursor}


@area.write("POST", "/balance/top-ups", scope=Scope.ADMIN, response=EntryOut, status=201)
def top_up(request: HttpRequest, body: TopUp) -> LedgerEntry:
    """Add credits."""
    return actions.top_up(body.amount, note=body.note, by=actor(request))


@area.write("POST", "/balance/corrections", scope=Scope.ADMIN, response=EntryOut, status=201)
def correct_balance(request: HttpRequest, body: Correction) -> LedgerEntry:
    """Change the balance by an amount of either sign, with the reason."""
    return actions.correct(body.amount, note=body.note, by=actor(request))


@area.read("/prices", response=list[PriceOut])
def list_prices(request: HttpRequest, provider: Annotated[str, Query(max_length=32)] = "") -> list[Price]:
    """List the rows of the price list, of every date."""
    return queries.prices(provider)


@area.write("POST", "/prices", scope=Scope.ADMIN, response=PriceOut)
def set_price(request: HttpRequest, body: PriceIn) -> Price:
    """Set a price from a date on.

    Replaces the one that begins on that date.
    """
    return prices.set_price(
        body.provider,
        body.kind,
        body.country or "",
        body.amount,
        bills_failed=body.bills_failed,
        valid_from=body.valid_from,
        source=body.source,
        by=actor(request),
    )


@area.write("DELETE", "/prices/{int:price_id}", scope=Scope.ADMIN, response=None, status=204)
def remove_price(request: HttpRequest, price_id: Id) -> None:
    """Remove a row of the price list."""
    prices.remove_price(price_id, by=actor(request))


def _balance() -> BalanceOut:
    row = queries.balance()
    return BalanceOut(total=row.total, reserved=row.reserved, available=row.available, currency=config.get().currency)
