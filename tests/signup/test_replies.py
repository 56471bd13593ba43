"""Answers to a confirmation, as a carrier hands them in."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from pabal.accounts.audit import Actor
from pabal.campaigns.models import Signup
from pabal.campaigns.signup.deciding import forget_unconfirmed
from pabal.delivery.forgetting import erase_people
from pabal.delivery.inbound import Received, receive
from pabal.delivery.models import ProviderAccount
from pabal.providers.base import Inbound
from tests.signup.forms import PHONE, WORDING, consents, evidence, form, only, person, press, sign_up

pytestmark = pytest.mark.django_db(transaction=True)


def answer(text: str, *, to: str = "0212345000", ref: str = "") -> Received | None:
    account = ProviderAccount.objects.get()
    said = Inbound(from_=PHONE, sender=to, text=text, at=datetime.now(UTC), provider_id=ref or text)
    return receive(account.pk, said)


@pytest.mark.parametrize("text", ["네", "네!", "YES", " yes ", "예.", "동의합니다", "확인", "START"])
def test_yes_confirms_with_the_wording_as_evidence_and_is_answered_once(tmp_path: Path, text: str) -> None:
    form(tmp_path)
    sign_up(night="1")
    received = answer(text)
    assert received is not None
    assert "동의하셨습니다" in received.reply
    assert consents() == {"promotional": "subscribed", "night": "subscribed"}
    promotional = evidence()[0]
    assert promotional.statement is not None
    assert promotional.statement.wording == WORDING
    assert (promotional.method, promotional.actor) == ("form", PHONE)
    assert (only().state, only().decided_by) == ("confirmed", "reply")
    again = answer(text, ref="again")
    assert again is not None
    assert again.reply == "", "one confirmation of one change"
    assert len(evidence()) == 2


def test_stop_refuses_and_is_read_as_stop(tmp_path: Path) -> None:
    form(tmp_path)
    sign_up()
    received = answer("수신거부")
    assert received is not None
    assert received.meaning == "stop"
    assert only().state == "refused"
    assert consents()["promotional"] == "unsubscribed"
    assert "수신을 거부하셨습니다" in press().text
    assert consents()["promotional"] == "unsubscribed"


def test_yes_without_a_sign_up_is_just_a_text(tmp_path: Path) -> None:
    form(tmp_path)
    received = answer("네")
    assert received is not None
    assert (received.meaning, received.reply) == (None, "")
    assert consents() == {}


def test_another_text_leaves_the_sign_up_waiting(tmp_path: Path) -> None:
    form(tmp_path)
    sign_up()
    received = answer("누구세요?")
    assert received is not None
    assert received.reply == ""
    assert only().state == "pending"


def test_forgetting_a_person_forgets_where_they_signed_up(tmp_path: Path) -> None:
    form(tmp_path)
    sign_up(name="지민")
    press()
    erase_people([person().pk], actor=str(Actor(name="tests")))
    signup = only()
    assert (signup.phone, signup.name, signup.page, signup.ip_hash, signup.state) == ("", "", "", "", "confirmed")
    assert not [event for event in evidence("") if "IP" in event.actor]


def test_numbers_that_nobody_confirmed_are_let_go(tmp_path: Path) -> None:
    form(tmp_path)
    sign_up()
    Signup.objects.update(state="expired")
    assert forget_unconfirmed() == 0
    Signup.objects.update(expires_at=datetime(2026, 1, 1, tzinfo=UTC))
    assert forget_unconfirmed() == 1
    assert only().phone == ""
