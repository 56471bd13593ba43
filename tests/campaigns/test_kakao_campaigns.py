"""KakaoTalk campaigns on the real engines: planned, and failed over to texts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from pabal.audience.models import Consent, Profile
from pabal.billing.models import Balance, Price
from pabal.billing.queries import campaign_money
from pabal.campaigns import lifecycle
from pabal.campaigns.fallbacks import fail_over
from pabal.campaigns.models import Campaign, CampaignState, Skip
from pabal.campaigns.parts import texts_of
from pabal.content.codes import read_code
from pabal.delivery.models import (
    Batch,
    CampaignContent,
    Click,
    EventKind,
    Fallback,
    Link,
    Message,
    MessageEvent,
    MessageKind,
    Sender,
)
from pabal.delivery.short_links import short_links
from pabal.policy.skips import SkipReason
from tests.campaigns.shop import NOON, Shop, hours

MESSAGE = {
    "text": "{{ first_name|default('고객') }}님, 봄 할인",
    "buttons": [{"name": "보러 가기", "mobile": "https://shop.kr/{{ external_id }}", "pc": "https://shop.kr/pc"}],
}


def channel_of(shop: Shop) -> Sender:
    for kind, amount in (("kakao_friend", 25_000), ("kakao_other", 35_000)):
        Price.objects.get_or_create(
            provider="sandbox", kind=kind, country="KR", valid_from="2020-01-01",
            defaults={"amount": amount, "bills_failed": False},
        )  # fmt: skip
    found, _made = Sender.objects.get_or_create(
        account=shop.korean.account, address="@pabal",
        defaults={"name": "파발", "kind": "kakao_channel", "country": "KR", "settings": {"friends": 60_000}},
    )  # fmt: skip
    return found


def kakao(shop: Shop, **fields: Any) -> Campaign:
    given = {
        "channel": "kakao", "kakao": MESSAGE, "target": "M", "fallback": "ours", "fallback_text": "봄 할인 https://shop.kr/s",
        "fallback_senders": [shop.korean], "senders": [channel_of(shop)], "timeout_minutes": 7 * 24 * 60,
        "hours_from": "00:00", "hours_to": "00:00",
    }  # fmt: skip
    return shop.campaign("", **(given | fields))


def agreed(*profiles: Profile) -> None:
    for profile in profiles:
        Consent.objects.create(
            profile=profile, channel="kakao", purpose="promotional", state="subscribed", changed_at=timezone.now()
        )


def happened(message: Message, kind: EventKind, reason: str = "") -> None:
    MessageEvent.objects.create(message_id=message.pk, kind=kind, reason=reason, at=timezone.now())


def test_who_agreed_to_kakaotalk_gets_a_message_with_its_own_links(shop: Shop) -> None:
    minjun, other = shop.person("+821000000001", first_name="민준"), shop.person("+821000000002")
    agreed(minjun)
    campaign = kakao(shop)
    summary = shop.launch(campaign)
    (message,) = shop.messages(campaign)
    assert (message.profile_id, message.text, message.kind) == (minjun.pk, "민준님, 봄 할인", MessageKind.KAKAO)
    codes = [read_code(short_links().key, url.rsplit("/", 1)[1]) for url in message.slots or []]
    assert codes == [(message.pk, 8), (message.pk, 9)]
    assert list(Link.objects.filter(campaign_id=campaign.pk).values_list("position", "place")) == [
        (8, "buttons.0.mobile"), (9, "buttons.0.pc"),
    ]  # fmt: skip
    assert CampaignContent.objects.get(pk=campaign.pk).kakao["text"] == "{{ text }}"
    assert [(s.profile_id, SkipReason(s.reason).key) for s in Skip.objects.all()] == [(other.pk, "not_subscribed")]
    assert (summary.messages, summary.amount, summary.amount_least) == (1, 35_000 + 12_000, 35_000)


def test_kakaotalk_opens_at_eight_and_nothing_is_handed_over_late(shop: Shop) -> None:
    agreed(shop.person("+821000000001"))
    campaign = kakao(shop)
    shop.launch(campaign, at=NOON + hours(6.8))  # 20:48 in Seoul: too late to arrive before 20:50
    batch = Batch.objects.get(campaign_id=campaign.pk)
    assert batch.send_after == NOON + hours(18)  # 08:00
    assert batch.expires_at == NOON + hours(30.75)  # 20:45


def test_the_text_goes_to_whom_kakaotalk_did_not_reach_once_and_never_both(shop: Shop) -> None:
    people = [shop.person(f"+8210000000{n:02}") for n in range(6)]
    agreed(*people)
    campaign = kakao(shop, purpose="informational", kakao=MESSAGE | {"preset": "friendtalk", "ad": False}, target="I")
    shop.launch(campaign, at=timezone.now().replace(hour=3) - timedelta(days=1))
    delivered, no_talk, unknown, wrong, expired, cancelled = shop.messages(campaign)
    happened(delivered, EventKind.DELIVERED)
    happened(no_talk, EventKind.FAILED, "no_kakaotalk")
    happened(unknown, EventKind.UNKNOWN)
    happened(wrong, EventKind.FAILED, "invalid_number")
    happened(expired, EventKind.EXPIRED, "deadline")
    happened(cancelled, EventKind.CANCELLED, "consent_withdrawn")
    assert fail_over() == 5
    assert fail_over() == 0
    part = texts_of(campaign)
    assert part is not None
    texts = shop.messages(part)
    assert [t.profile_id for t in texts] == [no_talk.profile_id, expired.profile_id]
    for text in texts:
        code = text.text.split("127.0.0.1:8001/")[1].split()[0]
        assert read_code(short_links().key, code) == (text.pk, 0)
    states = dict(Fallback.objects.values_list("message_id", "state"))
    assert states == {
        delivered.pk: "unneeded", no_talk.pk: "sent", unknown.pk: "waiting", wrong.pk: "dropped", expired.pk: "sent",
        cancelled.pk: "dropped",
    }  # fmt: skip
    money = campaign_money(part.pk)
    assert (money.reserved, money.released, money.outstanding) == (72_000, 36_000, 36_000)
    assert Balance.objects.get(pk=1).reserved == 6 * 25_000 + 36_000


def test_a_campaign_is_done_when_no_text_waits_any_more(shop: Shop) -> None:
    agreed(shop.person("+821000000001"))
    campaign = kakao(shop)
    shop.launch(campaign)
    Batch.objects.update(state="done")
    assert lifecycle.finish_done() == 0
    (message,) = shop.messages(campaign)
    happened(message, EventKind.DELIVERED)
    fail_over()
    assert lifecycle.finish_done() == 1
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.DONE
    assert Balance.objects.get(pk=1).reserved == 0


def test_a_journey_says_who_was_reached_by_which_message(shop: Shop) -> None:
    from pabal.reports.kakao import clicks_by_element, journeys, text_results

    agreed(*[shop.person(f"+8210000000{n:02}") for n in range(2)])
    campaign = kakao(shop, purpose="informational", kakao=MESSAGE | {"preset": "friendtalk", "ad": False}, target="I")
    shop.launch(campaign, at=timezone.now() - timedelta(days=1))
    first, second = shop.messages(campaign)
    happened(first, EventKind.DELIVERED)
    happened(second, EventKind.FAILED, "not_friend")
    for position in (8, 9, 9):
        Click.objects.create(message_id=first.pk, position=position)
    fail_over()
    text = Message.objects.get(kind=MessageKind.SMS)
    happened(text, EventKind.DELIVERED)
    found = journeys([first.pk, second.pk])
    assert [found[pk].reached for pk in (first.pk, second.pk)] == ["kakao", "text"]
    assert found[second.pk].kakao.reason == "not_friend"
    (button,) = clicks_by_element(campaign)
    assert (button.element, button.name["ko"], button.clicks, button.people) == ("buttons.0", "보러 가기", 3, 1)
    told = text_results(campaign)
    assert told is not None
    assert told.planned == 1
