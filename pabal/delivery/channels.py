"""KakaoTalk channels: senders of kind `kakao_channel`, known by their search id and the gateway's key for them."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from pabal.accounts.audit import Actor, difference, record, snapshot
from pabal.delivery.addresses import clean_opt_out_number
from pabal.delivery.models import ProviderAccount, Sender, SenderKind
from pabal.errors import InvalidInput, NotFound

_SEARCH_ID = re.compile(r"@[0-9A-Za-z가-힣_.-]{2,19}")
FIELDS = ("name", "address", "opt_out_number", "throughput", "settings")
#: Gateways that carry KakaoTalk.
PROVIDERS = ("sandbox", "solapi", "nhn_kakao")


class ChannelSettings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a channel's sender keeps in `settings`. `sender_key`: the gateway's key (NHN: sender key; Solapi: pfId).
    `friends`: how many friends the channel has, as its owner says or the gateway tells."""

    sender_key: str = ""
    category: str = ""
    friends: int | None = None


def settings_of(sender: Sender) -> ChannelSettings:
    """The channel's settings; what is not known is empty."""
    known = {name: sender.settings[name] for name in ChannelSettings.__struct_fields__ if name in sender.settings}
    return msgspec.convert(known, ChannelSettings)


@transaction.atomic
def add_channel(*, account_id: int, by: Actor, **values: Any) -> Sender:
    """Connect a channel: name, address (search id), sender_key, category, friends, opt_out_number, throughput.

    Raises InvalidInput that names the field, NotFound.
    """
    account = ProviderAccount.objects.filter(pk=account_id).first()
    if account is None:
        raise NotFound(_("There is no such account."), code="unknown_account")
    sender = Sender(account=account, kind=SenderKind.KAKAO_CHANNEL, country="KR")
    _fill(sender, **values)
    _save(sender)
    record(by, "sender.create", sender, {name: getattr(sender, name) for name in FIELDS})
    return sender


@transaction.atomic
def edit_channel(sender_id: int, *, by: Actor, **values: Any) -> Sender:
    """Change a channel. Raises InvalidInput, NotFound."""
    found = Sender.objects.select_for_update().filter(pk=sender_id, kind=SenderKind.KAKAO_CHANNEL).first()
    if found is None:
        raise NotFound(_("There is no such channel."), code="unknown_sender")
    before = snapshot(found, FIELDS)
    _fill(found, **values)
    _save(found)
    if changes := difference(before, snapshot(found, FIELDS)):
        record(by, "sender.edit", found, changes)
    return found


def add_sandbox_channel(*, name: str, by: Actor) -> Sender:
    """The first channel in one click, on the simulated carrier."""
    account = ProviderAccount.objects.filter(provider="sandbox").order_by("id").first()
    if account is None:
        from pabal.delivery.accounts import add_account

        account = add_account(name=_("Sandbox"), provider="sandbox", settings={}, by=by)
    taken = set(Sender.objects.filter(account=account).values_list("address", flat=True))
    number = next(n for n in range(1, 10_000) if _sandbox_id(n) not in taken)
    return add_channel(
        account_id=account.pk,
        name=name,
        address=_sandbox_id(number),
        sender_key=f"sandbox-{number}",
        friends=60_000,
        throughput=1_000,
        by=by,
    )


def _sandbox_id(number: int) -> str:
    return "@sandbox" if number == 1 else f"@sandbox{number}"


def _fill(
    sender: Sender,
    *,
    name: str,
    address: str,
    sender_key: str,
    category: str = "",
    friends: int | None = None,
    opt_out_number: str = "",
    throughput: int = 100,
) -> None:
    address = address.strip()
    if not address.startswith("@"):
        address = f"@{address}"
    if not _SEARCH_ID.fullmatch(address):
        message = _("The search id begins with @, e.g. @myshop.")
        raise InvalidInput(message, code="bad_address", field="address")
    if not name.strip():
        raise InvalidInput(_("Give the channel a name."), code="name_missing", field="name")
    if not sender_key.strip() and sender.account.provider != "sandbox":
        message = _("The gateway gave you this key when you registered the channel.")
        raise InvalidInput(message, code="sender_key_missing", field="sender_key")
    sender.name, sender.address, sender.throughput = name.strip(), address, throughput
    sender.slots = max(sender.slots, 1)
    sender.opt_out_number = clean_opt_out_number(opt_out_number)
    kept = ChannelSettings(sender_key=sender_key.strip(), category=category.strip(), friends=friends)
    sender.settings = {**sender.settings, **msgspec.to_builtins(kept)}


def _save(sender: Sender) -> None:
    try:
        with transaction.atomic():
            sender.save()
    except IntegrityError:
        message = _("This account has a sender of this name already.")
        raise InvalidInput(message, code="address_taken", field="address") from None
