"""Forgetting people: what goes, what stays, and that a refusal cannot be lost by it."""

from __future__ import annotations

import pytest
from django.utils import timezone

from pabal.audience import edits
from pabal.audience.actions import lift_suppression, set_consent, suppress
from pabal.audience.erased_phones import digest
from pabal.audience.erasure import erase_profile, erase_profiles
from pabal.audience.models import Anonymous, ErasedPhone, Event, Profile, Suppression
from pabal.audience.upsert import upsert_profiles
from pabal.database import raw_cursor
from tests.audience.people import imported

pytestmark = pytest.mark.django_db

KIM = "+821012345678"
FILE = "휴대폰\n010-1234-5678\n"


def refused(phone: str = KIM, **fields: object) -> Profile:
    person = Profile.objects.create(phone=phone, country="KR", **fields)
    set_consent([person.pk], channel="text", purposes=["promotional"], state="unsubscribed", method="reply")
    return person


def blocked() -> list[tuple[str, str]]:
    return list(Suppression.objects.filter(lifted_at=None).order_by("phone").values_list("phone", "reason"))


def everything_in_the_database() -> str:
    """Each row of each table as text."""
    with raw_cursor() as cursor:
        tables = cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        return "\n".join(
            str(row) for (table,) in tables for row in cursor.execute(f'SELECT t::text FROM "{table}" t').fetchall()
        )


def test_the_phone_of_who_had_refused_is_nowhere_in_the_database_afterwards() -> None:
    person = refused(email="kim@shop.example", external_id="c-1", properties={"grade": "gold"})
    suppress([KIM], reason="complaint", source="call centre")
    assert erase_profile(person.pk)
    held = everything_in_the_database()
    for secret in ("1012345678", "kim@shop.example", "c-1", "gold"):
        assert secret not in held
    assert [(bytes(row.digest), row.reason) for row in ErasedPhone.objects.all()] == [(digest(KIM), "complaint")]


def test_who_had_not_refused_leaves_no_hash() -> None:
    person = Profile.objects.create(phone=KIM)
    set_consent([person.pk], channel="text", purposes=["promotional"], state="subscribed", method="console")
    erase_profile(person.pk)
    assert not ErasedPhone.objects.exists()
    imported(FILE, agreed=True)
    assert blocked() == []


def test_an_import_of_the_same_phone_cannot_bring_messages_back() -> None:
    erase_profile(refused().pk)
    imported(FILE, agreed=True)
    assert blocked() == [(KIM, "erased")]


def test_nor_can_a_profile_that_is_sent_or_edited() -> None:
    erase_profile(refused().pk)
    upsert_profiles([{"phone": "010-1234-5678", "external_id": "c-2"}])
    assert blocked() == [(KIM, "erased")]
    erase_profiles(Profile.objects.values_list("pk", flat=True))
    assert blocked() == []
    other = Profile.objects.create(external_id="c-3")
    edits.edit_profile(other.pk, {"phone": "010-1234-5678"})
    assert blocked() == [(KIM, "erased")]


def test_somebody_else_with_the_phone_gets_nothing_either() -> None:
    person = refused()
    Profile.objects.create(phone=KIM, external_id="other")
    erase_profile(person.pk)
    assert blocked() == [(KIM, "erased")]


def test_only_the_owner_or_a_person_who_lifts_it_brings_messages_back() -> None:
    erase_profile(refused().pk)
    imported(FILE, agreed=True)
    set_consent(phones=[KIM], channel="text", purposes=["promotional"], state="subscribed", method="api")
    assert blocked() == [(KIM, "erased")]
    set_consent(phones=[KIM], channel="text", purposes=["promotional"], state="subscribed", method="reply")
    assert blocked() == []
    imported(FILE, agreed=True)
    assert blocked() == []


def test_lifting_it_by_hand_holds_for_later_imports_too() -> None:
    erase_profile(refused().pk)
    imported(FILE)
    lift_suppression([KIM])
    imported(FILE)
    assert blocked() == []


def test_a_complaint_stays_when_its_owner_agrees_again() -> None:
    person = refused()
    suppress([KIM], reason="complaint")
    set_consent([person.pk], channel="text", purposes=["promotional"], state="subscribed", method="reply")
    assert blocked() == [(KIM, "complaint")]


def test_events_and_anonymous_ids_go_with_the_person() -> None:
    person, other = refused(), Profile.objects.create(phone="+821000000002")
    Anonymous.objects.create(anonymous_id="a-1", profile_id=person.pk)
    now = timezone.now()
    for number, (profile_id, anonymous_id) in enumerate([(person.pk, None), (None, "a-1"), (other.pk, None)]):
        Event.objects.create(
            key=f"00000000-0000-0000-0000-00000000000{number}", profile_id=profile_id, anonymous_id=anonymous_id,
            name="Order Completed", at=now,
        )  # fmt: skip
    erase_profile(person.pk)
    assert list(Event.objects.values_list("profile_id", flat=True)) == [other.pk]
    assert not Anonymous.objects.exists()
