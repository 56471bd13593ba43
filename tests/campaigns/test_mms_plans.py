"""A text with a picture is planned as MMS: its price, its countries, its length."""

from __future__ import annotations

import pytest

from pabal.billing.models import Price
from pabal.campaigns import actions, problems, words
from pabal.campaigns.models import Campaign
from pabal.campaigns.preview import preview_profile
from pabal.delivery import images
from pabal.delivery.models import CampaignContent, Image, MessageKind, ProviderAccount, Sender
from pabal.errors import InvalidInput
from tests.campaigns.shop import Shop
from tests.pictures import photo_file

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def picture() -> Image:
    return images.keep(photo_file(), name="spring.jpg", by=None)


@pytest.fixture
def store(shop: Shop) -> Shop:
    for country, amount in (("KR", 90_000), ("US", 28_000)):
        Price.objects.create(provider="sandbox", kind="mms", country=country, amount=amount, valid_from="2020-01-01")
    Price.objects.create(provider="sandbox", kind="sms", country="FR", amount=60_000, valid_from="2020-01-01")
    return shop


def mms(store: Shop, picture: Image, text: str = "신상품", **fields: object) -> Campaign:
    given: dict[str, object] = {"timeout_minutes": 2880} | fields  # it is night in New York
    return store.campaign(text, images=[picture.pk], purpose="informational", **given)


def test_every_message_is_an_mms_at_its_price_and_one_part(store: Shop, picture: Image) -> None:
    store.people(3)
    store.person("+12125550101")
    campaign = mms(store, picture, "가" * 400, subject="가을 신상")
    summary = store.launch(campaign)
    assert {(p.country, p.kind, p.messages, p.parts, p.amount) for p in summary.portions} == {
        ("KR", "mms", 3, 3, 270_000),
        ("US", "mms", 1, 1, 28_000),
    }
    messages = store.messages(campaign)
    assert {m.kind for m in messages} == {MessageKind.MMS}
    assert {(m.country, m.subject) for m in messages} == {("KR", "가을 신상"), ("US", "")}, "abroad there is no title"
    assert CampaignContent.objects.get(campaign_id=campaign.pk).images == [picture.pk]


def test_people_without_mms_are_counted_by_country_with_what_to_do(store: Shop, picture: Image) -> None:
    store.people(2)
    store.person("+33612345678")
    store.person("+33612345679")
    summary = store.plan(mms(store, picture))
    assert summary.messages == 2
    assert [(skip.reason, skip.profiles) for skip in summary.skips] == [("kind_not_supported", 2)]
    [warning] = [w for w in summary.warnings if w.code == "no_mms_there"]
    assert warning.details == {"people": 2, "countries": {"FR": 2}}
    assert "FR 2" in words.warning(warning)


def test_without_the_picture_the_same_people_get_a_text(store: Shop) -> None:
    store.person("+33612345678")
    summary = store.plan(store.campaign("hi", purpose="informational"))
    assert [(p.country, p.kind) for p in summary.portions] == [("FR", "sms")]


def test_the_longest_text_beside_a_picture(store: Shop, picture: Image) -> None:
    store.people(1)
    store.person("+12125550101")
    fits = store.plan(mms(store, picture, "a" * 1600, add_sender_name=False, add_opt_out=False, key="fits"))
    assert fits.messages == 2
    over = store.plan(mms(store, picture, "a" * 1601, add_sender_name=False, add_opt_out=False, key="over"))
    assert [(p.country, p.messages) for p in over.portions] == [("KR", 1)]
    assert [(skip.reason, skip.profiles) for skip in over.skips] == [("over_length", 1)]
    korean = store.plan(mms(store, picture, "가" * 1001, add_sender_name=False, add_opt_out=False, key="korean"))
    assert [(p.country, p.messages) for p in korean.portions] == [("US", 1)]


def test_the_counter_says_what_the_plan_does(store: Shop, picture: Image) -> None:
    from pabal.campaigns.compose import content_of, senders_of

    campaign = mms(store, picture, "가" * 200)
    person = store.person("+821000000001")
    made = preview_profile(content_of(campaign), senders_of(campaign), person, purpose="informational")
    assert made.measure is not None
    assert (made.measure.kind, made.measure.parts, made.measure.per_part) == ("mms", 1, 2000)
    french = store.person("+33612345678")
    assert (
        preview_profile(content_of(campaign), senders_of(campaign), french, purpose="informational").problem == "no_mms"
    )


def test_a_campaign_whose_senders_carry_no_picture_cannot_be_reviewed(store: Shop, picture: Image) -> None:
    account = ProviderAccount.objects.create(name="smsc", provider="smpp", settings={"host": "h", "system_id": "s"})
    plain = Sender.objects.create(account=account, address="0299990000", name="문자", kind="long_code", country="KR")
    campaign = mms(store, picture, senders=[plain])
    assert "no_mms_sender" in [p.code for p in problems.problems(campaign) if p.blocks_review]


def test_solapi_takes_one_picture_and_the_draft_says_so(store: Shop, picture: Image) -> None:
    account = ProviderAccount.objects.create(name="solapi", provider="solapi", settings={"api_key": "K"})
    sender = Sender.objects.create(account=account, address="0299990001", name="솔라피", kind="long_code", country="KR")
    other = images.keep(photo_file(seed=7), name="second.jpg", by=None)
    campaign = store.campaign("둘", images=[picture.pk, other.pk], senders=[sender])
    assert [p.code for p in problems.problems(campaign) if p.blocks_review] == ["too_many_images"]


def test_a_picture_that_is_not_there_is_refused(store: Shop) -> None:
    with pytest.raises(InvalidInput) as refused:
        store.campaign("x", images=[404])
    assert (refused.value.code, refused.value.field) == ("unknown_image", "images")


def test_a_copy_has_the_same_pictures(store: Shop, picture: Image) -> None:
    assert actions.duplicate(mms(store, picture), by=None).images == [picture.pk]
