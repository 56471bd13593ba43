"""Texts that people send us: understood, acted on, answered once, attributed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from pabal.audience.actions import set_consent
from pabal.audience.models import Consent, ConsentEvent, Profile
from pabal.delivery.inbound import Received, receive
from pabal.delivery.models import Inbound as Kept
from pabal.delivery.models import Message, MessageEvent
from pabal.errors import NotFound
from pabal.providers.base import Inbound
from tests.delivery.sending import Shop, plan, query, shop, tallies

pytestmark = pytest.mark.django_db


@pytest.fixture
def store(tmp_path: Path) -> Shop:
    return shop(tmp_path)


def text(store: Shop, words: str, *, phone: str, after: timedelta = timedelta(), ref: str = "") -> Received | None:
    at = datetime.now(UTC) + after
    sender = store.senders[0].address
    ref = ref or f"in-{words}-{after}"
    return receive(store.account.pk, Inbound(sender=sender, from_=phone, text=words, at=at, provider_id=ref))


def messaged(store: Shop, *, ago: timedelta = timedelta(minutes=5)) -> Message:
    plan(store.senders[0], 1)
    message = Message.objects.get()
    MessageEvent.objects.create(message_id=message.pk, kind=1, at=datetime.now(UTC) - ago, provider_ref="x")
    Consent.objects.update(changed_at=datetime.now(UTC) - timedelta(days=1))
    return message


def consents(message: Message) -> dict[str, str]:
    return dict(Consent.objects.filter(profile_id=message.profile_id).values_list("purpose", "state"))


@pytest.mark.parametrize("words", ["STOP", "수신거부", "stop!", "그만", "Arrêt"])
def test_a_wish_to_stop_ends_promotion_by_day_and_by_night(store: Shop, words: str) -> None:
    message = messaged(store)
    received = text(store, words, phone=message.phone)
    assert received is not None
    assert received.meaning == "stop"
    assert consents(message) == {"promotional": "unsubscribed", "night": "unsubscribed"}
    assert "달빛상점" in received.reply
    assert "수신거부" in received.reply
    assert "할인" not in received.reply
    assert received.message_id == message.pk
    assert tallies() == {"unsubscribed": 1}
    kept = Kept.objects.get()
    assert (kept.phone, kept.profile_id, kept.meaning, kept.reply) == (
        message.phone,
        message.profile_id,
        "stop",
        received.reply,
    )
    history = ConsentEvent.objects.filter(method="reply").values_list("purpose", "source")
    assert set(history) == {("promotional", store.senders[0].address), ("night", store.senders[0].address)}


def test_start_gives_consent_to_promotion_again_but_not_to_the_night(store: Shop) -> None:
    message = messaged(store)
    text(store, "STOP", phone=message.phone, after=-timedelta(minutes=2))
    received = text(store, "START", phone=message.phone, after=-timedelta(minutes=1))
    assert received is not None
    assert received.reply
    assert consents(message) == {"promotional": "subscribed", "night": "unsubscribed"}


def test_start_brings_the_night_back_to_who_had_agreed_to_it(store: Shop) -> None:
    message = messaged(store)
    set_consent(
        phones=[message.phone], channel="text", purposes=["promotional", "night"], state="subscribed", method="console",
        at=timezone.now() - timedelta(days=1),
    )  # fmt: skip
    text(store, "STOP", phone=message.phone, after=-timedelta(minutes=2))
    text(store, "START", phone=message.phone, after=-timedelta(minutes=1))
    assert consents(message) == {"promotional": "subscribed", "night": "subscribed"}


def test_one_change_gets_one_confirmation(store: Shop) -> None:
    message = messaged(store)
    first = text(store, "STOP", phone=message.phone)
    again = text(store, "STOP", phone=message.phone, after=timedelta(minutes=1))
    assert first is not None
    assert again is not None
    assert (bool(first.reply), bool(again.reply)) == (True, False)
    assert Kept.objects.count() == 2


def test_a_text_reported_twice_is_taken_once(store: Shop) -> None:
    message = messaged(store)
    assert text(store, "고마워요", phone=message.phone, ref="same") is not None
    assert text(store, "고마워요", phone=message.phone, ref="same") is None
    assert Kept.objects.count() == 1
    assert tallies() == {"replied": 1}


def test_any_other_text_is_a_reply_without_an_answer(store: Shop) -> None:
    message = messaged(store)
    received = text(store, "몇 시까지 하나요?", phone=message.phone)
    assert received is not None
    assert (received.meaning, received.reply) == (None, "")
    assert consents(message) == {"promotional": "subscribed"}
    assert MessageEvent.objects.filter(message_id=message.pk, kind=8).exists()


def test_help_is_answered_and_changes_nothing(store: Shop) -> None:
    message = messaged(store)
    received = text(store, "도움말", phone=message.phone)
    assert received is not None
    assert received.meaning == "help"
    assert received.reply
    assert consents(message) == {"promotional": "subscribed"}


def test_a_reply_after_three_days_belongs_to_no_message(store: Shop) -> None:
    message = messaged(store, ago=timedelta(hours=73))
    received = text(store, "STOP", phone=message.phone)
    assert received is not None
    assert received.message_id is None
    assert consents(message)["promotional"] == "unsubscribed", "it is a refusal all the same"
    assert not tallies()


def test_a_stranger_is_heard_too(store: Shop) -> None:
    received = text(store, "STOP", phone="+821055550000")
    assert received is not None
    assert received.message_id is None
    assert Kept.objects.get().profile_id is None


def test_every_profile_of_a_shared_phone_is_unsubscribed(store: Shop) -> None:
    message = messaged(store)
    other = Profile.objects.create(phone=message.phone, country="KR")
    Consent.objects.create(
        profile=other,
        channel="text",
        purpose="promotional",
        state="subscribed",
        changed_at=datetime.now(UTC) - timedelta(days=1),
    )
    text(store, "STOP", phone=message.phone)
    states = set(Consent.objects.filter(purpose="promotional").values_list("state", flat=True))
    assert states == {"unsubscribed"}


@pytest.mark.parametrize("spelling", ["02-1234-5000", "+8221234 5000", "82212345000", "0212345000"])
def test_a_sender_is_recognised_however_the_carrier_writes_it(tmp_path: Path, spelling: str) -> None:
    store = shop(tmp_path, senders=2)
    inbound = Inbound(sender=spelling, from_="01000000001", text="hi", at=datetime.now(UTC), provider_id="1")
    received = receive(store.account.pk, inbound)
    assert received is not None
    assert received.sender == store.senders[0]
    assert received.phone == "+821000000001"


def test_a_text_to_a_number_that_is_not_ours_is_refused(tmp_path: Path) -> None:
    store = shop(tmp_path, senders=2)
    with pytest.raises(NotFound):
        receive(
            store.account.pk,
            Inbound(sender="15880000", from_="01000000001", text="hi", at=datetime.now(UTC), provider_id="1"),
        )
    assert not query("SELECT 1 FROM inbound")
