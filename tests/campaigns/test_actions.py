"""What people do with campaigns, and what they are told when it cannot be done."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone, translation

from pabal.billing.models import Balance, LedgerEntry
from pabal.campaigns import actions, planning, tasks
from pabal.campaigns.models import TRANSITIONS, Campaign, CampaignState, Plan, PlanMode, PlanState
from pabal.campaigns.problems import problems
from pabal.delivery.models import Batch, CampaignControl, ControlState
from pabal.errors import Conflict, InvalidInput, PabalError
from tests.campaigns.shop import NOON, Shop


def code_of(raised: pytest.ExceptionInfo[PabalError]) -> str:
    return raised.value.code


@pytest.mark.django_db
def test_a_key_is_made_from_the_name_and_stays_unique() -> None:
    keys = [actions.create(by=None, name=name).key for name in ("Spring Sale!", "Spring sale", "봄 할인", "가을")]
    assert keys == ["spring-sale", "spring-sale-2", "campaign-1", "campaign-2"]
    with pytest.raises(InvalidInput) as raised:
        actions.create(by=None, name="x", key="spring-sale")
    assert (code_of(raised), raised.value.field) == ("key_taken", "key")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"name": " "}, "name_missing", "name"),
        ({"key": "Großes"}, "bad_key", "key"),
        ({"per_minute": 0}, "out_of_range", "per_minute"),
        ({"timeout_minutes": None}, "out_of_range", "timeout_minutes"),
        ({"smart_hours": 1000}, "out_of_range", "smart_hours"),
        ({"quiet_hours": "off"}, "unknown_choice", "quiet_hours"),
        ({"purpose": "night"}, "unknown_choice", "purpose"),
        ({"state": "sending"}, "unknown_field", "state"),
        ({"include_lists": [999]}, "unknown_entry", "include_lists"),
    ],
)
def test_a_value_that_cannot_be_names_its_field(fields: dict[str, object], code: str, field: str) -> None:
    campaign = actions.create(by=None, name="Spring")
    with pytest.raises(InvalidInput) as raised:
        actions.edit(campaign, by=None, **fields)
    assert (code_of(raised), raised.value.field) == (code, field)
    campaign.refresh_from_db()
    assert campaign.version == 1


def test_an_edit_makes_reviews_outdated(shop: Shop) -> None:
    shop.people(2)
    campaign = shop.campaign()
    shop.plan(campaign)
    actions.edit(campaign, by=None, text="다른 글")
    with pytest.raises(Conflict) as raised:
        actions.launch(campaign, by=None, expected_messages=2)
    assert code_of(raised) == "review_outdated"


def test_senders_keep_the_order_in_which_they_were_chosen(shop: Shop) -> None:
    from pabal.campaigns.compose import senders_of

    campaign = shop.campaign(senders=[shop.american, shop.korean])
    assert senders_of(campaign) == (shop.american, shop.korean)
    assert senders_of(actions.duplicate(campaign, by=None)) == (shop.american, shop.korean)


@pytest.mark.django_db
def test_every_problem_of_an_empty_draft_is_named_with_its_step_in_both_languages() -> None:
    campaign = actions.create(by=None, name="Spring", starts_at=timezone.now() - timedelta(hours=1))
    found = {p.code: (p.step, p.blocks_review) for p in problems(campaign)}
    assert found == {
        "no_audience": ("audience", True),
        "no_sender": ("message", True),
        "text_missing": ("message", True),
        "starts_at_past": ("sending", False),
    }
    with translation.override("ko"):
        assert "리스트나 세그먼트를 하나 이상" in problems(campaign)[0].message
    with pytest.raises(InvalidInput) as raised:
        actions.request_review(campaign, by=None)
    assert (code_of(raised), raised.value.field) == ("no_audience", "include_lists")


def test_launch_refuses_a_template_with_an_error(shop: Shop) -> None:
    campaign = shop.campaign("{{ first_name ")
    with pytest.raises(InvalidInput) as raised:
        actions.launch(campaign, by=None, expected_messages=1)
    assert raised.value.field == "text"


def test_launch_refuses_an_empty_audience(shop: Shop) -> None:
    shop.person("+821000000001", subscribed=False)
    campaign = shop.campaign()
    shop.plan(campaign)
    with pytest.raises(Conflict) as raised:
        actions.launch(campaign, by=None, expected_messages=0)
    assert code_of(raised) == "no_recipients"


def test_launch_refuses_what_the_balance_does_not_cover(shop: Shop) -> None:
    shop.people(3)
    Balance.objects.update(total=35_999)
    campaign = shop.campaign()
    summary = shop.plan(campaign)
    assert (summary.balance_after, [w.code for w in summary.warnings]) == (-1, ["balance_short"])
    with pytest.raises(Conflict) as raised:
        actions.launch(campaign, by=None, expected_messages=3)
    assert code_of(raised) == "insufficient_balance"


def test_launch_refuses_another_number_than_the_one_that_was_confirmed(shop: Shop) -> None:
    shop.people(3)
    campaign = shop.campaign()
    shop.plan(campaign)
    with pytest.raises(Conflict) as raised:
        actions.launch(campaign, by=None, expected_messages=4)
    assert code_of(raised) == "expected_messages_differ"


def test_of_two_launches_at_once_one_wins_and_the_other_is_told(shop: Shop) -> None:
    shop.people(3)
    campaign = shop.campaign()
    shop.plan(campaign)

    def launch(_: int) -> str:
        try:
            own = Campaign.objects.get(pk=campaign.pk)
            actions.launch(own, by=None, expected_messages=3)
            return "launched"
        except Conflict as error:
            return error.code
        finally:
            connection.close()

    for _round in range(3):
        Plan.objects.filter(campaign=campaign, mode=PlanMode.SEND).delete()
        Campaign.objects.filter(pk=campaign.pk).update(state=CampaignState.DRAFT)
        with ThreadPoolExecutor(8) as browsers:
            outcomes = sorted(browsers.map(launch, range(8)))
        assert outcomes == ["launched", *["wrong_state"] * 7]
        assert Plan.objects.filter(campaign=campaign, mode=PlanMode.SEND).count() == 1


def at_noon() -> Plan:
    """The plan that is to be sent, as if the campaign had been launched at noon: it may be night where this runs."""
    Plan.objects.filter(mode=PlanMode.SEND).update(planned_for=NOON)
    return Plan.objects.get(mode=PlanMode.SEND)


def test_money_that_is_gone_when_the_plan_is_ready_pauses_the_campaign_until_it_is_back(shop: Shop) -> None:
    shop.people(3)
    campaign = shop.campaign()
    shop.plan(campaign)
    actions.launch(campaign, by=None, expected_messages=3)
    Balance.objects.update(total=10)
    shop.carry_out(at_noon())
    campaign.refresh_from_db()
    assert (campaign.state, campaign.state_reason) == (CampaignState.PAUSED, "insufficient_balance")
    assert CampaignControl.objects.get().state == ControlState.HELD
    with pytest.raises(Conflict) as raised:
        actions.resume(campaign, by=None)
    assert code_of(raised) == "insufficient_balance"
    Balance.objects.update(total=100_000)
    assert actions.resume(campaign, by=None).state == CampaignState.SENDING
    assert CampaignControl.objects.get().state == ControlState.RUNNING
    assert Balance.objects.get().reserved == 36_000


def test_a_campaign_paused_while_it_was_planned_waits_and_then_goes(shop: Shop) -> None:
    shop.people(3)
    campaign = shop.campaign()
    shop.plan(campaign)
    actions.launch(campaign, by=None, expected_messages=3)
    actions.pause(campaign, by=None)
    shop.carry_out(at_noon())
    campaign.refresh_from_db()
    assert (campaign.state, CampaignControl.objects.get().state) == (CampaignState.PAUSED, ControlState.HELD)
    assert not LedgerEntry.objects.exists()
    actions.resume(campaign, by=None)
    assert CampaignControl.objects.get().state == ControlState.RUNNING


def test_a_plan_that_failed_pauses_its_campaign_and_resume_tries_again(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.people(3)
    campaign = shop.campaign()
    shop.plan(campaign)
    actions.launch(campaign, by=None, expected_messages=3)
    plan = at_noon()
    with monkeypatch.context() as broken:
        broken.setattr(shop.synchroniser, "_dsn", "host=/nowhere")
        planning.carry_out(plan.pk, shop.synchroniser, dsn=shop.dsn, pause=0.01)
    plan.refresh_from_db()
    campaign.refresh_from_db()
    assert (plan.state, plan.error["code"]) == (PlanState.FAILED, "database_unavailable")
    assert (campaign.state, campaign.state_reason) == (CampaignState.PAUSED, "plan_failed")
    actions.resume(campaign, by=None)
    shop.carry_out(plan)
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.SENDING


def test_a_scheduled_campaign_can_be_taken_back_until_it_starts(shop: Shop) -> None:
    shop.people(3)
    at = timezone.now() + timedelta(hours=2)
    campaign = shop.campaign(starts_at=at)
    shop.plan(campaign)
    actions.launch(campaign, by=None, expected_messages=3)
    assert campaign.state == CampaignState.SCHEDULED
    assert tasks.start_due(at - timedelta(seconds=1)) == 0
    actions.unschedule(campaign, by=None)
    actions.launch(campaign, by=None, expected_messages=3)
    assert tasks.start_due(at) == 1
    assert tasks.start_due(at) == 0
    plan = Plan.objects.get(mode=PlanMode.SEND)
    assert plan.planned_for == at
    campaign.refresh_from_db()
    with pytest.raises(Conflict):
        actions.unschedule(campaign, by=None)


def test_a_campaign_with_nothing_open_is_finished_and_the_rest_of_its_money_returned(shop: Shop) -> None:
    shop.people(3)
    campaign = shop.campaign()
    shop.launch(campaign)
    assert tasks.finish_done() == 0
    Batch.objects.update(state="done")
    assert tasks.finish_done() == 1
    campaign.refresh_from_db()
    assert (campaign.state, Balance.objects.get().reserved) == (CampaignState.DONE, 0)
    assert campaign.finished_at is not None
    assert tasks.finish_done() == 0


def test_an_ended_campaign_gives_its_money_back_when_its_batches_are_cancelled(shop: Shop) -> None:
    shop.people(3)
    campaign = shop.campaign()
    shop.launch(campaign)
    actions.end(campaign, by=None)
    assert tasks.finish_done() == 0
    Batch.objects.update(state="cancelled")  # as a dispatcher does
    assert tasks.finish_done() == 1
    assert Balance.objects.get().reserved == 0
    with pytest.raises(Conflict):
        actions.end(campaign, by=None)


def test_a_plan_without_messages_finishes_its_campaign(shop: Shop) -> None:
    (person,) = shop.people(1)
    campaign = shop.campaign()
    shop.plan(campaign)
    actions.launch(campaign, by=None, expected_messages=1)
    person.delete()
    shop.carry_out(Plan.objects.get(mode=PlanMode.SEND))
    campaign.refresh_from_db()
    assert (campaign.state, campaign.state_reason) == (CampaignState.DONE, "nothing_to_send")


@pytest.mark.django_db
@pytest.mark.parametrize("state", list(CampaignState))
def test_verbs_refuse_states_that_they_do_not_start_from(state: CampaignState) -> None:
    campaign = actions.create(by=None, name="Spring")
    Campaign.objects.filter(pk=campaign.pk).update(state=state)
    verbs = {
        actions.pause: CampaignState.PAUSED,
        actions.end: CampaignState.ENDED,
        actions.unschedule: CampaignState.DRAFT,
    }
    for verb, goal in verbs.items():
        if goal in TRANSITIONS[state]:
            with transaction.atomic():
                assert verb(campaign, by=None).state == goal
                transaction.set_rollback(True)
        else:
            with pytest.raises(Conflict) as raised:
                verb(campaign, by=None)
            assert raised.value.details == {"state": state.value}


def test_reviews_are_not_made_twice_at_once(shop: Shop) -> None:
    shop.people(1)
    campaign = shop.campaign()
    first = actions.request_review(campaign, by=None)
    assert actions.request_review(campaign, by=None).pk == first.pk
    shop.carry_out(first)
    assert actions.request_review(campaign, by=None).pk != first.pk


def test_planning_takes_turns(shop: Shop) -> None:
    from pabal.campaigns.write import PlanWriter

    shop.people(1)
    plan = actions.request_review(shop.campaign(), by=None)
    with PlanWriter(shop.dsn, plan_id=0) as other:
        assert other.lock()
        assert not planning.carry_out(plan.pk, shop.synchroniser, dsn=shop.dsn)
    Plan.objects.update(planned_for=NOON)
    assert shop.carry_out(plan).messages == 1


def test_the_plan_says_when_it_will_be_done_and_what_will_not_be(shop: Shop) -> None:
    """500 at 100 parts a second take 5 s; at 2 a minute, 120 of them are out within an hour."""
    shop.people(500)
    quick = shop.plan(shop.campaign())
    assert (quick.finishes_at, quick.timed_out) == (NOON + timedelta(seconds=5), 0)
    slow = shop.plan(shop.campaign(per_minute=2, timeout_minutes=60))
    assert (slow.timed_out, slow.finishes_at) == (380, NOON + timedelta(hours=1))
    assert {w.code for w in slow.warnings} == {"timeouts"}
