"""Failing over: who was not reached by KakaoTalk gets the text that was planned for them. Never both, and each once.

    KakaoTalk message               then the text
    delivered                       is not needed; its money is given back
    failed, with a final word       is queued within the hours of texts, if the reason is not in `NEVER`
    expired before it was handed over
    cancelled, failed for `NEVER`   is dropped; its money is given back
    unknown, or still under way     waits for a final word, until the campaign's time-out; then it is dropped

Done in rounds by the engine, as sets, each round of a campaign in one transaction: whoever ends in the middle of one has
done nothing of it.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
import numpy as np
import polars as pl
from django.db import transaction

from pabal.billing.actions import release
from pabal.campaigns.models import Campaign, Part, PlanChunk
from pabal.campaigns.models import Plan as PlanRow
from pabal.campaigns.summary import ChunkSummary
from pabal.content.codes import make_code, make_codes
from pabal.database import raw_cursor
from pabal.delivery.models import CampaignControl, ControlState, Link
from pabal.delivery.short_links import short_links
from pabal.policy.hours import HoursOptions, Place, Window, windows_frame
from pabal.providers.reasons import Reason

AT_ONCE: Final = 5_000
"""Texts of one round, which is one transaction."""

SETTLED_AT_ONCE: Final = 20_000

#: Failures after which a text is not sent: it would fail alike, or KakaoTalk may have reached the person after all.
NEVER: Final = (Reason.INVALID_NUMBER, Reason.DUPLICATE, Reason.UNKNOWN)

log = logging.getLogger(__name__)

_WAITING: Final = """
SELECT c.id FROM campaign c WHERE c.channel = 'kakao' AND c.finished_at IS NULL AND c.started_at IS NOT NULL
AND EXISTS (SELECT FROM fallback f WHERE f.campaign_id = c.id AND f.state = 'waiting')
"""

#: LATERAL with LIMIT: one look into the index of final events for each text, whatever the planner thinks of tables that
#: grow by the second.
_SETTLED: Final = """
WITH final AS MATERIALIZED (
    SELECT f.message_id, e.kind, e.reason
    FROM fallback f CROSS JOIN LATERAL (
        SELECT kind, reason FROM message_event
        WHERE message_id = f.message_id AND kind IN (2, 3, 4, 5) LIMIT 1
    ) e
    WHERE f.campaign_id = %(campaign)s AND f.state = 'waiting'
      AND (e.kind IN (2, 5) OR e.kind = 3 AND e.reason = ANY(%(never)s))
    ORDER BY f.message_id LIMIT %(most)s
), settled AS (
    UPDATE fallback f SET state = CASE WHEN e.kind = 2 THEN 'unneeded' ELSE 'dropped' END,
                          reason = CASE WHEN e.kind = 2 THEN '' ELSE e.reason END
    FROM final e WHERE f.message_id = e.message_id AND f.state = 'waiting'
    RETURNING f.amount
)
SELECT count(*), coalesce(sum(amount), 0)::bigint FROM settled
"""

_LATE: Final = """
WITH late AS (
    UPDATE fallback f SET state = 'dropped', reason = %(reason)s
    WHERE f.campaign_id = %(campaign)s AND f.state = 'waiting' AND (%(all)s OR f.expires_at <= now())
    RETURNING f.amount
)
SELECT count(*), coalesce(sum(amount), 0)::bigint FROM late
"""

_DUE: Final = """
SELECT f.message_id, f.sender_id, s.slots, f.text, f.expires_at, f.parts, f.amount,
       CASE WHEN p.time_zone <> '' THEN p.time_zone ELSE coalesce(p.zones, '') END AS zones,
       coalesce(p.region, 'KR') AS region, n.profile_id IS NOT NULL AS night_consent
