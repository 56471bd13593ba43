"""Plan and store a million recipients with a personal text: a name and one tracked link.

Floor: a bare COPY of the rows that the plan wrote, already encoded as PostgreSQL's binary form, into an equal table with
equal indexes. Memory: the greatest sum, over the process and its workers, of memory of their own plus their share of
what they have in common (PSS).
"""

from __future__ import annotations

import io
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import psutil
import psycopg

from benchmarks import Result

RECIPIENTS = int(os.environ.get("PABAL_BENCH_RECIPIENTS", "1000000"))
NOON = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)
TEXT = "{{ first_name|default('고객') }}님, 이번 주말 봄 신상 할인! https://shop.kr/spring?u={{ external_id }}"

PEOPLE = """
INSERT INTO profile (external_id, phone, email, first_name, last_name, locale, time_zone, country, region, zones, properties)
SELECT 'c' || i, '+8210' || lpad(i::text, 8, '0'), '', (array['민준','서연','도윤','지우','하준','서현'])[1 + i %% 6],
       (array['김','이','박','최','정'])[1 + i %% 5], 'ko', '', 'KR', 'KR', 'Asia/Seoul',
       jsonb_build_object('city', (array['서울','부산','대구'])[1 + i %% 3], 'points', i %% 1000)
FROM generate_series(1, %s) i
"""
CONSENT = """
INSERT INTO consent (profile_id, channel, purpose, state, changed_at)
SELECT id, 'text', 'promotional', 'subscribed', now() FROM profile
"""


def run() -> list[Result]:
    """The first filling of the warehouse, the plan against its floor, and the memory of both."""
    from pabal.campaigns import planning
    from pabal.campaigns.models import Plan, PlanState
    from pabal.campaigns.warehouse import open_warehouse
    from pabal.config import get
    from pabal.delivery.models import Message

    plan_id = _shop()
    with _peak_memory() as peak:
        synchroniser = open_warehouse(get())
        filled = synchroniser.run_once()
        started = time.monotonic()
        planning.carry_out(plan_id, synchroniser, dsn=get().database_dsn)
        seconds = time.monotonic() - started
    plan = Plan.objects.get(pk=plan_id)
    if plan.state != PlanState.DONE or Message.objects.count() != RECIPIENTS:
        raise RuntimeError(f"the plan did not do its work: {plan.state} {plan.error}")
    floor = _bare_copy(get().database_dsn)
    ratio = seconds / floor
    scale = RECIPIENTS / 1_000_000
    return [
        Result(name=f"warehouse: first filling, {RECIPIENTS:,} people", value=filled.seconds, unit="s"),
        Result(
            name=f"plan and store {RECIPIENTS:,} messages",
            value=seconds,
            unit="s",
            floor=floor,
            ratio=ratio,
            goal=f"≤ {10 * scale:g} s, ≤ 2.5×",
            met=seconds <= 10 * scale and ratio <= 2.5,
        ),
        Result(
            name="plan: peak memory of engine and workers",
            value=peak[0] / 2**20,
            unit="MB",
            goal="≤ 1,536 MB",
            met=peak[0] <= 1536 * 2**20,
        ),
    ]


def _shop() -> int:
    """People who agreed, a sender with a price, credits, and a launched campaign; the plan to be carried out."""
    from django.db import connection

    from pabal.billing.models import Balance, Price
    from pabal.campaigns import actions
    from pabal.campaigns.models import CampaignState, Plan, PlanMode
    from pabal.delivery.models import ProviderAccount, Sender

    with connection.cursor() as cursor:
        cursor.execute(
            "TRUNCATE profile, consent, list_member, message, batch, skip, plan, plan_chunk, campaign CASCADE"
        )
        cursor.execute(PEOPLE, [RECIPIENTS])
        cursor.execute(CONSENT)
        cursor.execute("ANALYZE profile, consent")
    account, _ = ProviderAccount.objects.get_or_create(name="bench plan", provider="sandbox")
    sender = Sender.objects.create(
        account=account, address=f"02{time.time_ns() % 10**8:08d}", name="파발", kind="long_code", country="KR",
        throughput=1000, opt_out_number="0801234567",
    )  # fmt: skip
    for kind, amount in (("sms", 12_000), ("lms", 39_000)):
        Price.objects.get_or_create(
            provider="sandbox", kind=kind, country="KR", valid_from="2020-01-01", defaults={"amount": amount}
        )
    Balance.objects.update_or_create(pk=1, defaults={"total": 10**15, "reserved": 0})
    campaign = actions.create(by=None, name="Benchmark", text=TEXT, all_profiles=True, senders=[sender])
    assert actions.move(campaign, CampaignState.DRAFT, CampaignState.PLANNING)
    return Plan.objects.create(campaign=campaign, campaign_version=1, mode=PlanMode.SEND, planned_for=NOON).pk


def _bare_copy(dsn: str) -> float:
    """Seconds that a COPY of the same rows takes, in one transaction, from memory."""
    rows = io.BytesIO()
    with psycopg.connect(dsn, autocommit=True) as connection:
        with connection.cursor().copy("COPY message TO STDOUT (FORMAT binary)") as source:
            for piece in source:
                rows.write(piece)
        connection.execute("CREATE TABLE bare (LIKE message INCLUDING ALL)")
        connection.execute("CHECKPOINT")
        rows.seek(0)
        started = time.monotonic()
        with connection.cursor().copy("COPY bare FROM STDIN (FORMAT binary)") as sink:
            while piece := rows.read(1 << 20):
                sink.write(piece)
        seconds = time.monotonic() - started
        connection.execute("DROP TABLE bare")
    return seconds


@contextmanager
def _peak_memory() -> Iterator[list[int]]:
    """Measure memory four times a second; the list's one entry is the peak so far, in bytes."""
    peak = [0]
    stop = threading.Event()
    me = psutil.Process()

    def watch() -> None:
        while not stop.wait(0.25):
            total = 0
            for process in [me, *me.children(recursive=True)]:
                try:
                    if process.name() != "postgres":
                        total += process.memory_full_info().pss
                except psutil.Error:
                    continue
            peak[0] = max(peak[0], total)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        stop.set()
        thread.join()
