"""Segment's and RudderStack's own Python libraries, with only the host changed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from rudderstack.analytics.client import Client as RudderClient
from segment.analytics.client import Client as SegmentClient

from pabal.audience.models import Event, Profile
from tests.edge.intake.edge import SERVER_KEY, Edge

pytestmark = pytest.mark.django_db(transaction=True)

WHEN = datetime(2026, 11, 1, 12, 30, 15, 250_000, tzinfo=UTC)


def use(client: Any) -> None:
    """A shop's first minutes with a library."""
    client.track(anonymous_id="a1", event="Product Viewed", properties={"category": "신발"})
    client.identify("c1", {"email": "kim@example.com", "phone": "010-4123-4567", "name": "김민수"}, anonymous_id="a1")
    for number in range(250):
        client.track("c1", "Order Completed", {"total": number, "items": [{"sku": "A"}]}, timestamp=WHEN)
    client.page("c1", "Shop", "Home")
    client.screen("c1", "Shop", "Home")
    client.group("c1", "g1", {"plan": "gold"})
    client.alias("a2", "c1")
    client.flush()
    client.shutdown()


def check(errors: list[Any]) -> None:
    assert errors == []
    profile = Profile.objects.get()
    assert (profile.external_id, profile.phone, profile.email) == ("c1", "+821041234567", "kim@example.com")
    names = list(Event.objects.values_list("name", flat=True))
    assert {name: names.count(name) for name in names} == {
        "Product Viewed": 1,
        "Order Completed": 250,
        "Page Viewed": 1,
        "Screen Viewed": 1,
        "Group Joined": 1,
    }
    assert set(Event.objects.values_list("profile_id", flat=True)) == {profile.pk}
    assert set(Event.objects.filter(name="Order Completed").values_list("at", flat=True)) == {WHEN}
    page = json.loads(Event.objects.get(name="Page Viewed").properties)
    assert (page["name"], page["category"]) == ("Home", "Shop")


@pytest.mark.parametrize("gzip", [False, True])
def test_segments_python_library_works_with_only_the_host_changed(shop: Edge, gzip: bool) -> None:
    errors: list[Any] = []
    use(SegmentClient(SERVER_KEY, host=shop.url, gzip=gzip, on_error=lambda error, batch: errors.append(error)))
    check(errors)


def test_rudderstacks_python_library_works_with_only_the_host_changed(shop: Edge) -> None:
    errors: list[Any] = []
    use(RudderClient(SERVER_KEY, host=shop.url, on_error=lambda error, batch: errors.append(error)))
    check(errors)


def test_segments_library_tells_the_shop_why_an_event_was_refused(shop: Edge) -> None:
    errors: list[Any] = []
    client = SegmentClient(SERVER_KEY, host=shop.url, on_error=lambda error, batch: errors.append(error))
    client.track("c1", "x" * 300)
    client.track("c1", "Order Completed")
    client.flush()
    client.shutdown()
    assert [(error.status, error.code) for error in errors] == [(400, "some_refused")]
    assert Event.objects.get().name == "Order Completed"
