"""What is done with senders. Each runs in one transaction and leaves an entry in the audit trail.

active ⇄ stopped     archived from each, once no message waits
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from pabal import config
from pabal.accounts.audit import Actor, difference, record, snapshot
from pabal.delivery.accounts import add_account
from pabal.delivery.addresses import clean_address, clean_opt_out_number
from pabal.delivery.models import Batch, BatchState, ProviderAccount, Sender, SenderKind, SenderState
from pabal.delivery.replies import clean
from pabal.errors import Conflict, InvalidInput, NotFound

FIELDS: Final = ("name", "address", "kind", "country", "throughput", "opt_out_number", "replies")
#: Parts a second that one lane sends; a faster sender is split.
PER_SLOT: Final = 5_000
MOST_SLOTS: Final = 8


@transaction.atomic
def add_sender(
    *,
    account_id: int,
    name: str,
    address: str,
    kind: str,
    country: str,
    throughput: int,
    opt_out_number: str = "",
    replies: Mapping[str, str | None] | None = None,
    by: Actor,
) -> Sender:
    """Make a sender; `replies` as `replies.clean` takes them. Raises InvalidInput that names the field (`bad_address`, `address_taken`, …), NotFound."""
    if not ProviderAccount.objects.filter(pk=account_id).exists():
        raise NotFound(_("There is no such account."), code="unknown_account")
    sender = Sender(account_id=account_id, slots=_slots(throughput))
    _fill(sender, name, address, kind, country, throughput, opt_out_number)
    _set_replies(sender, replies)
    _save(sender)
    record(by, "sender.create", sender, {name: getattr(sender, name) for name in FIELDS})
    return sender


@transaction.atomic
def edit_sender(
    sender_id: int,
    *,
    name: str,
    address: str,
    kind: str,
    country: str,
    throughput: int,
    opt_out_number: str = "",
    replies: Mapping[str, str | None] | None = None,
    by: Actor,
) -> Sender:
    """Change a sender; its throughput counts at once, also for what is being sent. Raises as `add_sender`."""
    sender = _locked(sender_id)
    before = snapshot(sender, FIELDS)
    _fill(sender, name, address, kind, country, throughput, opt_out_number)
    _set_replies(sender, replies)
    sender.slots = max(sender.slots, _slots(throughput))  # batches are queued for the slots there are: never fewer
    _save(sender)
    if changes := difference(before, snapshot(sender, FIELDS)):
        record(by, "sender.edit", sender, changes)
    return sender


@transaction.atomic
def set_replies(sender_id: int, replies: Mapping[str, str | None], *, by: Actor) -> Sender:
    """Say what a sender answers, as `replies.clean` takes it. Raises NotFound, InvalidInput that names the field."""
    sender = _locked(sender_id)
    before = snapshot(sender, ("replies",))
    _set_replies(sender, replies)
    if changes := difference(before, snapshot(sender, ("replies",))):
        sender.save(update_fields=["replies"])
        record(by, "sender.edit", sender, changes)
    return sender


@transaction.atomic
def stop_sender(sender_id: int, *, reason: str = "", by: Actor) -> Sender:
    """Let it send nothing more until it is started; what waits, waits. Raises NotFound, Conflict (`sender_stopped`)."""
    changed = Sender.objects.filter(pk=sender_id, state=SenderState.ACTIVE, archived_at=None).update(
        state=SenderState.STOPPED, state_reason=reason.strip()
    )
    sender = _locked(sender_id)
    if not changed:
        raise Conflict(_("This sender is stopped already."), code="sender_stopped")
    record(by, "sender.stop", sender, {"reason": reason.strip()} if reason.strip() else None)
    return sender


@transaction.atomic
def start_sender(sender_id: int, *, by: Actor) -> Sender:
    """Let a stopped sender go on with what waits. Raises NotFound, Conflict (`sender_active`)."""
    changed = Sender.objects.filter(pk=sender_id, state=SenderState.STOPPED, archived_at=None).update(
        state=SenderState.ACTIVE, state_reason=""
    )
    sender = _locked(sender_id)
    if not changed:
        raise Conflict(_("This sender is active already."), code="sender_active")
    record(by, "sender.start", sender)
    return sender


@transaction.atomic
def archive_sender(sender_id: int, *, by: Actor) -> Sender:
    """Put a sender away; its messages and replies stay. Raises NotFound, Conflict (`sender_busy`) while messages wait."""
    sender = _locked(sender_id)
    if Batch.objects.filter(sender=sender, state__in=[BatchState.QUEUED, BatchState.SENDING]).exists():
        raise Conflict(
            _("Messages are still waiting for this sender. Let them go out, or end their campaigns, first."),
            code="sender_busy",
        )
    sender.archived_at = timezone.now()
    sender.save(update_fields=["archived_at"])
    record(by, "sender.archive", sender)
    return sender


@transaction.atomic
def add_sandbox_sender(*, name: str, by: Actor) -> Sender:
    """A sender on the simulated carrier, for trying things out: one click, nothing to fill in.

    Its number is one that never rings. Raises Conflict (`sandbox_exists`) when there is one.
    """
    account = ProviderAccount.objects.filter(provider="sandbox").order_by("id").first()
    if account is None:
        account = add_account(name=_free_name("Sandbox"), provider="sandbox", settings={}, by=by)
    if Sender.objects.filter(account=account, archived_at=None).exists():
        raise Conflict(_("There is a sandbox sender already."), code="sandbox_exists")
    korean = config.get().default_country == "KR"
    taken = set(Sender.objects.filter(account=account).values_list("address", flat=True))
    pattern = "0700000{:04}" if korean else "+120255501{:02}"
    address = next(a for a in (pattern.format(n) for n in range(1, 100)) if a not in taken)
    return add_sender(
        account_id=account.pk,
        name=name,
        address=address,
        kind=SenderKind.LONG_CODE,
        country="KR" if korean else "US",
        throughput=100,
        opt_out_number="0800000001" if korean else "",
        by=by,
    )


def _fill(
    sender: Sender, name: str, address: str, kind: str, country: str, throughput: int, opt_out_number: str
) -> None:
    sender.name = name.strip()
    if not sender.name:
        raise InvalidInput(_("Give the sender a name."), code="name_required", field="name")
    if kind not in SenderKind.values:
        raise InvalidInput(_("There is no such kind of sender."), code="unknown_kind", field="kind")
    if not (len(country) == 2 and country.isascii() and country.isupper()):
        raise InvalidInput(_("Write the country as two capital letters."), code="bad_country", field="country")
    if not 1 <= throughput <= 100_000:
        message = _("The throughput is between 1 and 100,000 parts a second.")
        raise InvalidInput(message, code="bad_throughput", field="throughput")
    sender.kind, sender.country, sender.throughput = kind, country, throughput
    sender.address = clean_address(address, kind, country)
    sender.opt_out_number = clean_opt_out_number(opt_out_number) if country == "KR" else ""


def _set_replies(sender: Sender, replies: Mapping[str, str | None] | None) -> None:
    """None: they stay as they are."""
    if replies is not None:
        sender.replies = clean(replies, name=sender.name, country=sender.country)


def _save(sender: Sender) -> None:
    try:
        with transaction.atomic():
            sender.save()
    except IntegrityError:
        message = _("This account has a sender with this address already (perhaps an archived one).")
        raise InvalidInput(message, code="address_taken", field="address") from None


def _slots(throughput: int) -> int:
    return max(1, min(MOST_SLOTS, -(-throughput // PER_SLOT)))


def _locked(sender_id: int) -> Sender:
    sender = Sender.objects.select_for_update().filter(pk=sender_id, archived_at=None).first()
    if sender is None:
        raise NotFound(_("There is no such sender."), code="unknown_sender")
    return sender


def _free_name(base: str) -> str:
    taken: set[Any] = set(ProviderAccount.objects.values_list("name", flat=True))
    return next(n for n in (base, *(f"{base} {i}" for i in range(2, 1000))) if n not in taken)
