"""A KakaoTalk campaign through the sandbox with fail-over: every outcome and won, as three books have them.

    python -m chaos.kakao [MESSAGES]        PABAL_HOME: an empty folder; nothing else need run

The results (tallies), the ledger and the carrier's own log must agree on how many were delivered, failed for which reason,
got a text instead, and what it cost. The hours of KakaoTalk and texts are moved out of the way: other tests are about them.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

PEOPLE = """
WITH p AS (
    INSERT INTO profile (phone, country, email, first_name, last_name, locale, time_zone, region, zones)
    SELECT '+8210' || lpad((n / 9700 * 10000 + n %% 9700)::text, 8, '0'), 'KR', '', CASE WHEN n %% 3 = 0 THEN '' ELSE '지우' END,
           '', 'ko', '', 'KR', 'Asia/Seoul' FROM generate_series(1, %s) n RETURNING id
)
INSERT INTO consent (profile_id, channel, purpose, state, changed_at)
SELECT id, c.channel, 'promotional', 'subscribed', now() FROM p CROSS JOIN (VALUES ('kakao'), ('text')) c(channel)
WHERE c.channel = 'kakao' OR id %% 10 <> 0
"""
NOW = "UPDATE batch SET send_after = now(), expires_at = now() + interval '4 hours' WHERE state = 'queued' AND send_after <> now()"


def main(count: int) -> int:
    """Send `count` messages; 0 when the books agree."""
    home = Path(os.environ["PABAL_HOME"])
    home.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pabal.settings")
    from pabal.processes.postgres import EmbeddedPostgres

    postgres = EmbeddedPostgres(home)
    postgres.start()
    try:
        import django

        django.setup()
        return _run(home, count)
    finally:
        postgres.stop()


def _run(home: Path, count: int) -> int:
    from django.core.management import call_command

    from pabal.billing.prices import load_default_prices
    from pabal.campaigns import actions, lifecycle, planning
    from pabal.campaigns.fallbacks import fail_over
    from pabal.campaigns.models import Campaign, CampaignState, Plan, PlanMode
    from pabal.campaigns.parts import texts_of
    from pabal.campaigns.warehouse import OWNERS, SOURCES
    from pabal.delivery.models import Sender
    from pabal.warehouse.client import Warehouse
    from pabal.warehouse.sync import Synchroniser
    from tests.delivery.sending import DispatcherProcess, query, shop

    call_command("migrate", verbosity=0)
    query("UPDATE balance SET total = 1000000000000")
    store = shop(home, name="kakao", throughput=20_000, slots=2, failed=0.02, receipt_ms=100, receipt_jitter_ms=80)
    load_default_prices("sandbox")
    query("UPDATE price SET bills_failed = false WHERE country = 'KR'")
    channel = Sender.objects.create(
        account=store.account, address="@pabal", name="파발", kind="kakao_channel", country="KR", throughput=20_000,
        slots=2, settings={"friends": 60_000, "sender_key": "sandbox-1"},
    )  # fmt: skip
    query(PEOPLE, count)
    query("ANALYZE")
    warehouse = Warehouse(path=home / "chdb")
    synchroniser = Synchroniser(warehouse, lifecycle.database_dsn(), SOURCES, OWNERS)
    campaign = actions.create(
        by=None, name="봄 할인", channel="kakao", target="M", all_profiles=True, smart_hours=None, senders=[channel],
        kakao={
            "text": "{{ first_name|default('고객') }}님, 봄 할인이 시작됐어요",
            "buttons": [{"name": "보러 가기", "mobile": "https://shop.kr/{{ external_id }}"}],
        },
        fallback="ours", fallback_text="{{ first_name|default('고객') }}님 봄 할인 https://shop.kr/s",
        fallback_senders=store.senders, timeout_minutes=7 * 24 * 60, hours_from="00:00", hours_to="00:00",
    )  # fmt: skip
    started = time.monotonic()
    for mode in (PlanMode.REVIEW, PlanMode.SEND):
        if mode == PlanMode.REVIEW:
            plan = actions.request_review(campaign, by=None)
        else:
            plan = Plan.objects.get(campaign=campaign, mode=mode)
        assert planning.carry_out(plan.pk, synchroniser, dsn=lifecycle.database_dsn())
        plan.refresh_from_db()
        if mode == PlanMode.REVIEW:
            actions.launch(campaign, by=None, expected_messages=plan.summary["messages"])
    print(
        f"planned {plan.summary['messages']:,} messages in {plan.summary['seconds']} s; reserved {plan.summary['amount']:,}"
    )
    part = texts_of(campaign)
    assert part is not None
    with DispatcherProcess(folder=home, database=lifecycle.database_dsn()):
        while campaign.state != CampaignState.DONE:
            query(NOW)
            fail_over()
            lifecycle.finish_done()
            campaign = Campaign.objects.get(pk=campaign.pk)
            time.sleep(0.5)
            if time.monotonic() - started > 1_800:
                raise TimeoutError("not done in half an hour")
        _settled(query, campaign.pk, part.pk)
    print(f"sent and settled in {time.monotonic() - started:.0f} s")
    return _compare(campaign, part, store.carried(), store.sent_twice())


def _settled(query: Any, *campaigns: int) -> None:
    """Wait for the receipts of the last texts."""
    until, missing = time.monotonic() + 60, 1
    while missing and time.monotonic() < until:
        time.sleep(0.5)
        ((missing,),) = query(
            "SELECT count(*) FROM message m WHERE m.campaign_id = ANY(%s) AND NOT EXISTS ("
            "SELECT FROM message_event e WHERE e.message_id = m.id AND e.kind IN (2, 3, 4, 5))",
            list(campaigns),
        )


def _compare(campaign: Any, part: Any, carried: list[dict[str, Any]], twice: list[int]) -> int:
    from pabal.billing.models import Balance
    from pabal.billing.prices import price_list
    from pabal.billing.queries import campaign_money
    from pabal.delivery.models import Fallback
    from pabal.reports.campaign import results

    prices = price_list("sandbox", campaign.created_at.date())
    wrong = 0
    both = 0
    for name, book, kinds in (("KakaoTalk", campaign, {"kakao"}), ("text", part, {"sms", "lms"})):
        lines = [line for line in carried if line["kind"] in kinds]
        fates = Counter(line["fate"] for line in lines)
        won = sum(
            prices.rate(line["billed"] or line["kind"], "KR").amount for line in lines if line["fate"] == "delivered"
        )
        told, money = results(book, chart=False), campaign_money(book.pk)
        reasons = {reason.reason: reason.messages for reason in told.failures}
        rows = [
            ("taken", told.accepted, len(lines)),
            ("delivered", told.delivered, fates.pop("delivered", 0)),
            *((f"failed: {reason}", reasons.get(reason, 0), fates[reason]) for reason in sorted(fates)),
        ]
        print(f"\n{name:28} {'results':>12} {'carrier':>12} {'ledger':>12}")
        for label, ours, theirs in rows:
            wrong += ours != theirs
            print(f"{label:28} {ours:12,} {theirs:12,}")
        wrong += len({told.amount, won, money.spent}) != 1 or money.outstanding != 0
        print(f"{'won':28} {told.amount / 1000:12,.0f} {won / 1000:12,.0f} {money.spent / 1000:12,.0f}")
    states = Counter(Fallback.objects.filter(campaign_id=campaign.pk).values_list("state", flat=True))
    reached = {line["to"] for line in carried if line["kind"] == "kakao" and line["fate"] == "delivered"}
    both = sum(line["to"] in reached for line in carried if line["kind"] != "kakao")
    texted = Counter(line["to"] for line in carried if line["kind"] != "kakao")
    balance = Balance.objects.get(pk=1)
    wrong += both + len(twice) + sum(n > 1 for n in texted.values()) + balance.reserved
    print(
        f"\ntexts planned: {dict(states)}; got both: {both}; sent twice: {len(twice)}; still reserved: {balance.reserved}"
    )
    print("the books agree" if not wrong else f"THE BOOKS DISAGREE ({wrong})")
    print(json.dumps({"balance": balance.total}))
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000))
