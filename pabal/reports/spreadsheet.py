"""Every candidate of a campaign as CSV for people: one row a message or skip, in the reader's language and zone.

PostgreSQL writes the lines itself (COPY), a piece of the campaign at a time, so a million rows cost neither memory nor
Python. A cell that a spreadsheet would take for a formula gets an apostrophe in front. `export` is the one for programs.
Columns: `docs/reference/campaign-export.md`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from psycopg import sql

from pabal.audience.csv_cells import copied, guarded, heading, phone_cell
from pabal.billing.models import MILLI
from pabal.campaigns.models import Campaign
from pabal.database import raw_cursor
from pabal.delivery.event_reasons import OwnReason, reason_label
from pabal.delivery.models import MessageKind
from pabal.policy.skips import SKIP_WORDS, SkipReason
from pabal.providers.reasons import Reason
from pabal.reports.recipients import State, runs

PIECE: Final = 20_000
SKIPPED: Final = "skipped"

#: Messages `low … high`, their events side by side.
_MESSAGES: Final = """
COPY (
    WITH e AS (
        SELECT message_id,
            min(at) FILTER (WHERE kind = 1) AS accepted, min(at) FILTER (WHERE kind = 2) AS delivered,
            min(at) FILTER (WHERE kind = 3) AS failed, min(at) FILTER (WHERE kind = 4) AS expired,
            min(at) FILTER (WHERE kind = 5) AS cancelled, min(at) FILTER (WHERE kind = 6) AS unknown,
            min(at) FILTER (WHERE kind = 7) AS clicked, min(at) FILTER (WHERE kind = 8) AS replied,
            min(at) FILTER (WHERE kind = 9) AS unsubscribed,
            max(provider_ref) FILTER (WHERE kind = 1) AS ref,
            min(reason) FILTER (WHERE kind IN (3, 4, 5)) AS reason, min(reason) FILTER (WHERE kind = 6) AS unsure,
            max(code) FILTER (WHERE kind IN (2, 3, 4)) AS code
        FROM message_event WHERE message_id BETWEEN {low} AND {high} GROUP BY 1
    ), clicks AS (
        SELECT message_id, count(*) AS n FROM click WHERE message_id BETWEEN {low} AND {high} GROUP BY 1
    ), rows AS (
        SELECT m.*, e.accepted, e.clicked, e.replied, e.unsubscribed, e.ref, e.code,
            COALESCE(e.delivered, e.failed, e.expired, e.cancelled, e.unknown) AS ended, COALESCE(k.n, 0) AS opened,
            CASE WHEN e.delivered IS NOT NULL THEN 'delivered' WHEN e.failed IS NOT NULL THEN 'failed'
                 WHEN e.expired IS NOT NULL THEN 'expired' WHEN e.cancelled IS NOT NULL THEN 'cancelled'
                 WHEN e.unknown IS NOT NULL THEN 'unknown' WHEN e.accepted IS NOT NULL THEN 'underway'
                 ELSE 'waiting' END AS state,
            COALESCE(e.reason, CASE WHEN e.delivered IS NULL THEN e.unsure END, '') AS reason,
            p.external_id, {name} AS name, s.address AS sender
        FROM message m
        LEFT JOIN e ON e.message_id = m.id LEFT JOIN clicks k ON k.message_id = m.id
        LEFT JOIN profile p ON p.id = m.profile_id LEFT JOIN sender s ON s.id = m.sender_id
        WHERE m.id BETWEEN {low} AND {high} AND m.campaign_id = {campaign}
    )
    SELECT {customer}, {guarded_name}, {phone}, country, {states} ->> state, COALESCE({reasons} ->> reason, reason),
        {kinds} ->> kind::text, parts, round(amount / {milli}::numeric, 3), {sender}, {send_after}, {accepted}, {ended},
        {clicked}, opened, {replied}, {unsubscribed}, {code}, {ref}, {subject}, {text}, state, reason, profile_id, id
    FROM rows ORDER BY id
) TO STDOUT (FORMAT csv)
"""

#: Skips after a cursor (reason, id).
_SKIPS: Final = """
COPY (
    SELECT {customer}, {name}, {phone}, p.country, {skipped}, {reasons} ->> k.reason::text, '', NULL, NULL, '', NULL,
        NULL, {at}, NULL, NULL, NULL, NULL, '', '', '', '', 'skipped', {keys} ->> k.reason::text, k.profile_id, NULL
    FROM skip k LEFT JOIN profile p ON p.id = k.profile_id
    WHERE k.campaign_id = {campaign} AND k.reason = {reason} AND k.id > {after} AND k.id <= {last} ORDER BY k.id
) TO STDOUT (FORMAT csv)
"""
_NEXT_SKIPS: Final = """
SELECT max(id) FROM (
    SELECT id FROM skip WHERE campaign_id = %s AND reason = %s AND id > %s ORDER BY id LIMIT %s
) s
"""
_NAME: Final = """CASE WHEN p.country = 'KR' OR p.locale LIKE 'ko%' THEN p.last_name || p.first_name
    ELSE trim(p.first_name || ' ' || p.last_name) END"""


def columns() -> list[str]:
    """The names of the columns, in the reader's language."""
    return [
        _("Customer number"), _("Name"), _("Phone"), _("Country"), _("Status"), _("Reason"), _("Kind"), _("Parts"),
        _("Cost"), _("Sender"), _("May be sent from"), _("Accepted at"), _("Result at"), _("First click at"),
        _("Clicks"), _("Replied at"), _("Unsubscribed at"), _("Carrier's code"), _("Carrier's id"), _("Title"),
        _("Message"), _("Status code"), _("Reason code"), _("Profile no."), _("Message no."),
    ]  # fmt: skip


