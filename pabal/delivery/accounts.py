"""Accounts with carriers: made, edited, tried. Secrets are sealed (`credentials`) and never come back out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import msgspec
from django.db import IntegrityError, transaction
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from pabal import config
from pabal.accounts.audit import Actor, difference, record
from pabal.billing.prices import load_default_prices
from pabal.delivery.credentials import seal, unseal
from pabal.delivery.models import ProviderAccount
from pabal.errors import InvalidInput, NotAllowed, NotFound, PabalError, Unavailable
from pabal.providers import registry
from pabal.providers.base import Capabilities, Report
from pabal.providers.settings import fields, parse

PATIENCE_S: Final = 8.0
MOST_PER_SECOND: Final = 10_000


@transaction.atomic
def add_account(
    *, name: str, provider: str, settings: Mapping[str, Any], parts_per_second: int | None = None, by: Actor
) -> ProviderAccount:
    """Make an account with a carrier. A price list that we know for it is loaded where it has none.

    `parts_per_second` limits all its senders together (None: no limit but theirs).

    Raises InvalidInput that names the field (`setting_required`, `setting_invalid`, `name_taken`), NotFound
    (`unknown_provider`).
    """
    plain, secret = _checked(provider, settings)
    account = ProviderAccount(
        name=_name(name),
        provider=provider,
        settings=plain,
        secrets=seal(secret),
        parts_per_second=_limit(parts_per_second),
    )
    _save(account)
    load_default_prices(provider, currency=config.get().currency)
    limit = {} if parts_per_second is None else {"parts_per_second": parts_per_second}
    said = {"provider": provider, **plain, **limit, **dict.fromkeys(_secret_names(secret), "")}
    record(by, "account.create", account, said)
    return account


@transaction.atomic
def edit_account(
    account_id: int, *, name: str, settings: Mapping[str, Any], parts_per_second: int | None = None, by: Actor
) -> ProviderAccount:
    """Change an account; a secret that is left empty stays as it is. Dispatchers connect anew by themselves.

    A limit (`parts_per_second`) that is left out is taken away. Raises as `add_account`, and NotFound.
    """
    account = ProviderAccount.objects.select_for_update().filter(pk=account_id).first()
    if account is None:
        raise NotFound(_("There is no such account."), code="unknown_account")
    before = {"name": account.name, "parts_per_second": account.parts_per_second, **account.settings}
    plain, secret = _checked(account.provider, with_secrets(account, settings))
    account.name, account.settings = _name(name), plain
    account.parts_per_second = _limit(parts_per_second)
    changed = secret != unseal_or_nothing(account)
    if changed:
        account.secrets = seal(secret)
    _save(account)
    changes: dict[str, Any] = dict(
        difference(before, {"name": account.name, "parts_per_second": account.parts_per_second, **plain})
    )
    if changed:
        changes |= dict.fromkeys(_secret_names(secret), "")
    if changes:
        record(by, "account.edit", account, changes)
    return account


def capabilities(account: ProviderAccount) -> Capabilities:
    """What the account can carry with its settings; no connection is made, and its secrets are not needed."""
    return _capabilities(account.provider, json.dumps(account.settings, sort_keys=True))


@lru_cache(maxsize=1024)
def _capabilities(provider: str, settings: str) -> Capabilities:
    kind = registry.get(provider)
    secret = {field.name: "-" for field in fields(kind.settings_type) if field.secret}
    try:
        return registry.make(provider, secret | json.loads(settings)).capabilities
    except PabalError:  # settings from before an option changed: what every account of this carrier can
        return kind.capabilities


def with_secrets(account: ProviderAccount, settings: Mapping[str, Any]) -> dict[str, Any]:
    """`settings` with the stored secrets where they are left empty."""
    given = {name: value for name, value in settings.items() if value not in ("", None)}
    return unseal_or_nothing(account) | given


def unseal_or_nothing(account: ProviderAccount) -> dict[str, Any]:
    """The stored secrets; nothing when they were sealed with another key, so that they can be entered anew."""
    try:
        return unseal(bytes(account.secrets))
    except Unavailable:
        return {}


def try_connection(provider: str, settings: Mapping[str, Any], *, patience: float = PATIENCE_S) -> None:
    """Connect to the carrier and leave again, sending nothing.

    Raises InvalidInput for settings that cannot be, NotAllowed when the carrier refuses the credentials, Unavailable
    (`carrier_unreachable`, `carrier_silent`) when it does not answer within `patience` seconds.
    """
    parse(registry.get(provider).settings_type, settings, language=_language())
    quick = {name: min(float(settings.get(name) or patience), patience) for name in ("connect_s", "answer_s")}
    known = {field.name for field in fields(registry.get(provider).settings_type)}
    made = registry.make(provider, {**settings, **{k: v for k, v in quick.items() if k in known}})

    async def ignore(_reports: Sequence[Report]) -> None:
        raise Unavailable("Nothing is received while a connection is tested.")

    async def knock() -> None:
        async with asyncio.timeout(patience):
            await made.open(ignore)
        async with asyncio.timeout(patience):
            await made.close()

    try:
        asyncio.run(knock())
    except TimeoutError:
        raise Unavailable(_("The carrier did not answer in time."), code="carrier_silent") from None
    except NotAllowed as error:
        raise NotAllowed(
            _("The carrier refused the credentials: %(detail)s") % {"detail": error}, code=error.code
        ) from error
    except (PabalError, OSError) as error:
        message = _("The carrier cannot be reached: %(detail)s") % {"detail": error}
        raise Unavailable(message, code="carrier_unreachable") from error


def _checked(provider: str, settings: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The settings that differ from the defaults, apart from the secrets among them."""
    kind = registry.get(provider).settings_type
    values = msgspec.to_builtins(parse(kind, settings, language=_language()))
    declared = {field.name: field for field in fields(kind)}
    stored = {n: v for n, v in values.items() if declared[n].required or v != declared[n].default}
    secret = {name: value for name, value in stored.items() if declared[name].secret}
    return {name: value for name, value in stored.items() if name not in secret}, secret


def _secret_names(secret: Mapping[str, Any]) -> list[str]:
    return [f"secret {name}" for name in secret]  # "secret": the audit trail keeps no value under such a name


def _name(name: str) -> str:
    name = name.strip()
    if not name:
        raise InvalidInput(_("Give the account a name."), code="name_required", field="name")
    return name


def _limit(parts_per_second: int | None) -> int | None:
    if parts_per_second is not None and not 1 <= parts_per_second <= MOST_PER_SECOND:
        message = _("The limit is between 1 and 10,000 parts a second.")  # what one dispatcher surely keeps up with
        raise InvalidInput(message, code="out_of_range", field="parts_per_second")
    return parts_per_second


def _save(account: ProviderAccount) -> None:
    try:
        with transaction.atomic():
            account.save()
    except IntegrityError:
        raise InvalidInput(_("An account of this name exists already."), code="name_taken", field="name") from None


def _language() -> str:
    return "ko" if (get_language() or "").startswith("ko") else "en"
