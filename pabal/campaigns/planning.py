"""Carries a plan out, from its turn to its end, and launches what it made."""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from typing import Any

from django.db import DatabaseError, close_old_connections, transaction
from django.utils import timezone

from pabal.audience.models import Channel
from pabal.campaigns.actions import move
from pabal.campaigns.candidates import PAGE
from pabal.campaigns.inputs import load
from pabal.campaigns.kakao import kakao_input
from pabal.campaigns.lifecycle import pay_and_run
from pabal.campaigns.models import Campaign, CampaignState, Part, Plan, PlanMode, PlanState
from pabal.campaigns.parts import make_part
from pabal.campaigns.pauses import retime
from pabal.campaigns.plan import make_plan
from pabal.campaigns.summary import PlanSummary
from pabal.campaigns.words import plan_failure
from pabal.campaigns.write import PlanStopped, PlanWriter, progress_of
from pabal.config import get
from pabal.content.kakao import compile_kakao
from pabal.delivery.models import CampaignContent, CampaignControl, ControlState
from pabal.delivery.short_links import short_links
from pabal.errors import Conflict, PabalError, Unavailable
from pabal.kakao.message import dump
from pabal.warehouse.sync import Synchroniser

log = logging.getLogger(__name__)

ATTEMPTS = 5
"""Times that a plan is tried again when PostgreSQL or the warehouse does not answer, before it fails."""


def carry_out(plan_id: int, synchroniser: Synchroniser, *, dsn: str, pause: float = 1.0, page: int = PAGE) -> bool:
    """Plan, and launch the result if it is to be sent. What an earlier try has stored is kept.

    False when another plan is being made: try again later. Nothing is raised for what is wrong with the campaign: the
    plan then says so, and its campaign is paused.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return _carry_out(plan_id, synchroniser, dsn, page)
        except (Unavailable, DatabaseError) as error:
            log.warning("plan %s: %s (attempt %s of %s)", plan_id, error, attempt, ATTEMPTS)
            close_old_connections()
            if attempt == ATTEMPTS:
                _fail(plan_id, error)
            else:
                _note(plan_id, error)
                time.sleep(pause * 2 ** (attempt - 1))
        except PabalError as error:
            _fail(plan_id, error)
            return True
        except Exception as error:
            log.exception("plan %s failed", plan_id)
            _fail(plan_id, error)
            return True
    return True


def _carry_out(plan_id: int, synchroniser: Synchroniser, dsn: str, page: int) -> bool:
    with PlanWriter(dsn, plan_id=plan_id) as writer:
        if not writer.lock():
            return False
        now = timezone.now()
        begun = Plan.objects.filter(pk=plan_id, state__in=[PlanState.QUEUED, PlanState.RUNNING]).update(
            state=PlanState.RUNNING
        )
        if not begun:  # carried out meanwhile, or given up
            return True
        Plan.objects.filter(pk=plan_id, started_at=None).update(started_at=now)
        plan = Plan.objects.get(pk=plan_id)
        if plan.mode == PlanMode.SEND:
            _hold(plan)
        synchroniser.run_once(complete=True)

        reported = -1

        def report(done: int, total: int) -> None:
            nonlocal reported
            if plan.mode == PlanMode.REVIEW:
                Plan.objects.filter(pk=plan_id).update(candidates_total=total, candidates_done=done)
            elif total != reported:  # the rest is counted in the transaction of each chunk
                Plan.objects.filter(pk=plan_id).update(candidates_total=total)
            reported = total

        with synchroniser.reading(wait=True):  # while the warehouse is filled from nothing, the plan waits
            summary = make_plan(
                load(plan), synchroniser.warehouse, writer, progress=progress_of(plan_id), report=report, page=page
            )
        if plan.mode == PlanMode.SEND:
            _launch(plan, summary)
        else:
            _done(plan, summary)
        return True


def _hold(plan: Plan) -> None:
    """Tell delivery of the campaign and of what its messages share, and to send nothing of it yet."""
    campaign = Campaign.objects.get(pk=plan.campaign_id)
    shared: dict[str, Any] = {"channel": campaign.channel, "images": list(campaign.images)}
    if campaign.channel == Channel.KAKAO:
        kakao = kakao_input(campaign)
        frozen = compile_kakao(kakao.message, short_links(), track=kakao.track).frozen
        shared = {"channel": campaign.channel, "kakao": dump(frozen), "target": campaign.target}
        if kakao.text is not None:
            make_part(campaign, Part.FALLBACK, purpose=campaign.purpose, state=ControlState.HELD)
    CampaignContent.objects.get_or_create(campaign_id=campaign.pk, defaults=shared)
    CampaignControl.objects.get_or_create(
        campaign_id=campaign.pk,
        defaults={
            "state": ControlState.HELD,
            "channel": campaign.channel,
            "purpose": campaign.purpose,
            "per_minute": campaign.per_minute,
        },
    )


def _done(plan: Plan, summary: PlanSummary) -> None:
    changed = Plan.objects.filter(pk=plan.pk, state=PlanState.RUNNING).update(
        state=PlanState.DONE, summary=summary.to_json(), error=None, finished_at=timezone.now()
    )
    if changed != 1:
        raise PlanStopped("The plan was given up meanwhile.")


@transaction.atomic
def _launch(plan: Plan, summary: PlanSummary) -> None:
    """The plan is complete: pay for it and let it be sent, unless the campaign was paused or ended meanwhile."""
    campaign = Campaign.objects.select_for_update().get(pk=plan.campaign_id)
    _done(plan, summary)
    if campaign.state != CampaignState.PLANNING:
        return
    if not summary.messages:
        move(
            campaign,
            CampaignState.PLANNING,
            CampaignState.DONE,
            state_reason="nothing_to_send",
            finished_at=timezone.now(),
        )
        return
    try:
        with transaction.atomic():
            move(campaign, CampaignState.PLANNING, CampaignState.SENDING)
            if campaign.deadline is not None:  # it was paused before its plan was complete
                retime(campaign, campaign.deadline, timezone.now())
            pay_and_run(campaign, summary)
    except Conflict as error:
        move(campaign, CampaignState.PLANNING, CampaignState.PAUSED, state_reason=error.code)


def _note(plan_id: int, error: Exception) -> None:
    """Say on the plan what holds it up, for whoever watches; gone when it is done."""
    code, message = plan_failure(error, get().language)
    with suppress(DatabaseError):  # it may be the database that is away
        Plan.objects.filter(pk=plan_id, state__in=[PlanState.QUEUED, PlanState.RUNNING]).update(
            error={"code": code, "message": message}
        )


def _fail(plan_id: int, error: Exception) -> None:
    """Note why a plan failed. Its campaign is paused, with a way on."""
    code, message = plan_failure(error, get().language)
    with transaction.atomic():
        changed = Plan.objects.filter(pk=plan_id, state__in=[PlanState.QUEUED, PlanState.RUNNING]).update(
            state=PlanState.FAILED, error={"code": code, "message": message}, finished_at=timezone.now()
        )
        plan = Plan.objects.get(pk=plan_id)
        if changed and plan.mode == PlanMode.SEND:
            campaign = Campaign.objects.get(pk=plan.campaign_id)
            move(campaign, CampaignState.PLANNING, CampaignState.PAUSED, state_reason="plan_failed")
