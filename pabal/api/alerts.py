"""Alerts: what is wrong, seeing to it, and the levels."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from django.http import HttpRequest
from ninja import Query, Schema
from pydantic import Field

from pabal.accounts.access import actor
from pabal.accounts.keys import Scope
from pabal.api.operations import Area
from pabal.api.schemas import Id, Input
from pabal.reports.alerts import book, words
from pabal.reports.models import Alert, AlertKind, AlertSettings

area = Area("Alerts")


class AlertOut(Schema):
    """`subject`: the id of the campaign or sender, or empty. `value` and `level`: percent, messages, credits or seconds."""

    id: int
    kind: AlertKind
    subject: str
    label: str
    sentence: str
    remedy: str
    value: float | None
    level: float | None
    since: datetime
    cleared_at: datetime | None
    acknowledged_at: datetime | None

    @staticmethod
    def resolve_sentence(row: Alert) -> str:
        return words.sentence(row)

    @staticmethod
    def resolve_remedy(row: Alert) -> str:
        return words.remedy(row)


class LevelsOut(Schema):
    """0 switches a kind off. `balance_below`: thousandths of a credit."""

    failed_percent: Decimal
    unsubscribed_percent: Decimal
    clicked_percent: Decimal
    least_messages: int
    unknown_messages: int
    balance_below: int
    warehouse_lag_s: int
    no_dispatcher_s: int
    email: str
    webhook_url: str


class LevelsIn(Input):
    """What is left out stays."""

    failed_percent: Decimal | None = Field(None, ge=0, le=100, max_digits=5, decimal_places=2)
    unsubscribed_percent: Decimal | None = Field(None, ge=0, le=100, max_digits=5, decimal_places=2)
    clicked_percent: Decimal | None = Field(None, ge=0, le=100, max_digits=5, decimal_places=2)
    least_messages: int | None = Field(None, ge=0, le=1_000_000)
    unknown_messages: int | None = Field(None, ge=0, le=1_000_000)
    balance_below: int | None = Field(None, ge=0, le=10**15)
    warehouse_lag_s: int | None = Field(None, ge=0, le=86_400)
    no_dispatcher_s: int | None = Field(None, ge=0, le=86_400)
    email: str | None = Field(None, max_length=1000)
    webhook_url: str | None = Field(None, max_length=1000)


class AlertQuery(Schema):
    past: bool = Field(False, description="The latest 50 that are over instead of the open ones.")


@area.read("/alerts", response=list[AlertOut])
def list_alerts(request: HttpRequest, query: Annotated[AlertQuery, Query(...)]) -> list[Alert]:
    """List what is wrong: the newest first, what somebody has seen to last."""
    return list(book.past_alerts()) if query.past else book.open_alerts()


@area.write("POST", "/alerts/{int:alert_id}/acknowledge", scope=Scope.SEND, response=AlertOut)
def acknowledge_alert(request: HttpRequest, alert_id: Id) -> Alert:
    """Say that somebody sees to an alert."""
    return book.acknowledge(alert_id, by=actor(request))


@area.read("/alert-levels", response=LevelsOut)
def read_alert_levels(request: HttpRequest) -> AlertSettings:
    """Read from which levels on something is wrong, and who is told."""
    return book.settings()


@area.write("PATCH", "/alert-levels", scope=Scope.ADMIN, response=LevelsOut, may_change_nothing=True)
def edit_alert_levels(request: HttpRequest, body: LevelsIn) -> AlertSettings:
    """Change levels, and who is told."""
    values = {name: value for name, value in body.dict(exclude_unset=True).items() if value is not None}
    return book.set_settings(values, by=actor(request))
