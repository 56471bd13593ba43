"""What is done with money. Each is one transaction and leaves an entry in the ledger; amounts are thousandths of a credit.

`settle`, `release` and `refund` are also done by the dispatcher, through the same statement (`billing.ledger.MOVE`).
"""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from pabal.accounts.audit import Actor, Subject, record
from pabal.billing.ledger import MOVE, OUTSTANDING, Movement
from pabal.billing.models import Balance, EntryKind, LedgerEntry
from pabal.database import raw_cursor
from pabal.errors import Conflict, InvalidInput


@transaction.atomic
def top_up(amount: int, *, by: Actor, note: str = "") -> LedgerEntry:
    """Add credits. Raises InvalidInput (`amount_not_positive`)."""
    if amount <= 0:
        raise InvalidInput(_("The amount must be above zero."), code="amount_not_positive", field="amount")
    entry = _move(Movement(kind=EntryKind.TOPUP, amount=amount, note=note.strip(), user_id=_user_id(by)))
    record(by, "balance.top_up", _BALANCE, {"amount": amount, "note": note})
    return entry


@transaction.atomic
def correct(amount: int, *, by: Actor, note: str) -> LedgerEntry:
    """Change the balance by `amount` (either sign) for the reason in `note`.

    Raises InvalidInput (`amount_zero`, `note_required`), and Conflict (`insufficient_balance`) when more would be
    reserved than there is.
    """
    if not amount:
        raise InvalidInput(_("The amount must not be zero."), code="amount_zero", field="amount")
    if not note.strip():
        raise InvalidInput(_("Say what is being corrected."), code="note_required", field="note")
    entry = _move(Movement(kind=EntryKind.CORRECTION, amount=amount, note=note.strip(), user_id=_user_id(by)))
    record(by, "balance.correct", _BALANCE, {"amount": amount, "note": note})
    return entry


@transaction.atomic
def reserve(campaign_id: int, amount: int, *, messages: int = 0, by: Actor | None = None) -> LedgerEntry | None:
    """Set `amount` aside for a campaign; None when it costs nothing.

    Raises Conflict (`insufficient_balance`; details: needed, available, missing) and changes nothing when it is not there.
    """
    if not amount:
        return None
    return _move(
        Movement(
            kind=EntryKind.RESERVE, amount=amount, messages=messages, campaign_id=campaign_id, user_id=_user_id(by)
        )
    )


@transaction.atomic
def settle(campaign_id: int, batch_id: int | None, amount: int, messages: int) -> LedgerEntry | None:
    """Charge what was reserved for messages that the carrier accepted; None when they cost nothing."""
    if not amount:
        return None
    return _move(
        Movement(kind=EntryKind.SETTLE, amount=amount, messages=messages, campaign_id=campaign_id, batch_id=batch_id)
    )


@transaction.atomic
def release(
    campaign_id: int, amount: int | None = None, *, batch_id: int | None = None, messages: int = 0, note: str = ""
) -> int:
    """Give back what was reserved and is not needed; returns how much. Without `amount`: all that is left of it."""
    if amount is None:
        Balance.objects.select_for_update().get(pk=1)  # nobody settles or releases between the sum and the movement
        amount = outstanding(campaign_id)
    if amount <= 0:
        return 0
    _move(
        Movement(
            kind=EntryKind.RELEASE,
            amount=amount,
            messages=messages,
            campaign_id=campaign_id,
            batch_id=batch_id,
            note=note,
        )
    )
    return amount


@transaction.atomic
def refund(campaign_id: int, amount: int, *, messages: int, note: str = "") -> LedgerEntry | None:
    """Give back what was charged for messages that failed, where the carrier does not bill failures."""
    if not amount:
        return None
    return _move(Movement(kind=EntryKind.REFUND, amount=amount, messages=messages, campaign_id=campaign_id, note=note))


def outstanding(campaign_id: int) -> int:
    """What is still reserved for a campaign."""
    with raw_cursor() as cursor:
        row = cursor.execute(OUTSTANDING, [campaign_id]).fetchone()
    assert row is not None
    return int(row[0])


_BALANCE = Subject(type="balance", id="1", label="balance")


def _user_id(by: Actor | None) -> int | None:
    return by.person.pk if by is not None and by.person is not None else None


def _move(movement: Movement) -> LedgerEntry:
    with raw_cursor() as cursor:
        row = cursor.execute(MOVE, movement.parameters).fetchone()
    if row is None:
        balance = Balance.objects.get(pk=1)
        raise Conflict(
            _("The balance does not cover this."),
            code="insufficient_balance",
            details={
                "needed": movement.amount,
                "available": balance.available,
                "missing": max(movement.amount - balance.available, 0),
            },
        )
    return LedgerEntry.objects.get(pk=row[0])