FROM fallback f
CROSS JOIN LATERAL (
    SELECT kind FROM message_event WHERE message_id = f.message_id AND kind IN (2, 3, 4, 5) LIMIT 1
) e
JOIN sender s ON s.id = f.sender_id
LEFT JOIN profile p ON p.id = f.profile_id
LEFT JOIN consent n ON n.profile_id = p.id AND n.channel = 'text' AND n.purpose = 'night' AND n.state = 'subscribed'
WHERE f.campaign_id = %s AND f.state = 'waiting' AND f.expires_at > now() AND e.kind IN (3, 4)
ORDER BY f.message_id LIMIT %s FOR UPDATE OF f
"""

_DROP: Final = """
WITH dropped AS (
    UPDATE fallback SET state = 'dropped', reason = %s WHERE message_id = ANY(%s) AND state = 'waiting' RETURNING amount
)
SELECT count(*), coalesce(sum(amount), 0)::bigint FROM dropped
"""

_SEND: Final = """
WITH moved AS (
    UPDATE fallback f SET state = 'sent', text_message_id = n.new_id
    FROM unnest(%(old)s::bigint[], %(new)s::bigint[], %(texts)s::text[], %(after)s::timestamptz[])
         AS n(old_id, new_id, text, send_after)
    WHERE f.message_id = n.old_id AND f.state = 'waiting'
    RETURNING f.*, n.new_id, n.text AS finished, n.send_after
)
INSERT INTO message (id, campaign_id, profile_id, sender_id, phone, country, kind, encoding, parts, amount, send_after,
                     subject, text)
SELECT new_id, text_campaign_id, profile_id, sender_id, phone, country, kind, encoding, parts, amount, send_after, subject,
       finished
FROM moved
"""

_BATCH: Final = """
INSERT INTO batch (campaign_id, sender_id, slot, first_id, last_id, messages, parts, amount, state, priority, send_after,
                   expires_at, next_id)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, 'queued', 0, %s, %s, %s)
