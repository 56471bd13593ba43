"""The simulated phones: what the sandbox delivered to them, and what they answer.

A phone shows what was delivered. What the carrier took and could not deliver is told beside it, as a real sender would
learn it too.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from django.db import connection
from django.utils.translation import gettext as _

from pabal.audience.actions import set_consent
from pabal.audience.models import Channel, Consent, ConsentMethod, ConsentState, Profile, Purpose
from pabal.delivery.inbound import Received, receive
from pabal.delivery.models import EventKind, Inbound, Message, MessageEvent, MessageKind, Sender, SenderKind
from pabal.errors import InvalidInput, NotFound
from pabal.providers import base

PROVIDER: Final = "sandbox"

#: What was delivered last: looked for in the batches that changed last, so that it costs the same beside millions.
RECENT: Final = """
SELECT m.phone, m.profile_id, m.sender_id, m.text, e.at
FROM (SELECT first_id, last_id FROM batch WHERE sender_id = ANY(%(senders)s) ORDER BY xid DESC LIMIT 12) b
CROSS JOIN LATERAL (
    SELECT message_id, at FROM message_event
    WHERE kind = 2 AND message_id BETWEEN b.first_id AND b.last_id ORDER BY message_id DESC LIMIT %(limit)s
) e
JOIN message m ON m.id = e.message_id
ORDER BY e.at DESC LIMIT %(limit)s
"""


@dataclass(frozen=True, kw_only=True)
class Conversation:
    """One phone in the list. `last` is the newest text either way; `at` is None while there is none."""

    phone: str
    name: str
    last: str = ""
    out: bool = False
    at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Line:
    """One text on the phone. `out`: written by the phone's owner. `parts` is 0 for texts that are not ours. `campaign_id`
    is set when there are pictures, which the messages of a campaign share, and for a KakaoTalk message, whose personal
    strings are `text` and `slots`."""

    text: str
    at: datetime
    out: bool = False
    sender_id: int = 0
    title: str = ""
    parts: int = 0
    campaign_id: int = 0
    kakao: bool = False
    slots: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Undelivered:
    """A message that did not arrive."""

    at: datetime
    text: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Thread:
    """A phone: its lines, oldest first, who owns it, and what did not arrive lately."""

    phone: str
    people: list[Profile]
    lines: list[Line]
    undelivered: list[Undelivered]
    senders: list[Sender]

    @property
    def name(self) -> str:
        """Whose phone it is."""
        return next((p.display_name for p in self.people if p.display_name), "")

    @property
    def sender(self) -> Sender | None:
        """Whom an answer goes to: who wrote last, else the first sandbox sender of the phone's country."""
        by_id = {sender.pk: sender for sender in self.senders}
        wrote = next((by_id[line.sender_id] for line in reversed(self.lines) if line.sender_id in by_id), None)
        country = self.people[0].country if self.people else ""
        near = next((s for s in self.senders if s.country == country), None)
        return wrote or near or next(iter(self.senders), None)


def sandbox_senders() -> list[Sender]:
    """The senders whose messages simulated phones receive."""
    return list(Sender.objects.filter(account__provider=PROVIDER, archived_at=None).order_by("id"))


def conversations(limit: int = 40) -> list[Conversation]:
    """The phones that heard or said something last, newest first."""
    ids = [sender.pk for sender in sandbox_senders()]
    if not ids:
        return []
    with connection.cursor() as cursor:
        cursor.execute(RECENT, {"senders": ids, "limit": limit * 3})
        heard = [(phone, text, False, at) for phone, _profile, _sender, text, at in cursor.fetchall()]
    said = Inbound.objects.filter(sender_id__in=ids).order_by("-id").values_list("phone", "text", "at")[: limit * 2]
    everything = [*heard, *((phone, text, True, at) for phone, text, at in said)]
    everything.sort(key=lambda row: row[3], reverse=True)
    newest: dict[str, tuple[str, str, bool, datetime]] = {}
    for row in everything:
        newest.setdefault(row[0], row)
    rows = list(newest.values())[:limit]
    names = _names([phone for phone, *_rest in rows])
    return [
        Conversation(phone=phone, name=names.get(phone, ""), last=text, out=out, at=at) for phone, text, out, at in rows
    ]


def conversations_of(people: Sequence[Profile]) -> list[Conversation]:
    """The phones of these people, whether or not anything arrived on them."""
    found: dict[str, Conversation] = {}
    for person in people:
        if person.phone and person.phone not in found:
            lines = thread(person.phone, limit=1).lines
            last = lines[-1] if lines else None
            found[person.phone] = Conversation(
                phone=person.phone,
                name=person.display_name,
                last=last.text if last else "",
                out=last.out if last else False,
                at=last.at if last else None,
            )
    return list(found.values())


