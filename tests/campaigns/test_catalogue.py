"""The catalogue of events that conditions are built from."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pabal.audience.models import Event, EventName, EventProperty, Profile
from pabal.campaigns.catalogue import Catalogue
from pabal.campaigns.property_samples import Samples, is_personal, leaves
from pabal.warehouse.sync import Synchroniser

AT = datetime(2026, 5, 17, 9, 30, tzinfo=UTC)


def happened(person: Profile, name: str, properties: str, at: datetime = AT) -> None:
    Event.objects.create(key=uuid.uuid4(), profile_id=person.pk, name=name, at=at, properties=properties)


def catalogue() -> dict[str, Any]:
    rows = EventProperty.objects.order_by("path").values_list("event__name", "path", "kind", "examples")
    return {f"{name}:{path}": (kind, examples) for name, path, kind, examples in rows}


def test_names_properties_and_frequent_values_are_kept(synchroniser: Synchroniser) -> None:
    one, two = (Profile.objects.create(external_id=name) for name in "ab")
    for person in (one, two):
        happened(person, "Order", '{"category":"신발","total":10,"gift":true,"items":[{"sku":"A"},{"sku":"B"}]}')
    happened(two, "Order", '{"category":"가방","day":"2026-01-01","tags":["new"],"ship":{"city":"서울"}}')
    happened(one, "Order", '{"category":"가방"}', AT + timedelta(days=1))
    happened(one, "Order", '{"category":"가방"}')
    keeper = Catalogue(synchroniser)
    assert keeper.keep() == 0  # nothing was read yet
    synchroniser.run_once()
    assert keeper.keep() == 1
    name = EventName.objects.get()
    assert (name.name, name.events, name.first_at, name.last_at) == ("Order", 5, AT, AT + timedelta(days=1))
    assert catalogue() == {
        "Order:category": ("text", ["가방", "신발"]),
        "Order:day": ("date", []),  # one person's alone
        "Order:gift": ("boolean", ["true"]),
        "Order:items[].sku": ("list", ["A", "B"]),
        "Order:ship.city": ("text", []),
        "Order:tags": ("list", []),
        "Order:total": ("number", ["10"]),
    }


def test_only_the_rows_of_new_rounds_are_counted_and_a_new_engine_knows_what_the_last_one_did(
    synchroniser: Synchroniser,
) -> None:
    one, two = (Profile.objects.create(external_id=name) for name in "ab")
    keeper = Catalogue(synchroniser)
    for person in (one, two):
        happened(person, "Order", '{"category":"신발"}')
    synchroniser.run_once()
    keeper.keep()
    assert keeper.keep() == 0
    happened(one, "Order", '{"category":"가방"}')
    happened(one, "Viewed", "{}")
    synchroniser.run_once()
    assert keeper.keep() == 2
    assert dict(EventName.objects.values_list("name", "events")) == {"Order": 3, "Viewed": 1}
    assert catalogue()["Order:category"] == ("text", ["신발"])
    another = Catalogue(synchroniser)
    another.keep()
    assert dict(EventName.objects.values_list("name", "events")) == {"Order": 3, "Viewed": 1}
    assert catalogue()["Order:category"] == ("text", ["신발"])


def test_names_without_events_go_when_all_are_counted_anew(synchroniser: Synchroniser) -> None:
    EventName.objects.create(name="Gone", events=7, first_at=AT, last_at=AT)
    happened(Profile.objects.create(external_id="a"), "Order", "{}")
    synchroniser.run_once()
    Catalogue(synchroniser).keep()
    assert list(EventName.objects.values_list("name", flat=True)) == ["Order"]


def test_strange_properties_do_not_stop_it(synchroniser: Synchroniser) -> None:
    person = Profile.objects.create(external_id="a")
    for text in (
        '{"a":"\\u0000"}',
        '{"\\u0000":1}',
        '{"":1}',
        '{"a":[[1],{"b":[{"c":1}]}]}',
        '{"n":1e308,"b":18446744073709551615}',
    ):
        happened(person, "Strange", text)  # fmt: skip
    synchroniser.run_once()
    Catalogue(synchroniser).keep()
    assert EventName.objects.get().events == 5


@pytest.mark.parametrize(
    ("path", "personal"),
    [
        ("phone", True), ("user.email", True), ("shippingAddress.street", True), ("customer_name", True), ("이름", True),
        ("firstName", True), ("birthday", True), ("ip", True), ("context.ip", True), ("session_id", True), ("name", True),
        ("수령인 전화번호", True), ("product_name", False), ("items[].productName", False), ("product.name", False),
        ("category", False), ("total", False), ("city", False), ("page", False), ("description", False), ("상품명", False),
        ("zip_code", True), ("shipping", False), ("language", False),
    ],
)  # fmt: skip
def test_paths_that_sound_personal_have_no_examples(path: str, personal: bool) -> None:
    assert is_personal(path) is personal


def test_values_that_look_personal_are_no_examples() -> None:
    samples = Samples()
    values = [
        "a@b.kr",
        "010-1234-5678",
        "+821012345678",
        "4111 1111 1111 1111",
        "eyJhbGciOiJIUzI1NiIsInR5cCI6",
        "https://x.kr/u/1",
    ]
    for person in (1, 2):
        for value in [*values, "x" * 61, "VIP"]:
            samples.add({"note": value}, person)
    assert samples.paths["note"].examples() == ["VIP"]


def test_hostile_properties_are_bounded() -> None:
    samples = Samples()
    samples.add({f"p{n}": n for n in range(5000)}, 1)
    assert len(samples.paths) == 300
    for n in range(10_000):
        samples.add({"p1": n}, n)
    assert len(samples.paths["p1"].values) <= 400


def test_leaves_are_named_as_conditions_name_them() -> None:
    found = dict(leaves({"a": {"b": 1}, "items": [{"sku": "x"}, {"sku": "y", "n": {"m": 2}}], "tags": ["t"], "e": {}}))
    assert found == {"a.b": 1, "items[].sku": ["x", "y"], "items[].n.m": [2], "tags": ["t"]}
