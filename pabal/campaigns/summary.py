"""What a plan found: the funnel from audience to messages, cost and time. Stored as JSON in `plan.summary`.

Money is in thousandths of a credit, times are UTC. `PlanSummary` is what pages, the API and `pabal plan` read;
`ChunkSummary` is one chunk's share of it, stored with the chunk, so that a plan that broke off adds up again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec

SAMPLES = 5


class SkipCount(msgspec.Struct, frozen=True, kw_only=True):
    """Candidates that are skipped for one reason (`policy.skips.SkipReason.key`), with a few of their profile ids."""

    reason: str
    profiles: int
    samples: tuple[int, ...] = ()


class Portion(msgspec.Struct, frozen=True, kw_only=True):
    """Messages that are alike. `kind`: sms, lms, mms. `encoding`: gsm7, ucs2, euckr. They may be sent from `opens_at`
    on and before `closes_at`."""

    sender_id: int
    country: str
    kind: str
    encoding: str
    opens_at: datetime
    closes_at: datetime
    messages: int
    parts: int
    amount: int


class TextSample(msgspec.Struct, frozen=True, kw_only=True):
    """One finished text, as it would go out. `units`: septets, UTF-16 units or bytes, by `encoding`."""

    profile_id: int
    country: str
    kind: str
    encoding: str
    units: int
    parts: int
    text: str


class SenderForecast(msgspec.Struct, frozen=True, kw_only=True):
    """One sender's part. `finishes_at` null: nothing is sent in time."""

    sender_id: int
    name: str
    address: str
    messages: int
    parts: int
    amount: int
    finishes_at: datetime | None
    timed_out: int


class Warning(msgspec.Struct, frozen=True, kw_only=True):
    """Something to think about before sending; nothing that prevents it. The texts are in `campaigns.words`."""

    code: str
    details: dict[str, Any] = {}


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """How many messages may go out from a moment on (`at`: the start of an hour; null: at once)."""

    at: datetime | None
    messages: int


class FallbackPortion(msgspec.Struct, frozen=True, kw_only=True):
    """Texts that would replace KakaoTalk messages, of one kind. `amount` is reserved for them beside the messages."""

    kind: str
    messages: int
    parts: int
    amount: int


class ChunkSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What one chunk adds, or several added up (`merged`). `without_kind`: people in countries without this kind."""

    candidates: int = 0
    subscribed: int = 0
    messages: int = 0
    skips: tuple[SkipCount, ...] = ()
    portions: tuple[Portion, ...] = ()
    samples: tuple[TextSample, ...] = ()
    shortest: TextSample | None = None
    longest: TextSample | None = None
    unpriced: tuple[str, ...] = ()
    without_kind: dict[str, int] = {}
    fallbacks: tuple[FallbackPortion, ...] = ()
    fallback_skips: tuple[SkipCount, ...] = ()


class PlanSummary(msgspec.Struct, frozen=True, kw_only=True):
    """The whole plan. `audience = messages + sum(skips)`, always.

    `subscribed`: candidates who agreed to this purpose. `balance_before`: what was available when the plan was made;
    `balance_after` may be negative: then it does not cover the plan. `finishes_at` null: nothing is sent in time.
    `segments`: key → version of each segment that the audience was made of.

    Of a KakaoTalk campaign, `fallbacks` are the texts planned in its place (`fallback_skips`: who has none, and why);
    `amount` is what is reserved, for both and at the higher price, `amount_least` if KakaoTalk reaches all as friends.
    """

    planned_for: datetime
    deadline: datetime
    audience: int = 0
    subscribed: int = 0
    messages: int = 0
    parts: int = 0
    amount: int = 0
    skips: tuple[SkipCount, ...] = ()
    portions: tuple[Portion, ...] = ()
    openings: tuple[Opening, ...] = ()
    samples: tuple[TextSample, ...] = ()
    shortest: TextSample | None = None
    longest: TextSample | None = None
    senders: tuple[SenderForecast, ...] = ()
    finishes_at: datetime | None = None
    timed_out: int = 0
    balance_before: int = 0
    balance_after: int = 0
    warnings: tuple[Warning, ...] = ()
    segments: dict[str, int] = {}
    seconds: float = 0.0
    fallbacks: tuple[FallbackPortion, ...] = ()
    fallback_skips: tuple[SkipCount, ...] = ()
    amount_least: int | None = None

    @property
    def skipped(self) -> int:
        return sum(skip.profiles for skip in self.skips)

    @property
    def covered(self) -> bool:
        """Whether the balance covers it."""
        return self.balance_after >= 0

    def to_json(self) -> dict[str, Any]:
        """As plain data for a JSON column or an answer of the API."""
        plain: dict[str, Any] = msgspec.to_builtins(self)
        return plain

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> PlanSummary:
        """Raises `msgspec.ValidationError` for data of another shape."""
        return msgspec.convert(plain, cls)

    def by(self, *names: str) -> list[tuple[tuple[Any, ...], int, int, int]]:
        """(values of the named fields of the portions, messages, parts, amount), the most messages first."""
        sums: dict[tuple[Any, ...], list[int]] = {}
        for portion in self.portions:
            entry = sums.setdefault(tuple(getattr(portion, name) for name in names), [0, 0, 0])
            entry[0] += portion.messages
            entry[1] += portion.parts
            entry[2] += portion.amount
        rows = [(key, messages, parts, amount) for key, (messages, parts, amount) in sums.items()]
        return sorted(rows, key=lambda row: -row[1])


def merged(chunks: Iterable[ChunkSummary], order: Iterable[str] = ()) -> ChunkSummary:
    """The sum of `chunks`; skips in the given order of reasons."""
    chunks = list(chunks)
    skips = _skips(skip for chunk in chunks for skip in chunk.skips)
    fallback_skips = _skips(skip for chunk in chunks for skip in chunk.fallback_skips)
    fallbacks: dict[str, FallbackPortion] = {}
    portions: dict[tuple[Any, ...], Portion] = {}
    for chunk in chunks:
        for text in chunk.fallbacks:
            old = fallbacks.get(text.kind, FallbackPortion(kind=text.kind, messages=0, parts=0, amount=0))
            fallbacks[text.kind] = FallbackPortion(
                kind=text.kind,
                messages=old.messages + text.messages,
                parts=old.parts + text.parts,
                amount=old.amount + text.amount,
            )
        for portion in chunk.portions:
            key = (
                portion.sender_id,
                portion.country,
                portion.kind,
                portion.encoding,
                portion.opens_at,
                portion.closes_at,
            )
            portions[key] = _added(portions.get(key), portion)
    ranks = {reason: rank for rank, reason in enumerate(order)}
    return ChunkSummary(
        candidates=sum(chunk.candidates for chunk in chunks),
        subscribed=sum(chunk.subscribed for chunk in chunks),
        messages=sum(chunk.messages for chunk in chunks),
        skips=tuple(sorted(skips.values(), key=lambda skip: ranks.get(skip.reason, len(ranks)))),
        portions=tuple(portions.values()),
        samples=tuple(sample for chunk in chunks for sample in chunk.samples)[:SAMPLES],
        shortest=min((c.shortest for c in chunks if c.shortest), key=lambda s: (s.units, s.profile_id), default=None),
        longest=max((c.longest for c in chunks if c.longest), key=lambda s: (s.units, -s.profile_id), default=None),
        unpriced=tuple(sorted({country for chunk in chunks for country in chunk.unpriced})),
        fallbacks=tuple(fallbacks.values()),
        fallback_skips=tuple(fallback_skips.values()),
        without_kind=dict(sum((Counter(chunk.without_kind) for chunk in chunks), Counter())),
    )


def _skips(found: Iterable[SkipCount]) -> dict[str, SkipCount]:
    skips: dict[str, SkipCount] = {}
    for skip in found:
        known = skips.get(skip.reason, SkipCount(reason=skip.reason, profiles=0))
        skips[skip.reason] = SkipCount(
            reason=skip.reason,
            profiles=known.profiles + skip.profiles,
            samples=(known.samples + skip.samples)[:SAMPLES],
        )
    return skips


def _added(known: Portion | None, more: Portion) -> Portion:
    if known is None:
        return more
    return msgspec.structs.replace(
        known,
        messages=known.messages + more.messages,
        parts=known.parts + more.parts,
        amount=known.amount + more.amount,
    )
