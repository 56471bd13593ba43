"""Consent: who may be subscribed by what, and the history of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from pabal.audience.actions import lift_suppression, restore_consent, set_consent, suppress
from pabal.audience.erasure import erase_profile
from pabal.audience.lists import add_members, create_list
from pabal.audience.models import Consent, ConsentEvent, Profile, Suppression
from pabal.database import raw_cursor
from pabal.errors import InvalidInput
from tests.audience.people import ASKED, consents, imported

pytestmark = pytest.mark.django_db

OLD, NEW = ASKED - timedelta(days=30), ASKED + timedelta(days=30)
KIM = "+821012345678"
FILE = "휴대폰\n010-1234-5678\n"


def decide(state: str, at: datetime, *purposes: str) -> int:
    return set_consent(
        phones=[KIM], channel="text", purposes=purposes or ("promotional",), state=state, method="reply", at=at
    )


@pytest.mark.parametrize(
    ("old", "old_at", "new", "new_at", "changes"),
    [
        (None, None, "subscribed", OLD, True),
        (None, None, "unsubscribed", OLD, True),
        ("subscribed", ASKED, "unsubscribed", NEW, True),
        ("subscribed", ASKED, "unsubscribed", ASKED, True),
        ("subscribed", ASKED, "unsubscribed", OLD, False),
        ("unsubscribed", ASKED, "subscribed", NEW, True),
        ("unsubscribed", ASKED, "subscribed", ASKED, False),
        ("unsubscribed", ASKED, "subscribed", OLD, False),
        ("subscribed", ASKED, "subscribed", NEW, False),
        ("unsubscribed", ASKED, "unsubscribed", NEW, False),
    ],
)
def test_one_rule_decides_each_transition(
    old: str | None, old_at: datetime | None, new: str, new_at: datetime, changes: bool
) -> None:
    with raw_cursor() as cursor:
        row = cursor.execute("SELECT pabal_consent_changes(%s, %s, %s, %s)", [old, old_at, new, new_at]).fetchone()
    assert row == (changes,)


def test_an_import_with_a_statement_subscribes_and_leaves_a_trace() -> None:
    done = imported(FILE, agreed=True, purposes=["promotional", "night"])
    assert consents() == [(KIM, "night", "subscribed"), (KIM, "promotional", "subscribed")]
    assert done.counts["subscribed"] == 1
    events = ConsentEvent.objects.order_by("purpose")
    assert [(e.purpose, e.state, e.at, e.method, e.source, e.statement_id) for e in events] == [
        (purpose, "subscribed", ASKED, "import", "가입 양식", done.statement_id) for purpose in ("night", "promotional")
    ]


def test_importing_the_same_consent_again_changes_nothing() -> None:
    imported(FILE, agreed=True)
    again = imported(FILE, agreed=True, at=NEW)
    assert (again.counts["subscribed"], ConsentEvent.objects.count()) == (0, 1)


def test_an_import_never_brings_back_somebody_who_refused_after_the_statement() -> None:
    imported(FILE)
    decide("unsubscribed", NEW)
    done = imported(FILE, agreed=True)
    assert consents() == [(KIM, "promotional", "unsubscribed")]
    assert (done.counts["kept_unsubscribed"], done.counts["subscribed"]) == (1, 0)


def test_a_consent_given_after_the_refusal_counts() -> None:
    imported(FILE)
    decide("unsubscribed", OLD)
    done = imported(FILE, agreed=True)
    assert consents() == [(KIM, "promotional", "subscribed")]
    assert (done.counts["kept_unsubscribed"], done.counts["subscribed"]) == (0, 1)


def test_each_row_of_a_consent_column_counts_for_itself() -> None:
    done = imported(
        "휴대폰,수신동의,동의일시\n"
        "010-0001-1111,Y,2026-01-05\n"
        "010-0002-1111,미동의,\n"
        "010-0003-1111,,\n"
        "010-0004-1111,글쎄,\n"
        "010-0005-1111,동의,언젠가\n"
        "010-0006-1111,동의,2999-01-01\n",
        agreed=True,
    )
    assert consents() == [
        ("+821000011111", "promotional", "subscribed"),
        ("+821000021111", "promotional", "unsubscribed"),
    ]
    assert ConsentEvent.objects.get(state="subscribed").at == datetime(2026, 1, 4, 15, tzinfo=UTC)
    assert done.refusals == {"bad_consent_date": 2}
    assert done.counts["unread"] == {"consent": 1}
    assert (done.counts["subscribed"], done.counts["unsubscribed"]) == (1, 1)


def test_a_no_on_any_row_of_a_person_outweighs_the_yes() -> None:
    imported("휴대폰,수신동의\n010-1234-5678,N\n010-1234-5678,Y\n", agreed=True)
    assert consents() == [(KIM, "promotional", "unsubscribed")]


def test_without_a_statement_a_yes_is_nothing_and_a_no_ends_advertising() -> None:
    imported("휴대폰,수신동의\n010-1234-5678,Y\n")
    assert consents() == []
    decide("subscribed", OLD, "promotional", "informational", "night")
    done = imported("휴대폰,수신동의\n010-1234-5678,N\n")
    assert consents() == [
        (KIM, "informational", "subscribed"),
        (KIM, "night", "unsubscribed"),
        (KIM, "promotional", "unsubscribed"),
    ]
    assert done.counts["unsubscribed"] == 1


def test_set_consent_reaches_everybody_with_the_phone_and_counts_people() -> None:
    imported("id,phone\n1,010-1234-5678\n2,010-1234-5678\n3,010-9999-8888\n")
    assert decide("subscribed", ASKED, "promotional", "night") == 2
    assert decide("subscribed", NEW) == 0
    third = Profile.objects.get(external_id="3")
    assert set_consent([third.pk], channel="kakao", purposes=["promotional"], state="subscribed", method="api") == 1
    assert Consent.objects.count() == 5


def test_a_decision_cannot_lie_in_the_future() -> None:
    imported(FILE)
    decide("subscribed", timezone.now() + timedelta(days=3650))
    assert decide("unsubscribed", timezone.now()) == 1, "a wrong clock must not lock a refusal out"


@pytest.mark.parametrize(
    "wrong", [{"channel": "fax"}, {"purposes": ["fun"]}, {"purposes": []}, {"state": "maybe"}, {"method": "?"}]
)
def test_set_consent_knows_its_words(wrong: dict[str, object]) -> None:
    words = {"channel": "text", "purposes": ["night"], "state": "subscribed", "method": "api"} | wrong
    with pytest.raises(InvalidInput):
        set_consent([1], **words)  # type: ignore[arg-type]


def test_suppression_is_set_once_and_lifted_once() -> None:
    assert suppress([KIM, "+12125550100"], reason="complaint", source="carrier") == 2
    assert suppress([KIM], reason="manual") == 0
    assert Suppression.objects.get(phone=KIM).reason == "complaint", "the first reason stands while it holds"
    assert lift_suppression([KIM]) == 1
    assert lift_suppression([KIM]) == 0
    assert suppress([KIM], reason="manual") == 1
    with pytest.raises(InvalidInput):
        suppress(["010-1234-5678"], reason="manual")


def test_a_person_who_is_erased_leaves_no_trace_but_the_refusal() -> None:
    imported("회원번호,이름,휴대폰,이메일,도시\n1,김민수,010-1234-5678,a@b.kr,서울\n", agreed=True)
    person = Profile.objects.get()
    list_ = create_list("VIP")
    add_members(list_, [person.pk])
    decide("unsubscribed", NEW)
    assert erase_profile(person.pk, actor="admin@shop.kr")
    person.refresh_from_db()
    assert (person.external_id, person.phone, person.email, person.first_name, person.properties) == (
        None,
        "",
        "",
        "",
        {},
    )
    list_.refresh_from_db()
    assert list_.size == 0
    assert not Suppression.objects.exists(), "the number itself is not kept"
    done = imported(FILE, agreed=True, at=timezone.now())
    assert (Suppression.objects.get().phone, Suppression.objects.get().reason) == (KIM, "erased")
    assert done.counts["created"] == 1, "the same phone later is another person"
    assert not erase_profile(999_999)


def test_taking_a_stop_back_gives_exactly_what_it_ended() -> None:
    imported(FILE, agreed=True, purposes=["promotional", "night"])
    stop = {"channel": "text", "purposes": ["promotional", "night"], "state": "unsubscribed"}
    set_consent(phones=[KIM], **stop, method="link", source="message 7", at=NEW)
    back = {"channel": "text", "purposes": ["promotional", "night"], "method": "link"}
    assert restore_consent(KIM, **back, source="message 8", ended_by="message 8") == 0, "another message's stop"
    assert restore_consent(KIM, **back, source="message 7", ended_by="message 7") == 1
    assert consents() == [(KIM, "night", "subscribed"), (KIM, "promotional", "subscribed")]


def test_taking_a_stop_back_makes_no_consent_that_never_was() -> None:
    imported(FILE, agreed=True)
    set_consent(
        phones=[KIM], channel="text", purposes=["promotional", "night"], state="unsubscribed", method="reply", at=NEW
    )
    assert restore_consent(KIM, channel="text", purposes=["promotional", "night"], method="reply") == 1
    assert consents() == [(KIM, "night", "unsubscribed"), (KIM, "promotional", "subscribed")]


def test_what_a_colleague_ended_no_reply_takes_back() -> None:
    imported(FILE, agreed=True)
    set_consent(phones=[KIM], channel="text", purposes=["promotional"], state="unsubscribed", method="console", at=NEW)
    assert restore_consent(KIM, channel="text", purposes=["promotional"], method="reply") == 0
