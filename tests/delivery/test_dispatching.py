"""The dispatcher as a process, with the real database and the sandbox as its carrier."""

from __future__ import annotations

import urllib.request
from pathlib import Path

import pytest
from django.utils import timezone

from pabal.audience.models import Consent, Suppression
from pabal.billing import queries as money
from pabal.billing.models import LedgerEntry, Price
from pabal.delivery.models import Batch, ControlState, Message, MessageEvent, SenderSlot
from pabal.delivery.priorities import Priority
from tests.delivery.sending import (
    PRICE,
    DispatcherProcess,
    Shop,
    control,
    events,
    open_batches,
    outcomes,
    plan,
    query,
    shop,
    tallies,
    wait_for,
)

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_campaign_is_sent_and_everything_is_recorded(tmp_path: Path) -> None:
    store = shop(tmp_path, throughput=5_000)
    ids = plan(store.senders[0], 3_000, batch_size=1_000)
    with DispatcherProcess(folder=tmp_path) as dispatcher:
        wait_for(lambda: events()["delivered"] == 3_000)
        metrics = urllib.request.urlopen(f"http://127.0.0.1:{dispatcher.port}/metrics").read().decode()
        health = urllib.request.urlopen(f"http://127.0.0.1:{dispatcher.port}/healthz").read()
        assert dispatcher.stop() == 0, dispatcher.log()
    assert sorted(line["reference"] for line in store.carried()) == list(ids)
    assert events() == {"accepted": 3_000, "delivered": 3_000}
    assert tallies() == events()
    assert not open_batches()
    spent = money.campaign_money(1)
    assert (spent.settled, spent.outstanding) == (3_000 * PRICE, 0)
    assert LedgerEntry.objects.filter(kind="settle").count() == 3, "one entry a batch"
    assert 'pabal_message_events_total{kind="delivered",reason=""} 3000.0' in metrics
    assert health == b"ok"
    assert set(SenderSlot.objects.values_list("holder", flat=True)) == {""}, "the lease is handed back"


def test_refused_messages_are_released_and_failed_ones_refunded_where_the_carrier_does_not_bill_them(
    tmp_path: Path,
) -> None:
    store = shop(tmp_path, refused=0.3, failed=0.4, seed=7)
    Price.objects.create(
        provider="sandbox", kind="sms", country="KR", amount=PRICE, bills_failed=False, valid_from="2026-01-01"
    )
    plan(store.senders[0], 400)
    with DispatcherProcess(folder=tmp_path):
        wait_for(lambda: events()["failed"] + events()["delivered"] == 400)
    counted = events()
    refused = 400 - counted["accepted"]
    failed = counted["failed"] - refused
    assert refused > 60
    assert failed > 60
    spent = money.campaign_money(1)
    assert spent.settled == counted["accepted"] * PRICE
    assert spent.released == refused * PRICE
    assert spent.refunded == failed * PRICE
    assert spent.spent == counted["delivered"] * PRICE
    assert query("SELECT sum(amount)::bigint FROM tally")[0][0] == spent.spent, "the tally agrees with the ledger"
    reasons = set(MessageEvent.objects.filter(kind=3).values_list("reason", flat=True))
    assert reasons <= {"unreachable", "blocked", "invalid_number"}


def test_who_withdrew_or_was_blocked_since_the_plan_gets_nothing(tmp_path: Path) -> None:
    store = shop(tmp_path)
    ids = plan(store.senders[0], 50)
    messages = list(Message.objects.order_by("id"))
    Consent.objects.filter(profile_id=messages[3].profile_id).update(state="unsubscribed", changed_at=timezone.now())
    Suppression.objects.create(phone=messages[4].phone, reason="complaint")
    Suppression.objects.create(phone=messages[5].phone, reason="manual", lifted_at=timezone.now())
    with DispatcherProcess(folder=tmp_path):
        wait_for(lambda: events()["delivered"] == 48)
    assert {line["reference"] for line in store.carried()} == set(ids) - {ids[3], ids[4]}
    dropped = dict(MessageEvent.objects.filter(kind=5).values_list("message_id", "reason"))
    assert dropped == {ids[3]: "consent_withdrawn", ids[4]: "suppressed"}
    assert money.campaign_money(1).released == 2 * PRICE


