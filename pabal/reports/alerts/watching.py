"""What is wrong at this moment: rates past their levels, what stands still, what runs low.

Shares of the installation count the last seven days (the windows and levels of Klaviyo's deliverability advice); those of
a campaign count from its start and are looked at for as long. Everything is read from tallies and small tables, never by
counting messages.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from pabal.billing.models import MILLI
from pabal.billing.queries import balance
from pabal.campaigns import warehouse_status
from pabal.campaigns.models import Campaign, CampaignState
from pabal.database import raw_cursor
from pabal.delivery.models import EventKind, Sender, SenderState
from pabal.delivery.stops import Tripped
from pabal.reports.models import AlertKind, AlertSettings

DAYS: Final = 7
CLICKS_AFTER: Final = timedelta(hours=24)
"""People take a while to click: a campaign younger than this is not judged by it."""

HELD_UP: Final = ("insufficient_balance", "plan_failed")
"""Reasons of a pause that nobody asked for."""


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """Something that is wrong. `subject`: the id of the campaign or sender, or empty; `value` and `level` in percent,
    messages, credits or seconds, as the kind says."""

    kind: AlertKind
    subject: str = ""
    label: str = ""
    value: float | None = None
    level: float | None = None


#: By campaign: its first minute, and the messages of each kind of event since a moment.
_COUNTED: Final = """
SELECT t.campaign_id, c.name, coalesce(c.started_at, min(t.minute)),
       coalesce(sum(t.messages) FILTER (WHERE t.kind = %(delivered)s), 0)::bigint,
       coalesce(sum(t.messages) FILTER (WHERE t.kind = %(failed)s), 0)::bigint,
       coalesce(sum(t.messages) FILTER (WHERE t.kind = %(unknown)s), 0)::bigint,
       coalesce(sum(t.messages) FILTER (WHERE t.kind = %(clicked)s), 0)::bigint,
       coalesce(sum(t.messages) FILTER (WHERE t.kind = %(unsubscribed)s), 0)::bigint,
       EXISTS (SELECT FROM link l WHERE l.campaign_id = t.campaign_id AND l.position < 7), c.standing
FROM tally t JOIN campaign c ON c.id = t.campaign_id
WHERE t.minute >= %(since)s AND t.minute <= %(now)s
GROUP BY t.campaign_id, c.name, c.started_at, c.standing
ORDER BY t.campaign_id
"""

#: A late receipt, or the carrier when it was asked again, may have said what became of an unknown one.
_UNRESOLVED: Final = """
SELECT count(*) FROM batch b JOIN message_event e ON e.kind = 6 AND e.message_id BETWEEN b.first_id AND b.last_id
WHERE b.campaign_id = %s
  AND NOT EXISTS (
      SELECT FROM message_event f
      WHERE f.message_id = e.message_id AND (f.kind IN (2, 3, 4, 5) OR f.kind = 1 AND f.at > e.at)
  )
