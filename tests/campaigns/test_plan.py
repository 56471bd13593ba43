"""The plan on the real engines: every candidate is a message or a skip with its reason."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pabal.audience.models import Consent, Profile
from pabal.campaigns.models import Campaign, CampaignState, Plan, PlanMode, PlanState, Skip
from pabal.delivery.models import Batch, CampaignControl, ControlState, EventKind, Link, Message, MessageEvent
from pabal.policy.skips import SkipReason
from tests.campaigns.shop import NOON, Shop, hours, suppress


def reasons(shop: Shop, campaign: Campaign) -> dict[int, str]:
    """profile → reason of everyone who was skipped when the campaign was launched."""
    return {s.profile_id: SkipReason(s.reason).key for s in Skip.objects.filter(campaign_id=campaign.pk)}


def test_everyone_who_agreed_gets_a_personal_text(shop: Shop) -> None:
    minjun = shop.person("+821000000001", first_name="민준")
    nameless = shop.person("+821000000002")
    campaign = shop.campaign("{{ first_name|default('고객') }}님, 봄 할인")
    summary = shop.launch(campaign)
    texts = {m.profile_id: m.text for m in shop.messages(campaign)}
    assert "민준님, 봄 할인" in texts[minjun.pk]
    assert "고객님, 봄 할인" in texts[nameless.pk]
    assert texts[minjun.pk].startswith("(광고)")
    assert texts[minjun.pk].endswith("무료수신거부 0801234567")
    assert (summary.audience, summary.messages, summary.amount) == (2, 2, 24_000)


def test_properties_of_any_name_and_type_reach_the_text(shop: Shop) -> None:
    person = shop.person("+821000000001", properties={"등급": "골드", "points": 1500, "a b": '빵\n"집"', "ok": True})
    other = shop.person("+821000000002", properties={"points": "많음"})
    campaign = shop.campaign("{{ 등급|default('일반') }} {{ points }} {{ properties['a b']|default('없음') }}")
    shop.launch(campaign)
    texts = {m.profile_id: m.text for m in shop.messages(campaign)}
    assert '골드 1500 빵\n"집"' in texts[person.pk]
    assert "일반 많음 없음" in texts[other.pk]


def test_each_reason_names_its_skip(shop: Shop) -> None:
    expected = {
        shop.person("+821000000001", subscribed=False).pk: "not_subscribed",
        shop.person("").pk: "no_usable_phone",
        shop.person("+33612345678").pk: "country_not_supported",
    }
    suppressed = shop.person("+821000000002")
    suppress(suppressed.phone)
    excluded = shop.person("+821000000003")
    first, second = shop.person("+821000000004"), shop.person("+821000000004")
    recent, failed = shop.person("+821000000005"), shop.person("+821000000006", first_name="뷁")
    long = shop.person("+821000000007", first_name="가" * 1000)
    empty = shop.person("+821000000008", first_name="-")
    earlier = shop.campaign("어제의 소식", include_lists=[shop.list_of([recent], "earlier")])
    shop.launch(earlier, at=NOON - hours(3))
    expected |= {
        suppressed.pk: "suppressed",
        excluded.pk: "excluded",
        second.pk: "duplicate_phone",
        recent.pk: "recently_messaged",
        failed.pk: "unsendable_characters",
        long.pk: "over_length",
        empty.pk: "empty_text",
    }
    campaign = shop.campaign(
        "{% if first_name != '-' %}{{ first_name|default('고객') }}님{% endif %}",
        exclude_lists=[shop.list_of([excluded], "no")],
        smart_hours=24,
    )
    summary = shop.launch(campaign)
    assert reasons(shop, campaign) == expected
    assert [m.profile_id for m in shop.messages(campaign)] == [first.pk]
    assert {s.reason: s.profiles for s in summary.skips} == dict.fromkeys(expected.values(), 1)
    assert summary.audience == summary.messages + summary.skipped == 11
    assert [s.reason for s in summary.skips] == [r.key for r in SkipReason if r.key in set(expected.values())]


def test_quiet_hours_skip_or_hold_by_the_recipients_place(shop: Shop) -> None:
    seoul, york = shop.person("+821000000001"), shop.person("+12125550101")
    skipping = shop.plan(shop.campaign(quiet_hours="skip"))
    assert [(s.reason, s.samples) for s in skipping.skips] == [("outside_hours", (york.pk,))]
    late = shop.plan(shop.campaign())  # New York opens nine hours later
    assert [(s.reason, s.samples) for s in late.skips] == [("deadline_passed", (york.pk,))]
    holding = shop.campaign(timeout_minutes=24 * 60)
    shop.launch(holding)
    sent = {m.profile_id: m.send_after for m in shop.messages(holding)}
    assert sent == {seoul.pk: NOON, york.pk: NOON + hours(9)}
    batches = {b.sender_id: (b.send_after, b.expires_at) for b in Batch.objects.filter(campaign_id=holding.pk)}
    assert batches[shop.korean.pk] == (NOON, NOON + hours(6))  # 20:00 in Seoul
    assert batches[shop.american.pk] == (NOON + hours(9), NOON + hours(20))  # 09:00 to 20:00 in New York


def test_night_consent_opens_korean_nights_to_the_company_window(shop: Shop) -> None:
    asleep, awake = shop.person("+821000000001"), shop.person("+821000000002", night=True)
    campaign = shop.campaign(quiet_hours="skip", hours_from="00:00", hours_to="00:00")
    shop.launch(campaign, at=NOON + hours(9))  # 23:00 in Seoul
    assert reasons(shop, campaign) == {asleep.pk: "outside_hours"}
    assert [m.profile_id for m in shop.messages(campaign)] == [awake.pk]


def test_a_review_of_a_sent_campaign_says_that_all_received_it(shop: Shop) -> None:
    shop.people(3)
    campaign = shop.campaign()
    shop.launch(campaign)
    again = shop.plan(campaign)
    assert {s.reason: s.profiles for s in again.skips} == {"already_received": 3}


def test_the_daily_cap_of_florida_counts_the_phone(shop: Shop) -> None:
    shop.person("+13055550101")
    for hour in (1, 2, 3):
        shop.launch(shop.campaign("Sale"), at=NOON + hours(12 + hour))
    fourth = shop.plan(shop.campaign("Sale"), at=NOON + hours(16))
    assert {s.reason: s.profiles for s in fourth.skips} == {"state_cap": 1}


def test_an_informational_text_needs_no_consent_to_promotion(shop: Shop) -> None:
    shop.person("+821000000001", subscribed=False)
    summary = shop.plan(shop.campaign(purpose="informational"))
    assert summary.messages == 1


@pytest.mark.parametrize(
    ("events", "skipped"),
    [
        ([], True),
        ([EventKind.ACCEPTED], True),
        ([EventKind.ACCEPTED, EventKind.FAILED], True),
        ([EventKind.CANCELLED], False),
        ([EventKind.EXPIRED], False),
        ([EventKind.ACCEPTED, EventKind.EXPIRED], True),
        ([EventKind.UNKNOWN], True),
        ([EventKind.FAILED], True),
    ],
)
def test_smart_sending_counts_everything_that_was_attempted(shop: Shop, events: list[EventKind], skipped: bool) -> None:
    shop.person("+821000000001")
    before = shop.campaign()
    shop.launch(before)
    message = Message.objects.get()
    for event in events:
        MessageEvent.objects.create(message_id=message.pk, kind=event, at=NOON + hours(1))
    summary = shop.plan(shop.campaign(smart_hours=24), at=NOON + hours(3))
    assert (summary.messages, summary.skipped) == ((0, 1) if skipped else (1, 0))


@pytest.mark.parametrize(("after", "messages"), [(23.9, 0), (24.1, 1)])
def test_smart_sending_looks_back_from_when_the_carrier_took_it(shop: Shop, after: float, messages: int) -> None:
    shop.person("+821000000001")
    shop.launch(shop.campaign())
    MessageEvent.objects.create(message_id=Message.objects.get().pk, kind=EventKind.ACCEPTED, at=NOON + hours(2))
    campaign = shop.campaign(smart_hours=24, hours_from="00:00", hours_to="00:00")
    assert shop.plan(campaign, at=NOON + hours(2 + after)).messages == messages


def test_a_text_over_90_bytes_becomes_lms_for_that_recipient_alone(shop: Shop) -> None:
    short, long = shop.person("+821000000001", first_name="민"), shop.person("+821000000002", first_name="가" * 20)
    campaign = shop.campaign("{{ first_name }}님 할인!")
    summary = shop.launch(campaign)
    kinds = {m.profile_id: (m.get_kind_display(), m.amount) for m in shop.messages(campaign)}
    assert kinds == {short.pk: ("SMS", 12_000), long.pk: ("LMS", 39_000)}
    assert summary.amount == 51_000
    assert {w.code for w in summary.warnings} == {"some_lms"}
    refused = shop.campaign("{{ first_name }}님 할인!", allow_lms=False)
    shop.launch(refused)
    assert reasons(shop, refused) == {long.pk: "over_length"}


def test_a_country_without_a_price_gets_nothing_and_a_warning(shop: Shop) -> None:
    canadian = shop.person("+14165550101", country="CA", region="CA", zones="America/Toronto")
    shop.person("+821000000001")
    campaign = shop.campaign("Sale", timeout_minutes=24 * 60)
    summary = shop.launch(campaign)
    assert reasons(shop, campaign) == {canadian.pk: "country_not_supported"}
    assert [w.details for w in summary.warnings if w.code == "unpriced"] == [{"countries": ["CA"]}]


def test_links_are_short_tracked_and_one_for_each_message(shop: Shop) -> None:
    from pabal.content.codes import read_code
    from pabal.delivery.short_links import short_links

    shop.people(3)
    campaign = shop.campaign("보기 https://shop.kr/봄?u={{ external_id }} !")
    shop.launch(campaign)
    found = {}
    for message in shop.messages(campaign):
        code = message.text.split("127.0.0.1:8001/")[1].split()[0]
        found[message.pk] = read_code(short_links().key, code)
    assert found == {pk: (pk, 0) for pk in found}
    assert len(found) == 3
    assert [(link.position, link.target) for link in Link.objects.all()] == [
        (0, "https://shop.kr/봄?u={{ external_id }}")
    ]


def test_batches_cover_their_messages_and_share_the_lanes(shop: Shop) -> None:
    shop.people(40)
    campaign = shop.campaign()
    from pabal.campaigns import chunks

    original, chunks.BATCH = chunks.BATCH, 7
    try:
        summary = shop.launch(campaign)
    finally:
        chunks.BATCH = original
    batches = list(Batch.objects.filter(campaign_id=campaign.pk).order_by("first_id"))
    ids = [m.pk for m in shop.messages(campaign)]
    covered = [i for b in batches for i in ids if b.first_id <= i <= b.last_id]
    assert covered == ids
    assert [b.messages for b in batches] == [7, 7, 7, 7, 7, 5]
    assert {b.slot for b in batches} == {0, 1}
    assert sum(b.amount for b in batches) == summary.amount
    assert all(b.state == "queued" and b.next_id == b.first_id and b.window_end is None for b in batches)


def test_a_launched_plan_is_paid_for_and_may_be_sent(shop: Shop) -> None:
    from pabal.billing.queries import balance

    shop.people(5)
    campaign = shop.campaign()
    shop.launch(campaign)
    assert campaign.state == CampaignState.SENDING
    assert CampaignControl.objects.get(pk=campaign.pk).state == ControlState.RUNNING
    assert balance().reserved == 5 * 12_000


def test_a_deleted_profile_is_no_candidate_any_more(shop: Shop) -> None:
    profiles = shop.people(3)
    assert shop.plan(shop.campaign()).audience == 3
    Profile.objects.filter(pk=profiles[0].pk).delete()
    assert shop.plan(shop.campaign()).audience == 2


def test_consent_that_was_withdrawn_counts_at_once(shop: Shop) -> None:
    (profile,) = shop.people(1)
    campaign = shop.campaign()
    assert shop.plan(campaign).messages == 1
    Consent.objects.filter(profile_id=profile.pk).update(state="unsubscribed")
    assert shop.plan(campaign).messages == 0


def test_a_plan_sees_what_was_planned_while_a_long_transaction_is_open(shop: Shop) -> None:
    """A long import keeps the warehouse's bound down; caps and smart sending must see later plans all the same."""
    import psycopg

    shop.people(2)
    with psycopg.connect(shop.dsn) as importing:
        importing.execute("INSERT INTO list (key, name, description, size) VALUES ('slow', 'slow', '', 0)")
        shop.launch(shop.campaign())
        summary = shop.plan(shop.campaign(smart_hours=24), at=NOON + timedelta(minutes=5))
        importing.rollback()
    assert summary.messages == 0


def test_a_template_error_fails_the_plan_with_its_code(shop: Shop) -> None:
    from pabal.campaigns import planning

    shop.people(1)
    campaign = shop.campaign("{{ first_name ")
    plan = Plan.objects.create(campaign=campaign, campaign_version=1, mode=PlanMode.REVIEW, planned_for=NOON)
    planning.carry_out(plan.pk, shop.synchroniser, dsn=shop.dsn)
    plan.refresh_from_db()
    assert plan.state == PlanState.FAILED
    assert plan.error["code"].startswith("template") or plan.error["code"]
