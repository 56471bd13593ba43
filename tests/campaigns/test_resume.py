"""A plan whose process is killed goes on where it was: no message twice, none missing."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from urllib.parse import quote

import pytest
from django.db import connection

from pabal.campaigns import actions, lifecycle, planning, tasks
from pabal.campaigns.models import Campaign, CampaignState, Plan, PlanChunk, PlanMode, PlanState, Skip
from pabal.campaigns.summary import PlanSummary
from pabal.delivery.models import Batch, CampaignControl, Message
from tests.campaigns.shop import NOON, Shop


def planner(plan: Plan, folder: Path) -> subprocess.Popen[bytes]:
    """Start a real planning process on the test's database."""
    p = connection.get_connection_params()
    url = f"postgresql://{p['user']}@/{p['dbname']}?host={quote(str(p['host']), safe='')}"
    return subprocess.Popen(
        [sys.executable, "-m", "tests.campaigns.planner", str(plan.pk), str(folder)],
        env=os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "pabal.settings"},
    )


def launched(shop: Shop, people: int) -> tuple[Campaign, Plan]:
    shop.people(people)
    campaign = shop.campaign("{{ external_id|default('x') }} 봄 https://shop.kr/")
    reviewed = shop.plan(campaign)
    actions.launch(campaign, by=None, expected_messages=reviewed.messages)
    plan = Plan.objects.get(campaign=campaign, mode=PlanMode.SEND)
    Plan.objects.filter(pk=plan.pk).update(planned_for=NOON)
    return campaign, plan


def test_a_plan_killed_in_the_middle_twice_is_completed_without_doubles_or_gaps(shop: Shop, tmp_path: Path) -> None:
    campaign, plan = launched(shop, 3000)
    skipped = shop.people(20, phone="")  # some skips, too
    for at_least in (3, 12):
        process = planner(plan, tmp_path / "chdb")
        until = time.monotonic() + 120
        while PlanChunk.objects.filter(plan=plan).count() < at_least:
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.01)
        process.kill()
        process.wait()
        plan.refresh_from_db()
        assert plan.state == PlanState.RUNNING
    chunks = PlanChunk.objects.filter(plan=plan).count()
    assert 12 <= chunks < 31
    assert lifecycle.unfinished_plans() == [plan.pk]
    assert planning.carry_out(plan.pk, shop.synchroniser, dsn=shop.dsn, page=100)
    plan.refresh_from_db()
    summary = PlanSummary.from_json(plan.summary)
    assert plan.state == PlanState.DONE
    by_profile = Counter(Message.objects.values_list("profile_id", flat=True))
    assert set(by_profile.values()) == {1}
    assert len(by_profile) == 3000 == summary.messages
    assert Counter(Skip.objects.values_list("profile_id", flat=True)) == Counter(p.pk for p in skipped)
    assert (summary.audience, plan.candidates_done, plan.candidates_total) == (3020, 3020, 3020)
    assert sum(b.messages for b in Batch.objects.all()) == 3000
    ids = list(Message.objects.order_by("id").values_list("pk", flat=True))
    assert all(b.first_id in ids and b.last_id in ids for b in Batch.objects.all())
    assert [c.number for c in PlanChunk.objects.filter(plan=plan).order_by("number")] == list(range(1, 32))
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.SENDING


def test_a_phone_that_got_a_message_before_the_crash_gets_no_second_one(shop: Shop) -> None:
    """The profile that kept the phone is gone when the plan goes on; its twin further back must not get another."""
    from pabal.audience.models import Consent
    from pabal.campaigns.inputs import load
    from pabal.campaigns.plan import make_plan
    from pabal.campaigns.write import Chunk, PlanWriter, progress_of

    shop.people(100)
    twin = shop.person("+821000000000")
    campaign = shop.campaign()
    reviewed = shop.plan(campaign)
    actions.launch(campaign, by=None, expected_messages=reviewed.messages)
    plan = Plan.objects.get(campaign=campaign, mode=PlanMode.SEND)
    Plan.objects.filter(pk=plan.pk).update(planned_for=NOON, state=PlanState.RUNNING)
    plan.refresh_from_db()

    class Crash(Exception):
        pass

    class Failing(PlanWriter):
        def write(self, chunk: Chunk) -> None:
            if chunk.number == 3:
                raise Crash
            super().write(chunk)

    with Failing(shop.dsn, plan_id=plan.pk) as writer:
        writer.lock()
        shop.synchroniser.run_once(complete=True)
        with pytest.raises(Crash):
            make_plan(load(plan), shop.synchroniser.warehouse, writer, progress=progress_of(plan.pk), page=30)
    first = Message.objects.get(phone="+821000000000")
    Consent.objects.filter(profile_id=first.profile_id).update(state="unsubscribed")
    summary = shop.carry_out(plan)
    assert Message.objects.filter(phone="+821000000000").count() == 1
    assert Skip.objects.get(profile_id=twin.pk).reason == 5  # duplicate phone
    assert summary.audience == summary.messages + summary.skipped == 101


