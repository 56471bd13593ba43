"""The one rule by which consent changes, and the statements that apply it to sets of people.

The rule is a function in the database, `pabal_consent_changes(old_state, old_at, new_state, new_at)`, so that every writer
decides alike:

- no state yet: anything is a change;
- subscribed → unsubscribed: unless that refusal is older than the subscription;
- unsubscribed → subscribed: only if the consent was given *after* the refusal;
- the same state again: no change.

Each change is a row of `consent_event`. Rows are written in the order (profile, channel, purpose), so writers never
deadlock with each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

Cursor = psycopg.Cursor[Any]

CONSENT_CHANGES = """
CREATE OR REPLACE FUNCTION pabal_consent_changes(
    old_state text, old_at timestamptz, new_state text, new_at timestamptz
) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN old_state IS NULL THEN true
        WHEN old_state = new_state THEN false
        WHEN new_state = 'unsubscribed' THEN new_at >= old_at
        ELSE new_at > old_at
    END
$$;
"""

STAGE = """
CREATE TEMP TABLE IF NOT EXISTS wanted_consent (
    profile_id bigint, channel text, purpose text, state text, at timestamptz
) ON COMMIT DELETE ROWS
"""

APPLY = """
WITH changed AS (
    INSERT INTO consent (profile_id, channel, purpose, state, changed_at)
    SELECT w.profile_id, w.channel, w.purpose, w.state, w.at
    FROM wanted_consent w LEFT JOIN consent c USING (profile_id, channel, purpose)
    WHERE pabal_consent_changes(c.state, c.changed_at, w.state, w.at)
    ORDER BY 1, 2, 3
    ON CONFLICT (profile_id, channel, purpose) DO UPDATE SET state = EXCLUDED.state, changed_at = EXCLUDED.changed_at
    WHERE pabal_consent_changes(consent.state, consent.changed_at, EXCLUDED.state, EXCLUDED.changed_at)
    RETURNING profile_id, channel, purpose, state, changed_at
), recorded AS (
    INSERT INTO consent_event (profile_id, channel, purpose, state, at, method, source, statement_id, actor)
    SELECT profile_id, channel, purpose, state, changed_at, %(method)s, %(source)s, %(statement)s, %(actor)s
    FROM changed ORDER BY profile_id
)
SELECT count(DISTINCT profile_id) FILTER (WHERE state = 'subscribed'),
    count(DISTINCT profile_id) FILTER (WHERE state = 'unsubscribed')
FROM changed
"""

#: People created in this very transaction have no state to compare with, and nobody else can know them yet.
APPLY_TO_NEW = """
INSERT INTO consent (profile_id, channel, purpose, state, changed_at, xid)
SELECT p.profile_id, c.channel, u.purpose, CASE WHEN p.consent THEN 'subscribed' ELSE 'unsubscribed' END,
    least(coalesce(p.consent_at, %(at)s), now()), %(xid)s
FROM person p
CROSS JOIN unnest(%(channels)s::text[]) AS c(channel) CROSS JOIN unnest(%(purposes)s::text[]) AS u(purpose)
WHERE p.is_new AND p.consent IS NOT NULL
"""

RECORD_OF_NEW = """
INSERT INTO consent_event (profile_id, channel, purpose, state, at, method, source, statement_id, actor)
SELECT p.profile_id, c.channel, u.purpose, CASE WHEN p.consent THEN 'subscribed' ELSE 'unsubscribed' END,
    least(coalesce(p.consent_at, %(at)s), now()), %(method)s, %(source)s, %(statement)s, %(actor)s
FROM person p
CROSS JOIN unnest(%(channels)s::text[]) AS c(channel) CROSS JOIN unnest(%(purposes)s::text[]) AS u(purpose)
WHERE p.is_new AND p.consent IS NOT NULL
"""

#: What an import says of people who were known: one row each, a no outweighing a yes.
WANT_OF_KNOWN = """
INSERT INTO wanted_consent
SELECT p.profile_id, c.channel, u.purpose,
    CASE WHEN bool_and(p.consent) THEN 'subscribed' ELSE 'unsubscribed' END,
    max(least(coalesce(p.consent_at, %(at)s), now()))
