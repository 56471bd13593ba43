"""Texts that people send to our senders: kept, understood, acted on, answered once.

STOP and its like end consent to promotion, by day and by night. START gives consent to promotion; consent to the night only
comes back to whoever had given it before a STOP of their own ended it (정보통신망법 §50(3) asks for a consent of its own, which
a START alone is not). What it answers to is the latest message that this sender
sent to that phone within `ATTRIBUTION`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import psycopg
from django.conf import settings
from django.db import OperationalError, close_old_connections, transaction

from pabal.audience.actions import restore_consent, set_consent
from pabal.audience.models import Channel, ConsentMethod, ConsentState, Profile, Purpose
from pabal.audience.phones import normalise_one
from pabal.content.compose import scheme_of
from pabal.content.encoding import measure
from pabal.database import raw_cursor
from pabal.delivery import metrics
from pabal.delivery.models import EventKind, Sender
from pabal.delivery.recorder import AGAIN_S
from pabal.delivery.replies import answer
from pabal.delivery.tallies import ADD, Counts
from pabal.errors import NotFound
from pabal.policy.optout import Reply, language_of, read_reply
from pabal.providers.base import Inbound, Outgoing, Provider

ATTRIBUTION: Final = timedelta(hours=72)
CONFIRM_WITHIN: Final = timedelta(minutes=5)  # 47 CFR 64.1200(a)(12)
SHARD: Final = 0  # replies are few

#: The latest message of a sender to a phone that may have arrived: id, campaign, profile, parts.
LATEST: Final = """
SELECT m.id, m.campaign_id, m.profile_id, m.parts FROM message m
WHERE m.profile_id = ANY(%s) AND m.phone = %s AND m.sender_id = %s
  AND EXISTS (SELECT FROM message_event e WHERE e.message_id = m.id AND e.kind IN (1, 6) AND e.at > %s)
