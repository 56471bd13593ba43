"""What identify and alias make of people."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from pabal.audience.merge import merge_profiles
from pabal.audience.models import (
    Consent,
    ConsentEvent,
    ConsentStatement,
    Event,
    Profile,
    ProfileMerge,
    Property,
    Suppression,
)
from tests.edge.intake.edge import BROWSER_KEY, Edge

pytestmark = pytest.mark.django_db(transaction=True)

PHONE = "010-4123-4567"
E164 = "+821041234567"


def said(user: str | None = "c1", **traits: Any) -> dict[str, Any]:
    return {"type": "identify", "traits": traits} | ({"userId": user} if user else {})


def agreed(**more: Any) -> dict[str, Any]:
    return {"state": "subscribed", "source": "Checkout", "wording": "I agree to texts.", **more}


def test_a_person_is_found_by_phone_alone(shop: Edge) -> None:
    known = Profile.objects.create(phone=E164)
    assert shop.post("identify", said(None, phone=PHONE, first_name="민수")).status_code == 200
    known.refresh_from_db()
    assert (known.first_name, Profile.objects.count()) == ("민수", 1)


def test_the_default_country_reads_the_phone_and_gives_its_place(shop: Edge) -> None:
    shop.post("identify", said(phone=PHONE))
    profile = Profile.objects.get()
    assert (profile.phone, profile.country, profile.zones) == (E164, "KR", "Asia/Seoul")


def test_traits_that_are_null_empty_a_field_and_remove_a_property(shop: Edge) -> None:
    shop.post("identify", said(email="kim@example.com", grade="VIP", points=3))
    shop.post("identify", said(email=None, grade=None))
    profile = Profile.objects.get()
    assert (profile.email, profile.properties) == ("", {"points": 3})
    assert set(Property.objects.values_list("name", "kind")) == {("grade", "text"), ("points", "number")}


def test_reserved_traits_become_fields_or_flat_properties(shop: Edge) -> None:
    traits: dict[str, Any] = {
        "firstName": "Ada", "lastName": "Lovelace", "birthday": "1990-12-10T00:00:00Z", "timezone": "Europe/London",
        "locale": "en-GB", "createdAt": "2020-01-01", "address": {"city": "London", "postalCode": "N1", "country": "GB"},
    }  # fmt: skip
    assert shop.post("identify", said(**traits)).json() == {"success": True}
    found = Profile.objects.get()
    assert (found.first_name, found.last_name, found.time_zone, found.locale, found.country) == (
        "Ada", "Lovelace", "Europe/London", "en-GB", "GB",
    )  # fmt: skip
    assert found.properties == {
        "birthday": "1990-12-10", "created_at": "2020-01-01", "city": "London", "postal_code": "N1",
    }  # fmt: skip


def test_a_phone_that_is_none_is_left_out_and_noted(shop: Edge) -> None:
    answer = shop.post("batch", {"batch": [said("c0"), said("c1", phone="02-123-4567", grade="VIP")]})
    assert answer.status_code == 200
    assert [(note["index"], note["field"], note["code"]) for note in answer.json()["notes"]] == [
        (1, "phone", "not_mobile")
    ]
    assert Profile.objects.get(external_id="c1").properties == {"grade": "VIP"}


def test_a_person_who_is_nobody_is_refused(shop: Edge) -> None:
    answer = shop.post("batch", {"batch": [said(None, phone="123"), said("c2"), said(None, grade="VIP")]})
    found = answer.json()
    assert (answer.status_code, found["accepted"]) == (400, 1)
    assert [(one["index"], one["code"]) for one in found["refused"]] == [(0, "too_short"), (2, "no_identity")]


def test_many_words_about_one_person_in_a_batch_are_one_profile_and_the_last_counts(shop: Edge) -> None:
    answer = shop.post("batch", {"batch": [said("c1", visits=n, **{f"p{n}": n}) for n in range(500)]})
    assert answer.status_code == 200
    profile = Profile.objects.get()
    assert (profile.properties["visits"], len(profile.properties)) == (499, 501)


def test_consent_is_sent_along_with_its_source_and_wording(shop: Edge) -> None:
    given = "2026-01-05T03:00:00Z"
    batch = [said(f"c{n}", phone=f"010-4123-45{n}0", consent=[agreed(at=given)]) for n in range(3)]
    assert shop.post("batch", {"batch": batch}).status_code == 200
    statement = ConsentStatement.objects.get()
    assert (statement.wording, statement.source) == ("I agree to texts.", "Checkout")
    rows = ConsentEvent.objects.values_list("channel", "purpose", "state", "at", "method", "source", "actor")
    assert set(rows) == {
        ("text", "promotional", "subscribed", datetime(2026, 1, 5, 3, tzinfo=UTC), "api", "Checkout", "Shop")
    }
    assert set(ConsentEvent.objects.values_list("statement_id", flat=True)) == {statement.pk}
    shop.post("identify", said("c9", consent=agreed(at=given)))
    assert ConsentStatement.objects.count() == 1, "the same words from the same source are one statement"


def test_an_older_consent_never_undoes_a_refusal(shop: Edge) -> None:
    no = {"state": "unsubscribed", "at": "2026-03-01T00:00:00Z"}
    shop.post("identify", said(consent=[agreed(at="2026-01-01T00:00:00Z"), no]))
    shop.post("identify", said(consent=[agreed(at="2026-02-01T00:00:00Z")]))
    assert Consent.objects.get().state == "unsubscribed"
    shop.post("identify", said(consent=[agreed(at="2026-04-01T00:00:00Z")]))
    assert Consent.objects.get().state == "subscribed"


@pytest.mark.parametrize(
    "wrong",
    [
        {"state": "subscribed", "source": "Checkout"},
        {"state": "subscribed", "wording": "I agree"},
        {"state": "yes"},
        agreed(channel="fax"),
        agreed(purpose="everything"),
        agreed(at="9999-01-01T00:00:00Z"),
        agreed(at="0001-01-01T00:00:00Z"),
        {"state": "subscribed", "source": 5},
    ],
)
def test_consent_without_evidence_or_sense_is_refused(shop: Edge, wrong: dict[str, Any]) -> None:
    answer = shop.post("identify", said(consent=[wrong]))
    assert (answer.status_code, answer.json()["refused"][0]["code"]) == (400, "bad_consent")
    assert not Consent.objects.exists()


def test_a_browser_can_not_give_consent(shop: Edge) -> None:
    answer = shop.post("identify", said(consent=[agreed()]), key=BROWSER_KEY)
    assert (answer.status_code, answer.json()["notes"][0]["code"]) == (200, "consent_ignored")
    assert not Consent.objects.exists()


def test_a_browser_can_not_change_a_known_phone_or_take_somebody_elses(shop: Edge) -> None:
    known = Profile.objects.create(external_id="c1", phone=E164, email="kim@example.com")
    nameless = Profile.objects.create(phone="+821041230000")
    for user, phone in (("c1", "010-9999-0000"), ("thief", PHONE), ("thief", "010-4123-0000")):
        assert shop.post("identify", said(user, phone=phone, email="x@y.kr"), key=BROWSER_KEY).status_code == 200
    known.refresh_from_db()
    nameless.refresh_from_db()
    assert (known.phone, known.email, nameless.external_id) == (E164, "kim@example.com", None)
    assert Profile.objects.get(external_id="thief").phone == ""
    shop.post("identify", said("c1", phone=None, email=""), key=BROWSER_KEY)
    known.refresh_from_db()
    assert (known.phone, known.email) == (E164, "kim@example.com")


def test_a_browser_may_say_the_phone_of_somebody_new(shop: Edge) -> None:
    shop.post("identify", said("new", phone=PHONE), key=BROWSER_KEY)
    assert Profile.objects.get().phone == E164


def test_a_browser_is_nobody_by_phone_alone(shop: Edge) -> None:
    Profile.objects.create(phone=E164)
    answer = shop.post("identify", said(None, phone=PHONE, first_name="x"), key=BROWSER_KEY)
    assert (answer.status_code, Profile.objects.get().first_name) == (400, "")


def test_an_erased_phone_that_comes_back_stays_suppressed(shop: Edge) -> None:
    from pabal.audience.erasure import erase_profiles

    shop.post("identify", said(phone=PHONE, consent={"state": "unsubscribed"}))
    erase_profiles([Profile.objects.get().pk])
    shop.post("identify", said("c2", phone=PHONE, consent=agreed()))
    assert Suppression.objects.get().phone == E164


def test_alias_gives_a_visitors_events_to_the_person(shop: Edge) -> None:
    shop.post("track", {"anonymousId": "a1", "event": "x", "messageId": "1"})
    assert shop.post("alias", {"userId": "c1", "previousId": "a1"}).status_code == 200
    assert Event.objects.get().profile_id == Profile.objects.get().pk


def test_alias_of_two_known_people_merges_them(shop: Edge) -> None:
    for user in ("old", "new"):
        shop.post("track", {"userId": user, "event": "x", "messageId": user})
    assert shop.post("alias", {"userId": "new", "previousId": "old"}).status_code == 200
    kept = Profile.objects.get()
    assert (kept.external_id, ProfileMerge.objects.get().new_id) == ("new", kept.pk)
    assert set(Event.objects.values_list("profile_id", flat=True)) == {kept.pk}


def test_a_browser_can_not_merge_people(shop: Edge) -> None:
    Profile.objects.create(external_id="victim")
    shop.post("alias", {"userId": "thief", "previousId": "victim"}, key=BROWSER_KEY)
    assert Profile.objects.count() == 2


def test_what_a_merged_person_does_under_the_old_id_belongs_to_the_kept_one(shop: Edge) -> None:
    kept, gone = Profile.objects.create(external_id="new"), Profile.objects.create(external_id="old")
    merge_profiles(kept.pk, gone.pk)
    shop.post("track", {"userId": "old", "event": "x", "messageId": "1"})
    shop.post("identify", said("old", grade="VIP"))
    assert Event.objects.get().profile_id == kept.pk
    assert Profile.objects.get().properties == {"grade": "VIP"}


def test_nobody_can_pass_for_a_merged_id_as_a_visitor(shop: Edge) -> None:
    answer = shop.post("track", {"anonymousId": "user:c1", "event": "x"}, key=BROWSER_KEY)
    assert answer.json()["refused"][0]["code"] == "bad_id"
