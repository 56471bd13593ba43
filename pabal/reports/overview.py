"""What the start page says: how many people, what was sent lately, what is left of the balance, what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import connection
from django.db.models import Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from pabal.audience.models import Channel, Consent, ConsentState, List, Purpose
from pabal.billing.models import Balance
from pabal.campaigns.models import Campaign
from pabal.delivery.models import EventKind, Sender, Tally

DAYS = 14


@dataclass(frozen=True, kw_only=True)
class Day:
    """One day's numbers in the viewer's time zone."""

    day: date
    accepted: int = 0
    delivered: int = 0
    failed: int = 0
    clicked: int = 0


@dataclass(frozen=True, kw_only=True)
class Overview:
    """`profiles` and `subscribed` are estimates once there are many (`estimated`). `available` and `reserved` are in
    thousandths of a credit."""

    profiles: int
    subscribed: int
    estimated: bool
    available: int
    reserved: int
    days: list[Day]
    campaigns: int
    lists: int
    senders: int

    def total(self, name: str) -> int:
        return sum(getattr(day, name) for day in self.days)


def overview(now: datetime | None = None) -> Overview:
    """Few small queries, however much there is."""
    now = now or timezone.now()
    profiles, estimated = _profiles()
    balance = Balance.objects.get(pk=1)
    return Overview(
        profiles=profiles,
        subscribed=_subscribed(estimated=estimated),
        estimated=estimated,
        available=balance.available,
        reserved=balance.reserved,
        days=_days(now),
        campaigns=Campaign.objects.filter(standing=False).count(),
        lists=List.objects.filter(archived_at=None).count(),
        senders=Sender.objects.filter(archived_at=None).count(),
    )


def _profiles() -> tuple[int, bool]:
    """Counted while there are few; PostgreSQL's own estimate beyond 100,000."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples::bigint FROM pg_class WHERE oid = 'profile'::regclass")
        estimate = int((cursor.fetchone() or [0])[0])
        if estimate > 100_000:
            return estimate, True
        cursor.execute("SELECT count(*) FROM profile")
        return int((cursor.fetchone() or [0])[0]), False


def _subscribed(*, estimated: bool) -> int:
    """People who agreed to promotional texts; from a sample of the table once there are many."""
    if not estimated:
        return Consent.objects.filter(
            channel=Channel.TEXT, purpose=Purpose.PROMOTIONAL, state=ConsentState.SUBSCRIBED
        ).count()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) * 100 FROM consent TABLESAMPLE SYSTEM (1)"
            " WHERE channel = %s AND purpose = %s AND state = %s",
            [Channel.TEXT.value, Purpose.PROMOTIONAL.value, ConsentState.SUBSCRIBED.value],
        )
        return int((cursor.fetchone() or [0])[0])


def _days(now: datetime) -> list[Day]:
    names = {EventKind.ACCEPTED: "accepted", EventKind.DELIVERED: "delivered"}
    names |= {EventKind.FAILED: "failed", EventKind.CLICKED: "clicked"}
    today = timezone.localtime(now).date()
    first = today - timedelta(days=DAYS - 1)
    counted: dict[date, dict[str, int]] = {first + timedelta(days=i): {} for i in range(DAYS)}
    rows = (
        Tally.objects.filter(minute__gte=now - timedelta(days=DAYS + 1), kind__in=list(names))
        .annotate(day=TruncDate("minute"))
        .values_list("day", "kind")
        .annotate(n=Sum("messages"))
    )
    for day, kind, n in rows:
        if day in counted:
            counted[day][names[EventKind(kind)]] = n
    return [Day(day=day, **numbers) for day, numbers in counted.items()]