ORDER BY m.id DESC LIMIT 1
"""

KEEP: Final = """
INSERT INTO inbound (sender_id, phone, profile_id, text, meaning, reply, provider_ref, at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (sender_id, provider_ref) WHERE provider_ref <> '' DO NOTHING
RETURNING id
"""

APPEND: Final = "INSERT INTO message_event (message_id, kind, at) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"

STATES: Final = """
SELECT count(*) FILTER (WHERE state = 'subscribed'), count(*)
FROM consent WHERE profile_id = ANY(%s) AND channel = 'text' AND purpose = 'promotional'
"""

Claim = Callable[[Sender, str, str, datetime], str | None]
"""Asked with (sender, phone, text, when it came), in the transaction that keeps the text: the answer to send, or None when
it is none of its business."""

CLAIMS: Final[list[Claim]] = []
"""Who may take a text before it is read as STOP, START or HELP: apps above this one add themselves when they start."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Received:
    """A text that was taken. `reply` is the one confirmation it gets, or empty."""

    id: int
    sender: Sender
    phone: str
    meaning: Reply | None
    reply: str
    message_id: int | None


def receive(account_id: int, inbound: Inbound) -> Received | None:
    """Take a text in one transaction. None when it was taken before.

    Raises NotFound when the account has no sender that it can belong to.
    """
    sender = _sender(account_id, inbound.sender)
    phone = _phone(inbound.from_, sender.country)
    with transaction.atomic():
        profiles = list(Profile.objects.filter(phone=phone).order_by("id"))
        ids = [profile.pk for profile in profiles]
        country = profiles[0].country if profiles else sender.country
        meaning = read_reply(inbound.text, country or sender.country)
        claimed = _claimed(sender, phone, inbound)
        if claimed is not None:
            meaning = "start"
        changes = claimed is None and bool(ids) and meaning in ("stop", "start") and _changes(ids, meaning)
        reply = claimed or ""
        if changes or meaning == "help":
            reply = _confirmation(meaning, sender, profiles[0] if profiles else None, inbound.at)
        with raw_cursor() as cursor:
            latest = cursor.execute(LATEST, [ids, phone, sender.pk, inbound.at - ATTRIBUTION]).fetchone()
            profile_id = latest[2] if latest else ids[0] if ids else None
            kept = cursor.execute(
                KEEP,
                [
                    sender.pk, phone, profile_id, inbound.text.replace("\0", ""), meaning or "", reply,
                    inbound.provider_id[:64], inbound.at,
                ],
            ).fetchone()  # fmt: skip
            if kept is None:
                return None
            if latest:
                kind = EventKind.UNSUBSCRIBED if meaning == "stop" and changes else EventKind.REPLIED
                if cursor.execute(APPEND, [latest[0], kind.value, inbound.at]).rowcount:
                    counts = Counts()
                    counts.add(latest[1], kind.value, "", 1, latest[3], 0)
                    cursor.execute(ADD, counts.parameters(SHARD))
        if changes:
            _set(phone, sender, meaning, inbound.at)
    metrics.INBOUND.labels(meaning=meaning or "other").inc()
    return Received(
        id=kept[0],
        sender=sender,
        phone=phone,
        meaning=meaning,
        reply=reply,
        message_id=latest[0] if latest else None,
    )


class Replies:
    """Takes texts for a dispatcher, and sends the confirmations."""

    async def take(self, account_id: int, inbound: Inbound, provider: Provider | None) -> None:
        """Returns when the text is durable. The confirmation is sent at most once, and only if nothing stands in its way."""
        while True:
            try:
                received, reference = await asyncio.to_thread(_receive, account_id, inbound)
                break
            except (OperationalError, psycopg.OperationalError) as error:
                log.warning("a text waits for the database", extra={"error": str(error)})
                await asyncio.sleep(AGAIN_S)
            except NotFound as error:
                log.warning("a text to nobody", extra={"sender": inbound.sender, "error": str(error)})
                return
        if received is None or not received.reply or provider is None or not provider.capabilities.two_way:
            return
        outgoing = _outgoing(received, reference)
        if outgoing.kind in provider.capabilities.kinds and outgoing.encoding in provider.capabilities.encodings:
            outcomes = await provider.send([outgoing])
            log.info("confirmation sent", extra={"inbound": received.id, "outcome": type(outcomes[0]).__name__})


def _receive(account_id: int, inbound: Inbound) -> tuple[Received | None, int]:
    close_old_connections()
    try:
        received = receive(account_id, inbound)
        if received is None or not received.reply:
            return received, 0
        with raw_cursor() as cursor:
            row = cursor.execute("SELECT pabal_reserve_message_ids(1)").fetchone()
        assert row is not None
        return received, row[0]
    finally:
        close_old_connections()


def _outgoing(received: Received, reference: int) -> Outgoing:
    """The confirmation, in the encoding that carries it and with the parts that it takes."""
    size = measure(received.reply, scheme_of(received.sender.country))
    return Outgoing(
        reference=reference,
        to=received.phone,
        sender=received.sender.address,
        text=received.reply,
        kind=size.kind,
        encoding=size.encoding,
        parts=size.parts,
        subject="",
        expires_at=datetime.now(UTC) + CONFIRM_WITHIN,
    )


def _claimed(sender: Sender, phone: str, inbound: Inbound) -> str | None:
    """The answer of the first that takes the text; None: nobody does."""
    for claim in CLAIMS:
        answer = claim(sender, phone, inbound.text, inbound.at)
        if answer is not None:
            return answer
    return None


def _sender(account_id: int, address: str) -> Sender:
    """Whom the text was sent to, however the carrier writes the address."""
    senders = list(Sender.objects.filter(account_id=account_id, archived_at=None))
    wanted = _national(address)
    for sender in senders:
        if sender.address == address or (wanted and _national(sender.address) == wanted):
            return sender
    if len(senders) == 1:
        return senders[0]
    raise NotFound(f"The account has no sender “{address}”.", code="unknown_sender")


def _national(address: str) -> str:
    """The digits that two spellings of a number share: without country code, plus and leading zeros."""
    digits = "".join(char for char in address if char.isdigit())
    for code in ("82", "1"):
        if address.startswith("+" + code) or (code == "82" and len(digits) > 10 and digits.startswith(code)):
            digits = digits[len(code) :]
            break
    if len(digits) == 11 and digits.startswith("1"):
        digits = digits[1:]
    return digits.lstrip("0")


def _phone(number: str, country: str) -> str:
    """E.164, as profiles have it; what cannot be read is kept as it came."""
    phone = normalise_one(number, country, allow_fictional=True)[0]
    return phone or number[:20]


def _changes(ids: list[int], meaning: Reply | None) -> bool:
    """Whether this reply changes anything, for one confirmation answers one change."""
    with raw_cursor() as cursor:
        row = cursor.execute(STATES, [ids]).fetchone()
    assert row is not None
    subscribed, known = int(row[0]), int(row[1])
    return subscribed < len(ids) if meaning == "start" else subscribed > 0 or known < len(ids)


def _set(phone: str, sender: Sender, meaning: Reply | None, at: datetime) -> None:
    stop = meaning == "stop"
    set_consent(
        phones=[phone],
        channel=Channel.TEXT,
        purposes=[Purpose.PROMOTIONAL, Purpose.NIGHT] if stop else [Purpose.PROMOTIONAL],
        state=ConsentState.UNSUBSCRIBED if stop else ConsentState.SUBSCRIBED,
        method=ConsentMethod.REPLY,
        source=sender.address,
        actor=phone,
        at=at,
    )
    if not stop:
        restore_consent(
            phone,
            channel=Channel.TEXT,
            purposes=[Purpose.NIGHT],
            method=ConsentMethod.REPLY,
            source=sender.address,
            at=at,
        )


def _confirmation(meaning: Reply | None, sender: Sender, profile: Profile | None, at: datetime) -> str:
    assert meaning is not None
    language = language_of(profile.locale if profile else "", sender.country)
    day = at.astimezone(ZoneInfo("Asia/Seoul" if sender.country == "KR" else settings.TIME_ZONE)).date()
    return answer(sender, meaning, language, day)
