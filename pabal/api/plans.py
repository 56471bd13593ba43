"""Plans: what would happen, or happened, to each candidate of a campaign."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Schema
from pydantic import Field

from pabal.accounts import audit
from pabal.accounts.access import actor
from pabal.accounts.keys import Scope
from pabal.api.operations import Area
from pabal.api.pagination import Page, Paging, paginate
from pabal.api.schemas import Id, Key, found
from pabal.campaigns import actions
from pabal.campaigns.models import Plan, PlanMode, PlanState

area = Area("Plans")


class PlanOut(Schema):
    """The outcome of planning a campaign at one moment.

    `summary` is empty until it is done: audience, messages, parts, amount, skips by reason, samples, per-sender
    forecast, warnings. It holds while `campaign_version` is the campaign's.
    """

    id: int
    campaign: str
    campaign_version: int
    mode: PlanMode
    state: PlanState
    planned_for: datetime
    candidates_total: int | None
    candidates_done: int
    summary: dict[str, Any] = Field(description="See docs/reference: audience = messages + skips, always.")
    error: dict[str, Any] | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @staticmethod
    def resolve_campaign(row: Plan) -> str:
        return row.campaign.key


@area.write("POST", "/campaigns/{key}/reviews", scope=Scope.CAMPAIGNS, response=PlanOut, status=202)
def request_review(request: HttpRequest, key: Key) -> Plan:
    """Ask for a review: the plan of a draft, without sending.

    The engine makes it; read `/plans/{id}` until its `state` is `done`. One that waits for this version is returned as
    it is.
    """
    campaign = actions.by_key(key)
    plan = actions.request_review(campaign, by=actor(request).person)
    audit.record(actor(request), "campaign.review", campaign, {"plan": plan.pk})
    return plan


@area.read("/campaigns/{key}/plans", response=Page[PlanOut])
def list_plans(request: HttpRequest, key: Key, page: Paging) -> dict[str, object]:
    """List the plans of a campaign, the newest first."""
    rows = Plan.objects.select_related("campaign").filter(campaign=actions.by_key(key))
    data, cursor = paginate(rows, page, kind="plans", descending=True)
    return {"data": data, "next_cursor": cursor}


@area.read("/plans/{int:plan_id}", response=PlanOut)
def read_plan(request: HttpRequest, plan_id: Id) -> Plan:
    """Read a plan: its progress, then its summary."""
    return found(Plan.objects.select_related("campaign").filter(pk=plan_id).first(), "plan", plan_id)
