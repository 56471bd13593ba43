"""The KakaoTalk side of a plan: the channel and its price, the message, and the texts planned in its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import msgspec
import polars as pl
import pyarrow as pa

from pabal.billing.prices import price_list
from pabal.campaigns.compose import facts_of
from pabal.campaigns.models import Campaign, FailOver
from pabal.campaigns.parts import texts_of
from pabal.campaigns.summary import SAMPLES, ChunkSummary, FallbackPortion, SkipCount
from pabal.campaigns.ways import Way, find_ways
from pabal.content.compose import Compiled, Content, Purpose, compile_content
from pabal.content.kakao import CompiledKakao, compile_kakao
from pabal.delivery.models import Encoding, FallbackState, MessageKind, Sender, SenderKind
from pabal.delivery.short_links import short_links
from pabal.kakao.message import KakaoMessage, parse
from pabal.policy.skips import TEXT_REASONS, SkipReason
from pabal.policy.verdict import SKIP

KOREA = "KR"

#: Whom KakaoTalk delivers to → the price that is reserved. What is billed less is given back with the result.
PRICE_OF_TARGET = {"I": ("kakao_friend",), "M": ("kakao_friend", "kakao_other"), "N": ("kakao_other",)}

_TEXT_CODES = {reason.key: reason.value for reason in TEXT_REASONS}
_FALLBACK_TYPES: dict[str, pa.DataType] = {
    "message_id": pa.int64(),
    "campaign_id": pa.int64(),
    "text_campaign_id": pa.int64(),
    "profile_id": pa.int64(),
    "sender_id": pa.int64(),
    "phone": pa.string(),
    "country": pa.string(),
    "kind": pa.int16(),
    "encoding": pa.int16(),
    "parts": pa.int16(),
    "amount": pa.int32(),
    "subject": pa.string(),
    "text": pa.string(),
    "expires_at": pa.timestamp("us", "UTC"),
    "state": pa.string(),
}


@dataclass(frozen=True, kw_only=True)
class KakaoInput:
    """A KakaoTalk campaign as plain values. `text` None: nobody gets a text instead."""

    message: KakaoMessage
    target: str
    track: bool
    purpose: Purpose
    text: Content | None
    text_senders: tuple[Sender, ...]
    text_campaign_id: int


@dataclass(frozen=True, kw_only=True)
class Texts:
    """What texts in place of KakaoTalk are made with. `way` None: none can be sent."""

    campaign_id: int
    way: Way | None
    compiled: Compiled | None
    expires_at: datetime
    consent: bool


@dataclass(frozen=True, kw_only=True)
class PreparedKakao:
    """What `plan.prepare` needs."""

    ways: dict[str, Way]
    unpriced: tuple[str, ...]
    contents: Mapping[str, CompiledKakao]
    texts: Texts | None


def kakao_input(campaign: Campaign) -> KakaoInput:
    """The KakaoTalk side of a campaign. Raises InvalidInput for a message that cannot be read."""
    text = None
    if campaign.fallback != FailOver.OFF and campaign.fallback_text.strip():
        text = Content(
            text=campaign.fallback_text,
            subject=campaign.fallback_subject or None,
            shorten_links=campaign.shorten_links,
            opt_out=campaign.add_opt_out,
            sender_name=campaign.add_sender_name,
            allow_lms=campaign.allow_lms,
        )
    part = texts_of(campaign)
    return KakaoInput(
        message=parse(campaign.kakao or {}),
        target=campaign.target,
        track=campaign.shorten_links,
        purpose=cast(Any, "informational" if campaign.purpose == "informational" else "promotional"),
        text=text,
        text_senders=text_senders(campaign),
        text_campaign_id=part.pk if part is not None else 0,
    )


def text_senders(campaign: Campaign) -> tuple[Sender, ...]:
    """The senders of the texts in place of KakaoTalk, in the order in which they were chosen."""
    through = Campaign.fallback_senders.through.objects.filter(campaign=campaign).order_by("pk")
    ids = list(through.values_list("sender_id", flat=True))
    senders = Sender.objects.select_related("account").filter(archived_at=None).in_bulk(ids)
    return tuple(senders[pk] for pk in ids if pk in senders)


def prepare_kakao(kakao: KakaoInput, senders: Sequence[Sender], *, deadline: datetime, now: datetime) -> PreparedKakao:
    """Choose the channel and prices, and compile message and text. Raises TemplateError (InvalidInput)."""
    way = None
    channels = [sender for sender in senders if sender.kind == SenderKind.KAKAO_CHANNEL]
    for channel in channels:
        rates = price_list(channel.account.provider, now.date())
        amounts = [rate.amount for kind in PRICE_OF_TARGET[kakao.target] if (rate := rates.rate(kind, KOREA))]
        if len(amounts) == len(PRICE_OF_TARGET[kakao.target]):
            way = Way(country=KOREA, sender_id=channel.pk, lms=False, sms_amount=max(amounts), lms_amount=0)
            break
    texts = _texts(kakao, deadline=deadline, now=now)
    if way is None:
        return PreparedKakao(ways={}, unpriced=(KOREA,) if channels else (), contents={}, texts=None)
    compiled = compile_kakao(
        kakao.message, short_links(), track=kakao.track, fallback=texts.compiled if texts is not None else None
    )
    return PreparedKakao(ways={KOREA: way}, unpriced=(), contents={KOREA: compiled}, texts=texts)


def _texts(kakao: KakaoInput, *, deadline: datetime, now: datetime) -> Texts | None:
    if kakao.text is None:
        return None
    ways, _unpriced = find_ways(kakao.text_senders, [KOREA], allow_lms=kakao.text.allow_lms, on=now.date())
    way, compiled = ways.get(KOREA), None
    if way is not None:
        sender = next(sender for sender in kakao.text_senders if sender.pk == way.sender_id)
        compiled = compile_content(kakao.text, facts_of(sender), KOREA, short_links(), kakao.purpose)
    return Texts(
        campaign_id=kakao.text_campaign_id,
        way=way,
        compiled=compiled,
        expires_at=deadline,
        consent=kakao.purpose == "promotional",
    )


def fallback_rows(messages: pl.DataFrame, texts: Texts) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(KakaoTalk messages with a text in their place, its `text_amount` worked out; those without, with the `text_skip`)."""
    if "fallback_text" not in messages.columns or texts.way is None:
        none = messages.with_columns(text_skip=pl.lit(SkipReason.COUNTRY_NOT_SUPPORTED.value, SKIP))
        return messages.clear(), none
    way = texts.way
    too_long = (pl.col("fallback_kind") == "lms") & pl.lit(not way.lms)
    judged = messages.with_columns(
        text_amount=pl.when(pl.col("fallback_kind") == "lms")
        .then(pl.lit(way.lms_amount))
        .otherwise(pl.lit(way.sms_amount) * pl.col("fallback_parts")),
        text_skip=pl.coalesce(
            pl.when(~pl.col("text_subscribed") & pl.lit(texts.consent)).then(
                pl.lit(SkipReason.NOT_SUBSCRIBED.value, SKIP)
            ),
            pl.col("fallback_problem").replace_strict(_TEXT_CODES, return_dtype=SKIP),
            pl.when(too_long).then(pl.lit(SkipReason.KIND_NOT_SUPPORTED.value, SKIP)),
        ),
    )
    without = judged["text_skip"].is_not_null()
    return judged.filter(~without), judged.filter(without)


