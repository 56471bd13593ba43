"""What cannot finish in time is split: over days, or among senders, with nobody in two parts."""

from __future__ import annotations

import pytest

from pabal.campaigns.models import Campaign, CampaignState
from pabal.campaigns.splitting import proposals, split
from pabal.delivery.models import Sender
from pabal.errors import Conflict, InvalidInput
from tests.campaigns.shop import Shop

pytestmark = pytest.mark.django_db(transaction=True)


def slow(shop: Shop, people: int = 900, **fields: object) -> Campaign:
    """900 messages at one a second, with five minutes' time: 300 are in time."""
    shop.people(people)
    Sender.objects.filter(pk=shop.korean.pk).update(throughput=1)
    return shop.campaign(senders=[shop.korean], timeout_minutes=5, **fields)


def test_what_is_in_time_is_not_split(shop: Shop) -> None:
    campaign = slow(shop, people=10)
    assert proposals(campaign, shop.plan(campaign)) == []


def test_days_are_as_few_as_are_in_time_and_have_nobody_in_common(shop: Shop) -> None:
    campaign = slow(shop)
    summary = shop.plan(campaign)
    assert summary.timed_out > 0
    [by_days] = proposals(campaign, summary)
    assert by_days.by == "days"
    assert len(by_days.parts) == 3
    parts = split(campaign, "days", actor=None)
    assert [part.state for part in parts] == [CampaignState.DRAFT] * 3
    assert [part.name for part in parts] == ["Spring (1/3)", "Spring (2/3)", "Spring (3/3)"]
    counts = [shop.plan(part).messages for part in parts]
    assert sum(counts) == summary.messages
    assert all(250 < count < 350 for count in counts)
    assert (parts[2].starts_at - parts[1].starts_at).total_seconds() == 86_400  # type: ignore[operator]


def test_senders_share_the_people_by_their_throughput(shop: Shop) -> None:
    campaign = slow(shop)
    Sender.objects.create(
        account=shop.korean.account, address="0212345679", name="파발", kind="long_code", country="KR", throughput=3,
        opt_out_number="0801234567",
    )  # fmt: skip
    summary = shop.plan(campaign)
    found = {proposal.by: proposal for proposal in proposals(campaign, summary)}
    assert [part.share for part in found["senders"].parts] == [0.25, 0.75]
    first, second = split(campaign, "senders", actor=None)
    assert [s.address for s in second.senders.all()] == ["0212345679"]
    one, other = shop.plan(first), shop.plan(second)
    assert one.messages + other.messages == summary.messages
    assert (one.timed_out, other.timed_out) == (0, 0)


def test_a_split_needs_a_review_and_a_draft(shop: Shop) -> None:
    campaign = slow(shop, people=10)
    with pytest.raises(Conflict) as refused:
        split(campaign, "days", actor=None)
    assert refused.value.code == "not_reviewed"
    with pytest.raises(InvalidInput):
        split(campaign, "weeks", actor=None)
    shop.plan(campaign)
    with pytest.raises(Conflict) as refused:
        split(campaign, "senders", actor=None)
    assert refused.value.code == "cannot_split"