"""

#: Seconds for which messages have been due while nobody sends.
_WAITING: Final = """
SELECT extract(epoch FROM %(now)s - min(greatest(b.send_after, d.seen_at)))
FROM batch b JOIN campaign_control c ON c.campaign_id = b.campaign_id
JOIN sender s ON s.id = b.sender_id AND s.state = 'active' AND s.archived_at IS NULL
CROSS JOIN (SELECT coalesce(max(seen_at), '-infinity') AS seen_at FROM dispatcher) d
WHERE b.state IN ('queued', 'sending') AND c.state = 'running' AND b.send_after <= %(now)s AND b.expires_at > %(now)s
"""


@dataclass(frozen=True, kw_only=True)
class _Counted:
    campaign_id: int
    name: str
    started_at: datetime
    delivered: int
    failed: int
    unknown: int
    clicked: int
    unsubscribed: int
    links: bool
    standing: bool

    def may_be_clicked(self, now: datetime) -> bool:
        return self.links and self.started_at <= now - CLICKS_AFTER


def troubles(settings: AlertSettings, now: datetime) -> list[Trouble]:
    """All that is wrong `now`, by the levels of `settings`."""
    return [*_rates(settings, now), *_campaigns(now), *_senders(), *_balance(settings), *_processes(settings, now)]


def _rates(settings: AlertSettings, now: datetime) -> Iterator[Trouble]:
    counted = _counted(now)
    least = max(settings.least_messages, 1)
    for row in [*counted, None] if counted else []:
        rows = counted if row is None else [row]
        subject, label = ("", "") if row is None else (str(row.campaign_id), row.name)
        if row is not None and row.standing:
            continue
        yield from _shares(settings, rows, least, now, subject=subject, label=label)
        if row is not None and settings.unknown_messages and row.unknown:
            unknown = _unresolved(row.campaign_id)
            if unknown >= settings.unknown_messages:
                yield Trouble(
                    kind=AlertKind.UNKNOWN, subject=subject, label=label, value=unknown, level=settings.unknown_messages
                )


def _shares(
    settings: AlertSettings, rows: list[_Counted], least: int, now: datetime, *, subject: str, label: str
) -> Iterator[Trouble]:
    """Shares of the messages with an outcome (failures), and of the delivered ones (the others)."""
    failed, delivered = sum(r.failed for r in rows), sum(r.delivered for r in rows)
    left = sum(r.unsubscribed for r in rows)
    clickable = [r for r in rows if r.may_be_clicked(now)]
    clicked, could_click = sum(r.clicked for r in clickable), sum(r.delivered for r in clickable)
    for kind, part, whole, level, above in (
        (AlertKind.FAILED, failed, failed + delivered, float(settings.failed_percent), True),
        (AlertKind.UNSUBSCRIBED, left, delivered, float(settings.unsubscribed_percent), True),
        (AlertKind.FEW_CLICKS, clicked, could_click, float(settings.clicked_percent), False),
    ):
        if not level or whole < least:
            continue
        share = 100 * part / whole
        if share >= level if above else share < level:
            yield Trouble(kind=kind, subject=subject, label=label, value=round(share, 2), level=level)


def _campaigns(now: datetime) -> Iterator[Trouble]:
    held_up = Campaign.objects.filter(
        state=CampaignState.PAUSED, state_reason__in=HELD_UP, paused_at__gte=now - timedelta(days=DAYS)
    )
    for campaign in held_up.order_by("id"):
        yield Trouble(kind=AlertKind.CAMPAIGN_HELD_UP, subject=str(campaign.pk), label=campaign.name)


def _senders() -> Iterator[Trouble]:
    stopped = Sender.objects.filter(state=SenderState.STOPPED, state_reason__in=Tripped.values, archived_at=None)
    for sender in stopped.order_by("id"):
        yield Trouble(kind=AlertKind.SENDER_STOPPED, subject=str(sender.pk), label=str(sender))


def _balance(settings: AlertSettings) -> Iterator[Trouble]:
    available = balance().available
    if settings.balance_below and available < settings.balance_below:
        yield Trouble(kind=AlertKind.BALANCE_LOW, value=available / MILLI, level=settings.balance_below / MILLI)


def _processes(settings: AlertSettings, now: datetime) -> Iterator[Trouble]:
    status = warehouse_status.read().status
    if settings.warehouse_lag_s and status.filling is None and (status.lag or 0) > settings.warehouse_lag_s:
        yield Trouble(kind=AlertKind.WAREHOUSE_LAG, value=status.lag, level=settings.warehouse_lag_s)
    if settings.no_dispatcher_s:
        with raw_cursor() as cursor:
            row: Any = cursor.execute(_WAITING, {"now": now}).fetchone()
        if row and row[0] is not None and row[0] >= settings.no_dispatcher_s:
            yield Trouble(kind=AlertKind.NO_DISPATCHER, value=int(row[0]), level=settings.no_dispatcher_s)


def _counted(now: datetime) -> list[_Counted]:
    names = ("delivered", "failed", "unknown", "clicked", "unsubscribed")
    with raw_cursor() as cursor:
        found = cursor.execute(
            _COUNTED,
            {name: EventKind[name.upper()].value for name in names} | {"since": now - timedelta(days=DAYS), "now": now},
        ).fetchall()
    fields = ("campaign_id", "name", "started_at", *names, "links", "standing")
    return [_Counted(**dict(zip(fields, row, strict=True))) for row in found]


def _unresolved(campaign_id: int) -> int:
    with raw_cursor() as cursor:
        row = cursor.execute(_UNRESOLVED, [campaign_id]).fetchone()
    return int(row[0]) if row else 0
