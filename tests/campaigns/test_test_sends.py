"""Test messages to colleagues."""

from __future__ import annotations

import pytest

from pabal.billing.queries import campaign_money
from pabal.campaigns import test_sends
from pabal.campaigns.models import Campaign
from pabal.delivery.models import Batch, CampaignContent, CampaignControl, Message, MessageKind
from pabal.errors import InvalidInput
from tests.campaigns.shop import Shop, suppress
from tests.campaigns.test_kakao_campaigns import kakao


def test_a_text_goes_to_a_colleague_with_a_label_and_typed_values(shop: Shop) -> None:
    colleague = test_sends.add_person(name="수진", phone="010-0000-0001")
    campaign = shop.campaign("{{ first_name }}님 {{ properties.등급 }} 할인 https://shop.kr/s")
    (sent,) = test_sends.send_test(campaign, [colleague], values={"properties.등급": "골드"})
    message = Message.objects.get(pk=sent.message_id)
    assert "[테스트] 수진님 골드 할인" in message.text
    part = Campaign.objects.get(pk=message.campaign_id)
    assert (part.standing, part.purpose) == (True, "informational")
    assert campaign_money(part.pk).reserved == message.amount > 0
    assert campaign_money(campaign.pk).reserved == 0
    assert Batch.objects.get(campaign_id=part.pk).messages == 1


def test_a_kakaotalk_message_is_frozen_for_the_test_alone(shop: Shop) -> None:
    colleague = test_sends.add_person(name="수진", phone="010-0000-0001")
    (sent,) = test_sends.send_test(kakao(shop), [colleague])
    message = Message.objects.get(pk=sent.message_id)
    assert (message.kind, message.text) == (MessageKind.KAKAO, "[테스트] 수진님, 봄 할인")
    assert len(message.slots or []) == 2
    assert CampaignContent.objects.get(pk=message.campaign_id).kakao["text"] == "{{ text }}"
    assert CampaignControl.objects.get(pk=message.campaign_id).channel == "kakao"


def test_a_blocked_number_gets_no_test_and_a_number_is_on_the_list_once(shop: Shop) -> None:
    colleague = test_sends.add_person(name="수진", phone="010-0000-0001")
    suppress(colleague.phone)
    (sent,) = test_sends.send_test(shop.campaign(), [colleague])
    assert (sent.message_id, sent.reason) == (None, "suppressed")
    with pytest.raises(InvalidInput) as refused:
        test_sends.add_person(name="또", phone="01000000001")
    assert refused.value.code == "phone_taken"
