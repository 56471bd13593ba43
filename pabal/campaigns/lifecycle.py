"""What the engine does with campaigns beside planning them: starts what is due, finishes what is done."""

from __future__ import annotations

from datetime import datetime

from django.db import connection, transaction
from django.utils import timezone

from pabal.accounts.audit import Actor
from pabal.billing.actions import release, reserve
from pabal.campaigns.actions import move, start
from pabal.campaigns.models import Campaign, CampaignState, Plan, PlanState
from pabal.campaigns.parts import texts_of, with_parts
from pabal.campaigns.summary import PlanSummary
from pabal.database import raw_cursor
from pabal.delivery.models import CampaignControl, ControlState


def pay_and_run(campaign: Campaign, summary: PlanSummary) -> None:
    """Reserve what the plan costs and let dispatchers send. Raises Conflict (`insufficient_balance`)."""
    by = Actor(user=campaign.launched_by) if campaign.launched_by else None
    texts = sum(text.amount for text in summary.fallbacks)
    reserve(campaign.pk, summary.amount - texts, messages=summary.messages, by=by)
    if texts and (part := texts_of(campaign)) is not None:
        reserve(part.pk, texts, messages=sum(text.messages for text in summary.fallbacks), by=by)
    CampaignControl.objects.filter(campaign_id__in=with_parts(campaign.pk), state=ControlState.HELD).update(
        state=ControlState.RUNNING
    )


def start_due(now: datetime | None = None) -> int:
    """Start the scheduled campaigns whose time has come; how many."""
    now = now or timezone.now()
    due = Campaign.objects.filter(state=CampaignState.SCHEDULED, starts_at__lte=now).order_by("starts_at")
    return sum(start(campaign, now) for campaign in due)


_NO_OPEN_BATCH = """
SELECT c.id FROM campaign c WHERE c.state IN ('sending', 'ended') AND c.finished_at IS NULL AND NOT c.standing
AND NOT EXISTS (SELECT FROM batch b WHERE b.campaign_id = c.id AND b.state IN ('queued', 'sending'))
AND NOT EXISTS (SELECT FROM fallback f WHERE f.campaign_id = c.id AND f.state = 'waiting')
AND NOT EXISTS (SELECT FROM campaign p JOIN batch b ON b.campaign_id = p.id AND b.state IN ('queued', 'sending')
                WHERE p.part_of_id = c.id AND p.part = 'fallback')
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
        for each in with_parts(campaign_id):
            release(each)
    return finished


def unfinished_plans() -> list[int]:
    """Plans that wait, or that were being made when their engine ended."""
    return list(
        Plan.objects.filter(state__in=[PlanState.QUEUED, PlanState.RUNNING]).order_by("id").values_list("pk", flat=True)
    )


_ABANDONED = """
SELECT p.id FROM plan p WHERE p.state IN ('queued', 'running') AND p.created_at < now() - interval '5 seconds'
AND NOT EXISTS (
    SELECT FROM procrastinate_jobs j WHERE j.task_name = 'make_plan' AND (j.args->>'plan_id')::bigint = p.id
    AND (j.status = 'todo' OR (j.status = 'doing' AND j.worker_id IS NOT NULL))
)
ORDER BY p.id
"""


def abandoned_plans() -> list[int]:
    """Unfinished plans that no job works on or will: their job broke off, say because the database was away."""
    with raw_cursor() as cursor:
        return [int(pk) for (pk,) in cursor.execute(_ABANDONED).fetchall()]


def database_dsn() -> str:
    """The database that Django is connected to, as libpq's connection string for other connections."""
    from psycopg.conninfo import make_conninfo

    known = {"dbname", "user", "password", "host", "port", "sslmode"}
    parameters = connection.get_connection_params()
    return make_conninfo("", **{name: value for name, value in parameters.items() if name in known and value})
