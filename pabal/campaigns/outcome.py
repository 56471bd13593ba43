"""The end of a plan: its sums, what it costs against the balance, and when it will be done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import msgspec

from pabal.campaigns.summary import (
    ChunkSummary,
    Opening,
    PlanSummary,
    Portion,
    SenderForecast,
    Warning,
    merged,
)
from pabal.delivery.models import Sender
from pabal.policy.finish import Forecast, Load, predict
from pabal.policy.skips import SkipReason


def summarise(
    chunks: Sequence[ChunkSummary],
    *,
    senders: Sequence[Sender],
    now: datetime,
    deadline: datetime,
    per_minute: int | None,
    available: int,
    seconds: float,
) -> PlanSummary:
    """The summary of all `chunks` of a plan made for `now`. `available`: the balance, in thousandths of a credit."""
    total = merged(chunks, order=[reason.key for reason in SkipReason])
    used = [sender for sender in senders if any(p.sender_id == sender.pk for p in total.portions)]
    whole = _forecast(total.portions, used, now=now, deadline=deadline, per_minute=per_minute)
    messages_amount = sum(portion.amount for portion in total.portions)
    amount = messages_amount + sum(text.amount for text in total.fallbacks)
    summary = PlanSummary(
        planned_for=now,
        deadline=deadline,
        audience=total.candidates,
        subscribed=total.subscribed,
        messages=total.messages,
        parts=sum(portion.parts for portion in total.portions),
        amount=amount,
        skips=total.skips,
        portions=total.portions,
        openings=_openings(total.portions, now),
        samples=total.samples,
        shortest=total.shortest,
        longest=total.longest,
        senders=tuple(_sender(sender, total.portions, now, deadline, per_minute, whole) for sender in used),
        finishes_at=whole.finishes_at,
        timed_out=whole.timed_out,
        balance_before=available,
        balance_after=available - amount,
        seconds=round(seconds, 3),
        fallbacks=total.fallbacks,
        fallback_skips=total.fallback_skips,
        amount_least=messages_amount if total.fallbacks else None,
    )
    return _with_warnings(summary, total)


def _forecast(
    portions: Sequence[Portion],
    senders: Sequence[Sender],
    *,
    now: datetime,
    deadline: datetime,
    per_minute: int | None,
) -> Forecast:
    loads: dict[tuple[int, datetime, datetime], list[int]] = {}
    for portion in portions:
        entry = loads.setdefault((portion.sender_id, portion.opens_at, portion.closes_at), [0, 0])
        entry[0] += portion.messages
        entry[1] += portion.parts
    return predict(
        [
            Load(sender=str(sender), messages=messages, parts=parts, opens_at=opens, closes_at=closes)
            for (sender, opens, closes), (messages, parts) in loads.items()
        ],
        throughput={str(sender.pk): sender.throughput for sender in senders},
        now=now,
        deadline=deadline,
        per_minute=per_minute,
    )


def _sender(
    sender: Sender,
    portions: Sequence[Portion],
    now: datetime,
    deadline: datetime,
    per_minute: int | None,
    whole: Forecast,
) -> SenderForecast:
    own = [portion for portion in portions if portion.sender_id == sender.pk]
    alone = _forecast(own, [sender], now=now, deadline=deadline, per_minute=per_minute)
    return SenderForecast(
        sender_id=sender.pk,
        name=sender.name,
        address=sender.address,
        messages=sum(portion.messages for portion in own),
        parts=sum(portion.parts for portion in own),
        amount=sum(portion.amount for portion in own),
        finishes_at=alone.finishes_at,
        timed_out=whole.timed_out_by_sender.get(str(sender.pk), 0),
    )


def _openings(portions: Sequence[Portion], now: datetime) -> tuple[Opening, ...]:
    """Messages that go out at once, and then by the hour in which they open."""
    hours: Counter[datetime | None] = Counter()
    for portion in portions:
        hour = None if portion.opens_at <= now else portion.opens_at.replace(minute=0, second=0, microsecond=0)
        hours[hour] += portion.messages
    ordered = sorted(hours.items(), key=lambda item: (item[0] is not None, item[0] or now))
    return tuple(Opening(at=at, messages=messages) for at, messages in ordered)


def _with_warnings(summary: PlanSummary, total: ChunkSummary) -> PlanSummary:
    unpriced = total.unpriced
    found: list[Warning] = []
    held = sum(opening.messages for opening in summary.openings if opening.at is not None)
    unicode_messages = sum(p.messages for p in summary.portions if p.encoding == "ucs2")
    lms = sum(p.messages for p in summary.portions if p.kind == "lms")
    if not summary.messages:
        found.append(Warning(code="no_messages"))
    if not summary.covered:
        found.append(Warning(code="balance_short", details={"missing": -summary.balance_after}))
    if summary.timed_out:
        found.append(Warning(code="timeouts", details={"messages": summary.timed_out}))
    if held:
        found.append(Warning(code="held", details={"messages": held}))
    if unpriced:
        found.append(Warning(code="unpriced", details={"countries": list(unpriced)}))
    if total.without_kind:
        people = sum(total.without_kind.values())
        found.append(Warning(code="no_mms_there", details={"people": people, "countries": total.without_kind}))
    if unicode_messages and any(p.kind == "sms" for p in summary.portions):
        found.append(Warning(code="unicode", details={"messages": unicode_messages}))
    if lms and lms < summary.messages:
        found.append(Warning(code="some_lms", details={"messages": lms}))
    return msgspec.structs.replace(summary, warnings=tuple(found))
