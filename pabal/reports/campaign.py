"""The numbers of one campaign, live: read from the running tallies and the open batches, never by counting messages."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from pabal.campaigns.models import Campaign, Plan, PlanMode
from pabal.campaigns.summary import PlanSummary
from pabal.delivery.models import EventKind, Tally

#: How wide a bar of the chart may be, in minutes; the first that gives at most 120 bars is taken.
STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 240, 720, 1440)


@dataclass(frozen=True, kw_only=True)
class Reason:
    """So many messages for one reason; `amount` in thousandths of a credit."""

    reason: str
    messages: int


@dataclass(frozen=True, kw_only=True)
class Results:
    """What became of a campaign's messages. Every message is in exactly one of `waiting`, `underway` and the final
    ones (`delivered`, `failed`, `expired`, `cancelled`, `unknown`), so that they add up to `planned`.

    `waiting`: not handed to a carrier yet. `underway`: accepted, without a receipt. `amount`: spent so far, in
    thousandths of a credit. `clicked`, `replied`, `unsubscribed`: people, not events. `pace`: messages accepted in the
    last full minute.
    """

    planned: int = 0
    waiting: int = 0
    accepted: int = 0
    delivered: int = 0
    failed: int = 0
    expired: int = 0
    cancelled: int = 0
    unknown: int = 0
    clicked: int = 0
    replied: int = 0
    unsubscribed: int = 0
    amount: int = 0
    failures: tuple[Reason, ...] = ()
    audience: int = 0
    summary: PlanSummary | None = None
    series: dict[str, list[int]] = field(default_factory=dict)
    moments: list[datetime] = field(default_factory=list)

    @property
    def final(self) -> int:
        return self.delivered + self.failed + self.expired + self.cancelled + self.unknown

    @property
    def underway(self) -> int:
        return max(0, self.planned - self.waiting - self.final)

    @property
    def never_taken(self) -> int:
        """Failed ones that the carrier, when it was asked, had never taken."""
        return sum(reason.messages for reason in self.failures if reason.reason == "never_taken")

    @property
    def handled(self) -> int:
        """Messages that left the queue, whatever became of them."""
        return self.planned - self.waiting

    def as_dict(self) -> dict[str, Any]:
        """The numbers for the API."""
        names = [
            "planned",
            "waiting",
            "underway",
            "accepted",
            "delivered",
            "failed",
            "expired",
            "cancelled",
            "unknown",
            "clicked",
            "replied",
            "unsubscribed",
            "amount",
            "audience",
        ]
        skips = [{"reason": s.reason, "profiles": s.profiles} for s in self.summary.skips] if self.summary else []
        failures = [{"reason": r.reason, "messages": r.messages} for r in self.failures]
        return {name: getattr(self, name) for name in names} | {"skips": skips, "failures": failures}


_BATCHES = """
SELECT coalesce(sum(messages), 0)::bigint,
       coalesce(sum(CASE WHEN state IN ('queued', 'sending') THEN greatest(0, last_id - next_id + 1) ELSE 0 END), 0)::bigint
FROM batch WHERE campaign_id = %s
"""

#: Messages of which we still do not know: a late receipt, or the carrier when it was asked again, may have said.
_UNRESOLVED = """
SELECT count(*) FROM batch b JOIN message_event e ON e.kind = 6 AND e.message_id BETWEEN b.first_id AND b.last_id
WHERE b.campaign_id = %s
  AND NOT EXISTS (
      SELECT 1 FROM message_event f
      WHERE f.message_id = e.message_id AND (f.kind IN (2, 3, 4, 5) OR f.kind = 1 AND f.at > e.at)
  )
"""

_TOTALS = {
    EventKind.ACCEPTED: "accepted",
    EventKind.DELIVERED: "delivered",
    EventKind.FAILED: "failed",
    EventKind.EXPIRED: "expired",
    EventKind.CANCELLED: "cancelled",
    EventKind.UNKNOWN: "unknown",
    EventKind.CLICKED: "clicked",
    EventKind.REPLIED: "replied",
    EventKind.UNSUBSCRIBED: "unsubscribed",
}
_CHARTED = ("accepted", "delivered", "failed", "clicked")


def results(campaign: Campaign, *, chart: bool = True) -> Results:
    """The campaign's numbers as of now: a few small queries, however many messages there are."""
    with connection.cursor() as cursor:
        cursor.execute(_BATCHES, [campaign.pk])
        planned, waiting = cursor.fetchone() or (0, 0)
    totals: dict[str, int] = defaultdict(int)
    failures: dict[str, int] = defaultdict(int)
    minutes: dict[datetime, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    amount = 0
    rows = Tally.objects.filter(campaign_id=campaign.pk).values_list("minute", "kind", "reason", "messages", "amount")
    for minute, kind, reason, messages, cost in rows:
        name = _TOTALS[EventKind(kind)]
        totals[name] += messages
        amount += cost
        if name in {"failed", "unknown", "expired", "cancelled"}:
            failures[reason] += messages
        if name in _CHARTED:
            minutes[minute][name] += messages
    if totals["unknown"]:
        with connection.cursor() as cursor:
            cursor.execute(_UNRESOLVED, [campaign.pk])
            totals["unknown"] = int((cursor.fetchone() or (0,))[0])
    plan = Plan.objects.filter(campaign=campaign, mode=PlanMode.SEND).first()
    summary = PlanSummary.from_json(plan.summary) if plan and plan.summary else None
    moments, series = _series(minutes) if chart and minutes else ([], {})
    return Results(
        planned=int(planned),
        waiting=int(waiting),
        amount=amount,
        failures=tuple(
            Reason(reason=r, messages=n) for r, n in sorted(failures.items(), key=lambda item: -item[1]) if n
        ),
        audience=summary.audience if summary else 0,
        summary=summary,
        moments=moments,
        series=series,
        **totals,
    )


def _series(minutes: dict[datetime, dict[str, int]]) -> tuple[list[datetime], dict[str, list[int]]]:
    """The minutes folded into at most 120 steps from the first to the last."""
    first, last = min(minutes), max(minutes)
    span = int((last - first).total_seconds() // 60) + 1
    step = next((s for s in STEPS if span <= s * 120), STEPS[-1])
    count = (span - 1) // step + 1
    moments = [first + timedelta(minutes=step * i) for i in range(count)]
    series = {name: [0] * count for name in _CHARTED}
    for minute, counted in minutes.items():
        place = int((minute - first).total_seconds() // 60) // step
        for name, n in counted.items():
            series[name][place] += n
    return moments, series
