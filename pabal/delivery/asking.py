"""Asking carriers again about messages whose fate is unknown, where they can look a message up by our reference.

What the carrier has becomes accepted, and its receipt says the rest. What it refused, or surely never took, has failed, and
its money comes back. What it cannot say stays unknown. Nothing is ever sent by asking.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from pabal.accounts.models import User
from pabal.billing.ledger import MOVE, Movement
from pabal.billing.models import EntryKind
from pabal.database import raw_cursor
from pabal.delivery import arrays
from pabal.delivery.accounts import capabilities
from pabal.delivery.credentials import unseal
from pabal.delivery.event_reasons import OwnReason
from pabal.delivery.models import Enquiry, EventKind, ProviderAccount
from pabal.delivery.outcomes import clip
from pabal.delivery.tallies import ADD, Counts
from pabal.errors import Conflict, Unavailable
from pabal.providers import registry
from pabal.providers.base import Accepted, Outcome, Provider, Rejected, Report
from pabal.providers.gateway import Hooked

log = logging.getLogger(__name__)

AT_ONCE: Final = 500
SHARD: Final = 0
SURE_AFTER: Final = timedelta(minutes=10)
"""A message that its carrier does not know may still be on its way out of a dispatcher that sleeps; not after this long."""

#: Unknown messages of a campaign after an id, by account. Whose later fate is known, or was found by asking, is left out.
_UNKNOWN: Final = """
SELECT m.id, e.at < now() - %(sure)s FROM batch b
JOIN message_event e ON e.kind = 6 AND e.message_id BETWEEN b.first_id AND b.last_id
JOIN message m ON m.id = e.message_id
JOIN sender s ON s.id = m.sender_id AND s.account_id = %(account)s
WHERE b.campaign_id = %(campaign)s AND m.id > %(after)s
  AND NOT EXISTS (
      SELECT FROM message_event f WHERE f.message_id = e.message_id
      AND (f.kind IN (2, 3, 4, 5) OR f.kind = 1)
  )
ORDER BY m.id LIMIT %(most)s
"""

_ACCOUNTS: Final = """
SELECT DISTINCT s.account_id FROM batch b JOIN sender s ON s.id = b.sender_id WHERE b.campaign_id = %s ORDER BY 1
"""

_APPEND: Final = """
WITH new AS (
    INSERT INTO message_event (message_id, kind, at, reason, code, provider_ref)
    SELECT id, kind, now(), reason, code, ref
    FROM unnest(%s::bigint[], %s::smallint[], %s::text[], %s::text[], %s::text[]) AS g(id, kind, reason, code, ref)
    ON CONFLICT DO NOTHING
    RETURNING message_id, kind, reason
)
SELECT n.kind, n.reason, count(*), sum(m.parts)::bigint, sum(m.amount)::bigint
FROM new n JOIN message m ON m.id = n.message_id GROUP BY 1, 2
"""


def accounts_that_answer(campaign_id: int) -> list[ProviderAccount]:
    """The campaign's accounts whose carriers can be asked by our reference."""
    with raw_cursor() as cursor:
        ids = [pk for (pk,) in cursor.execute(_ACCOUNTS, [campaign_id]).fetchall()]
    rows = ProviderAccount.objects.in_bulk(ids)
    return [rows[pk] for pk in ids if pk in rows and capabilities(rows[pk]).can_look_up]


def last_enquiry(campaign_id: int) -> Enquiry | None:
    """The newest question about a campaign."""
    return Enquiry.objects.filter(campaign_id=campaign_id).order_by("-id").first()


def begin(campaign_id: int, *, by: User | None) -> Enquiry:
    """Note that the carriers are to be asked. Raises Conflict when one is being asked (`asking`), or none can be
    (`cannot_ask`)."""
    if Enquiry.objects.filter(campaign_id=campaign_id, finished_at=None).exists():
        raise Conflict(_("The carrier is being asked already."), code="asking")
    if not accounts_that_answer(campaign_id):
        raise Conflict(_("This carrier cannot be asked by our reference."), code="cannot_ask")
    return Enquiry.objects.create(campaign_id=campaign_id, asked_by=by)