FROM person p
CROSS JOIN unnest(%(channels)s::text[]) AS c(channel) CROSS JOIN unnest(%(purposes)s::text[]) AS u(purpose)
WHERE NOT p.is_new AND p.consent IS NOT NULL
GROUP BY 1, 2, 3
"""

#: A no holds without a consent statement too: it ends what advertising the person gets.
WANT_NO_MORE = """
INSERT INTO wanted_consent
SELECT p.profile_id, c.channel, c.purpose, 'unsubscribed', max(least(coalesce(p.consent_at, now()), now()))
FROM person p JOIN consent c ON c.profile_id = p.profile_id
WHERE NOT p.consent AND c.state = 'subscribed' AND c.purpose IN ('promotional', 'night')
GROUP BY 1, 2, 3
"""

COUNT_KEPT = """
SELECT count(DISTINCT w.profile_id)
FROM wanted_consent w JOIN consent c USING (profile_id, channel, purpose)
WHERE w.state = 'subscribed' AND c.state = 'unsubscribed'
    AND NOT pabal_consent_changes(c.state, c.changed_at, w.state, w.at)
"""

COUNT_NEW = """
SELECT count(*) FILTER (WHERE p.consent), count(*) FILTER (WHERE NOT p.consent)
FROM person p WHERE p.is_new
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """What stands in the history of every change of a set: how, from where, which wording, who."""

    method: str
    source: str = ""
    statement_id: int | None = None
    actor: str = ""

    def parameters(self) -> dict[str, Any]:
        return {"method": self.method, "source": self.source, "statement": self.statement_id, "actor": self.actor}


@dataclass(frozen=True, kw_only=True, slots=True)
class ConsentOutcome:
    """People whose consent changed; `kept` refused later than the consent that was offered."""

    subscribed: int = 0
    unsubscribed: int = 0
    kept: int = 0

    @property
    def changed(self) -> int:
        return self.subscribed + self.unsubscribed


def begin(cursor: Cursor) -> None:
    """Make the staging table `wanted_consent`, empty."""
    cursor.execute(STAGE)
    cursor.execute("TRUNCATE wanted_consent")


def apply(cursor: Cursor, evidence: Evidence) -> ConsentOutcome:
    """Apply the rule to `wanted_consent` and record each change."""
    kept = _numbers(cursor.execute(COUNT_KEPT))[0]
    subscribed, unsubscribed = _numbers(cursor.execute(APPLY, evidence.parameters()))
    return ConsentOutcome(subscribed=subscribed, unsubscribed=unsubscribed, kept=kept)


def apply_incoming(
    cursor: Cursor,
    evidence: Evidence,
    *,
    channels: Sequence[str],
    purposes: Sequence[str],
    at: datetime | None,
    xid: int,
    any_new: bool,
    any_known: bool,
) -> ConsentOutcome:
    """Apply the consent column of `incoming` to `person`. Without a statement (`at` is None) only refusals count."""
    said = {"channels": list(channels), "purposes": list(purposes), "at": at, "xid": xid, **evidence.parameters()}
    new = [0, 0]
    if at is not None and any_new:
        cursor.execute(APPLY_TO_NEW, said)
        cursor.execute(RECORD_OF_NEW, said)
        new = _numbers(cursor.execute(COUNT_NEW))
    if not any_known:
        return ConsentOutcome(subscribed=new[0], unsubscribed=new[1])
    begin(cursor)
    cursor.execute(WANT_OF_KNOWN if at is not None else WANT_NO_MORE, said)
    known = apply(cursor, evidence)
    return ConsentOutcome(
        subscribed=new[0] + known.subscribed, unsubscribed=new[1] + known.unsubscribed, kept=known.kept
    )


def _numbers(cursor: Cursor) -> list[int]:
    row = cursor.fetchone()
    assert row is not None
    return [int(number) for number in row]
