"""A sender that its carrier refuses stops by itself; what a recipient is to blame for never stops it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from pabal.delivery.breaker import ACCOUNT_WINDOWS, IN_A_ROW, LATEST, Breaker
from pabal.delivery.models import Sender
from pabal.delivery.stops import Tripped, stop_label
from pabal.providers.base import Accepted, Outcome, Rejected, Throttled, Unavailable, Uncertain
from pabal.providers.reasons import Reason
from tests.delivery.sending import DispatcherProcess, outcomes, plan, shop, wait_for

GOOD = Accepted("x")
SPAM = Rejected(Reason.SPAM)
INVALID = Rejected(Reason.INVALID_NUMBER)
UNREGISTERED = Rejected(Reason.UNREGISTERED_SENDER)
SUSPENDED = Unavailable(reason=Reason.ACCOUNT_SUSPENDED)
POOR = Rejected(Reason.INSUFFICIENT_BALANCE)
FORBIDDEN = Unavailable(code="401")

STORIES: list[tuple[str, list[list[Outcome]], Tripped | None]] = [
    ("all is well", [[GOOD] * 100] * 5, None),
    ("invalid numbers only", [[INVALID] * 100] * 5, None),
    ("the carrier is away", [[Unavailable(code="closed")] * 50] * 20, None),
    ("too fast", [[Throttled()] * 50] * 20, None),
    ("no answers", [[Uncertain()] * 50] * 20, None),
    ("suspended once", [[SUSPENDED] * 50, [GOOD] * 50] * 5, None),
    ("suspended", [[SUSPENDED] * 50] * ACCOUNT_WINDOWS, Tripped.SUSPENDED),
    ("no balance", [[POOR] * 5] * ACCOUNT_WINDOWS, Tripped.BALANCE),
    ("credentials refused", [[FORBIDDEN]] * ACCOUNT_WINDOWS, Tripped.CREDENTIALS),
    ("one short of unregistered", [[UNREGISTERED] * (IN_A_ROW - 1), [GOOD]] * 2, None),
    ("unregistered", [[UNREGISTERED] * IN_A_ROW], Tripped.UNREGISTERED),
    ("half is spam", [[GOOD, SPAM] * (LATEST // 2)], Tripped.REFUSALS),
    ("a little less than half", [[GOOD, SPAM] * (LATEST // 2 - 1), [GOOD] * 2], None),
    ("too few to judge", [[SPAM] * (LATEST - 1)], None),
]


@pytest.mark.parametrize(("windows", "expected"), [pytest.param(w, e, id=name) for name, w, e in STORIES])
def test_a_breaker_trips_for_the_sender_and_the_account_alone(
    windows: list[list[Outcome]], expected: Tripped | None
) -> None:
    breaker = Breaker()
    said = [breaker.note(window) for window in windows]
    assert said[-1] == expected
    assert set(said[:-1]) <= {None}


def test_a_breaker_begins_anew() -> None:
    breaker = Breaker()
    assert breaker.note([UNREGISTERED] * IN_A_ROW) is not None
    breaker.reset()
    assert breaker.note([UNREGISTERED]) is None


def test_reasons_are_sentences_and_a_persons_words_stay() -> None:
    assert all(stop_label(reason) != reason for reason in Tripped.values)
    assert stop_label("moved to another carrier") == "moved to another carrier"


@pytest.mark.django_db(transaction=True)
def test_a_refused_sender_stops_keeps_its_queue_and_goes_on_when_started(tmp_path: Path) -> None:
    store = shop(tmp_path, throughput=400, refused=1.0, refusals="spam=1")
    sender = store.senders[0]
    plan(sender, 3_000)
    with DispatcherProcess(folder=tmp_path):
        wait_for(lambda: Sender.objects.get(pk=sender.pk).state == "stopped", timeout=60)
        stopped = Sender.objects.get(pk=sender.pk)
        assert stopped.state_reason == Tripped.REFUSALS
        time.sleep(1.5)
        failed = outcomes()["failed"]
        assert LATEST <= failed < 1_500
        assert outcomes()["queued"] == 3_000 - failed
        time.sleep(1)
        assert outcomes()["failed"] == failed, "it goes on sending"

        account = store.account
        account.settings = {**account.settings, "refused": 0.0}
        account.save()
        Sender.objects.filter(pk=sender.pk).update(state="active", state_reason="")
        wait_for(lambda: not outcomes()["queued"], timeout=90)
    assert outcomes()["failed"] < failed + 600
