"""A pause costs no time: what is left keeps its time-out, within the hours of its place."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from pabal.campaigns import actions
from pabal.campaigns.models import Campaign, CampaignState, Plan, PlanMode
from pabal.campaigns.pauses import deadline_after, retime
from pabal.delivery.models import Batch, BatchState
from tests.campaigns.shop import NOON, Shop, hours

pytestmark = pytest.mark.django_db(transaction=True)
PAUSED = NOON + hours(1)  # 15:00 in Korea; the time-out is at 18:00, the company closes at 20:00


def resumed(campaign: Campaign, now: datetime) -> datetime:
    """As `resume` does at `now`; the deadline."""
    campaign.paused_at = PAUSED
    deadline = deadline_after(campaign, Plan.objects.get(campaign=campaign, mode=PlanMode.SEND), now)
    assert deadline is not None
    retime(campaign, deadline, now)
    return deadline


def span(campaign: Campaign) -> tuple[datetime, datetime]:
    batch = Batch.objects.get(campaign_id=campaign.pk)
    return batch.send_after, batch.expires_at


@pytest.fixture
def campaign(shop: Shop) -> Campaign:
    shop.people(3)
    made = shop.campaign(senders=[shop.korean])
    assert shop.launch(made).messages == 3
    assert span(made) == (NOON, NOON + hours(4))
    return made


def test_the_time_out_stands_still_during_a_pause(campaign: Campaign) -> None:
    assert resumed(campaign, PAUSED + hours(1)) == NOON + hours(5)
    assert span(campaign) == (PAUSED + hours(1), NOON + hours(5))


def test_the_hours_of_the_place_still_end_it(campaign: Campaign) -> None:
    resumed(campaign, PAUSED + hours(3))
    assert span(campaign) == (PAUSED + hours(3), NOON + hours(6))  # 20:00, not 21:00


def test_resumed_at_night_it_waits_for_the_morning_with_all_the_time_it_had(campaign: Campaign) -> None:
    morning = NOON + hours(19)
    resumed(campaign, NOON + hours(9))  # 23:00
    assert span(campaign) == (morning, morning + hours(3))
    resumed(campaign, NOON + timedelta(days=3, hours=9))
    assert span(campaign) == (morning + timedelta(days=3), morning + timedelta(days=3, hours=3))


def test_what_was_held_anyway_keeps_its_opening(shop: Shop) -> None:
    shop.person("+12125550100")
    campaign = shop.campaign(senders=[shop.american], timeout_minutes=24 * 60)
    shop.launch(campaign)
    opens, _ = span(campaign)
    assert opens == NOON + hours(9)  # 09:00 in New York
    resumed(campaign, PAUSED + hours(1))
    assert span(campaign) == (opens, opens + hours(11))


def test_places_of_one_batch_are_open_together_or_it_waits(shop: Shop, campaign: Campaign) -> None:
    from pabal.audience.models import Profile

    first = Profile.objects.order_by("pk")[0]
    Profile.objects.filter(pk=first.pk).update(time_zone="America/New_York")  # moved away since
    resumed(campaign, PAUSED + hours(1))
    opens, closes = span(campaign)
    assert opens == NOON + hours(19), "09:00 in Korea, when it is 19:00 in New York"
    assert closes == opens + hours(1)


def test_pausing_and_resuming_move_the_deadlines_of_what_is_open_only(campaign: Campaign) -> None:
    batch = Batch.objects.get(campaign_id=campaign.pk)
    actions.pause(campaign, by=None)
    assert campaign.paused_at is not None
    Campaign.objects.filter(pk=campaign.pk).update(paused_at=timezone.now() - timedelta(days=2))
    Batch.objects.filter(pk=batch.pk).update(state=BatchState.DONE)
    actions.resume(campaign, by=None)
    assert campaign.state == CampaignState.SENDING
    assert campaign.paused_at is None
    assert campaign.deadline is not None
    assert campaign.deadline > NOON + timedelta(days=2, hours=3)
    assert span(campaign) == (batch.send_after, batch.expires_at)


def test_a_pause_while_it_is_planned_counts_when_it_goes_on(shop: Shop) -> None:
    shop.people(3)
    campaign = shop.campaign(senders=[shop.korean], hours_from="00:00", hours_to="00:00", purpose="informational")
    reviewed = shop.plan(campaign)
    actions.launch(campaign, by=None, expected_messages=reviewed.messages)
    actions.pause(campaign, by=None)
    Campaign.objects.filter(pk=campaign.pk).update(paused_at=timezone.now() - timedelta(days=2))
    plan = Plan.objects.get(campaign=campaign, mode=PlanMode.SEND)
    Plan.objects.filter(pk=plan.pk).update(planned_for=timezone.now() - timedelta(days=2))
    actions.resume(campaign, by=None)
    shop.carry_out(plan)
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.SENDING
    _, expires = span(campaign)
    assert timedelta(hours=3, minutes=50) < expires - timezone.now() <= timedelta(hours=4)
