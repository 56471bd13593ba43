"""Senders and the provider accounts they belong to."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Query, Schema
from pydantic import Field

from pabal.accounts.access import actor
from pabal.accounts.keys import Scope
from pabal.api.operations import Area
from pabal.api.pagination import Page, PageQuery, paginate
from pabal.api.schemas import Country, Id, Input, found
from pabal.delivery import actions
from pabal.delivery.accounts import add_account, edit_account
from pabal.delivery.models import ProviderAccount, Sender, SenderKind, SenderState
from pabal.delivery.replies import LONGEST
from pabal.errors import InvalidInput
from pabal.providers.registry import PROVIDERS
from pabal.providers.settings import Field as ProviderField
from pabal.providers.settings import fields

area = Area("Senders")
#: Settings that name files of the server are not for callers from elsewhere.
UNSEEN = frozenset({"log_file"})


class SenderOut(Schema):
    """What a message comes from. `throughput`: message parts a second. `replies`: its own answers to `stop`, `start` and
    `help`; what is left out is answered with the default, an empty text is no answer."""

    id: int
    account_id: int
    address: str
    name: str
    kind: SenderKind
    country: str
    throughput: int
    slots: int
    opt_out_number: str
    replies: dict[str, str]
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
    parts_per_second: int | None
    created_at: datetime

    @staticmethod
    def resolve_settings(row: ProviderAccount) -> dict[str, Any]:
        return {name: value for name, value in row.settings.items() if name not in UNSEEN}

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


class RepliesIn(Input):
    """Answers to texts of recipients, of one SMS each. `{sender}` and `{day}` are replaced. Null or left out: the default
    in the recipient's language. Empty: no answer."""

    stop: str | None = Field(None, max_length=LONGEST)
    start: str | None = Field(None, max_length=LONGEST)
    help: str | None = Field(None, max_length=LONGEST)


class SenderIn(Input):
    """`address`: a phone number, short code or brand name, as `kind` says."""

    name: str = Field(max_length=60, description="Identifies the sender in advertising texts.")
    address: str = Field(max_length=20)
    kind: SenderKind = SenderKind.LONG_CODE
    country: Country
    throughput: int = Field(10, ge=1, le=100_000, description="Message parts a second.")
    opt_out_number: str = Field("", max_length=20, description="Korea's free 080 number.")
    replies: RepliesIn | None = Field(None, description="Left out or null: they stay as they are.")


class NewSenderIn(SenderIn):
    account_id: int = Field(ge=1, le=2**63 - 1)


class StopIn(Input):
    reason: str = Field("", max_length=1000)


class AccountIn(Input):
    """`settings` as `GET /providers` describes them, secrets among them: those are encrypted and never shown again."""

    name: str = Field(max_length=100)
    provider: str = Field(max_length=32)
    settings: dict[str, str | int | float | bool | None] = Field(default_factory=dict)
    parts_per_second: int | None = Field(None, description="Limit of all its senders together; null: only their own.")


class AccountPatch(Input):
    """Settings that are left out stay, secrets among them."""

    name: str = Field(max_length=100)
    settings: dict[str, str | int | float | bool | None] = Field(default_factory=dict)
    parts_per_second: int | None = Field(None, description="Null takes the limit away; left out, it stays.")


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


@area.write("POST", "/senders", scope=Scope.ADMIN, response=SenderOut, status=201)
def create_sender(request: HttpRequest, body: NewSenderIn) -> Sender:
    """Make a sender on an account."""
    return actions.add_sender(**_plain(body), by=actor(request))


@area.write("PUT", "/senders/{int:sender_id}", scope=Scope.ADMIN, response=SenderOut, may_change_nothing=True)
def edit_sender(request: HttpRequest, sender_id: Id, body: SenderIn) -> Sender:
    """Change a sender. Its throughput counts at once, also for what is being sent."""
    return actions.edit_sender(sender_id, **_plain(body), by=actor(request))


@area.write("POST", "/senders/{int:sender_id}/stop", scope=Scope.ADMIN, response=SenderOut)
def stop_sender(request: HttpRequest, sender_id: Id, body: StopIn) -> Sender:
    """Let a sender send nothing more until it is started."""
    return actions.stop_sender(sender_id, reason=body.reason, by=actor(request))


@area.write("POST", "/senders/{int:sender_id}/start", scope=Scope.ADMIN, response=SenderOut)
def start_sender(request: HttpRequest, sender_id: Id) -> Sender:
    """Let a stopped sender go on with what waits."""
    return actions.start_sender(sender_id, by=actor(request))


@area.write("DELETE", "/senders/{int:sender_id}", scope=Scope.ADMIN, response=None, status=204)
def archive_sender(request: HttpRequest, sender_id: Id) -> None:
    """Put a sender away; its messages and replies stay."""
    actions.archive_sender(sender_id, by=actor(request))


@area.read("/providers", response=list[ProviderOut])
def list_providers(request: HttpRequest) -> list[ProviderOut]:
    """List the providers there is an adapter for, with the settings of an account."""
    return [
        ProviderOut(name=name, settings=[_setting(f) for f in fields(provider.settings_type) if f.name not in UNSEEN])
        for name, provider in PROVIDERS.items()
    ]


@area.read("/provider-accounts", response=list[AccountOut])
def list_accounts(request: HttpRequest) -> Any:
    """List the accounts with providers."""
    return ProviderAccount.objects.order_by("id")


@area.read("/provider-accounts/{int:account_id}", response=AccountOut)
def read_account(request: HttpRequest, account_id: Id) -> ProviderAccount:
    """Read an account with a provider."""
    return _account(account_id)


def _setting(field: ProviderField) -> SettingOut:
    return SettingOut(**{**msgspec.structs.asdict(field), "choices": list(field.choices)})


@area.write("POST", "/provider-accounts", scope=Scope.ADMIN, response=AccountOut, status=201)
def create_account(request: HttpRequest, body: AccountIn) -> ProviderAccount:
    """Make an account with a provider."""
    return add_account(
        name=body.name,
        provider=body.provider,
        settings=_seen(body.settings),
        parts_per_second=body.parts_per_second,
        by=actor(request),
    )


@area.write(
    "PATCH",
    "/provider-accounts/{int:account_id}",
    scope=Scope.ADMIN,
    response=AccountOut,
    may_change_nothing=True,
)
def edit_provider_account(request: HttpRequest, account_id: Id, body: AccountPatch) -> ProviderAccount:
    """Change an account. Settings that are left out stay."""
    row = _account(account_id)
    given = "parts_per_second" in body.model_fields_set
    return edit_account(
        account_id,
        name=body.name,
        settings={**row.settings, **_seen(body.settings)},
        parts_per_second=body.parts_per_second if given else row.parts_per_second,
        by=actor(request),
    )


def _account(account_id: int) -> ProviderAccount:
    return found(ProviderAccount.objects.filter(pk=account_id).first(), "provider account", account_id)


def _seen(settings: dict[str, Any]) -> dict[str, Any]:
    for name in UNSEEN & set(settings):
        raise InvalidInput(_("There is no such field."), code="unknown_setting", field=name)
    return settings


def _plain(body: SenderIn) -> dict[str, Any]:
    """The fields as the actions take them: plain strings instead of enums."""
    return {name: getattr(value, "value", value) for name, value in body.dict().items()}
