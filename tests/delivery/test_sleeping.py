"""A dispatcher that sleeps through its lease hands over nothing when it wakes. The judge is an SMSC that we did not write."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from pathlib import Path

import pytest

from pabal.delivery.credentials import seal
from pabal.delivery.leases import LEASE_S
from pabal.delivery.models import ProviderAccount, Sender, SenderSlot
from tests.delivery.sending import DispatcherProcess, open_batches, outcomes, plan, query, wait_for
from tests.smsc.control import Smsc

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("kills")]


def test_one_that_was_stopped_for_longer_than_its_lease_hands_over_nothing_when_it_wakes(tmp_path: Path) -> None:
    smsc = Smsc(tmp_path, answer_ms=400).start()
    account = ProviderAccount.objects.create(
        name="smsc",
        provider="smpp",
        # A small window and slow answers: much of each window of ours still waits inside the sleeper for its turn.
        settings={"host": "127.0.0.1", "port": smsc.port, "system_id": "pabal", "window": 10, "euckr": True},
        secrets=seal({"password": "secret"}),
    )
    sender = Sender.objects.create(
        account=account, address="0212345001", name="달빛상점", kind="long_code", country="KR", throughput=400
    )
    plan(sender, 600)
    second = tmp_path / "second"
    second.mkdir()
    with DispatcherProcess(folder=tmp_path) as sleeper:
        wait_for(
            lambda: len(smsc.taken()) > 30 and query("SELECT 1 FROM batch WHERE window_end IS NOT NULL"), timeout=90
        )
        os.kill(sleeper.pid, signal.SIGSTOP)
        slept_at = time.time()
        smsc.tell(set={"answer_ms": 0})
        fence = SenderSlot.objects.get().fence
        with DispatcherProcess(folder=second):
            wait_for(lambda: SenderSlot.objects.get().fence > fence, timeout=LEASE_S + 90)
            wait_for(lambda: query("SELECT 1 FROM message_event WHERE kind = 6"), timeout=60)
            unknown = {phone.lstrip("+") for (phone,) in query(_UNKNOWN)}
            assert time.time() - slept_at > LEASE_S - 3
            time.sleep(1)  # what was in the sockets has arrived
            woken_at = time.time()
            os.kill(sleeper.pid, signal.SIGCONT)
            wait_for(lambda: not open_batches(), timeout=120)
            time.sleep(3)
            taken = smsc.taken()
            late = [part.to for part in taken if part.told["at"] > woken_at and part.to.lstrip("+") in unknown]
    smsc.stop()
    twice = [phone for phone, count in Counter(part.to for part in taken).items() if count > 1]
    assert not twice
    assert unknown
    assert not late, "the sleeper handed these over after it woke, though another had taken its slot"
    assert sum(outcomes().values()) == 600
    assert set(outcomes()) == {"accepted", "unknown"}


_UNKNOWN = """SELECT m.phone FROM message m JOIN message_event e ON e.message_id = m.id AND e.kind = 6
              WHERE NOT EXISTS (SELECT FROM message_event a WHERE a.message_id = m.id AND a.kind = 1)"""
