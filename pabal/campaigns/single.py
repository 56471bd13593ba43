"""One message to one person, outside of any audience: the confirmation of a sign-up, a trial to one's own phone.

It goes the way of every other message. A *standing* campaign, which stands in no listing and never ends, holds its rows:
the message, a batch of its own, a chunk of the campaign's one plan (so that the warehouse learns of it), and the money
reserved for it. Dispatchers, receipts, refunds, the handset and the person's history know no difference.
See `docs/explanation/single-messages.md`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, cast

import msgspec
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from pabal.audience.models import Profile, Purpose, Suppression
from pabal.billing.actions import reserve
from pabal.campaigns.compose import compiled, facts_of, frame_of, values_of
from pabal.campaigns.models import Campaign, CampaignState, Plan, PlanChunk, PlanMode, PlanState, Skip
from pabal.campaigns.summary import ChunkSummary
from pabal.campaigns.ways import find_ways
from pabal.content.compose import Content
from pabal.database import raw_cursor
from pabal.delivery.models import (
    Batch,
    BatchState,
    CampaignControl,
    ControlState,
    Encoding,
    Message,
    MessageKind,
    Sender,
)
from pabal.delivery.priorities import Priority
from pabal.delivery.short_links import short_links
from pabal.errors import InvalidInput
from pabal.policy.skips import SkipReason

PATIENCE: Final = timedelta(hours=4)
"""How long a message may wait for its carrier before it expires."""

_KINDS = {"sms": MessageKind.SMS, "lms": MessageKind.LMS}
_ENCODINGS = {"gsm7": Encoding.GSM7, "ucs2": Encoding.UCS2, "euckr": Encoding.EUCKR}
_PROBLEMS = {reason.key: reason for reason in SkipReason}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Either a message, or the reason why there is none."""

    message_id: int | None = None
    skipped: SkipReason | None = None


@transaction.atomic
def standing_campaign(*, key: str, name: str, purpose: str = Purpose.INFORMATIONAL) -> Campaign:
    """The standing campaign called `key`, made when there is none."""
    campaign, made = Campaign.objects.get_or_create(
        key=key,
        defaults={
            "name": name[:200],
            "standing": True,
            "state": CampaignState.SENDING,
            "purpose": purpose,
            "smart_hours": None,
            "shorten_links": False,
            "add_opt_out": False,
        },
    )
    if not campaign.standing:
        raise InvalidInput(_("A campaign has this key already."), code="key_taken", field="key")
    if made:
        now = timezone.now()
        CampaignControl.objects.create(
            campaign_id=campaign.pk, state=ControlState.RUNNING, channel="text", purpose=purpose
        )
        Plan.objects.create(
            campaign=campaign, campaign_version=1, mode=PlanMode.SEND, state=PlanState.DONE, planned_for=now,
            started_at=now, finished_at=now,
        )  # fmt: skip
    elif campaign.name != name[:200]:
        Campaign.objects.filter(pk=campaign.pk).update(name=name[:200])
    return campaign


@transaction.atomic
def send_single(
    campaign: Campaign,
    profile: Profile,
    *,
    text: str,
    sender: Sender,
    subject: str = "",
    expires_at: datetime | None = None,
) -> Outcome:
    """Plan one message and let it be sent, in the caller's transaction: exactly once is what the caller makes of it, by
    keeping the id in that transaction.

    `text` is a template as campaigns have it, its links as they stand. The sender's name is put in front as the country
    asks; there is no way out for what is not advertising. A skip is stored as one, with its reason. Raises TemplateError
    (InvalidInput) for the text, Conflict (`insufficient_balance`), InvalidInput when the campaign is not standing.
    """
    if not campaign.standing:
        raise InvalidInput(_("Single messages go through a standing campaign."), code="not_standing")
    # One after the other within a campaign: the chunk's number is the next one.
    plan = Plan.objects.select_for_update().get(campaign=campaign, mode=PlanMode.SEND)
    now = timezone.now()
    if Suppression.objects.filter(phone=profile.phone, lifted_at=None).exists():
        return _skip(plan, profile, SkipReason.SUPPRESSED, now)
    ways, _unpriced = find_ways([sender], [profile.country], allow_lms=True, on=now.date())
    way = ways.get(profile.country)
    if way is None or not profile.phone:
        reason = SkipReason.COUNTRY_NOT_SUPPORTED if profile.phone else SkipReason.NO_USABLE_PHONE
        return _skip(plan, profile, reason, now)
    message_id = _reserve_id()
    content = Content(text=text, subject=subject or None, shorten_links=False, opt_out=False, allow_lms=True)
    made = compiled(content, facts_of(sender), profile.country, short_links(), cast(Any, campaign.purpose))
    frame = made.render_frame(frame_of(values_of(profile), made.variables))
    row = frame.row(0, named=True)
    if row["problem"]:
        return _skip(plan, profile, _PROBLEMS[row["problem"]], now)
    if row["kind"] == "lms" and not way.lms:
        return _skip(plan, profile, SkipReason.KIND_NOT_SUPPORTED, now)
    amount = way.lms_amount if row["kind"] == "lms" else way.sms_amount * row["parts"]
    reserve(campaign.pk, amount, messages=1)
    Message.objects.create(
        id=message_id,
        campaign_id=campaign.pk,
        profile_id=profile.pk,
        sender_id=sender.pk,
        phone=profile.phone,
        country=profile.country,
        kind=_KINDS[row["kind"]],
        encoding=_ENCODINGS[row["encoding"]],
        parts=row["parts"],
        amount=amount,
        send_after=now,
        subject=row["subject"] or "",
        text=row["text"],
    )
    Batch.objects.create(
        campaign_id=campaign.pk,
        sender=sender,
        slot=message_id % max(1, sender.slots),
        first_id=message_id,
        last_id=message_id,
        messages=1,
        parts=row["parts"],
        amount=amount,
        state=BatchState.QUEUED,
        priority=Priority.FIRST,
        send_after=now,
        expires_at=expires_at or now + PATIENCE,
        next_id=message_id,
    )
    _note(plan, first_message_id=message_id, last_message_id=message_id, profile=profile, messages=1)
    with raw_cursor() as cursor:
        cursor.execute("SELECT pg_notify('pabal_dispatch', '')")
    return Outcome(message_id=message_id)


def _skip(plan: Plan, profile: Profile, reason: SkipReason, now: datetime) -> Outcome:
    skip = Skip.objects.create(campaign_id=plan.campaign_id, profile_id=profile.pk, reason=reason.value, at=now)
    _note(plan, first_skip_id=skip.pk, last_skip_id=skip.pk, profile=profile, messages=0)
    return Outcome(skipped=reason)


def _note(plan: Plan, *, profile: Profile, messages: int, **ids: int) -> None:
    """A chunk for what was written: how the warehouse learns of it."""
    summary = ChunkSummary(candidates=1, subscribed=0, messages=messages)
    newest = PlanChunk.objects.filter(plan=plan).order_by("-number").values_list("number", flat=True).first() or 0
    PlanChunk.objects.create(
        plan=plan, number=newest + 1, last_profile_id=profile.pk, summary=msgspec.to_builtins(summary), **ids
    )


def _reserve_id() -> int:
    with raw_cursor() as cursor:
        row = cursor.execute("SELECT pabal_reserve_message_ids(1)").fetchone()
    assert row is not None
    return int(row[0])
