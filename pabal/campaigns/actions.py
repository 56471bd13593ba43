"""What people do with campaigns. Each is one transaction; callers record it in the audit trail.

A change of state is a conditional UPDATE from a named state (`models.TRANSITIONS`) that must hit one row: of two
browsers that launch at once, one wins and the other reads what happened.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from pabal.accounts.models import User
from pabal.campaigns.fields import SETS, check, check_key, key_from, rows_of
from pabal.campaigns.models import TRANSITIONS, Campaign, CampaignState, Plan, PlanMode, PlanState
from pabal.campaigns.parts import retime_texts, with_parts
from pabal.campaigns.problems import Problem, newest_review, problems, problems_of_review
from pabal.campaigns.summary import PlanSummary
from pabal.delivery.models import CampaignControl, ControlState
from pabal.errors import Conflict, InvalidInput, NotFound

__all__ = [
    "SETS", "Problem", "by_key", "create", "discard", "duplicate", "edit", "end", "launch", "move", "pause", "problems",
    "request_review", "resume", "start", "unschedule",
]  # fmt: skip

_OPEN_PLANS = (PlanState.QUEUED, PlanState.RUNNING)


def by_key(key: str) -> Campaign:
    """The campaign called `key`. Raises NotFound."""
    campaign = Campaign.objects.filter(key=key).first()
    if campaign is None:
        raise NotFound(_("There is no campaign %(key)s.") % {"key": key}, code="unknown_campaign")
    return campaign


@transaction.atomic
def create(*, by: User | None, name: str, key: str = "", **fields: Any) -> Campaign:
    """A new draft; without a key, one is made from the name. Raises InvalidInput."""
    name = name.strip()
    check({"name": name, **fields})
    if key:
        check_key(key)
    plain = {field: value for field, value in fields.items() if field not in SETS}
    campaign = Campaign(key=key or key_from(name), name=name, created_by=by, **plain)
    try:
        with transaction.atomic():
            campaign.save(force_insert=True)
    except IntegrityError:
        raise InvalidInput(_("Another campaign has this key."), code="key_taken", field="key") from None
    _set(campaign, fields)
    campaign.refresh_from_db()
    return campaign


@transaction.atomic
def edit(campaign: Campaign, *, by: User | None, **fields: Any) -> Campaign:
    """Change a draft; its version goes up, so earlier reviews no longer hold. Raises InvalidInput, and Conflict when it
    is no draft any more."""
    if "name" in fields:
        fields["name"] = fields["name"].strip()
    check(fields)
    if "key" in fields:
        check_key(fields["key"], of=campaign)
    plain = {field: value for field, value in fields.items() if field not in SETS}
    draft = Campaign.objects.filter(pk=campaign.pk, state=CampaignState.DRAFT)
    try:
        with transaction.atomic():
            changed = draft.update(**plain, version=F("version") + 1, updated_at=timezone.now())
    except IntegrityError:
        raise InvalidInput(_("Another campaign has this key."), code="key_taken", field="key") from None
    if not changed:
        raise _lost(campaign, _("Only a draft can be changed."))
    _set(campaign, fields)
    campaign.refresh_from_db()
    return campaign


@transaction.atomic
def duplicate(campaign: Campaign, *, by: User | None) -> Campaign:
    """A new draft with the same audience, text and settings, to start when launched."""
    name = _("%(name)s (copy)") % {"name": campaign.name[:190]}
    names = [
        "description", "purpose", "all_profiles", "text", "subject", "images", "shorten_links", "add_opt_out", "add_sender_name",
        "allow_lms", "channel", "kakao", "target", "fallback", "fallback_text", "fallback_subject", "reentry_minutes",
        "per_minute", "urgent", "timeout_minutes", "smart_hours", "smart_counts", "quiet_hours", "hours_from",
        "hours_to",
    ]  # fmt: skip
    copy = create(by=by, name=name, key=key_from(campaign.key), **{n: getattr(campaign, n) for n in names})
    for field, model in SETS.items():
        through = getattr(Campaign, field).through
        ids = through.objects.filter(campaign=campaign).order_by("pk").values_list(f"{model._meta.model_name}_id")
        rows = model.objects.filter(archived_at=None).in_bulk([pk for (pk,) in ids])
        for pk in (pk for (pk,) in ids if pk in rows):
            getattr(copy, field).add(rows[pk])  # one by one: their order is that of the rows
    shares = ("share_salt", "share_from", "share_to")
    Campaign.objects.filter(pk=copy.pk).update(**{name: getattr(campaign, name) for name in shares})
    copy.refresh_from_db()
    return copy


@transaction.atomic
def discard(campaign: Campaign, *, by: User | None) -> None:
    """Delete a draft, with its reviews. Raises Conflict when it is no draft any more."""
    if not Campaign.objects.select_for_update().filter(pk=campaign.pk, state=CampaignState.DRAFT).exists():
        raise _lost(campaign, _("Only a draft can be thrown away."))
    Campaign.objects.filter(pk=campaign.pk).delete()


@transaction.atomic
def request_review(campaign: Campaign, *, by: User | None) -> Plan:
    """Ask the engine to plan the campaign without sending. One that waits or runs for this version is returned as it is.

    Raises InvalidInput for what prevents planning.
    """
    if blocking := [problem for problem in problems(campaign) if problem.blocks_review]:
        raise _invalid(blocking[0])
    Campaign.objects.select_for_update().get(pk=campaign.pk)
    waiting = Plan.objects.filter(
        campaign=campaign, mode=PlanMode.REVIEW, campaign_version=campaign.version, state__in=_OPEN_PLANS
    ).first()
    if waiting is not None:
        return waiting
    now = timezone.now()
    planned_for = max(now, campaign.starts_at) if campaign.starts_at else now
    plan = Plan.objects.create(
        campaign=campaign,
        campaign_version=campaign.version,
        mode=PlanMode.REVIEW,
        planned_for=planned_for,
        requested_by=by,
    )
    _enqueue(plan)
    return plan


@transaction.atomic
def launch(campaign: Campaign, *, by: User | None, expected_messages: int) -> Campaign:
    """Send it, at once or at its time, as reviewed: `expected_messages` is the number in the review that was confirmed.

    Raises InvalidInput for what is wrong with it, and Conflict when it was changed, launched by somebody else, or its
    review does not hold any more.
    """
    now = timezone.now()
    if campaign.state != CampaignState.DRAFT:
        raise _lost(campaign, _("Only a draft can be launched."))
    if found := problems(campaign):
        raise _invalid(found[0])
    if found := problems_of_review(campaign, now):
        raise _conflict(found[0])
    review = newest_review(campaign)
    assert review is not None  # problems_of_review saw one
    planned = PlanSummary.from_json(review.summary).messages
    if planned != expected_messages:
        raise Conflict(
            _("The review says %(n)s messages now. Look at it again.") % {"n": f"{planned:,}"},
            code="expected_messages_differ",
            details={"expected": expected_messages, "planned": planned},
        )
    later = campaign.starts_at is not None and campaign.starts_at > now
    changed = Campaign.objects.filter(pk=campaign.pk, state=CampaignState.DRAFT, version=campaign.version).update(
        state=CampaignState.SCHEDULED if later else CampaignState.PLANNING,
        state_reason="",
        launched_by=by,
        launched_at=now,
        updated_at=now,
    )
    if changed != 1:
        raise _lost(campaign, _("Somebody else launched or changed this campaign meanwhile."))
    campaign.refresh_from_db()
    if not later:
        _begin(campaign, now)
    return campaign


@transaction.atomic
def start(campaign: Campaign, now: datetime) -> bool:
    """Begin a scheduled campaign whose time has come; False when it is not scheduled any more."""
    if not move(campaign, CampaignState.SCHEDULED, CampaignState.PLANNING):
        return False
    _begin(campaign, now)
    return True


@transaction.atomic
def unschedule(campaign: Campaign, *, by: User | None) -> Campaign:
    """Back to draft, before its time. Raises Conflict."""
    if not move(campaign, CampaignState.SCHEDULED, CampaignState.DRAFT, launched_at=None, launched_by=None):
        raise _lost(campaign, _("Only a scheduled campaign can be taken back."))
    campaign.refresh_from_db()
    return campaign


@transaction.atomic
def pause(campaign: Campaign, *, by: User | None) -> Campaign:
    """Hand nothing more to carriers until it is resumed; its time-out stands still meanwhile. Raises Conflict."""
    if not _move_from(campaign, [CampaignState.SENDING, CampaignState.PLANNING], CampaignState.PAUSED):
        raise _lost(campaign, _("Only a campaign that is being sent can be paused."))
    CampaignControl.objects.filter(campaign_id__in=with_parts(campaign.pk), state=ControlState.RUNNING).update(
        state=ControlState.PAUSED
    )
    campaign.refresh_from_db()
    return campaign


@transaction.atomic
def resume(campaign: Campaign, *, by: User | None) -> Campaign:
    """Go on from where it was paused or failed. Raises Conflict, also when the balance still does not cover it."""
    from pabal.campaigns.lifecycle import pay_and_run
    from pabal.campaigns.pauses import deadline_after, retime

    now = timezone.now()
    locked = Campaign.objects.select_for_update().get(pk=campaign.pk)  # the order in which the engine locks them, too
    plan = Plan.objects.select_for_update().filter(campaign=campaign, mode=PlanMode.SEND).first()
    if plan is None or plan.state != PlanState.DONE:
        later = deadline_after(locked, plan, now)
        if not move(campaign, CampaignState.PAUSED, CampaignState.PLANNING, deadline=later):
            raise _lost(campaign, _("Only a paused campaign can be resumed."))
        if plan is not None and Plan.objects.filter(pk=plan.pk, state=PlanState.FAILED).update(
            state=PlanState.QUEUED, error=None
        ):
            _enqueue(plan)
    else:
        later = deadline_after(locked, plan, now)
        if not move(campaign, CampaignState.PAUSED, CampaignState.SENDING, deadline=later):
            raise _lost(campaign, _("Only a paused campaign can be resumed."))
        if later is not None:
            retime(locked, later, now)
            retime_texts(locked, later, now)
        control = CampaignControl.objects.select_for_update().get(campaign_id=campaign.pk)
        if control.state == ControlState.HELD:
            pay_and_run(campaign, PlanSummary.from_json(plan.summary))
        else:
            paused = CampaignControl.objects.filter(pk__in=with_parts(campaign.pk), state=ControlState.PAUSED)
            paused.update(state=ControlState.RUNNING)
    campaign.refresh_from_db()
    return campaign


@transaction.atomic
def end(campaign: Campaign, *, by: User | None) -> Campaign:
    """For good: what was not handed to a carrier is cancelled, and its money given back. Raises Conflict when over."""
    states = [state for state, following in TRANSITIONS.items() if CampaignState.ENDED in following]
    if not _move_from(campaign, states, CampaignState.ENDED):
        raise _lost(campaign, _("This campaign is over already."))
    # Dispatchers cancel what is queued, with an event for every message, when they see this.
    CampaignControl.objects.filter(campaign_id__in=with_parts(campaign.pk)).update(state=ControlState.ENDED)
    campaign.refresh_from_db()
    return campaign


def move(campaign: Campaign, before: CampaignState, after: CampaignState, **fields: Any) -> bool:
    """The one way in which a campaign's state changes. False when it is not in the state `before` (any more)."""
    assert after in TRANSITIONS[before], f"{before} → {after} is no transition"
    fields.setdefault("state_reason", "")
    fields["paused_at"] = timezone.now() if after == CampaignState.PAUSED else None
    changed = Campaign.objects.filter(pk=campaign.pk, state=before, standing=False).update(
        state=after, updated_at=timezone.now(), **fields
    )
    return changed == 1


