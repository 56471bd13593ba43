"""What an account cannot carry is said at the review, not by the carrier."""

from __future__ import annotations

import pytest
from django.utils import translation

from pabal.billing.models import Price
from pabal.campaigns import actions
from pabal.delivery.accounts import capabilities
from pabal.delivery.models import ProviderAccount, Sender
from tests.campaigns.shop import Shop

pytestmark = pytest.mark.django_db(transaction=True)


def on_smpp(shop: Shop, **settings: object) -> Sender:
    """The shop's Korean sender, moved to an SMPP account with these settings."""
    account = ProviderAccount.objects.create(
        name="Carrier", provider="smpp", settings={"host": "smsc.example", "system_id": "shop"} | settings
    )
    for kind, amount in (("sms", 9_000), ("lms", 30_000)):
        Price.objects.create(provider="smpp", kind=kind, country="KR", amount=amount, valid_from="2020-01-01")
    Sender.objects.filter(pk=shop.korean.pk).update(account=account)
    shop.korean.refresh_from_db()
    return shop.korean


def test_what_an_account_can_carry_follows_from_its_settings_without_its_secrets() -> None:
    plain = {"host": "smsc.example", "system_id": "shop"}
    assert "euckr" not in capabilities(ProviderAccount(provider="smpp", settings=plain)).encodings
    assert "euckr" in capabilities(ProviderAccount(provider="smpp", settings=plain | {"euckr": True})).encodings
    assert "euckr" in capabilities(ProviderAccount(provider="sandbox", settings={})).encodings


def test_an_account_without_euc_kr_is_refused_before_the_launch(shop: Shop) -> None:
    shop.people(3)
    campaign = shop.campaign(senders=[on_smpp(shop)], text="안녕하세요")
    summary = shop.plan(campaign)
    assert {skip.reason: skip.profiles for skip in summary.skips} == {"encoding_not_supported": 3}
    assert summary.messages == 0
    with translation.override("en"):
        (problem,) = actions.problems(campaign)
    assert (problem.code, problem.step) == ("encoding_not_supported", "message")
    assert "“Carrier” does not take EUC-KR" in problem.message
    with translation.override("ko"):
        assert "“Carrier” 계정은 EUC-KR을 지원하지 않아" in actions.problems(campaign)[0].message


def test_with_euc_kr_switched_on_it_carries_sms_and_long_texts_are_not_its_kind(shop: Shop) -> None:
    shop.people(3)
    sender = on_smpp(shop, euckr=True)
    campaign = shop.campaign(senders=[sender], text="안녕하세요")
    assert actions.problems(campaign) == []
    assert shop.plan(campaign).messages == 3
    long = shop.campaign(key="long", senders=[sender], text="가" * 100)
    assert {skip.reason for skip in shop.plan(long).skips} == {"kind_not_supported"}


def test_another_sender_takes_what_the_first_cannot(shop: Shop) -> None:
    shop.people(3)
    able = Sender.objects.create(
        account=shop.american.account, address="07000000009", name="파발상점", kind="long_code", country="KR",
        opt_out_number="080-000-0001",
    )  # fmt: skip
    campaign = shop.campaign(senders=[on_smpp(shop), able], text="안녕하세요")
    assert actions.problems(campaign) == []
    summary = shop.plan(campaign)
    assert [(p.sender_id, p.messages) for p in summary.portions] == [(able.pk, 3)]
