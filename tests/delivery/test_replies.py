"""What senders answer to STOP, START and HELP: their own words, ours, or nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pabal.accounts.audit import Actor
from pabal.accounts.models import AuditEntry
from pabal.delivery.actions import set_replies
from pabal.delivery.inbound import Received, receive
from pabal.delivery.models import EventKind, Message, MessageEvent, Sender
from pabal.delivery.replies import answer
from pabal.errors import InvalidInput
from pabal.providers.base import Inbound
from tests.delivery.sending import Shop, plan, shop

pytestmark = pytest.mark.django_db
SYSTEM = Actor()


@pytest.fixture
def store(tmp_path: Path) -> Shop:
    return shop(tmp_path)


def texted(store: Shop, words: str) -> Received:
    """Somebody who got a message from us answers it."""
    if not Message.objects.exists():
        plan(store.senders[0], 1)
    message = Message.objects.get()
    if not MessageEvent.objects.exists():
        MessageEvent.objects.create(message_id=message.pk, kind=1, at=datetime.now(UTC) - timedelta(minutes=5))
    at = datetime.now(UTC) + timedelta(minutes=1)
    inbound = Inbound(sender=store.senders[0].address, from_=message.phone, text=words, at=at, provider_id=words)
    received = receive(store.account.pk, inbound)
    assert received is not None
    return received


def test_without_words_of_its_own_a_sender_answers_with_the_default(store: Shop) -> None:
    assert "수신거부가 처리되었습니다" in texted(store, "STOP").reply


def test_a_sender_answers_with_its_own_words_its_name_and_the_day(store: Shop) -> None:
    set_replies(store.senders[0].pk, {"stop": "[{sender}] {day} 수신거부 완료. 문의 02-123-4567"}, by=SYSTEM)
    today = texted(store, "STOP").reply
    assert today.startswith("[달빛상점] 20")
    assert today.endswith("수신거부 완료. 문의 02-123-4567")


def test_a_sender_that_answers_nothing_unsubscribes_all_the_same(store: Shop) -> None:
    set_replies(store.senders[0].pk, {"stop": "", "help": ""}, by=SYSTEM)
    received = texted(store, "STOP")
    assert (received.meaning, received.reply) == ("stop", "")
    assert MessageEvent.objects.filter(kind=EventKind.UNSUBSCRIBED).exists()
    assert texted(store, "도움말").reply == ""


def test_help_says_whom_to_call(store: Shop) -> None:
    set_replies(store.senders[0].pk, {"help": "[{sender}] 고객센터 02-123-4567 (평일 9~18시)"}, by=SYSTEM)
    assert texted(store, "도움말").reply == "[달빛상점] 고객센터 02-123-4567 (평일 9~18시)"


@pytest.mark.parametrize(
    ("text", "code"), [("가" * 46, "reply_too_long"), ("a" * 600, "reply_too_long"), ("완료 🎉", "reply_characters")]
)
def test_what_is_not_one_sms_is_refused(store: Shop, text: str, code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        set_replies(store.senders[0].pk, {"stop": text}, by=SYSTEM)
    assert (refused.value.code, refused.value.field) == (code, "reply_stop")
    assert Sender.objects.get(pk=store.senders[0].pk).replies == {}


def test_braces_that_are_not_ours_stay_as_they_are() -> None:
    sender = Sender(name="Moon", country="US", replies={"help": "{sender} {0} {sender.pk}"})
    assert answer(sender, "help", "en", date(2026, 11, 24)) == "Moon {0} {sender.pk}"


def test_a_change_is_in_the_audit_trail_and_no_change_is_not(store: Shop) -> None:
    replies: dict[str, Any] = {"stop": "거부 완료"}
    set_replies(store.senders[0].pk, replies, by=SYSTEM)
    set_replies(store.senders[0].pk, replies, by=SYSTEM)
    entry = AuditEntry.objects.get(action="sender.edit")
    assert entry.changes["replies"] == [{}, {"stop": "거부 완료"}]