def fallback_table(planned: pl.DataFrame, campaign_id: int, texts: Texts) -> pa.Table | None:
    """Rows of `fallback`."""
    if not len(planned) or texts.way is None:
        return None
    kinds = {"sms": MessageKind.SMS.value, "lms": MessageKind.LMS.value}
    encodings = {"euckr": Encoding.EUCKR.value, "gsm7": Encoding.GSM7.value, "ucs2": Encoding.UCS2.value}
    rows = planned.select(
        pl.col("id").alias("message_id"),
        pl.lit(campaign_id).alias("campaign_id"),
        pl.lit(texts.campaign_id).alias("text_campaign_id"),
        "profile_id",
        pl.lit(texts.way.sender_id).alias("sender_id"),
        "phone",
        "country",
        pl.col("fallback_kind").replace_strict(kinds, return_dtype=pl.Int16).alias("kind"),
        pl.col("fallback_encoding").replace_strict(encodings, return_dtype=pl.Int16).alias("encoding"),
        pl.col("fallback_parts").alias("parts"),
        pl.col("text_amount").alias("amount"),
        pl.col("fallback_subject").fill_null("").alias("subject"),
        pl.col("fallback_text").alias("text"),
        pl.lit(texts.expires_at).alias("expires_at"),
        pl.lit(FallbackState.WAITING.value).alias("state"),
    )
    return typed(rows, _FALLBACK_TYPES)


def fallback_sums(summary: ChunkSummary, planned: pl.DataFrame | None, without: pl.DataFrame | None) -> ChunkSummary:
    """The chunk's summary with its texts."""
    if planned is None or without is None:
        return summary
    portions = []
    if len(planned):
        sums = planned.group_by("fallback_kind", maintain_order=True).agg(
            pl.len(), pl.col("fallback_parts").sum(), pl.col("text_amount").sum()
        )
        portions = [FallbackPortion(kind=k, messages=n, parts=p, amount=a) for k, n, p, a in sums.iter_rows()]
    skips = without.group_by("text_skip").agg(pl.len(), pl.col("profile_id").head(SAMPLES)).sort("text_skip")
    return msgspec.structs.replace(
        summary,
        fallbacks=tuple(portions),
        fallback_skips=tuple(
            SkipCount(reason=SkipReason(code).key, profiles=count, samples=tuple(samples))
            for code, count, samples in skips.iter_rows()
        ),
    )


def typed(frame: pl.DataFrame, types: Mapping[str, pa.DataType]) -> pa.Table:
    """As Arrow in exactly the types of the table's columns: binary COPY converts nothing."""
    return frame.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(pa.schema(list(types.items())))