def test_an_informational_text_does_not_need_consent_to_promotion(tmp_path: Path) -> None:
    store = shop(tmp_path)
    plan(store.senders[0], 5, purpose="informational")
    Consent.objects.update(state="unsubscribed")
    with DispatcherProcess(folder=tmp_path):
        wait_for(lambda: events()["delivered"] == 5)


def test_pausing_stops_within_a_window_and_resuming_sends_the_rest(tmp_path: Path) -> None:
    store = shop(tmp_path, throughput=400)
    plan(store.senders[0], 800)
    with DispatcherProcess(folder=tmp_path):
        wait_for(lambda: len(store.carried()) >= 200)
        control(1, ControlState.PAUSED)
        at_pause = len(store.carried())
        wait_for(lambda: not query("SELECT 1 FROM batch WHERE window_end IS NOT NULL"))
        paused = len(store.carried())
        assert paused - at_pause <= 300, "what was in the air"
        assert not events()["cancelled"]
        control(1, ControlState.RUNNING)
        wait_for(lambda: events()["delivered"] == 800)
    assert not store.sent_twice()


def test_ending_cancels_what_is_left_and_releases_its_money(tmp_path: Path) -> None:
    store = shop(tmp_path, throughput=400)
    plan(store.senders[0], 1_200, batch_size=400)
    with DispatcherProcess(folder=tmp_path):
        wait_for(lambda: len(store.carried()) >= 100)
        control(1, ControlState.ENDED)
        wait_for(lambda: not open_batches())
        wait_for(lambda: events()["delivered"] == events()["accepted"])
    counted = events()
    assert counted["accepted"] == len(store.carried()) < 1_200
    assert counted["accepted"] + counted["cancelled"] == 1_200
    assert set(MessageEvent.objects.filter(kind=5).values_list("reason", flat=True)) == {"campaign_ended"}
    spent = money.campaign_money(1)
    assert (spent.settled, spent.outstanding) == (counted["accepted"] * PRICE, 0)
    assert set(Batch.objects.values_list("state", flat=True)) <= {"done", "cancelled"}


def test_nothing_is_sent_before_its_time_or_after_its_deadline(tmp_path: Path) -> None:
    store = shop(tmp_path, throughput=300)
    late = plan(store.senders[0], 1_500, campaign_id=1, expires_in="2 seconds")
    early = plan(store.senders[0], 10, campaign_id=2, due_in="1 hour")
    with DispatcherProcess(folder=tmp_path):
        wait_for(lambda: not open_batches(1))
        wait_for(lambda: events(1)["delivered"] == events(1)["accepted"])
    counted = events(1)
    assert counted["accepted"] + counted["expired"] + counted["failed"] == 1_500
    assert counted["expired"] > 300
    assert set(MessageEvent.objects.filter(kind=4).values_list("reason", flat=True)) == {"deadline"}
    assert money.campaign_money(1).outstanding == 0
    assert {line["reference"] for line in store.carried()} <= set(late)
    assert not events(2), early


def test_nothing_expires_while_a_campaign_is_paused(tmp_path: Path) -> None:
    store = shop(tmp_path, throughput=300)
    plan(store.senders[0], 10, campaign_id=1, expires_in="-1 seconds")
    control(1, ControlState.PAUSED)
    plan(store.senders[0], 10, campaign_id=2)
    with DispatcherProcess(folder=tmp_path):
        wait_for(lambda: not open_batches(2))
        assert open_batches(1)
        assert not events(1)
        control(1, ControlState.RUNNING)
        wait_for(lambda: events(1)["expired"] == 10)


