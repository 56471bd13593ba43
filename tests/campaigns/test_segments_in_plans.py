"""Campaigns to segments: who is planned, what a changed segment does to a review, what is refused."""

from __future__ import annotations

import pytest

from pabal.audience import segments
from pabal.audience.models import Segment
from pabal.campaigns import actions
from pabal.campaigns.models import Campaign
from pabal.campaigns.problems import newest_review
from pabal.errors import Conflict, InvalidInput
from tests.campaigns.segments import called, country, group, in_segment, on_list, saved
from tests.campaigns.shop import NOON, Shop


def planned(shop: Shop, campaign: Campaign) -> set[int]:
    shop.launch(campaign)
    return {message.profile_id for message in shop.messages(campaign)}


def test_a_campaign_goes_to_its_segments_and_lists_minus_others(shop: Shop) -> None:
    minjun, seoyeon, jimin = (
        shop.person(f"+82100000000{n}", first_name=name) for n, name in enumerate(["민준", "서연", "지민"])
    )
    listed, left_out = shop.person("+821000000007"), shop.person("+821000000008", first_name="하준")
    shop.person("+821000000009")  # in none of them
    campaign = shop.campaign(
        all_profiles=False,
        include_lists=[shop.list_of([listed, left_out])],
        include_segments=[saved("m", called("민준")), saved("others", group("any", called("서연"), called("지민")))],
        exclude_segments=[saved("out", group("any", called("하준"), called("지민")))],
    )
    summary = shop.launch(campaign)
    assert {message.profile_id for message in shop.messages(campaign)} == {minjun.pk, seoyeon.pk, listed.pk}
    assert {s.reason: set(s.samples) for s in summary.skips} == {"excluded": {jimin.pk, left_out.pk}}
    assert summary.segments == {"m": 1, "others": 1, "out": 1}


def test_everybody_minus_a_segment_made_of_a_list_and_another_segment(shop: Shop) -> None:
    people = [shop.person(f"+82100000000{n}") for n in range(3)]
    american = shop.person("+12125550101")
    shop.list_of(people[:1], "no")
    saved("koreans", country("KR"))
    out = saved("out", group("any", on_list("no"), in_segment("koreans", member=False)))
    campaign = shop.campaign(exclude_segments=[out], quiet_hours="hold", timeout_minutes=24 * 60)
    assert planned(shop, campaign) == {people[1].pk, people[2].pk}
    assert american.pk not in {message.profile_id for message in shop.messages(campaign)}


def test_a_changed_segment_ends_a_review(shop: Shop) -> None:
    shop.people(2)
    inner = saved("inner", country("KR"))
    outer = saved("outer", in_segment("inner"))
    campaign = shop.campaign(all_profiles=False, include_segments=[outer])
    reviewed = shop.plan(campaign)
    assert newest_review(campaign) is not None
    segments.change(inner, condition=country("US"))
    assert newest_review(campaign) is None
    with pytest.raises(Conflict) as raised:
        actions.launch(campaign, by=None, expected_messages=reviewed.messages)
    assert raised.value.code == "review_outdated"
    segments.change(outer, name="Renamed")  # another name is no other audience
    assert shop.plan(campaign).audience == 0
    assert newest_review(campaign) is not None


def test_an_archived_or_broken_segment_is_no_audience(shop: Shop) -> None:
    segment = saved("vip", country("KR"), "단골")
    campaign = shop.campaign(all_profiles=False, include_segments=[segment])
    Segment.objects.filter(pk=segment.pk).update(archived_at=NOON)
    (problem,) = actions.problems(campaign)
    assert (problem.code, problem.step, problem.blocks_review) == ("segment_archived", "audience", True)
    assert "단골" in problem.message
    Segment.objects.filter(pk=segment.pk).update(archived_at=None, condition=on_list("gone"))
    assert [problem.code for problem in actions.problems(campaign)] == ["segment_broken"]
    with pytest.raises(InvalidInput):
        actions.request_review(campaign, by=None)


def test_a_campaign_with_a_segment_alone_has_an_audience(shop: Shop) -> None:
    campaign = shop.campaign(all_profiles=False)
    assert [problem.code for problem in actions.problems(campaign)] == ["no_audience"]
    campaign = actions.edit(campaign, by=None, include_segments=[saved("vip", country("KR"))])
    assert actions.problems(campaign) == []


def test_a_copy_has_the_same_segments(shop: Shop) -> None:
    inside, outside = saved("in", country("KR")), saved("out", country("US"))
    copy = actions.duplicate(
        shop.campaign(all_profiles=False, include_segments=[inside], exclude_segments=[outside]), by=None
    )
    assert (list(copy.include_segments.all()), list(copy.exclude_segments.all())) == ([inside], [outside])


def test_days_of_a_segment_are_those_of_the_moment_planned_for(shop: Shop) -> None:
    """A campaign for next week includes who fulfils the condition then."""
    birthday = {
        "type": "property", "name": "birthday", "kind": "date", "operator": "anniversary",
        "value": {"value": 0, "unit": "days"},
    }  # fmt: skip
    person = shop.person("+821000000001", properties={"birthday": f"1990-{NOON:%m-%d}"})
    shop.person("+821000000002", properties={"birthday": "1990-01-01"})
    campaign = shop.campaign(all_profiles=False, include_segments=[saved("birthday", birthday)])
    assert planned(shop, campaign) == {person.pk}
