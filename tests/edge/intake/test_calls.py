"""Calls of the intake, by a real edge."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pabal.audience.models import Anonymous, Event, Profile
from tests.edge.intake.edge import Edge

pytestmark = pytest.mark.django_db(transaction=True)


def track(user: str = "c1", event: str = "Order Completed", **more: Any) -> dict[str, Any]:
    return {"type": "track", "userId": user, "event": event, "messageId": f"{user}-{event}", **more}


def test_a_tracked_event_is_stored_for_its_person(shop: Edge) -> None:
    answer = shop.post("track", track(properties={"total": 12000, "category": "신발"}))
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    event, profile = Event.objects.get(), Profile.objects.get()
    assert (event.name, event.profile_id, profile.external_id) == ("Order Completed", profile.pk, "c1")
    assert json.loads(event.properties) == {"total": 12000, "category": "신발"}


def test_a_batch_keeps_the_good_and_names_the_bad(shop: Edge) -> None:
    bad = {"type": "track", "event": "x"}
    answer = shop.post("batch", {"batch": [track("c1"), bad, 5, track("c2"), track("c3", timestamp="yesterday")]})
    assert answer.status_code == 400
    found = answer.json()
    assert (found["accepted"], [(r["index"], r["code"]) for r in found["refused"]]) == (
        2,
        [(1, "no_identity"), (2, "bad_shape"), (4, "bad_time")],
    )
    assert Event.objects.count() == 2


def test_identify_makes_a_profile_and_binds_what_the_visitor_did_before(shop: Edge) -> None:
    visit = {"anonymousId": "a1", "event": "Product Viewed", "messageId": "v1"}
    assert shop.post("track", visit).status_code == 200
    assert Event.objects.get().profile_id is None
    traits = {"phone": "010-4123-4567", "name": "김민수", "grade": "VIP", "address": {"city": "서울", "country": "KR"}}
    assert shop.post("identify", {"userId": "c1", "anonymousId": "a1", "traits": traits}).json() == {"success": True}
    profile = Profile.objects.get()
    assert (profile.external_id, profile.phone, profile.first_name, profile.last_name) == (
        "c1",
        "+821041234567",
        "민수",
        "김",
    )
    assert profile.properties == {"grade": "VIP", "city": "서울"}
    assert Event.objects.get().profile_id == profile.pk
    assert Anonymous.objects.get().profile_id == profile.pk
    assert shop.post("track", visit | {"messageId": "v2"}).status_code == 200
    assert Event.objects.filter(profile_id=profile.pk).count() == 2


def test_the_same_message_twice_is_one_event(shop: Edge) -> None:
    for _ in range(2):
        assert shop.post("batch", {"batch": [track("c1"), track("c1")]}).status_code == 200
    assert Event.objects.count() == 1


def test_a_wrong_key_is_refused(shop: Edge) -> None:
    assert shop.post("track", track(), key="wrong").status_code == 401
    assert not Event.objects.exists()