def lines(campaign: Campaign) -> Iterator[bytes]:
    """The file, in blocks: heading, messages in the order of planning, then who was skipped, by reason."""
    # Language and zone are those of the request, which is over while the file is still being sent.
    return _lines(campaign, heading(columns()), _words())


def _lines(campaign: Campaign, first: bytes, words: dict[str, sql.Composable]) -> Iterator[bytes]:
    yield first
    for lowest, last in runs(campaign.pk):
        for low in range(lowest, last + 1, PIECE):
            span = {"low": low, "high": min(low + PIECE - 1, last), "campaign": campaign.pk}
            yield from copied(_MESSAGES, {**words, **_literals(span)})
    for reason in SkipReason:
        after = 0
        while (last_skip := _last_of_piece(campaign.pk, reason, after)) is not None:
            span = {"campaign": campaign.pk, "reason": int(reason), "after": after, "last": last_skip}
            of_profile = {
                "customer": guarded(sql.SQL("p.external_id")),
                "name": guarded(sql.SQL(_NAME)),
                "phone": phone_cell(sql.SQL("p.phone")),
                "reasons": words["skip_words"],
                "keys": words["skip_keys"],
                "at": words["at"],
                "skipped": words["skipped"],
            }
            yield from copied(_SKIPS, {**of_profile, **_literals(span)})
            after = last_skip


def _last_of_piece(campaign_id: int, reason: int, after: int) -> int | None:
    with raw_cursor() as cursor:
        row = cursor.execute(_NEXT_SKIPS, [campaign_id, int(reason), after, PIECE]).fetchone()
    return row[0] if row else None


def _literals(values: Mapping[str, Any]) -> dict[str, sql.Composable]:
    return {name: sql.Literal(value) for name, value in values.items()}


def _words() -> dict[str, sql.Composable]:
    """What the statements say in the reader's language, and the expressions that are the same for each."""
    language: Any = "ko" if (get_language() or "").startswith("ko") else "en"
    states = {
        State.WAITING.value: _("Waiting"),
        State.UNDERWAY.value: _("On the way"),
        State.DELIVERED.value: _("Delivered"),
        State.FAILED.value: _("Failed"),
        State.EXPIRED.value: _("Not sent in time"),
        State.CANCELLED.value: _("Cancelled"),
        State.UNKNOWN.value: _("Unknown"),
    }
    reasons = {reason: reason_label(reason) for reason in [*(r.value for r in Reason), *OwnReason.values]}
    times = ("send_after", "accepted", "ended", "clicked", "replied", "unsubscribed")
    texts = {"customer": "external_id", **{name: name for name in ("sender", "code", "ref", "subject", "text")}}
    return {
        "name": sql.SQL(_NAME),
        "guarded_name": guarded(sql.SQL("name")),
        "phone": phone_cell(sql.SQL("phone")),
        "states": _json(states),
        "reasons": _json(reasons),
        "kinds": _json({str(kind.value): str(kind.label) for kind in MessageKind}),
        "milli": sql.Literal(MILLI),
        "skipped": sql.Literal(_("Skipped")),
        "skip_words": _json({str(int(r)): words.label[language] for r, words in SKIP_WORDS.items()}),
        "skip_keys": _json({str(int(r)): r.key for r in SkipReason}),
        "at": _time("k.at"),
        **{name: _time(name) for name in times},
        **{name: guarded(sql.SQL(expression)) for name, expression in texts.items()},
    }


def _json(words: Mapping[str, str]) -> sql.Composable:
    return sql.SQL("{}::jsonb").format(sql.Literal(json.dumps(dict(words), ensure_ascii=False)))


def _time(expression: str) -> sql.Composable:
    """A moment in the reader's zone, as spreadsheets read it."""
    zone = sql.Literal(timezone.get_current_timezone_name())
    form = sql.Literal("YYYY-MM-DD HH24:MI:SS")
    return sql.SQL("to_char({} AT TIME ZONE {}, {})").format(sql.SQL(expression), zone, form)
