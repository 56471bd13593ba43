"""`kill -9` in the middle of sending over SMPP. The judge is the log of an SMSC that we did not write.

`KILL_MESSAGES` and `KILLS` make it larger: 20,000 messages and 10 kills take about a minute.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from pathlib import Path

import pytest

from pabal.delivery.models import ProviderAccount, Sender
from tests.delivery.sending import DispatcherProcess, open_batches, outcomes, plan, query, wait_for
from tests.smsc.control import Smsc

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("kills")]


def test_a_dispatcher_killed_again_and_again_sends_nothing_twice_and_loses_nothing(tmp_path: Path) -> None:
    messages = int(os.environ.get("KILL_MESSAGES", "3000"))
    kills = int(os.environ.get("KILLS", "4"))
    from pabal.delivery.credentials import seal

    smsc = Smsc(tmp_path).start()
    account = ProviderAccount.objects.create(
        name="smsc",
        provider="smpp",
        settings={"host": "127.0.0.1", "port": smsc.port, "system_id": "pabal", "window": 50, "euckr": True},
        secrets=seal({"password": "secret"}),
    )
    sender = Sender.objects.create(
        account=account, address="0212345001", name="달빛상점", kind="long_code", country="KR", throughput=1_000
    )
    ids = plan(sender, messages, batch_size=2_000)
    choose = random.Random(7)
    dispatcher = DispatcherProcess(folder=tmp_path).start()
    try:
        for kill in range(1, kills + 1):
            goal = messages * kill // (kills + 2)
            wait_for(lambda goal=goal: len(smsc.taken()) >= goal or not open_batches(), timeout=120, every=0.02)  # type: ignore[misc]
            time.sleep(choose.random() * 0.2)
            dispatcher.kill()
            dispatcher = DispatcherProcess(folder=tmp_path).start()
        wait_for(lambda: not open_batches(), timeout=300)
        time.sleep(2)
        dispatcher.stop()
    finally:
        if dispatcher.process is not None and dispatcher.process.poll() is None:
            dispatcher.kill()
        smsc.stop()

    found = outcomes()
    phones = Counter(part.to.lstrip("+") for part in smsc.taken())
    planned = {phone.lstrip("+"): pk for pk, phone in query("SELECT id, phone FROM message")}
    accepted = {pk for (pk,) in query("SELECT message_id FROM message_event WHERE kind = 1")}
    unknown = {pk for (pk,) in query("SELECT message_id FROM message_event WHERE kind = 6")}
    at_the_carrier = {planned[phone] for phone in phones}
    print(
        f"\nmessages {len(ids)}, kills {kills}; SMSC took {sum(phones.values())}, twice {sum(n > 1 for n in phones.values())}; "
        f"ours: {dict(found)} {query('SELECT DISTINCT reason, code FROM message_event WHERE kind = 3')}; unknown that the SMSC has: {len(unknown & at_the_carrier)}"
    )
    assert not [phone for phone, n in phones.items() if n > 1], "a message reached the carrier twice"
    assert sum(found.values()) == len(ids)
    assert found["queued"] == 0, "a message has no outcome"
    assert accepted <= at_the_carrier, "we say accepted, and the carrier has never seen it"
    assert at_the_carrier <= accepted | unknown, "the carrier has it, and we do not say so"
    assert phones, "nothing was sent"
