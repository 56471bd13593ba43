"""Lists and looking people up."""

from __future__ import annotations

import pytest

from pabal.audience.lists import (
    add_members,
    archive_list,
    create_list,
    recount,
    remove_members,
    rename_list,
    restore_list,
)
from pabal.audience.models import ListMember, Profile
from pabal.audience.queries import find_by_phone, find_profiles
from pabal.audience.upsert import upsert_profiles
from pabal.errors import Conflict, InvalidInput

pytestmark = pytest.mark.django_db


def three() -> list[int]:
    results = upsert_profiles([{"external_id": f"p{n}"} for n in range(3)])
    return [result.profile_id or 0 for result in results]


def test_a_key_is_made_from_the_name_and_never_taken_twice() -> None:
    assert create_list("VIP 고객 (2026)").key == "vip-고객-2026"
    assert create_list("VIP 고객 2026").key == "vip-고객-2026-2"
    assert create_list("!!!").key == "list"
    with pytest.raises(Conflict):
        create_list("다른 이름", key="list")
    with pytest.raises(InvalidInput):
        create_list("x", key="no spaces")
    with pytest.raises(InvalidInput):
        create_list("  ")


def test_the_size_is_right_whatever_happens() -> None:
    list_ = create_list("VIP")
    one, two, three_ = three()
    assert add_members(list_, [one, two, one, 999_999]) == 2
    assert add_members(list_, [two, three_]) == 1
    assert remove_members(list_, [one, 999_999]) == 1
    assert remove_members(list_, [one]) == 0
    assert list_.size == 2
    assert ListMember.objects.get(profile_id=one).removed_at is not None, "the warehouse has to learn of it"
    assert add_members(list_, [one]) == 1
    assert list_.size == recount(list_) == 3


def test_an_archived_list_is_left_alone_until_it_is_restored() -> None:
    list_ = create_list("VIP")
    archive_list(list_)
    with pytest.raises(Conflict):
        add_members(list_, three())
    with pytest.raises(Conflict):
        archive_list(list_)
    restore_list(list_)
    assert add_members(list_, [Profile.objects.first().pk]) == 1  # type: ignore[union-attr]
    rename_list(list_, name="새 이름")
    list_.refresh_from_db()
    assert (list_.name, list_.key) == ("새 이름", "vip")


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("010-1234", ["kim"]),
        ("01012345678", ["kim"]),
        ("+82 10 1234", ["kim"]),
        ("821012345678", ["kim"]),
        ("5678", ["kim"]),
        ("2345678", ["kim"]),
        ("212555", []),
        ("김민수", ["kim"]),
        ("김 민수", ["kim"]),
        ("민수", ["kim"]),
        ("mary l", ["lee"]),
        ("LEE", ["lee"]),
        ("ki", ["kim"]),
        ("kim@", ["kim"]),
        ("%", []),
        ("nobody", []),
        ("", ["lee", "kim"]),
    ],
)
def test_people_are_found_by_what_one_would_type(typed: str, found: list[str]) -> None:
    upsert_profiles(
        [
            {
                "external_id": "kim",
                "phone": "010-1234-5678",
                "first_name": "민수",
                "last_name": "김",
                "email": "kim@shop.kr",
            },
            {"external_id": "lee", "phone": "+12125550100", "first_name": "Mary", "last_name": "Lee"},
        ]
    )
    page = find_profiles(typed)
    assert [person.external_id for person in page.profiles] == found
    assert page.cursor is None


def test_pages_hold_everybody_once() -> None:
    upsert_profiles([{"external_id": f"p{n}"} for n in range(25)])
    seen, cursor = [], None
    while True:
        page = find_profiles("p", cursor=cursor, limit=10)
        seen += [person.external_id for person in page.profiles]
        cursor = page.cursor
        if cursor is None:
            break
    assert sorted(seen, key=str) == sorted(f"p{n}" for n in range(25))


def test_people_of_a_phone_are_found_by_its_national_form() -> None:
    upsert_profiles([{"external_id": "1", "phone": "010-1234-5678"}, {"external_id": "2", "phone": "01012345678"}])
    assert [person.external_id for person in find_by_phone("010 1234 5678")] == ["1", "2"]
    assert find_by_phone("없음") == []
