"""What the engine does with campaigns: carries plans out, starts what is due, finishes what is done."""

from __future__ import annotations

import logging
import time
from datetime import datetime

from django.db import DatabaseError, close_old_connections, connection, transaction
from django.utils import timezone

from pabal.accounts.audit import Actor
from pabal.billing.actions import release, reserve
from pabal.campaigns.actions import move, start
from pabal.campaigns.candidates import PAGE
from pabal.campaigns.inputs import load
from pabal.campaigns.models import Campaign, CampaignState, Plan, PlanMode, PlanState
from pabal.campaigns.plan import make_plan
from pabal.campaigns.summary import PlanSummary
from pabal.campaigns.words import plan_failure
from pabal.campaigns.write import PlanStopped, PlanWriter, progress_of
from pabal.config import get
from pabal.database import raw_cursor
from pabal.delivery.models import CampaignControl, ControlState
from pabal.errors import Conflict, PabalError, Unavailable
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
            if attempt == ATTEMPTS:
                _fail(plan_id, error)
            time.sleep(pause * 2 ** (attempt - 1))
            close_old_connections()
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

        summary = make_plan(
            load(plan), synchroniser.warehouse, writer, progress=progress_of(plan_id), report=report, page=page
        )
        if plan.mode == PlanMode.SEND:
            _launch(plan, summary)
        else:
            _done(plan, summary)
        return True


def _hold(plan: Plan) -> None:
    """Tell delivery of the campaign, and to send nothing of it yet."""
    campaign = Campaign.objects.get(pk=plan.campaign_id)
    CampaignControl.objects.get_or_create(
        campaign_id=campaign.pk,
        defaults={
            "state": ControlState.HELD,
            "channel": "text",
            "purpose": campaign.purpose,
            "per_minute": campaign.per_minute,
        },
    )


def _done(plan: Plan, summary: PlanSummary) -> None:
    changed = Plan.objects.filter(pk=plan.pk, state=PlanState.RUNNING).update(
        state=PlanState.DONE, summary=summary.to_json(), finished_at=timezone.now()
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
            pay_and_run(campaign, summary)
    except Conflict as error:
        move(campaign, CampaignState.PLANNING, CampaignState.PAUSED, state_reason=error.code)


def pay_and_run(campaign: Campaign, summary: PlanSummary) -> None:
    """Reserve what the plan costs and let dispatchers send. Raises Conflict (`insufficient_balance`)."""
    by = Actor(user=campaign.launched_by) if campaign.launched_by else None
    reserve(campaign.pk, summary.amount, messages=summary.messages, by=by)
    CampaignControl.objects.filter(campaign_id=campaign.pk, state=ControlState.HELD).update(state=ControlState.RUNNING)


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


def start_due(now: datetime | None = None) -> int:
    """Start the scheduled campaigns whose time has come; how many."""
    now = now or timezone.now()
    due = Campaign.objects.filter(state=CampaignState.SCHEDULED, starts_at__lte=now).order_by("starts_at")
    return sum(start(campaign, now) for campaign in due)


_NO_OPEN_BATCH = """
SELECT c.id FROM campaign c WHERE c.state IN ('sending', 'ended') AND c.finished_at IS NULL
AND NOT EXISTS (SELECT FROM batch b WHERE b.campaign_id = c.id AND b.state IN ('queued', 'sending'))
"""


def finish_done() -> int:
    """Finish the campaigns of which nothing is open, and give back what is left of their money; how many."""
    with raw_cursor() as cursor:
        found = [int(pk) for (pk,) in cursor.execute(_NO_OPEN_BATCH).fetchall()]
    return sum(_finish(pk) for pk in found)


@transaction.atomic
def _finish(campaign_id: int) -> bool:
    campaign = Campaign.objects.select_for_update().get(pk=campaign_id)
    now = timezone.now()
    if campaign.state == CampaignState.SENDING:
        finished = move(campaign, CampaignState.SENDING, CampaignState.DONE, finished_at=now)
    else:
        finished = campaign.state == CampaignState.ENDED and campaign.finished_at is None
        Campaign.objects.filter(pk=campaign_id, state=CampaignState.ENDED).update(finished_at=now)
    if finished:
        release(campaign_id)
    return finished


def unfinished_plans() -> list[int]:
    """Plans that wait, or that were being made when their engine ended."""
    return list(
        Plan.objects.filter(state__in=[PlanState.QUEUED, PlanState.RUNNING]).order_by("id").values_list("pk", flat=True)
    )


def database_dsn() -> str:
    """The database that Django is connected to, as libpq's connection string for other connections."""
    from psycopg.conninfo import make_conninfo

    known = {"dbname", "user", "password", "host", "port", "sslmode"}
    parameters = connection.get_connection_params()
    return make_conninfo("", **{name: value for name, value in parameters.items() if name in known and value})
