"""What a carrier answered, turned into message events.

Accepted      accepted, with the carrier's id; charged
Rejected      failed, with the reason (too late to hand it over: expired); not charged
Uncertain     unknown; charged, since a carrier bills what it took. Never sent again by itself
Throttled     no event: the message stays queued
Unavailable   no event: the message stays queued
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import msgspec

from pabal.content.kakao import filler
from pabal.delivery.event_reasons import OwnReason
from pabal.delivery.models import Encoding, EventKind, MessageKind
from pabal.delivery.tallies import Counts
from pabal.delivery.windows import AMOUNT, ENCODING, ID, KIND, PARTS, PHONE, SLOTS, SUBJECT, TEXT, Window
from pabal.providers import base
from pabal.providers.reasons import Reason

if TYPE_CHECKING:
    from pabal.delivery.media import Shared

KINDS: Final[dict[int, base.Kind]] = {
    MessageKind.SMS: "sms",
    MessageKind.LMS: "lms",
    MessageKind.MMS: "mms",
    MessageKind.KAKAO: "kakao",
}
ENCODINGS: Final[dict[int, base.Encoding]] = {
    Encoding.GSM7: "gsm7",
    Encoding.UCS2: "ucs2",
    Encoding.EUCKR: "euckr",
    Encoding.UTF8: "utf8",
}

LONGEST_REF: Final = 64
CLOCKS_AGREE: Final = timedelta(seconds=5)
_ESCAPES: Final = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": ""})


@dataclass(frozen=True, kw_only=True)
class Landed:
    """A window whose outcomes are known, ready to be recorded.

    `events` are lines for COPY (message_id, kind, at, reason, code, provider_ref), `event_count` how many. `next_id` is
    where the cursor goes; `tried_to` is set when messages up to it may have an outcome while others before it have none.
    """

    batch_id: int
    fence: int
    start: int
    end: int
    next_id: int
    tried_to: int | None
    charged: int
    charged_messages: int
    events: str = field(repr=False)
    event_count: int
    counts: Counts
    accepted: int


def outgoing(window: Window, sender: str, media: tuple[str, ...] = ()) -> list[base.Outgoing]:
    """The window as the provider takes it; `media` are the gateway's names of its pictures. A loop in Python, because adapters take one struct a message."""
    expires_at = window.expires_at
    if abs(window.skew) > CLOCKS_AGREE:  # providers compare with this machine's clock
        expires_at += window.skew
    make = base.Outgoing
    return [
        make(
            reference=row[ID],
            to=row[PHONE],
            sender=sender,
            text=row[TEXT],
            kind=KINDS[row[KIND]],
            encoding=ENCODINGS[row[ENCODING]],
            parts=row[PARTS],
            subject=row[SUBJECT],
            media=media,
            expires_at=expires_at,
        )
        for row in window.rows
    ]


def outgoing_kakao(
    window: Window, sender: str, shared: Shared, *, sender_key: str, media: tuple[str, ...]
) -> list[base.Outgoing]:
    """A window of KakaoTalk messages, each finished from what its campaign shares and its own strings."""
    assert shared.kakao is not None
    fill = filler(msgspec.json.encode(shared.kakao))
    plain = outgoing(window, sender, media)
    return [
        msgspec.structs.replace(
            message,
            kakao=fill(message.text, row[SLOTS] or ()),
            sender_key=sender_key,
            target=shared.target,
        )
        for message, row in zip(plain, window.rows, strict=True)
    ]


def clip(text: str, length: int = LONGEST_REF) -> str:
    """A carrier's text, fit for a column: without NUL, and not longer than it."""
    return text.replace("\0", "")[:length]


def land(window: Window, outcomes: Sequence[base.Outcome], *, hole: int | None = None) -> tuple[Landed, int | None]:
    """Make of a window and its outcomes what has to be recorded, and the id of its first message that was not sent.

    `hole` is the first unsent message of earlier windows of the batch that are not done with; the cursor stays there. A
    loop over messages in Python, for each has its own answer; the usual case, all accepted, is quick.
    """
    now = datetime.now(UTC)
    at = (now - window.skew if abs(window.skew) > CLOCKS_AGREE else now).isoformat()
    counts = Counts()
    campaign, rows = window.campaign_id, window.rows
    if all(type(outcome) is base.Accepted for outcome in outcomes):
        middle = f"\t{EventKind.ACCEPTED.value}\t{at}\t\t\t"
        refs = [outcome.provider_id for outcome in outcomes]  # type: ignore[union-attr]
        lines = [f"{row[ID]}{middle}{ref}\n" for row, ref in zip(rows, refs, strict=True)]
        if not all(ref.isascii() and ref.isprintable() and "\\" not in ref and len(ref) <= LONGEST_REF for ref in refs):
            lines = [_line(row[ID], EventKind.ACCEPTED, at, ref=ref) for row, ref in zip(rows, refs, strict=True)]
        charged = sum(row[AMOUNT] for row in rows)
        if rows:
            counts.add(campaign, EventKind.ACCEPTED, "", len(rows), sum(row[PARTS] for row in rows), charged)
        first_unsent, accepted, charged_messages = None, len(rows), len(rows)
    else:
        lines, first_unsent = [], None
        accepted = charged = charged_messages = 0
        for row, outcome in zip(rows, outcomes, strict=True):
            match outcome:
                case base.Accepted(provider_id):
                    lines.append(_line(row[ID], EventKind.ACCEPTED, at, ref=provider_id))
                    counts.add(campaign, EventKind.ACCEPTED, "", 1, row[PARTS], row[AMOUNT])
                    accepted, charged_messages, charged = accepted + 1, charged_messages + 1, charged + row[AMOUNT]
                case base.Rejected(Reason.EXPIRED, ""):  # our own word: it was too late to hand it over
                    lines.append(_line(row[ID], EventKind.EXPIRED, at, reason=OwnReason.DEADLINE.value))
                    counts.add(campaign, EventKind.EXPIRED, OwnReason.DEADLINE.value, 1, row[PARTS], 0)
                case base.Rejected(reason, code):
                    lines.append(_line(row[ID], EventKind.FAILED, at, reason=reason.value, code=code))
                    counts.add(campaign, EventKind.FAILED, reason.value, 1, row[PARTS], 0)
                case base.Uncertain(code):
                    why = OwnReason.HOLDER_LOST if code == OwnReason.HOLDER_LOST else OwnReason.NO_ANSWER
                    lines.append(_line(row[ID], EventKind.UNKNOWN, at, reason=why.value, code=code))
                    counts.add(campaign, EventKind.UNKNOWN, why.value, 1, row[PARTS], row[AMOUNT])
                    charged_messages, charged = charged_messages + 1, charged + row[AMOUNT]
                case base.Throttled() | base.Unavailable():
                    first_unsent = row[ID] if first_unsent is None else first_unsent
    unsent = first_unsent if hole is None else hole
    landed = Landed(
        batch_id=window.batch_id,
        fence=window.fence,
        start=window.start,
        end=window.end,
        next_id=window.end + 1 if unsent is None else unsent,
        tried_to=None if unsent is None else window.end,
        charged=charged,
        charged_messages=charged_messages,
        events="".join(lines),
        event_count=len(lines),
        counts=counts,
        accepted=accepted,
    )
    return landed, unsent


def _line(
    message_id: int, kind: EventKind, at: str, *, reason: str = "", code: str = "", ref: str | None = None
) -> str:
    ref = "\\N" if ref is None else clip(ref).translate(_ESCAPES)
    return f"{message_id}\t{kind.value}\t{at}\t{reason}\t{clip(code).translate(_ESCAPES)}\t{ref}\n"