"""


def fail_over() -> int:
    """One round for every campaign that waits; how many texts were queued or settled."""
    with raw_cursor() as cursor:
        waiting = [int(pk) for (pk,) in cursor.execute(_WAITING).fetchall()]
    return sum(_round(campaign_id) for campaign_id in waiting)


@transaction.atomic
def _round(campaign_id: int) -> int:
    campaign = Campaign.objects.select_for_update().get(pk=campaign_id)
    part = Campaign.objects.get(part_of=campaign, part=Part.FALLBACK)
    control = CampaignControl.objects.get(pk=campaign_id)
    done = 0
    with raw_cursor() as cursor:
        for option in ("enable_seqscan", "enable_hashjoin", "enable_mergejoin"):  # rows are looked up by their keys
            cursor.execute(f"SET LOCAL {option} = off")
        never = [reason.value for reason in NEVER]
        settled = {"campaign": campaign_id, "never": never, "most": SETTLED_AT_ONCE}
        given_back = [cursor.execute(_SETTLED, settled).fetchone()]
        if control.state == ControlState.ENDED:
            values = {"campaign": campaign_id, "reason": "campaign_ended", "all": True}
            given_back.append(cursor.execute(_LATE, values).fetchone())
        elif control.state == ControlState.RUNNING:
            values = {"campaign": campaign_id, "reason": "deadline", "all": False}
            given_back.append(cursor.execute(_LATE, values).fetchone())
            due = cursor.execute(_DUE, [campaign_id, AT_ONCE]).fetchall()
            if due:
                sent, dropped = _sorted_out(campaign, due)
                for reason, ids in dropped.items():
                    given_back.append(cursor.execute(_DROP, [reason, ids]).fetchone())
                if len(sent):
                    _send(cursor, part, sent)
                    done += len(sent)
    for row in given_back:
        if row is not None and row[0]:
            release(part.pk, int(row[1]), messages=int(row[0]))
            done += int(row[0])
    return done


def _sorted_out(campaign: Campaign, due: Sequence[tuple[Any, ...]]) -> tuple[pl.DataFrame, dict[str, list[int]]]:
    """Who gets the text, with `send_after` and `send_before`; and who does not, by reason."""
    names = [
        "message_id",
        "sender_id",
        "slots",
        "text",
        "expires_at",
        "parts",
        "amount",
        "zones",
        "region",
        "night_consent",
    ]
    frame = pl.DataFrame(due, schema=names, orient="row").with_columns(
        pl.col("expires_at").dt.convert_time_zone("UTC").dt.cast_time_unit("us")
    )
    now = datetime.now(UTC)
    window = None
    if campaign.hours_from != campaign.hours_to:
        window = Window(opens=campaign.hours_from, closes=campaign.hours_to)
    options = HoursOptions(company=window, legal=campaign.purpose != "informational")
    places = [Place(zones=z, region=r, night_consent=n) for z, r, n in frame.select(names[-3:]).unique().iter_rows()]
    timed = frame.join(windows_frame(places, now, options), on=names[-3:], how="left").with_columns(
        send_after=pl.col("opens_at"), send_before=pl.min_horizontal("closes_at", "expires_at")
    )
    closed = pl.col("opens_at").is_null() | (~pl.col("allowed_now") & pl.lit(campaign.quiet_hours == "skip"))
    late = pl.col("opens_at") >= pl.col("expires_at")
    verdict = timed.with_columns(drop=pl.when(closed).then(pl.lit("outside_hours")).when(late).then(pl.lit("deadline")))
    dropped = {
        str(reason): rows["message_id"].to_list()
        for (reason,), rows in verdict.filter(pl.col("drop").is_not_null()).partition_by("drop", as_dict=True).items()
    }
    kept = verdict.filter(pl.col("drop").is_null()).sort("sender_id", "send_after", "send_before", "message_id")
    return kept, dropped


def _send(cursor: Any, part: Campaign, sent: pl.DataFrame) -> None:
    """Queue the texts: messages, a batch for each sender and time, and the note that they are there."""
    (first_id,) = cursor.execute("SELECT pabal_reserve_message_ids(%s)", [len(sent)]).fetchone()
    rows = sent.with_columns(id=pl.int_range(first_id, first_id + len(sent), dtype=pl.Int64, eager=True))
    rows = rows.with_columns(text=_with_codes(rows["text"], rows["id"].to_numpy(), part.pk))
    cursor.execute(
        _SEND,
        {
            "old": rows["message_id"].to_list(),
            "new": rows["id"].to_list(),
            "texts": rows["text"].to_list(),
            "after": rows["send_after"].to_list(),
        },
    )
    if cursor.rowcount != len(rows):
        raise RuntimeError(f"{len(rows)} texts were due and {cursor.rowcount} queued")
    runs = rows.group_by("sender_id", "send_after", "send_before", maintain_order=True).agg(
        pl.col("slots").first(), pl.col("id").first().alias("first"), pl.col("id").last().alias("last"), pl.len(),
        pl.col("parts").sum(), pl.col("amount").sum(),
    )  # fmt: skip
    for sender, after, before, slots, first, last, count, parts, amount in runs.iter_rows():
        slot = first % max(1, slots)
        cursor.execute(_BATCH, [part.pk, sender, slot, first, last, count, parts, amount, after, before, first])
    plan = PlanRow.objects.select_for_update().get(campaign=part)
    newest = PlanChunk.objects.filter(plan=plan).order_by("-number").values_list("number", flat=True).first() or 0
    PlanChunk.objects.create(
        plan=plan,
        number=newest + 1,
        last_profile_id=0,
        first_message_id=first_id,
        last_message_id=first_id + len(rows) - 1,
        summary=msgspec.to_builtins(ChunkSummary(candidates=len(rows), messages=len(rows))),
    )
    cursor.execute("SELECT pg_notify('pabal_dispatch', '')")


def _with_codes(texts: pl.Series, ids: Any, campaign_id: int) -> pl.Series:
    """The texts with their own short links: they were planned with the codes of message 0."""
    key = short_links().key
    positions = set(Link.objects.filter(campaign_id=campaign_id).values_list("position", flat=True)) | {7}
    frame = texts.alias("text").to_frame()
    ids = np.ascontiguousarray(ids, dtype=np.int64)
    for position in sorted(positions):
        planned = make_code(key, 0, position)
        if frame["text"].str.contains(planned, literal=True).any():
            codes = pl.lit(make_codes(key, ids, position))
            frame = frame.with_columns(pl.col("text").str.replace_all(planned, codes, literal=True))
    return frame["text"]