def test_a_campaign_sends_no_more_a_minute_than_it_may_and_spreads_it_evenly(tmp_path: Path) -> None:
    store = shop(tmp_path, throughput=2_000, senders=2)
    plan(store.senders[0], 90, per_minute=600)
    plan(store.senders[1], 90, per_minute=600)
    plan(store.senders[1], 100, campaign_id=2)
    with DispatcherProcess(folder=tmp_path):
        wait_for(lambda: events(2)["delivered"] == 100)  # another campaign does not wait behind the limited one
        wait_for(lambda: events(1)["accepted"] >= 80, timeout=60)
    of_campaign = {pk for (pk,) in query("SELECT id FROM message WHERE campaign_id = 1")}
    times = sorted(line["at"] for line in store.carried() if line["reference"] in of_campaign)
    for seconds in (1, 2, 4):
        most = max(sum(start <= at < start + seconds for at in times) for start in times)
        assert most <= (seconds + 1) * 10, "the pace of a minute holds over seconds, but for one second's worth"


def most_in_a_second(store: Shop) -> int:
    """By the carrier's own clock, of any second whatever."""
    times = sorted(line["at"] for line in store.carried())
    most, first = 0, 0
    for last, at in enumerate(times):
        while at - times[first] >= 1.0:
            first += 1
        most = max(most, last - first + 1)
    return most


def test_a_sender_is_never_faster_than_allowed_in_any_second(tmp_path: Path) -> None:
    store = shop(tmp_path, throughput=200)
    plan(store.senders[0], 1_000, batch_size=150)
    with DispatcherProcess(folder=tmp_path):
        wait_for(lambda: events()["delivered"] == 1_000, timeout=60)
    assert most_in_a_second(store) <= 200
    times = [line["at"] for line in store.carried()]
    assert max(times) - min(times) < 1_000 / 200 * 3, "not much slower either, on a busy machine"


def test_slots_of_a_sender_share_its_rate(tmp_path: Path) -> None:
    store = shop(tmp_path, throughput=300, slots=3)
    plan(store.senders[0], 1_200, batch_size=50)
    second = tmp_path / "second"
    second.mkdir()
    with DispatcherProcess(folder=tmp_path), DispatcherProcess(folder=second):
        wait_for(lambda: events()["delivered"] == 1_200, timeout=60)
    assert most_in_a_second(store) <= 300


def test_senders_of_an_account_share_its_limit_in_one_dispatcher(tmp_path: Path) -> None:
    store = shop(tmp_path, throughput=1_000, senders=3)
    store.account.parts_per_second = 150
    store.account.save()
    for number, sender in enumerate(store.senders):
        plan(sender, 250, campaign_id=number + 1, batch_size=100)
    second = tmp_path / "second"
    second.mkdir()
    holders: set[int] = set()
    with DispatcherProcess(folder=tmp_path), DispatcherProcess(folder=second):
        wait_for(lambda: events()["accepted"] > 10)
        holders.add(query("SELECT count(DISTINCT holder) FROM sender_slot WHERE holder <> ''")[0][0])
        wait_for(lambda: all(not open_batches(n) for n in (1, 2, 3)), timeout=60)
    assert most_in_a_second(store) <= 150
    assert holders == {1}
    finished = [max(line["at"] for line in store.carried() if line["sender"] == s.address) for s in store.senders]
    assert max(finished) - min(finished) < 2.0, "nobody waits for the others to end"


def test_a_small_campaign_does_not_wait_for_a_large_one_on_its_sender(tmp_path: Path) -> None:
    store = shop(tmp_path, throughput=400)
    large = plan(store.senders[0], 6_000, campaign_id=1)
    with DispatcherProcess(folder=tmp_path):
        wait_for(lambda: events(1)["accepted"] > 400)
        small = plan(store.senders[0], 200, campaign_id=2)
        wait_for(lambda: not open_batches(2))
        assert open_batches(1)
    order = [line["reference"] for line in store.carried()]
    began = next(place for place, reference in enumerate(order) if reference in small)
    between = order[began : max(place for place, reference in enumerate(order) if reference in small)]
    assert sum(reference in large for reference in between) < 400, "turn by turn, until the small one is through"