def _move_from(campaign: Campaign, states: Iterable[CampaignState], after: CampaignState) -> bool:
    return any(move(campaign, before, after) for before in states)


def _begin(campaign: Campaign, now: datetime) -> None:
    """Make the plan that is sent, and have it carried out."""
    Campaign.objects.filter(pk=campaign.pk).update(started_at=now)
    plan = Plan.objects.create(
        campaign=campaign,
        campaign_version=campaign.version,
        mode=PlanMode.SEND,
        planned_for=now,
        requested_by=campaign.launched_by,
    )
    _enqueue(plan)


def _enqueue(plan: Plan) -> None:
    from pabal.campaigns.tasks import enqueue

    enqueue(plan.pk)


def _set(campaign: Campaign, fields: dict[str, Any]) -> None:
    """Replace the sets that are among `fields`; senders keep the order in which they are given."""
    for name in SETS:
        if name in fields:
            rows = rows_of(name, fields[name])
            relation = getattr(campaign, name)
            relation.clear()
            for row in rows:
                relation.add(row)


def _invalid(problem: Problem) -> InvalidInput:
    return InvalidInput(problem.message, code=problem.code, field=problem.field or None)


def _conflict(problem: Problem) -> Conflict:
    return Conflict(problem.message, code=problem.code, field=problem.field or None)


def _lost(campaign: Campaign, message: str) -> Conflict:
    """The conflict of a transition that found another state."""
    state = Campaign.objects.filter(pk=campaign.pk).values_list("state", flat=True).first()
    return Conflict(message, code="wrong_state", details={"state": state})