def thread(phone: str, *, limit: int = 50) -> Thread:
    """The newest `limit` lines of a phone (E.164), among those that sandbox senders take part in."""
    senders = sandbox_senders()
    ids = [sender.pk for sender in senders]
    people = list(Profile.objects.filter(phone=phone).order_by("id")[:20])
    messages = {
        m.pk: m
        for m in Message.objects.filter(profile_id__in=[p.pk for p in people], phone=phone, sender_id__in=ids).order_by(
            "-id"
        )[: limit * 2]
    }
    ends = (EventKind.DELIVERED, EventKind.FAILED, EventKind.EXPIRED)
    lines: list[Line] = []
    undelivered: list[Undelivered] = []
    for event in MessageEvent.objects.filter(message_id__in=list(messages), kind__in=ends):
        m = messages[event.message_id]
        if event.kind == EventKind.DELIVERED:
            shares = m.campaign_id if m.kind in (MessageKind.MMS, MessageKind.KAKAO) else 0
            lines.append(
                Line(
                    text=m.text,
                    at=event.at,
                    sender_id=m.sender_id,
                    title=m.subject,
                    parts=m.parts,
                    campaign_id=shares,
                    kakao=m.kind == MessageKind.KAKAO,
                    slots=tuple(m.slots or ()),
                )
            )
        else:
            undelivered.append(Undelivered(at=event.at, text=m.text, reason=event.reason))
    for row in Inbound.objects.filter(phone=phone, sender_id__in=ids).order_by("-id")[:limit]:
        lines.append(Line(text=row.text, at=row.at, out=True, sender_id=row.sender_id))
        if row.reply:
            lines.append(Line(text=row.reply, at=row.received_at, sender_id=row.sender_id))
    lines.sort(key=lambda line: line.at)
    undelivered.sort(key=lambda row: row.at, reverse=True)
    return Thread(phone=phone, people=people, lines=lines[-limit:], undelivered=undelivered[:3], senders=senders)


def answer(phone: str, text: str, *, sender_id: int | None = None) -> Received:
    """Let a simulated phone write to us: taken, understood and acted on as a text from a real one.

    `sender_id` None: to whoever wrote last. Raises InvalidInput (`text_empty`, `text_too_long`), NotFound
    (`no_sandbox_sender`).
    """
    text = text.strip()
    if not text:
        raise InvalidInput(_("Write something first."), code="text_empty", field="text")
    if len(text) > 1_000:
        raise InvalidInput(_("This is too long for a text message."), code="text_too_long", field="text")
    known = thread(phone, limit=5)
    sender = next((s for s in known.senders if s.pk == sender_id), None) if sender_id else known.sender
    if sender is None:
        raise NotFound(_("There is no sandbox sender that could receive it."), code="no_sandbox_sender")
    inbound = base.Inbound(
        sender=sender.address,
        from_=phone,
        text=text,
        at=datetime.now(UTC),
        provider_id=f"handset-{secrets.token_hex(8)}",
    )
    received = receive(sender.account_id, inbound)
    assert received is not None  # its id is new
    return received


def block(phone: str, sender_id: int) -> int:
    """The phone's owner blocks a KakaoTalk channel: consent to KakaoTalk advertising ends; how many people that changed.

    Raises NotFound (`no_sandbox_sender`).
    """
    sender = next((s for s in sandbox_senders() if s.pk == sender_id and s.kind == SenderKind.KAKAO_CHANNEL), None)
    if sender is None:
        raise NotFound(_("There is no such channel."), code="no_sandbox_sender")
    return set_consent(
        phones=[phone],
        channel=Channel.KAKAO,
        purposes=[Purpose.PROMOTIONAL, Purpose.NIGHT],
        state=ConsentState.UNSUBSCRIBED,
        method=ConsentMethod.REPLY,
        source=sender.address,
        actor=phone,
    )


def consent_of(people: Sequence[Profile], channel: str = Channel.TEXT) -> dict[str, str]:
    """Purpose → state of these people's consent to a channel; the strictest where they differ."""
    found_for = Consent.objects.filter(profile_id__in=[p.pk for p in people], channel=channel)
    rows = found_for.values_list("purpose", "state")
    found: dict[str, str] = {}
    for purpose, state in rows:
        if found.get(purpose) != "unsubscribed":
            found[purpose] = state
    return found


def _names(phones: Sequence[str]) -> dict[str, str]:
    found: dict[str, Any] = {}
    for person in Profile.objects.filter(phone__in=list(phones)).order_by("id"):
        if person.display_name:
            found.setdefault(person.phone, person.display_name)
    return found
