"""The answers of a sender, on its page."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from pabal.accounts.models import Role, User
from pabal.delivery.models import Sender
from tests.console import sent

pytestmark = pytest.mark.django_db
DEFAULTS = {"mode_stop": "default", "mode_start": "default", "mode_help": "default"}


def someone(role: Role) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(User.objects.create_user(f"{role}@shop.example", name="Jiwoo", role=role))
    return client


def html(response: Any) -> str:
    return str(response.content.decode())


def test_the_page_shows_what_is_answered_by_default() -> None:
    page = html(someone(Role.ADMIN).get(f"/senders/{sent.sender().pk}"))
    assert "Answers to texts" in page
    assert "수신거부가 처리되었습니다" in page


def test_own_words_no_answer_and_the_default_are_kept_apart() -> None:
    sender, admin = sent.sender(), someone(Role.ADMIN)
    answer = "[{sender}] 고객센터 02-123-4567"
    form = {**DEFAULTS, "mode_stop": "none", "reply_stop": "ignored", "mode_help": "own", "reply_help": answer}
    admin.post(f"/senders/{sender.pk}/replies", form)
    assert Sender.objects.get(pk=sender.pk).replies == {"stop": "", "help": answer}
    admin.post(f"/senders/{sender.pk}/replies", DEFAULTS)
    assert Sender.objects.get(pk=sender.pk).replies == {}


def test_an_own_text_left_empty_is_the_default() -> None:
    sender = sent.sender()
    someone(Role.ADMIN).post(f"/senders/{sender.pk}/replies", {**DEFAULTS, "mode_stop": "own", "reply_stop": " "})
    assert Sender.objects.get(pk=sender.pk).replies == {}


def test_what_is_too_long_is_said_beside_its_field_and_stays_written() -> None:
    sender = sent.sender()
    form = {**DEFAULTS, "mode_stop": "own", "reply_stop": "가" * 60}
    response = someone(Role.ADMIN).post(f"/senders/{sender.pk}/replies", form)
    assert response.status_code == 422
    assert "does not fit into one SMS" in html(response)
    assert "가" * 60 in html(response)


def test_the_counter_measures_with_name_and_day_put_in() -> None:
    sender = sent.sender()
    address = f"/senders/{sender.pk}/replies/stop/size"
    client = someone(Role.VIEWER)
    page = html(client.get(address, {"reply_stop": "[{sender}] {day}"}))
    assert f"<strong>{len(f'[{sender.name}] 2026-01-01'.encode('euc-kr'))}</strong> / 90" in page
    assert "is-over" not in page
    assert "is-over" in html(client.get(address, {"reply_stop": "가" * 46}))


def test_a_brand_name_gets_no_texts_and_has_no_answers() -> None:
    sender = sent.sender()
    Sender.objects.filter(pk=sender.pk).update(kind="brand_name")
    assert "Answers to texts" not in html(someone(Role.ADMIN).get(f"/senders/{sender.pk}"))
