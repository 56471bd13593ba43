"""The dispatcher as a process, with the real database and the sandbox as its carrier."""

from __future__ import annotations

from pathlib import Path

import pytest

from pabal.billing import queries as money
from pabal.billing.models import LedgerEntry
from tests.delivery.sending import PRICE, DispatcherProcess, events, open_batches, plan, shop, tallies, wait_for

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_campaign_is_sent_and_everything_is_recorded(tmp_path: Path) -> None:
    store = shop(tmp_path, throughput=5_000)
    ids = plan(store.senders[0], 3_000, batch_size=1_000)
    with DispatcherProcess(folder=tmp_path) as dispatcher:
        wait_for(lambda: events()["delivered"] == 3_000)
        assert dispatcher.stop() == 0, dispatcher.log()
    assert sorted(line["reference"] for line in store.carried()) == list(ids)
    assert events() == {"accepted": 3_000, "delivered": 3_000}
    assert tallies() == events()
    assert not open_batches()
    spent = money.campaign_money(1)
    assert (spent.settled, spent.outstanding) == (3_000 * PRICE, 0)
    assert LedgerEntry.objects.filter(kind="settle").count() == 3, "one entry a batch"
