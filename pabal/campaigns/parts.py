"""The parts of a campaign: standing campaigns behind it, through which go the texts in place of KakaoTalk, and tests.

So their messages, links, results and money are apart from its own, by the machinery that every campaign has.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from pabal.campaigns.models import Campaign, CampaignState, Part, Plan, PlanMode, PlanState
from pabal.delivery.models import CampaignControl, ControlState, Fallback, FallbackState


def texts_of(campaign: Campaign) -> Campaign | None:
    """The part that its texts in place of KakaoTalk go through; None before it was launched."""
    return Campaign.objects.filter(part_of=campaign, part=Part.FALLBACK).first()


def retime_texts(campaign: Campaign, deadline: datetime, now: datetime) -> None:
    """After a pause: the texts in place of KakaoTalk time out as much later as its messages do."""
    from pabal.campaigns.pauses import retime

    if (part := texts_of(campaign)) is not None:
        retime(part, deadline, now)
        Fallback.objects.filter(campaign_id=campaign.pk, state=FallbackState.WAITING).update(expires_at=deadline)


def with_parts(campaign_id: int) -> list[int]:
    """The campaign and the part of its texts: what is paused, resumed and ended together."""
    parts = Campaign.objects.filter(part_of_id=campaign_id, part=Part.FALLBACK)
    return [campaign_id, *parts.values_list("pk", flat=True)]


@transaction.atomic
def make_part(campaign: Campaign, part: Part, *, purpose: str, state: ControlState) -> Campaign:
    """The campaign's part, made when there is none, with its plan (done: chunks are added) and its control."""
    made, new = Campaign.objects.get_or_create(
        part_of=campaign,
        part=part,
        defaults={
            "key": f"part-{campaign.pk}-{part.value}",
            "name": campaign.name,
            "standing": True,
            "state": CampaignState.SENDING,
            "purpose": purpose,
            "smart_hours": None,
            "quiet_hours": campaign.quiet_hours,
            "hours_from": campaign.hours_from,
            "hours_to": campaign.hours_to,
        },
    )
    if new:
        now = timezone.now()
        CampaignControl.objects.create(
            campaign_id=made.pk, state=state, channel="text", purpose=purpose, per_minute=campaign.per_minute
        )
        Plan.objects.create(
            campaign=made, campaign_version=1, mode=PlanMode.SEND, state=PlanState.DONE, planned_for=now,
            started_at=now, finished_at=now,
        )  # fmt: skip
    return made
