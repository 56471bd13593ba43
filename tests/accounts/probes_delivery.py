"""Valid forms of alerts, replies, asking the carrier again and splitting."""

from __future__ import annotations

from datetime import timedelta

from django.test import Client
from django.utils import timezone

from pabal.campaigns.models import CampaignState, Plan, PlanMode, PlanState
from pabal.campaigns.summary import PlanSummary, Portion
from pabal.reports.models import Alert, AlertKind
from tests.accounts.console_probes import Form, draft, probe
from tests.delivery.sending import plan


@probe
def alert_acknowledge(client: Client) -> Form:
    return f"/alerts/{Alert.objects.create(kind=AlertKind.BALANCE_LOW).pk}/acknowledge", {}


@probe
def alert_settings(client: Client) -> Form:
    return "/settings/alerts", {
        "failed_percent": "4",
        "unsubscribed_percent": "1.3",
        "clicked_percent": "6",
        "least_messages": "100",
        "unknown_messages": "1",
        "balance_below": "10000",
        "warehouse_lag_s": "300",
        "no_dispatcher_s": "60",
    }


@probe
def campaign_ask(client: Client) -> Form:
    row = draft(CampaignState.DONE)
    account = row.senders.get().account
    account.settings = {"look_up": True, "log_file": "/nowhere"}
    account.save()
    plan(row.senders.get(), 1, campaign_id=row.pk)
    return f"/campaigns/{row.key}/ask", {}


@probe
def campaign_split(client: Client) -> Form:
    row = draft()
    now = timezone.now()
    portion = Portion(
        sender_id=row.senders.get().pk, country="KR", kind="sms", encoding="euckr", opens_at=now,
        closes_at=now + timedelta(hours=4), messages=200_000, parts=200_000, amount=0,
    )  # fmt: skip
    summary = PlanSummary(
        planned_for=now, deadline=now + timedelta(hours=4), messages=200_000, timed_out=1, portions=(portion,)
    )
    Plan.objects.create(
        campaign=row, campaign_version=row.version, mode=PlanMode.REVIEW, state=PlanState.DONE, planned_for=now,
        summary=summary.to_json(),
    )  # fmt: skip
    return f"/campaigns/{row.key}/split", {"by": "days"}


@probe
def sender_replies(client: Client) -> Form:
    made = draft().senders.get()
    return f"/senders/{made.pk}/replies", {
        "mode_stop": "own", "reply_stop": "[{sender}] {day} 거부 완료", "mode_start": "default", "mode_help": "none",
    }  # fmt: skip
