"""Two profiles that are one person: what stands afterwards, and that it was shown before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from pabal.audience.actions import set_consent
from pabal.audience.lists import add_members, create_list, remove_members
from pabal.audience.merge import current_id, ids_of, likely_same, merge_profiles, outcome
from pabal.audience.models import Anonymous, Consent, ConsentEvent, Event, List, ListMember, Profile, ProfileMerge
from pabal.database import raw_cursor
from pabal.errors import InvalidInput, NotFound

pytestmark = pytest.mark.django_db

DAY = datetime(2026, 3, 1, tzinfo=UTC)
LATER = DAY + timedelta(days=1)


def two(first: dict[str, Any] | None = None, second: dict[str, Any] | None = None) -> tuple[Profile, Profile]:
    return Profile.objects.create(**(first or {})), Profile.objects.create(**(second or {}))


def decide(person: Profile, state: str, at: datetime, purpose: str = "promotional") -> None:
    set_consent([person.pk], channel="text", purposes=[purpose], state=state, method="console", at=at)


def test_what_the_kept_profile_says_wins_and_the_other_fills_the_gaps() -> None:
    keep, gone = two(
        {"phone": "+821000000001", "country": "KR", "first_name": "민지", "properties": {"grade": "gold", "size": 3}},
        {"external_id": "c-9", "phone": "+12015550123", "country": "US", "zones": "America/New_York",
         "email": "mj@shop.example", "first_name": "Minji", "properties": {"grade": "silver", "colour": "red"}},
    )  # fmt: skip
    merge_profiles(keep.pk, gone.pk)
    keep.refresh_from_db()
    said = (keep.external_id, keep.phone, keep.country, keep.zones, keep.email, keep.first_name)
    assert said == ("c-9", "+821000000001", "KR", "", "mj@shop.example", "민지")
    assert keep.properties == {"grade": "gold", "size": 3, "colour": "red"}
    assert not Profile.objects.filter(pk=gone.pk).exists()


def test_the_place_comes_with_the_phone() -> None:
    keep, gone = two({"external_id": "c-1"}, {"phone": "+12015550123", "country": "US", "region": "US-NJ", "zones": "America/New_York"})  # fmt: skip
    merge_profiles(keep.pk, gone.pk)
    keep.refresh_from_db()
    assert (keep.phone, keep.country, keep.region, keep.zones) == ("+12015550123", "US", "US-NJ", "America/New_York")


@pytest.mark.parametrize(
    ("kept", "gone", "result"),
    [
        (("subscribed", DAY), ("unsubscribed", LATER), "unsubscribed"),
        (("subscribed", LATER), ("unsubscribed", DAY), "subscribed"),
        (("unsubscribed", DAY), ("subscribed", LATER), "subscribed"),
        (("unsubscribed", LATER), ("subscribed", DAY), "unsubscribed"),
        (("subscribed", DAY), ("unsubscribed", DAY), "unsubscribed"),
        (("unsubscribed", DAY), ("subscribed", DAY), "unsubscribed"),
        (None, ("unsubscribed", DAY), "unsubscribed"),
        (("subscribed", DAY), None, "subscribed"),
    ],
)
def test_the_newer_decision_counts_and_at_one_moment_the_refusal(
    kept: tuple[str, datetime] | None, gone: tuple[str, datetime] | None, result: str
) -> None:
    keep, other = two()
    for person, said in ((keep, kept), (other, gone)):
        if said:
            decide(person, *said)
    shown = outcome(keep.pk, other.pk).consents[0].result[0]
    merge_profiles(keep.pk, other.pk)
    assert Consent.objects.get(profile=keep).state == result == shown
    assert Consent.objects.count() == 1


def test_the_history_of_consent_moves_and_says_where_it_was_recorded() -> None:
    keep, gone = two()
    decide(keep, "subscribed", DAY)
    decide(gone, "unsubscribed", LATER)
    merge_profiles(keep.pk, gone.pk)
    moved = ConsentEvent.objects.order_by("at").values_list("profile_id", "state", "moved_from")
    assert list(moved) == [(keep.pk, "subscribed", None), (keep.pk, "unsubscribed", gone.pk)]


def test_events_and_anonymous_ids_belong_to_the_kept_one_and_the_warehouse_learns_of_it() -> None:
    keep, gone = two()
    Anonymous.objects.create(anonymous_id="a", profile_id=gone.pk)
    event = Event.objects.create(key=uuid4(), profile_id=gone.pk, name="Viewed", at=DAY)
    with raw_cursor() as cursor:
        before = cursor.execute("SELECT xid FROM event").fetchone()
    merge_profiles(keep.pk, gone.pk)
    event.refresh_from_db()
    assert event.profile_id == Anonymous.objects.get().profile_id == keep.pk
    assert before is not None
    assert event.xid >= before[0]


def test_a_list_that_both_are_on_counts_one_person_less() -> None:
    keep, gone = two()
    both, only_gone, left = create_list("Both"), create_list("Gone"), create_list("Left")
    add_members(both, [keep.pk, gone.pk])
    add_members(only_gone, [gone.pk])
    add_members(left, [keep.pk, gone.pk])
    remove_members(left, [keep.pk])
    merge_profiles(keep.pk, gone.pk)
    assert dict(List.objects.values_list("name", "size")) == {"Both": 1, "Gone": 1, "Left": 1}
    on = ListMember.objects.filter(removed_at=None).values_list("list__name", "profile_id")
    assert sorted(on) == [("Both", keep.pk), ("Gone", keep.pk), ("Left", keep.pk)]


def test_the_id_that_went_leads_to_the_kept_one_through_several_merges() -> None:
    a, b = two()
    c = Profile.objects.create()
    merge_profiles(b.pk, a.pk, by="kim")
    merge_profiles(c.pk, b.pk)
    assert sorted(ids_of(c.pk)) == sorted([a.pk, b.pk, c.pk])
    assert current_id(a.pk) == current_id(c.pk) == c.pk
    assert current_id(999_999) is None
    assert ProfileMerge.objects.order_by("id")[0].by == "kim"


def test_what_is_shown_before_is_what_is_done() -> None:
    keep, gone = two({"phone": "+821000000001"}, {"phone": "+821000000002", "email": "x@shop.example"})
    Event.objects.create(key=uuid4(), profile_id=gone.pk, name="Viewed", at=DAY)
    shown = outcome(keep.pk, gone.pk)
    assert (shown.events, shown.lists) == (1, 0)
    assert {c.name for c in shown.fields if c.lost} == {"phone"}
    assert {c.name for c in shown.fields if c.filled} == {"email"}
    merge_profiles(keep.pk, gone.pk)
    keep.refresh_from_db()
    assert all(getattr(keep, name) == value for name, value in shown.values.items())


def test_a_profile_is_not_merged_with_itself_nor_with_nobody() -> None:
    person = Profile.objects.create()
    with pytest.raises(InvalidInput) as refused:
        merge_profiles(person.pk, person.pk)
    assert refused.value.code == "same_profile"
    with pytest.raises(NotFound):
        merge_profiles(person.pk, 999_999)


def test_the_same_phone_or_email_suggests_the_same_person() -> None:
    person, phone = two({"phone": "+821000000001", "email": "A@shop.example"}, {"phone": "+821000000001"})
    mail = Profile.objects.create(email="a@SHOP.example")
    Profile.objects.create(phone="+821000000002")
    assert [p.pk for p in likely_same(person)] == [phone.pk, mail.pk]
    assert likely_same(Profile.objects.create(external_id="x")) == []