def carry_out(enquiry_id: int) -> Enquiry:
    """Ask, and apply the answers, in sets; what is done is kept when it breaks off."""
    enquiry = Enquiry.objects.get(pk=enquiry_id)
    if enquiry.finished_at is None:
        for account in accounts_that_answer(enquiry.campaign_id):
            try:
                _ask(enquiry, account)
            except (
                Exception
            ) as error:  # whatever is wrong with one carrier: the others are asked, and this one can be again
                log.warning("a carrier could not be asked", exc_info=True)
                enquiry.error = f"{account.name}: {type(error).__name__}: {error}"[:500]
        enquiry.finished_at = timezone.now()
        enquiry.save()
    return enquiry


def unfinished() -> list[int]:
    """Questions that no engine has finished."""
    return list(Enquiry.objects.filter(finished_at=None).order_by("id").values_list("pk", flat=True))


def _ask(enquiry: Enquiry, account: ProviderAccount) -> None:
    provider: Any = registry.make(account.provider, account.settings | unseal(bytes(account.secrets)))
    after = 0
    while found := _unknown(enquiry.campaign_id, account.pk, after):
        after = found[-1][0]
        known = asyncio.run(_looked_up(provider, [message_id for message_id, _sure in found]))
        _apply(enquiry, found, known)


def _unknown(campaign_id: int, account_id: int, after: int) -> list[tuple[int, bool]]:
    values = {"campaign": campaign_id, "account": account_id, "after": after, "most": AT_ONCE, "sure": SURE_AFTER}
    with raw_cursor() as cursor:
        return cursor.execute(_UNKNOWN, values).fetchall()


async def _looked_up(provider: Provider, references: Sequence[int]) -> dict[int, Outcome]:
    async def ignore(_reports: Sequence[Report]) -> None:
        raise Unavailable("Nothing is received while a carrier is asked.")

    if isinstance(provider, Hooked):
        await provider.connect()
    else:
        await provider.open(ignore)
    try:
        return await provider.look_up(references)
    finally:
        await provider.close()


@transaction.atomic
def _apply(enquiry: Enquiry, found: Sequence[tuple[int, bool]], known: dict[int, Outcome]) -> None:
    """Append what is news, count it, and give money back for what was not taken. In id order, like every writer."""
    rows: list[tuple[int, int, str, str, str | None]] = []
    for message_id, sure in found:
        match known.get(message_id):
            case Accepted(provider_id):
                rows.append((message_id, EventKind.ACCEPTED.value, "", "", clip(provider_id)))
            case Rejected(reason, code):
                rows.append((message_id, EventKind.FAILED.value, reason.value, clip(code), None))
            case None if sure:
                rows.append((message_id, EventKind.FAILED.value, OwnReason.NEVER_TAKEN.value, "", None))
    enquiry.asked += len(found)
    counts = Counts()
    refund = [0, 0]
    with raw_cursor() as cursor:
        ids, kinds, reasons, codes, refs = zip(*rows, strict=True) if rows else ((),) * 5
        cursor.execute(
            _APPEND,
            [arrays.integers(ids), arrays.integers(kinds), arrays.texts(reasons), arrays.texts(codes), list(refs)],
        )
        for kind, reason, messages, parts, amount in cursor.fetchall():
            if kind == EventKind.ACCEPTED.value:  # paid for when it became unknown
                enquiry.taken += messages
                counts.add(enquiry.campaign_id, kind, reason, messages, parts, 0)
            else:
                enquiry.refused += messages
                refund = [refund[0] + amount, refund[1] + messages]
                counts.add(enquiry.campaign_id, kind, reason, messages, parts, -amount)
        if counts:
            cursor.execute(ADD, counts.parameters(SHARD))
        if refund[0]:
            movement = Movement(
                kind=EntryKind.REFUND, amount=refund[0], messages=refund[1], campaign_id=enquiry.campaign_id
            )
            cursor.execute(MOVE, movement.parameters)
    enquiry.save()
