"""People, senders and campaigns for a run: each campaign has people of its own, so that a phone names a message."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import date

from django.db import connection

from pabal.accounts.audit import Actor
from pabal.audience.lists import create_list, recount
from pabal.audience.models import List
from pabal.billing import actions as billing
from pabal.billing.prices import set_price
from pabal.campaigns import actions
from pabal.campaigns.models import Campaign, CampaignState, Plan, PlanState
from pabal.delivery.accounts import add_account
from pabal.delivery.actions import add_sender
from pabal.delivery.models import Sender

BY = Actor(name="chaos")
PRICE = 9_000


def senders(smsc_port: int, gateway_port: int) -> list[Sender]:
    """One on each carrier, fast enough not to be what is measured."""
    smpp = {
        "host": "127.0.0.1",
        "port": smsc_port,
        "system_id": "pabal",
        "password": "secret",
        "euckr": True,
        "window": 100,
    }
    hook = {"url": f"http://127.0.0.1:{gateway_port}/send", "secret": "chaos", "batch": 200}
    made = []
    for provider, settings, address in (("smpp", smpp, "0212345001"), ("webhook", hook, "0212345002")):
        account = add_account(name=f"chaos {provider}", provider=provider, settings=settings, by=BY)
        set_price(provider, "sms", "KR", PRICE, bills_failed=True, valid_from=date(2026, 1, 1), by=BY)
        made.append(
            add_sender(
                account_id=account.pk,
                address=address,
                name="달빛상점",
                kind="long_code",
                country="KR",
                throughput=2_000,
                by=BY,
            )
        )
    return made


def people(list_: List, first: int, count: int) -> None:
    """New people on a list, with phones that never ring."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH p AS (
                INSERT INTO profile (external_id, phone, country, email, first_name, last_name, locale, time_zone, region, zones)
                SELECT 'c' || n, '+8210' || lpad(n::text, 8, '0'), 'KR', '', '지우', '김', 'ko', '', 'KR', 'Asia/Seoul'
                FROM generate_series(%s, %s) n RETURNING id
            ) INSERT INTO list_member (list_id, profile_id) SELECT %s, id FROM p
            """,
            [first, first + count - 1, list_.pk],
        )
    recount(list_)


def campaigns(count: int, size: int, on: Sequence[Sender]) -> list[Campaign]:
    """Drafts, each to people of its own and by one sender. Informational: no hour is forbidden."""
    billing.top_up(count * size * PRICE, by=BY)
    made = []
    for number in range(count):
        list_ = create_list(f"chaos {number}", key=f"chaos-{number}")
        people(list_, 1 + number * size, size)
        made.append(
            actions.create(
                by=None, name=f"chaos {number}", key=f"chaos-{number}", purpose="informational", text="{{ first_name }}님 안내입니다",
                include_lists=[list_], senders=[on[number % len(on)]], smart_hours=None, hours_from="00:00", hours_to="00:00",
                add_opt_out=False, add_sender_name=False,
            )
        )  # fmt: skip
    return made


def launch(campaign: Campaign, *, patience: float = 300) -> int:
    """Review and launch, as a person does; how many messages. Waits for the engine, whatever happens to it."""
    plan = actions.request_review(campaign, by=None)
    deadline = time.monotonic() + patience
    while plan.state not in (PlanState.DONE, PlanState.FAILED):
        if time.monotonic() > deadline:
            raise RuntimeError(f"the review of {campaign.key} was not done in {patience} s")
        time.sleep(0.3)
        plan = Plan.objects.get(pk=plan.pk)
    if plan.state == PlanState.FAILED:
        raise RuntimeError(f"the review of {campaign.key} failed: {plan.error}")
    messages = int(plan.summary["messages"])
    actions.launch(campaign, by=None, expected_messages=messages)
    return messages


def all_over() -> bool:
    """Whether every campaign has come to its end."""
    over = (CampaignState.DONE, CampaignState.ENDED)
    return not Campaign.objects.exclude(state__in=over).exists()
