"""Profiles from a program: created, changed, refused row by row, in one go."""

from __future__ import annotations

import pytest

from pabal.audience.models import Profile, Property
from pabal.audience.upsert import upsert_profiles
from pabal.errors import InvalidInput
from tests.audience.people import people

pytestmark = pytest.mark.django_db


def test_rows_are_created_changed_and_left_alone() -> None:
    row = {
        "external_id": "1",
        "phone": "010-1234-5678",
        "first_name": "민수",
        "properties": {"grade": "VIP", "points": 3},
    }
    (first,) = upsert_profiles([row])
    (second,) = upsert_profiles([row])
    (third,) = upsert_profiles([{"external_id": "1", "properties": {"points": 4}}])
    assert [first.outcome, third.outcome] == ["created", "updated"]
    assert {first.profile_id, second.profile_id, third.profile_id} == {Profile.objects.get().pk}
    assert people("phone", "first_name", "properties") == [("+821012345678", "민수", {"grade": "VIP", "points": 4})]
    assert dict(Property.objects.values_list("name", "kind")) == {"grade": "text", "points": "number"}


@pytest.mark.django_db(transaction=True)
def test_a_row_that_says_nothing_new_is_unchanged() -> None:
    row = {"external_id": "1", "phone": "010-1234-5678", "properties": {"grade": "VIP"}}
    assert [upsert_profiles([row])[0].outcome for _ in range(2)] == ["created", "unchanged"]


def test_null_empties_a_field_and_removes_a_property_while_silence_keeps_them() -> None:
    upsert_profiles([{"external_id": "1", "email": "a@b.kr", "first_name": "민수", "properties": {"a,b": 1, "c": 2}}])
    upsert_profiles([{"external_id": "1", "first_name": None, "properties": {"a,b": None}}])
    assert people("email", "first_name", "properties") == [("a@b.kr", "", {"c": 2})]


def test_a_phone_that_is_emptied_takes_its_place_with_it() -> None:
    upsert_profiles([{"external_id": "1", "phone": "+1 212 555 0100"}])
    upsert_profiles([{"external_id": "1", "phone": None}])
    assert people("phone", "zones", "region") == [("", "", "")]


def test_rows_of_one_person_are_applied_in_order() -> None:
    results = upsert_profiles(
        [
            {"phone": "010-1234-5678", "first_name": "가", "properties": {"n": 1}},
            {"phone": "+82 10-1234-5678", "first_name": "나"},
            {"phone": "01012345678", "properties": {"n": None, "m": 1}},
        ]
    )
    assert [result.outcome for result in results] == ["created", "updated", "updated"]
    assert people("first_name", "properties") == [("나", {"m": 1})]


def test_each_row_in_error_says_why_and_the_others_are_written() -> None:
    results = upsert_profiles(
        [
            {"phone": "010-1234-5678"},
            {"phone": "02-123-4567"},
            {"fone": "010"},
            {"email": "nobody"},
            {"first_name": "민수"},
            {"external_id": 5},
            {"external_id": "a\0b"},
            {"external_id": "2", "time_zone": "Seoul"},
            {"external_id": "2", "properties": []},
            {"external_id": "2", "properties": {"x": "y" * 70_000}},
            {"external_id": "3", "locale": "ko_KR", "time_zone": "asia/seoul"},
        ]
    )
    assert [(result.code, result.field) for result in results] == [
        ("", ""),
        ("not_mobile", "phone"),
        ("unknown_field", "fone"),
        ("bad_email", "email"),
        ("no_identity", ""),
        ("bad_value", "external_id"),
        ("bad_value", "external_id"),
        ("unknown_time_zone", "time_zone"),
        ("bad_value", "properties"),
        ("too_large", "properties"),
        ("", ""),
    ]
    assert all(result.message for result in results if result.code)
    assert people("phone", "locale", "time_zone") == [("+821012345678", "", ""), ("", "ko-KR", "Asia/Seoul")]


def test_ten_thousand_at_once_and_no_more() -> None:
    rows = [{"external_id": str(n), "phone": f"010-{1000 + n // 10000}-{n % 10000:04}"} for n in range(10_000)]
    results = upsert_profiles(rows)
    assert {result.outcome for result in results} == {"created"}
    assert Profile.objects.count() == 10_000
    with pytest.raises(InvalidInput):
        upsert_profiles([*rows, {}])


def test_nothing_is_no_error() -> None:
    assert upsert_profiles([]) == []
