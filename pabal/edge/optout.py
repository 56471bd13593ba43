"""The opt-out page behind the link in a message: one button, and a way back."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from dataclasses import dataclass
from html import escape
from typing import Any, Final, Literal

import psycopg
from django.db import connection as django_connection
from django.utils import timezone
from psycopg_pool import AsyncConnectionPool

from pabal.delivery.models import EventKind
from pabal.delivery.tallies import Counts

Language = Literal["ko", "en"]

WORDS: Final[dict[str, dict[Language, str]]] = {
    "title": {"ko": "문자 수신거부", "en": "Stop these texts"},
    "ask": {
        "ko": "{sender}의 광고 문자를 더 이상 받지 않으시겠습니까?",
        "en": "Stop advertising texts from {sender} to {phone}?",
    },
    "number": {"ko": "받는 번호: {phone}", "en": "Number: {phone}"},
    "button": {"ko": "수신거부", "en": "Stop"},
    "stopped": {"ko": "수신거부되었습니다.", "en": "You will get no more of these."},
    "stopped_more": {
        "ko": "{sender}의 광고 문자를 더 이상 보내지 않습니다.",
        "en": "{sender} sends you no more advertising texts.",
    },
    "undo": {"ko": "다시 받기", "en": "Undo"},
    "undone": {"ko": "다시 받습니다.", "en": "You get them again."},
    "gone": {"ko": "없는 주소입니다.", "en": "This link leads nowhere."},
    "gone_more": {
        "ko": "주소가 잘못되었거나 기간이 지났습니다.",
        "en": "It was mistyped, or it is too old.",
    },
    "later": {"ko": "잠시 후 다시 시도해 주세요.", "en": "Please try again in a moment."},
}

_STYLE = """
:root{color-scheme:light dark}
body{margin:0;min-height:100vh;display:grid;place-items:center;font:17px/1.6 system-ui,"Apple SD Gothic Neo","Noto Sans KR",sans-serif;
background:light-dark(#f5f6f8,#131519);color:light-dark(#16181d,#eceef2);word-break:keep-all}
main{width:min(26rem,100% - 2.5rem);padding:2rem;border-radius:1rem;background:light-dark(#fff,#1d2026);box-sizing:border-box;text-align:center}
h1{font-size:1.25rem;margin:0 0 .5rem}p{margin:.25rem 0;color:light-dark(#4a5060,#b4bac6)}
button{font:inherit;font-weight:600;min-height:3rem;padding:0 2rem;margin-top:1.25rem;border:0;border-radius:.75rem;background:#3651d4;color:#fff;cursor:pointer}
button:focus-visible{outline:3px solid light-dark(#16181d,#fff);outline-offset:2px}
button.quiet{background:none;color:inherit;text-decoration:underline}
"""
STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

_READ: Final = """
SELECT m.id, m.campaign_id, m.profile_id, m.phone, m.parts, m.country, s.name, coalesce(p.locale, '')
FROM message m JOIN sender s ON s.id = m.sender_id LEFT JOIN profile p ON p.id = m.profile_id
WHERE m.id = %s
"""


@dataclass(frozen=True, kw_only=True)
class Recipient:
    """Whose link it is."""

    message_id: int
    campaign_id: int
    profile_id: int
    phone: str
    parts: int
    country: str
    sender: str
    locale: str


Pool = AsyncConnectionPool[psycopg.AsyncConnection[Any]]


async def find(pool: Pool, message_id: int) -> Recipient | None:
    """The recipient of a message, or None."""
    async with pool.connection() as connection:
        row = await (await connection.execute(_READ, [message_id])).fetchone()
    if row is None:
        return None
    names = ("message_id", "campaign_id", "profile_id", "phone", "parts", "country", "sender", "locale")
    return Recipient(**dict(zip(names, row, strict=True)))


def language(recipient: Recipient | None, accepted: str) -> Language:
    """What the reader reads: their browser's first language, else their locale, else their country's."""
    first = accepted.split(",", 1)[0].strip().lower()
    if first:
        return "ko" if first.startswith("ko") else "en"
    if recipient is None:
        return "en"
    return "ko" if recipient.locale.startswith("ko") or (not recipient.locale and recipient.country == "KR") else "en"


async def stop(pool: Pool, recipient: Recipient) -> None:
    """End consent to advertising texts, by day and by night, and count it for the campaign. Twice is once."""
    await asyncio.to_thread(_set, recipient, True)
    async with pool.connection() as connection:
        cursor = await connection.execute(
            "INSERT INTO message_event (message_id, kind, at) VALUES (%s, %s, now()) ON CONFLICT DO NOTHING",
            [recipient.message_id, int(EventKind.UNSUBSCRIBED)],
        )
        if cursor.rowcount:
            counts = Counts()
            counts.add(recipient.campaign_id, EventKind.UNSUBSCRIBED, "", 1, recipient.parts, 0)
            await counts.write(connection, 0)


async def undo(recipient: Recipient) -> None:
    """Take this very stop back: what it ended, and nothing that was not agreed to before."""
    await asyncio.to_thread(_set, recipient, False)


def _set(recipient: Recipient, stopped: bool) -> None:
    from pabal.audience.actions import restore_consent, set_consent
    from pabal.audience.models import Channel, ConsentMethod, ConsentState, Purpose

    purposes, source = [Purpose.PROMOTIONAL, Purpose.NIGHT], f"message {recipient.message_id}"
    try:
        if not stopped:
            restore_consent(
                recipient.phone,
                channel=Channel.TEXT,
                purposes=purposes,
                method=ConsentMethod.LINK,
                source=source,
                ended_by=source,
            )
            return
        set_consent(
            phones=[recipient.phone],
            channel=Channel.TEXT,
            purposes=purposes,
            state=ConsentState.UNSUBSCRIBED,
            method=ConsentMethod.LINK,
            source=source,
            actor=recipient.phone,
            at=timezone.now(),
        )
    finally:
        django_connection.close()


def page(
    lang: Language, heading: str, lines: list[str], *, button: str = "", action: str = "", quiet: bool = False
) -> str:
    """A finished page. `button` posts `action` back to the same address."""
    body = "".join(f"<p>{escape(line)}</p>" for line in lines)
    if button:
        look = ' class="quiet"' if quiet else ""
        body += (
            f'<form method="post"><input type="hidden" name="do" value="{escape(action)}">'
            f"<button{look}>{escape(button)}</button></form>"
        )
    title = escape(WORDS["title"][lang])
    return (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex">'
        f"<style>{_STYLE}</style></head><body><main><h1>{escape(heading)}</h1>{body}</main></body></html>"
    )


def said(key: str, lang: Language, recipient: Recipient | None = None) -> str:
    """One sentence."""
    hidden = recipient.phone[:-4] + "••" + recipient.phone[-2:] if recipient else ""
    return WORDS[key][lang].format(sender=recipient.sender if recipient else "", phone=hidden)