def test_an_urgent_campaign_goes_first(tmp_path: Path) -> None:
    store = shop(tmp_path, throughput=400)
    usual = plan(store.senders[0], 3_000, campaign_id=1)
    with DispatcherProcess(folder=tmp_path):
        wait_for(lambda: events(1)["accepted"] > 200)
        urgent = plan(store.senders[0], 400, campaign_id=2, priority=Priority.URGENT)
        wait_for(lambda: not open_batches(2))
    order = [line["reference"] for line in store.carried()]
    places = [place for place, reference in enumerate(order) if reference in urgent]
    assert sum(reference in usual for reference in order[places[0] : places[-1]]) <= 100, "at most what was in the air"


def test_a_carrier_that_complains_of_speed_gets_everything_once(tmp_path: Path) -> None:
    store = shop(tmp_path, throughput=2_000, throttle_per_s=300)
    ids = plan(store.senders[0], 1_000)
    with DispatcherProcess(folder=tmp_path):
        wait_for(lambda: events()["delivered"] == 1_000, timeout=60)
    assert sorted(line["reference"] for line in store.carried()) == list(ids)


def test_a_link_that_drops_leaves_nothing_twice_and_nothing_unaccounted(tmp_path: Path) -> None:
    store = shop(tmp_path, throughput=2_000, link_drop=0.3, seed=3)
    plan(store.senders[0], 2_000, batch_size=700)
    with DispatcherProcess(folder=tmp_path):
        wait_for(lambda: not open_batches(), timeout=90)
    assert not store.sent_twice()
    found = outcomes()
    assert set(found) <= {"accepted", "unknown"}
    assert found["accepted"] + found["unknown"] == 2_000
    assert found["unknown"] > 0
    carried = {line["reference"] for line in store.carried()}
    accepted = set(MessageEvent.objects.filter(kind=1).values_list("message_id", flat=True))
    assert accepted <= carried, "what is called accepted was"
    unknown = set(MessageEvent.objects.filter(kind=6).values_list("message_id", flat=True))
    assert carried <= accepted | unknown, "what was carried is accounted for"
    assert money.campaign_money(1).outstanding == 0


def test_receipts_that_are_early_or_double_count_once(tmp_path: Path) -> None:
    store = shop(tmp_path, early=0.3, duplicated=0.3, failed=0.2, seed=11)
    plan(store.senders[0], 600)
    with DispatcherProcess(folder=tmp_path):
        wait_for(lambda: events()["delivered"] + events()["failed"] == 600)
    assert tallies() == events()
    assert not query("SELECT 1 FROM early_receipt")


def test_a_carrier_that_cannot_be_opened_is_shown_and_tried_again(tmp_path: Path) -> None:
    missing = tmp_path / "later"
    store = shop(tmp_path)
    store.account.settings["log_file"] = str(missing / "carrier.jsonl")
    store.account.save()
    store.log = missing / "carrier.jsonl"
    plan(store.senders[0], 20)
    with DispatcherProcess(folder=tmp_path):
        wait_for(lambda: "log file" in str(query("SELECT state FROM dispatcher")))
        assert not events()
        missing.mkdir()
        wait_for(lambda: events()["delivered"] == 20)


def test_edited_settings_and_stopped_senders_are_followed(tmp_path: Path) -> None:
    store = shop(tmp_path)
    plan(store.senders[0], 20)
    with DispatcherProcess(folder=tmp_path):
        wait_for(lambda: events()["delivered"] == 20)
        store.account.settings["refused"] = 1.0
        store.account.save()
        wait_for(lambda: "carrier settings changed" in (tmp_path / "dispatch.log").read_text())
        plan(store.senders[0], 20, campaign_id=2)
        wait_for(lambda: events(2)["failed"] == 20)
        store.senders[0].state = "stopped"
        store.senders[0].save()
        wait_for(lambda: set(SenderSlot.objects.values_list("holder", flat=True)) == {""})
