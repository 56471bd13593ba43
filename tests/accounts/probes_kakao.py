"""Valid forms of KakaoTalk's pages."""

from __future__ import annotations

from datetime import timedelta

from django.test import Client
from django.utils import timezone

from pabal.accounts.audit import Actor
from pabal.audience.models import Consent, Profile
from pabal.billing.models import Balance
from pabal.billing.prices import load_default_prices
from pabal.campaigns.test_sends import add_person
from pabal.delivery.channels import add_sandbox_channel
from tests.accounts.console_probes import Form, draft, probe
from tests.console.pictures import jpeg

CHANNEL = {"name": "별빛", "address": "@star", "sender_key": "k", "throughput": "50"}


@probe
def channel_new(client: Client) -> Form:
    account = add_sandbox_channel(name="달빛상점", by=Actor(name="tests")).account
    return "/channels/new", {**CHANNEL, "account_id": str(account.pk)}


@probe
def channel(client: Client) -> Form:
    made = add_sandbox_channel(name="달빛상점", by=Actor(name="tests"))
    return f"/channels/{made.pk}", CHANNEL


@probe
def channel_sandbox(client: Client) -> Form:
    return "/channels/sandbox", {}


@probe
def kakao_picture(client: Client) -> Form:
    place = {"path": "image", "layout": "image", "preset": "brand_message"}
    return "/kakao/pictures", {**place, "file": jpeg()}


@probe
def handset_block(client: Client) -> Form:
    made = add_sandbox_channel(name="달빛상점", by=Actor(name="tests"))
    person = Profile.objects.create(phone="+821000000001", country="KR")
    yesterday = timezone.now() - timedelta(days=1)
    Consent.objects.create(
        profile=person, channel="kakao", purpose="promotional", state="subscribed", changed_at=yesterday
    )
    return "/handset/+821000000001/block", {"sender": str(made.pk)}


@probe
def campaign_test(client: Client) -> Form:
    load_default_prices("sandbox")
    Balance.objects.update_or_create(pk=1, defaults={"total": 1_000_000, "reserved": 0})
    draft()
    colleague = add_person(name="민지", phone="010-0000-0001")
    return "/campaigns/spring/test", {"people": str(colleague.pk)}


@probe
def campaign_test_people(client: Client) -> Form:
    draft()
    return "/campaigns/spring/test/people", {"name": "민지", "phone": "010-0000-0001"}
