"""From judged and rendered recipients to the rows that are stored and their sums."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import polars as pl
import pyarrow as pa

from pabal.campaigns.kakao import Texts, fallback_rows, fallback_sums, fallback_table, typed
from pabal.campaigns.summary import SAMPLES, ChunkSummary, Portion, SkipCount, TextSample
from pabal.campaigns.ways import Way, ways_frame
from pabal.campaigns.write import Chunk
from pabal.delivery.models import BatchState, Encoding, MessageKind
from pabal.delivery.priorities import Priority
from pabal.policy.countries import campaign_refusal
from pabal.policy.skips import TEXT_REASONS, SkipReason
from pabal.policy.verdict import SKIP, Policy, verdict

BATCH = 5_000

_KINDS = {
    "sms": MessageKind.SMS.value,
    "lms": MessageKind.LMS.value,
    "mms": MessageKind.MMS.value,
    "kakao": MessageKind.KAKAO.value,
}
_ENCODINGS = {
    "gsm7": Encoding.GSM7.value,
    "ucs2": Encoding.UCS2.value,
    "euckr": Encoding.EUCKR.value,
    "utf8": Encoding.UTF8.value,
}
_TEXT_CODES = {reason.key: reason.value for reason in TEXT_REASONS}
_RUN = ["sender_id", "send_after", "send_before"]
_BATCH_TYPES: dict[str, pa.DataType] = {
    "campaign_id": pa.int64(),
    "sender_id": pa.int64(),
    "slot": pa.int16(),
    "first_id": pa.int64(),
    "last_id": pa.int64(),
    "messages": pa.int32(),
    "parts": pa.int32(),
    "amount": pa.int64(),
    "state": pa.string(),
    "priority": pa.int16(),
    "send_after": pa.timestamp("us", "UTC"),
    "expires_at": pa.timestamp("us", "UTC"),
    "next_id": pa.int64(),
}
_MESSAGE_TYPES: dict[str, pa.DataType] = {
    "id": pa.int64(),
    "campaign_id": pa.int64(),
    "profile_id": pa.int64(),
    "sender_id": pa.int64(),
    "phone": pa.string(),
    "country": pa.string(),
    "kind": pa.int16(),
    "encoding": pa.int16(),
    "parts": pa.int16(),
    "amount": pa.int32(),
    "send_after": pa.timestamp("us", "UTC"),
    "subject": pa.string(),
    "text": pa.string(),
}
_SKIP_TYPES: dict[str, pa.DataType] = {
    "campaign_id": pa.int64(),
    "profile_id": pa.int64(),
    "reason": pa.int16(),
    "at": pa.timestamp("us", "UTC"),
}


class Judged:
    """A page of candidates after the verdict: `kept` get a text (sorted as they will be sent), `skipped` do not."""

    def __init__(
        self,
        page: pl.DataFrame,
        *,
        policy: Policy,
        ways: dict[str, Way],
        now: datetime,
        deadline: datetime,
    ) -> None:
        # A country that a sender reaches but that has no price cannot be sent to either: as if it were none.
        codes = page["country"].unique().to_list()
        known = [code for code in codes if code in ways or campaign_refusal(policy.routes, code, policy.kind)]
        reached = pl.when(pl.col("country").is_in(known)).then("country").otherwise(pl.lit(""))
        judged = verdict(page.with_columns(country=reached), policy, now, deadline)
        judged = judged.join(ways_frame(ways), on="country", how="left", maintain_order="left")
        self.candidates = len(page)
        self.last_profile_id = int(page["profile_id"][-1])
        self.subscribed = int(page["subscribed"].sum())
        self.countries = codes
        kept = judged["skip"].is_null()
        self.skipped = judged.filter(~kept).select("profile_id", "skip")
        no_kind = judged.filter(pl.col("skip") == SkipReason.KIND_NOT_SUPPORTED.value)
        self.without_kind = dict(no_kind.group_by("country").len().iter_rows())
        self.kept = judged.filter(kept).sort(*_RUN, "profile_id")

    def to_render(self, variables: Sequence[str], *, first_id: int | None) -> pl.DataFrame:
        """What `render_pool` needs of those that are kept; without `first_id`, the ids of a preview."""
        ids = pl.lit(0, pl.Int64) if first_id is None else pl.int_range(pl.len(), dtype=pl.Int64) + first_id
        return self.kept.select(ids.alias("message_id"), "country", *variables)


def build(
    judged: Judged,
    rendered: pl.DataFrame,
    *,
    first_id: int,
    number: int,
    campaign_id: int,
    now: datetime,
    slots: dict[int, int],
    unpriced: tuple[str, ...] = (),
    priority: Priority = Priority.USUAL,
    texts: Texts | None = None,
) -> Chunk:
    """The chunk of a judged page whose `kept` were rendered (`render_pool.RENDERED`, in their order) with message ids
    from `first_id` on. `slots`: lanes of each sender, among which its batches are shared out."""
    whole = pl.concat([judged.kept, rendered], how="horizontal").with_columns(
        id=pl.int_range(first_id, first_id + len(judged.kept), dtype=pl.Int64, eager=True),
        amount=pl.when(pl.col("kind") == "lms")
        .then("lms_amount")
        .when(pl.col("kind") == "mms")
        .then("mms_amount")
        .otherwise(pl.col("sms_amount") * pl.col("parts")),
        skip=pl.coalesce(
            pl.col("problem").replace_strict(_TEXT_CODES, return_dtype=SKIP),
            pl.when((pl.col("kind") == "lms") & ~pl.col("lms")).then(pl.lit(SkipReason.KIND_NOT_SUPPORTED.value, SKIP)),
        ),
    )
    good = whole["skip"].is_null()
    skipped = pl.concat([judged.skipped, whole.filter(~good).select("profile_id", "skip")]).sort("profile_id")
    messages = whole.filter(good)
    planned, without = fallback_rows(messages, texts) if texts is not None else (None, None)
    return Chunk(
        number=number,
        last_profile_id=judged.last_profile_id,
        messages=_messages(messages, campaign_id),
        batches=_batches(messages, campaign_id, number, slots, priority),
        skips=typed(
            skipped.select(
                pl.lit(campaign_id).alias("campaign_id"), "profile_id", pl.col("skip").alias("reason"),
                pl.lit(now).alias("at"),
            ),
            _SKIP_TYPES,
        ),
        fallbacks=fallback_table(planned, campaign_id, texts) if texts is not None and planned is not None else None,
        summary=fallback_sums(_summary(judged, messages, skipped, unpriced), planned, without),
    )  # fmt: skip


def _messages(messages: pl.DataFrame, campaign_id: int) -> pa.Table:
    personal = "slots" in messages.columns and messages["slots"].null_count() < len(messages)
    types = _MESSAGE_TYPES | {"slots": pa.list_(pa.string())} if personal else _MESSAGE_TYPES
    return typed(
        messages.select(
            "id",
            pl.lit(campaign_id).alias("campaign_id"),
            "profile_id",
            "sender_id",
            "phone",
            "country",
            pl.col("kind").replace_strict(_KINDS, return_dtype=pl.Int16),
            pl.col("encoding").replace_strict(_ENCODINGS, return_dtype=pl.Int16),
            "parts",
            "amount",
            "send_after",
            pl.col("subject").fill_null(""),
            "text",
            *(["slots"] if personal else []),
        ),
        types,
    )


def _batches(
    messages: pl.DataFrame, campaign_id: int, number: int, slots: dict[int, int], priority: Priority
) -> pa.Table:
    """Runs of messages with one sender and one time to send, `BATCH` at most, shared out among the sender's lanes."""
    run = pl.struct(_RUN).rle_id()
    batches = (
        messages.with_columns(run=run)
        .with_columns(piece=pl.int_range(pl.len(), dtype=pl.Int64).over("run") // BATCH)
        .group_by("run", "piece", maintain_order=True)
        .agg(
            pl.col(_RUN).first(),
            pl.col("id").first().alias("first_id"),
            pl.col("id").last().alias("last_id"),
            pl.len().alias("messages"),
            pl.col("parts").sum(),
            pl.col("amount").sum(),
        )
        .with_columns(
            campaign_id=pl.lit(campaign_id),
            slot=(number + pl.int_range(pl.len(), dtype=pl.Int64))
            % pl.col("sender_id").replace_strict(slots, default=1, return_dtype=pl.Int64),
            state=pl.lit(BatchState.QUEUED.value),
            priority=pl.lit(priority.value),
            expires_at=pl.col("send_before"),
            next_id=pl.col("first_id"),
        )
    )
    return typed(batches.select(_BATCH_TYPES.keys()), _BATCH_TYPES)


def _summary(judged: Judged, messages: pl.DataFrame, skipped: pl.DataFrame, unpriced: tuple[str, ...]) -> ChunkSummary:
    skips = skipped.group_by("skip").agg(pl.len(), pl.col("profile_id").head(SAMPLES)).sort("skip")
    alike = ["sender_id", "country", "kind", "encoding", "send_after", "send_before"]
    portions = messages.group_by(alike, maintain_order=True).agg(
        pl.len(), pl.col("parts").sum(), pl.col("amount").sum()
    )
    return ChunkSummary(
        candidates=judged.candidates,
        subscribed=judged.subscribed,
        messages=len(messages),
        skips=tuple(
            SkipCount(reason=SkipReason(code).key, profiles=count, samples=tuple(samples))
            for code, count, samples in skips.iter_rows()
        ),
        portions=tuple(
            Portion(
                sender_id=sender, country=country, kind=kind, encoding=encoding, opens_at=opens, closes_at=closes,
                messages=count, parts=parts, amount=amount,
            )
            for sender, country, kind, encoding, opens, closes, count, parts, amount in portions.iter_rows()
        ),
        samples=tuple(_samples(messages.head(SAMPLES))),
        shortest=next(_samples(messages.bottom_k(1, by=["units", "profile_id"])), None),
        longest=next(_samples(messages.top_k(1, by=["units", -pl.col("profile_id")])), None),
        unpriced=unpriced,
        without_kind=judged.without_kind,
    )  # fmt: skip


def _samples(messages: pl.DataFrame) -> Any:
    columns = ["profile_id", "country", "kind", "encoding", "units", "parts", "text"]
    return (TextSample(**row) for row in messages.select(columns).iter_rows(named=True))
