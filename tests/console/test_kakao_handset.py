"""The KakaoTalk chat of a simulated phone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from pabal.accounts.audit import Actor
from pabal.accounts.models import Role
from pabal.audience.models import Consent, Profile
from pabal.delivery.channels import add_sandbox_channel
from pabal.delivery.models import Batch, CampaignContent, EventKind, Message, MessageEvent, Sender
from tests.accounts.people import someone

pytestmark = pytest.mark.django_db
PHONE = "+821000000001"


@pytest.fixture
def channel() -> Sender:
    """A channel whose message, with a personal text and a short link, arrived."""
    made = add_sandbox_channel(name="달빛상점", by=Actor(name="tests"))
    person = Profile.objects.create(phone=PHONE, first_name="지우", country="KR")
    Consent.objects.create(
        profile=person,
        channel="kakao",
        purpose="promotional",
        state="subscribed",
        changed_at=timezone.now() - timedelta(days=1),
    )
    kakao = {
        "preset": "brand_message", "layout": "text", "ad": True, "text": "{{ text }}",
        "buttons": [{"name": "보러 가기", "mobile": "{{ slot_0 }}"}],
    }  # fmt: skip
    CampaignContent.objects.create(campaign_id=7, channel="kakao", kakao=kakao)
    now = timezone.now()
    Message.objects.create(
        id=1, campaign_id=7, profile_id=person.pk, sender_id=made.pk, phone=PHONE, country="KR", kind=4, encoding=4,
        parts=1, amount=25_000, send_after=now, text="지우님, 안녕하세요", slots=["https://pbl.kr/abc"],
    )  # fmt: skip
    Batch.objects.create(
        campaign_id=7, sender=made, first_id=1, last_id=1, messages=1, parts=1, amount=25_000, state="done",
        send_after=now, expires_at=now, next_id=2,
    )  # fmt: skip
    MessageEvent.objects.create(message_id=1, kind=EventKind.DELIVERED, at=now)
    return made


@pytest.fixture
def editor(client: Client) -> Client:
    client.force_login(someone(Role.EDITOR))
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    return client


def test_the_chat_shows_the_message_as_this_person_got_it(editor: Client, channel: Sender) -> None:
    page = editor.get(f"/handset/{PHONE}").content.decode()
    assert "지우님, 안녕하세요" in page
    assert 'href="https://pbl.kr/abc"' in page
    assert "(광고)" in page
    texts = editor.get(f"/handset/{PHONE}?app=text").content.decode()
    assert "보러 가기" not in texts


def test_blocking_the_channel_ends_consent_to_kakaotalk_only(editor: Client, channel: Sender) -> None:
    person = Profile.objects.get()
    Consent.objects.create(
        profile=person,
        channel="text",
        purpose="promotional",
        state="subscribed",
        changed_at=timezone.now() - timedelta(days=1),
    )
    answer = editor.post(f"/handset/{PHONE}/block", {"sender": str(channel.pk)})
    assert answer.status_code == 200
    states = dict(Consent.objects.filter(purpose="promotional").values_list("channel", "state"))
    assert states == {"kakao": "unsubscribed", "text": "subscribed"}
