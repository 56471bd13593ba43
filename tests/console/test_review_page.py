"""The review page while its plan is made, when that fails, and when nobody is there to make it."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from pabal.accounts.models import Role, User
from pabal.audience.models import List
from pabal.billing.prices import load_default_prices
from pabal.campaigns import actions, planning, tasks
from pabal.campaigns.lifecycle import database_dsn
from pabal.campaigns.models import Campaign, Plan, PlanState
from pabal.database import LEADER_LOCK
from tests.console.sent import sender

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def editor() -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(User.objects.create_user("editor@shop.example", "long enough 1", role=Role.EDITOR))
    return client


@pytest.fixture
def draft() -> Campaign:
    load_default_prices("sandbox")
    everyone = List.objects.create(key="everyone", name="Everyone")
    return actions.create(by=None, name="Spring", senders=[sender()], include_lists=[everyone], text="봄 할인")


def poll(editor: Client, draft: Campaign) -> str:
    """What the page gets when it asks by itself."""
    return editor.get(f"/campaigns/{draft.key}/review", headers={"HX-Request": "true"}).content.decode()


def leave(plan: Plan) -> None:
    """As if the plan were asked for a while ago."""
    Plan.objects.filter(pk=plan.pk).update(created_at=timezone.now() - timedelta(minutes=1))


def test_a_review_that_failed_says_so_and_is_asked_for_again_by_a_person_only(editor: Client, draft: Campaign) -> None:
    assert "Deciding for each person" in poll(editor, draft)
    Plan.objects.update(state=PlanState.FAILED, error={"code": "internal", "message": "out of breath"})
    for _ in range(3):
        said = poll(editor, draft)
        assert "The review could not be made" in said
        assert "out of breath" in said
        assert "every 700ms" not in said
    assert Plan.objects.count() == 1
    editor.post(f"/campaigns/{draft.key}/review")
    assert Plan.objects.count() == 2
    assert "Deciding for each person" in poll(editor, draft)


def test_the_page_says_when_no_engine_is_there_to_decide(editor: Client, draft: Campaign) -> None:
    assert "The engine is not running" in poll(editor, draft)
    with psycopg.connect(database_dsn()) as leader:
        leader.execute("SELECT pg_advisory_lock(%s)", [LEADER_LOCK])
        said = poll(editor, draft)
    assert "Deciding for each person" in said
    assert "The engine is not running" not in said


def test_a_plan_that_is_tried_again_says_what_holds_it_up(
    editor: Client, draft: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = actions.request_review(draft, by=None)
    said: list[str] = []
    with psycopg.connect(database_dsn()) as leader:
        leader.execute("SELECT pg_advisory_lock(%s)", [LEADER_LOCK])
        monkeypatch.setattr("pabal.campaigns.planning.time.sleep", lambda _: said.append(poll(editor, draft)))
        unreachable = database_dsn().replace("dbname=", "dbname=nowhere_")
        planning.carry_out(plan.pk, None, dsn=unreachable, pause=0.01)  # type: ignore[arg-type]
    assert len(said) == planning.ATTEMPTS - 1
    assert all("it is tried again" in each and "데이터베이스가 응답하지 않습니다" in each for each in said)
    assert "The review could not be made" in poll(editor, draft)


def test_a_plan_whose_job_broke_off_is_carried_on_with(draft: Campaign) -> None:
    plan = actions.request_review(draft, by=None)
    leave(plan)
    assert tasks.rescue_plans() == 0, "its job waits"
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = 'doing', queueing_lock = NULL")
        cursor.execute("UPDATE procrastinate_jobs SET status = 'failed'")
    assert tasks.rescue_plans() == 1
    assert [job.args for job in ProcrastinateJob.objects.filter(status="todo")] == [{"plan_id": plan.pk}]
    assert tasks.rescue_plans() == 0, "it has a job again"


def test_a_plan_that_is_being_made_or_done_is_left_alone(draft: Campaign) -> None:
    plan = actions.request_review(draft, by=None)
    leave(plan)
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO procrastinate_workers DEFAULT VALUES RETURNING id")
        (worker,) = cursor.fetchone()
        cursor.execute("UPDATE procrastinate_jobs SET status = 'doing', worker_id = %s", [worker])
    assert tasks.rescue_plans() == 0
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_workers")  # as when its heart stopped
    assert tasks.rescue_plans() == 1
    Plan.objects.update(state=PlanState.DONE)
    ProcrastinateJob.objects.filter(status="todo")._raw_delete("default")
    assert tasks.rescue_plans() == 0