def test_ending_a_campaign_stops_its_plan_and_nothing_is_sent(shop: Shop, tmp_path: Path) -> None:
    campaign, plan = launched(shop, 3000)
    process = planner(plan, tmp_path / "chdb")
    while not PlanChunk.objects.filter(plan=plan).exists():
        assert process.poll() is None
        time.sleep(0.01)
    actions.end(campaign, by=None)
    assert process.wait(timeout=60) == 0
    plan.refresh_from_db()
    campaign.refresh_from_db()
    assert (campaign.state, plan.state, plan.error["code"]) == (CampaignState.ENDED, PlanState.FAILED, "plan_stopped")
    assert Message.objects.count() < 3000
    assert CampaignControl.objects.get(pk=campaign.pk).state == "ended"


def test_an_engine_that_starts_takes_up_the_plans_that_were_left(shop: Shop) -> None:
    from procrastinate.contrib.django.models import ProcrastinateJob

    _campaign, plan = launched(shop, 3)
    ProcrastinateJob.objects.all().delete()
    assert tasks.resume_plans() == 1
    assert tasks.resume_plans() == 1  # twice is once
    assert [job.args for job in ProcrastinateJob.objects.all()] == [{"plan_id": plan.pk}]


def test_a_plan_that_goes_on_keeps_the_audience_it_began_with(shop: Shop) -> None:
    """Who joins or leaves a segment after the plan began changes nothing, though its engine was killed meanwhile."""
    from pabal.audience.models import Profile
    from pabal.campaigns import candidates
    from pabal.campaigns.inputs import load
    from pabal.campaigns.plan import make_plan
    from pabal.campaigns.write import Chunk, PlanWriter, progress_of
    from tests.campaigns.segments import called, saved

    people = shop.people(200, first_name="민준")
    outside = shop.person("+821000009999", first_name="서연")
    campaign = shop.campaign(all_profiles=False, include_segments=[saved("m", called("민준"))])
    reviewed = shop.plan(campaign)
    actions.launch(campaign, by=None, expected_messages=reviewed.messages)
    plan = Plan.objects.get(campaign=campaign, mode=PlanMode.SEND)
    Plan.objects.filter(pk=plan.pk).update(planned_for=NOON, state=PlanState.RUNNING)

    class Killed(BaseException):
        pass

    class Writer(PlanWriter):
        def write(self, chunk: Chunk) -> None:
            if chunk.number == 3:
                raise Killed
            super().write(chunk)

    def left_behind(_candidates: object, *_error: object) -> None:
        """A process that is killed tidies nothing up."""

    shop.synchroniser.run_once()
    plan.refresh_from_db()
    with pytest.MonkeyPatch.context() as patch, Writer(shop.dsn, plan_id=plan.pk) as writer:
        patch.setattr(candidates.Candidates, "__exit__", left_behind)
        with pytest.raises(Killed):
            make_plan(load(plan), shop.synchroniser.warehouse, writer, progress=progress_of(plan.pk), page=50)
    assert PlanChunk.objects.filter(plan=plan).count() == 2
    Profile.objects.filter(pk=people[-1].pk).update(first_name="서연")
    Profile.objects.filter(pk=outside.pk).update(first_name="민준")
    assert planning.carry_out(plan.pk, shop.synchroniser, dsn=shop.dsn, page=50)
    got = set(Message.objects.values_list("profile_id", flat=True))
    assert got == {person.pk for person in people}
    leftovers = "SELECT name FROM system.tables WHERE database = currentDatabase() AND startsWith(name, 'plan_')"
    assert shop.synchroniser.warehouse.rows(leftovers) == []
