"""Consent that is sent along with `identify`: each state with when it was given, where, and the words that were read.

"consent": [{"channel": "text", "purpose": "promotional", "state": "subscribed",
             "at": "2026-11-24T09:00:00Z", "source": "Checkout page", "wording": "I agree to …"}]
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

import msgspec
import psycopg

from pabal.audience import consent_sql
from pabal.audience.consent_sql import Evidence
from pabal.audience.models import Channel, ConsentMethod, ConsentState, Purpose
from pabal.edge.intake import moments
from pabal.edge.intake.failures import Refused
from pabal.edge.intake.messages import Moment
from pabal.edge.intake.people import Agreed

MOST: Final = 20
"""States in one message."""

LONGEST_SOURCE: Final = 500
LONGEST_WORDING: Final = 10_000

FIND_STATEMENT: Final = """
SELECT id FROM consent_statement
WHERE wording = %(wording)s AND source = %(source)s AND channels = %(channels)s AND purposes = %(purposes)s
ORDER BY id LIMIT 1
"""
MAKE_STATEMENT: Final = """
INSERT INTO consent_statement (wording, source, collected_at, channels, purposes)
VALUES (%(wording)s, %(source)s, %(at)s, %(channels)s, %(purposes)s) RETURNING id
"""
WANT: Final = "INSERT INTO wanted_consent SELECT * FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::timestamptz[])"


class _Said(msgspec.Struct):
    state: str
    channel: str = "text"
    purpose: str = "promotional"
    at: Moment = None
    source: str = ""
    wording: str = ""


def read_consents(said: Sequence[Any], at: int, actor: str) -> list[Agreed]:
    """What was agreed or refused; without a time of its own, `at` (`moments`). Raises Refused `bad_consent`."""
    if len(said) > MOST:
        raise Refused("bad_consent", f"At most {MOST} states of consent at once.", "consent")
    return [_read(one, at, actor) for one in said]


def _read(one: Any, at: int, actor: str) -> Agreed:
    try:
        said = msgspec.convert(one, _Said)
    except msgspec.ValidationError as error:
        raise Refused("bad_consent", f"consent: {error}", "consent") from None
    for value, choices in ((said.channel, Channel), (said.purpose, Purpose), (said.state, ConsentState)):
        if value not in choices.values:
            raise Refused("bad_consent", f"consent: “{value[:50]}” is none of {', '.join(choices.values)}.", "consent")
    if len(said.source) > LONGEST_SOURCE or len(said.wording) > LONGEST_WORDING:
        raise Refused("bad_consent", "consent: source or wording is too long.", "consent")
    source, wording = said.source.strip(), said.wording.strip()
    if said.state == ConsentState.SUBSCRIBED and not (source and wording):
        raise Refused("bad_consent", "consent: tell the source (where) and the wording that was agreed to.", "consent")
    given = at if said.at is None else moments.read(said.at)
    if given is None or not moments.OLDEST <= given <= at + moments.FUTURE:
        raise Refused("bad_consent", "consent: at is no time in the past.", "consent")
    moment = moments.EPOCH + timedelta(microseconds=min(given, moments.now()))
    return Agreed(
        channel=said.channel,
        purpose=said.purpose,
        state=said.state,
        at=moment,
        source=source,
        wording=wording,
        actor=actor,
    )


def apply(cursor: psycopg.Cursor[Any], agreed: Sequence[tuple[int, Agreed]]) -> None:
    """Apply (profile, state) by the rule of `consent_sql`; evidence is recorded per wording and source."""
    groups: dict[tuple[str, str, str], list[tuple[int, Agreed]]] = {}
    for profile_id, one in sorted(agreed, key=lambda row: row[1].at):
        groups.setdefault((one.actor, one.source, one.wording), []).append((profile_id, one))
    for (actor, source, wording), members in groups.items():
        statement = _statement(cursor, source, wording, [one for _, one in members]) if wording else None
        consent_sql.begin(cursor)
        # A state said twice of one person counts once: the later, and of two at one time the refusal.
        latest: dict[tuple[int, str, str], Agreed] = {}
        for profile_id, one in members:
            at = (profile_id, one.channel, one.purpose)
            known = latest.get(at)
            if known is None or (one.at, one.state) >= (known.at, known.state):
                latest[at] = one
        rows = sorted((*at, one.state, one.at) for at, one in latest.items())
        cursor.execute(WANT, [[row[place] for row in rows] for place in range(5)])
        consent_sql.apply(
            cursor,
            Evidence(method=ConsentMethod.API, source=source, statement_id=statement, actor=actor),
        )


def _statement(cursor: psycopg.Cursor[Any], source: str, wording: str, agreed: Sequence[Agreed]) -> int:
    """The statement with these words from this source: the one that is known, else a new one."""
    said = {
        "wording": wording,
        "source": source,
        "at": min(one.at for one in agreed),
        "channels": sorted({one.channel for one in agreed}),
        "purposes": sorted({one.purpose for one in agreed}),
    }
    row = cursor.execute(FIND_STATEMENT, said).fetchone() or cursor.execute(MAKE_STATEMENT, said).fetchone()
    assert row is not None
    return int(row[0])
