"""External ids that were merged away: whoever still uses them means the profile that was kept."""

from __future__ import annotations

from typing import Any

import pytest

from pabal.audience.former_ids import present_ids, profiles_named
from pabal.audience.members import people_named
from pabal.audience.merge import merge_profiles
from pabal.audience.models import Profile
from pabal.audience.upsert import upsert_profiles
from pabal.database import raw_cursor
from tests.audience.people import imported, people

pytestmark = pytest.mark.django_db


@pytest.fixture
def kept() -> Profile:
    """`new`, in whom `middle` went up, in whom `old` went up before."""
    made = [Profile.objects.create(external_id=name, phone=f"+82100000000{n}") for n, name in enumerate(("old", "middle", "new"))]  # fmt: skip
    merge_profiles(made[1].pk, made[0].pk)
    merge_profiles(made[2].pk, made[1].pk)
    return made[2]


def test_a_former_id_means_the_profile_that_was_kept_however_often_it_was_merged(kept: Profile) -> None:
    assert profiles_named(["old", "middle", "new", "nobody"]) == dict.fromkeys(["old", "middle", "new"], kept.pk)
    with raw_cursor() as cursor:
        assert present_ids(cursor, ["old", "new", "nobody"]) == {"old": "new"}


def test_an_id_that_somebody_was_given_anew_means_them(kept: Profile) -> None:
    other = Profile.objects.create(external_id="old", phone="+821000000009")
    assert profiles_named(["old"]) == {"old": other.pk}
    with raw_cursor() as cursor:
        assert present_ids(cursor, ["old"]) == {}


def test_an_upsert_under_a_former_id_changes_the_kept_profile(kept: Profile) -> None:
    rows: list[dict[str, Any]] = [
        {"external_id": "old", "first_name": "가", "properties": {"grade": "gold"}},
        {"external_id": "new", "first_name": "나"},
    ]
    results = upsert_profiles(rows)
    assert {r.profile_id for r in results} == {kept.pk}
    assert people("external_id", "first_name", "properties") == [("new", "나", {"grade": "gold"})]


def test_an_import_under_former_ids_changes_the_kept_profile(kept: Profile) -> None:
    import_ = imported(
        "회원번호,이름,등급\nold,가,gold\nnew,나,\nmiddle,,silver\nfresh,다,\n", agreed=True, purposes=("promotional",)
    )
    assert import_.counts["created"] == 1
    assert people("external_id", "first_name", "properties") == [
        ("new", "나", {"등급": "silver"}),
        ("fresh", "다", {}),
    ]
    assert kept.consents.count() == 1


def test_a_list_made_from_typed_ids_finds_the_kept_profile(kept: Profile) -> None:
    named = people_named(["old", "nobody"])
    assert (named.ids, named.unknown) == ([kept.pk], ["nobody"])
