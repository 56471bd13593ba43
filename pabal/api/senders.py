"""Senders and the provider accounts they belong to."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from django.http import HttpRequest
from ninja import Query, Schema
from pydantic import Field

from pabal.api.operations import Area
from pabal.api.pagination import Page, PageQuery, paginate
from pabal.api.schemas import Id, found
from pabal.delivery.models import ProviderAccount, Sender, SenderKind, SenderState
from pabal.providers.registry import PROVIDERS
from pabal.providers.settings import Field as ProviderField
from pabal.providers.settings import fields

area = Area("Senders")


class SenderOut(Schema):
    """What a message comes from. `throughput`: message parts a second."""

    id: int
    account_id: int
    address: str
    name: str
    kind: SenderKind
    country: str
    throughput: int
    slots: int
    opt_out_number: str
    state: SenderState
    state_reason: str
    created_at: datetime
    archived_at: datetime | None


class AccountOut(Schema):
    """Our account with a carrier or gateway. Secrets are never shown."""

    id: int
    name: str
    provider: str
    settings: dict[str, Any]
    has_secrets: bool
    created_at: datetime

    @staticmethod
    def resolve_has_secrets(row: ProviderAccount) -> bool:
        return bool(row.secrets)


class SettingOut(Schema):
    """One setting of a provider. `secret`: encrypted at rest and never shown again."""

    name: str
    kind: str
    label: dict[str, str]
    help: dict[str, str]
    secret: bool
    required: bool
    default: str | int | float | bool | None
    choices: list[str]
    at_least: float | None
    at_most: float | None


class ProviderOut(Schema):
    """A carrier or gateway that there is an adapter for, and what an account with it needs."""

    name: str
    settings: list[SettingOut]


class SenderQuery(PageQuery):
    archived: bool = Field(False, description="Those out of use instead of those in use.")


@area.read("/senders", response=Page[SenderOut])
def list_senders(request: HttpRequest, query: Annotated[SenderQuery, Query(...)]) -> dict[str, object]:
    """List senders, by id."""
    rows = Sender.objects.filter(archived_at__isnull=not query.archived)
    data, cursor = paginate(rows, query, kind=f"senders-{query.archived}")
    return {"data": data, "next_cursor": cursor}


@area.read("/senders/{int:sender_id}", response=SenderOut)
def read_sender(request: HttpRequest, sender_id: Id) -> Sender:
    """Read a sender."""
    return found(Sender.objects.filter(pk=sender_id).first(), "sender", sender_id)


@area.read("/providers", response=list[ProviderOut])
def list_providers(request: HttpRequest) -> list[ProviderOut]:
    """List the providers there is an adapter for, with the settings of an account."""
    return [
        ProviderOut(name=name, settings=[_setting(field) for field in fields(provider.settings_type)])
        for name, provider in PROVIDERS.items()
    ]


@area.read("/provider-accounts", response=list[AccountOut])
def list_accounts(request: HttpRequest) -> Any:
    """List the accounts with providers."""
    return ProviderAccount.objects.order_by("id")


@area.read("/provider-accounts/{int:account_id}", response=AccountOut)
def read_account(request: HttpRequest, account_id: Id) -> ProviderAccount:
    """Read an account with a provider."""
    return found(ProviderAccount.objects.filter(pk=account_id).first(), "provider account", account_id)


def _setting(field: ProviderField) -> SettingOut:
    return SettingOut(**{**msgspec.structs.asdict(field), "choices": list(field.choices)})
