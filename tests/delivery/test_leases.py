"""Leases: one holder, a fence that rises, takeover only of the dead and the late."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest

from pabal.delivery import holders, leases
from pabal.delivery.leases import Lease
from pabal.delivery.models import Dispatcher, SenderSlot
from tests.delivery.sending import dsn, query, shop, wait_for

pytestmark = pytest.mark.django_db(transaction=True)


def run(act: Any, *values: Any) -> Any:
    async def connected() -> Any:
        async with await psycopg.AsyncConnection.connect(dsn(), autocommit=True) as connection:
            return await act(connection, *values)

    return asyncio.run(connected())


def held_by(holder: str, *, lease: str) -> None:
    query("UPDATE sender_slot SET holder = %s, lease_until = now() + %s::interval", holder, lease)


def test_free_slots_are_taken_and_their_fence_rises(tmp_path: Path) -> None:
    shop(tmp_path, slots=3)
    assert run(leases.fair_share) == 3
    taken = run(leases.claim, 2)
    assert [(lease.slot, lease.fence) for lease in taken] == [(0, 1), (1, 1)]
    run(leases.release, taken)
    again = run(leases.claim, 3)
    assert sorted((lease.slot, lease.fence) for lease in again) == [(0, 2), (1, 2), (2, 1)]
    assert run(leases.claim, 3) == []


def test_a_living_holder_keeps_its_slot_until_its_lease_is_over(tmp_path: Path) -> None:
    shop(tmp_path)
    run(leases.fair_share)
    held_by("elsewhere/aaaaaaaaaaaa/1/2", lease="10 seconds")
    assert run(leases.claim, 1) == []
    held_by("elsewhere/aaaaaaaaaaaa/1/2", lease="-1 seconds")
    up = "SELECT pg_postmaster_start_time() < now() - interval '15 seconds'"
    wait_for(lambda: query(up)[0][0])  # just after a start of the database, former holders come first
    [lease] = run(leases.claim, 1)
    assert lease.former == "elsewhere/aaaaaaaaaaaa/1/2"


def test_a_holder_of_this_machine_that_was_killed_is_replaced_at_once(tmp_path: Path) -> None:
    shop(tmp_path)
    run(leases.fair_share)
    code = (
        "import time; from pabal.delivery.holders import this_holder; print(this_holder(), flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    holder = process.stdout.readline().strip()
    held_by(holder, lease="10 seconds")
    assert not holders.surely_dead(holder)
    assert run(leases.claim, 1) == []
    process.kill()
    process.wait()
    assert holders.surely_dead(holder)
    [lease] = run(leases.claim, 1)
    assert lease.former == holder


def test_nothing_is_said_of_holders_we_cannot_see() -> None:
    assert not holders.surely_dead("elsewhere/aaaaaaaaaaaa/1/2")
    assert not holders.surely_dead("")
    assert not holders.surely_dead(holders.this_holder())
    assert len(holders.this_holder()) <= 64


def test_stopped_senders_are_held_only_to_clear_up(tmp_path: Path) -> None:
    store = shop(tmp_path)
    run(leases.fair_share)
    query("UPDATE sender SET state = 'stopped'")
    assert run(leases.claim, 1) == []
    query(
        """INSERT INTO batch (campaign_id, sender_id, slot, first_id, last_id, messages, parts, amount, state, priority,
                              send_after, expires_at, next_id, window_end)
           VALUES (1, %s, 0, 1, 9, 9, 9, 9, 'sending', 0, now(), now(), 1, 5)""",
        store.senders[0].pk,
    )
    assert len(run(leases.claim, 1)) == 1


def test_dispatchers_share_the_slots(tmp_path: Path) -> None:
    shop(tmp_path, slots=5)
    Dispatcher.objects.create(holder="a")
    Dispatcher.objects.create(holder="b")
    assert run(leases.fair_share) == 3


def test_renewing_tells_what_is_still_ours(tmp_path: Path) -> None:
    shop(tmp_path, slots=2)
    run(leases.fair_share)
    first, second = run(leases.claim, 2)
    SenderSlot.objects.filter(slot=1).update(holder="other", fence=9)
    assert run(leases.renew) == {(first.sender_id, first.slot, first.fence)}
    run(leases.release, [second])
    assert SenderSlot.objects.get(slot=1).holder == "other", "a lost lease is not ours to give back"


async def _holds(connection: leases.Connection, lease: Lease) -> bool:
    cursor = await connection.execute(leases.HOLDS, [*lease.key, lease.fence])
    return bool(cursor.rowcount)


def test_an_overtaken_fence_does_not_hold(tmp_path: Path) -> None:
    shop(tmp_path)
    run(leases.fair_share)
    [lease] = run(leases.claim, 1)
    assert run(_holds, lease)
    SenderSlot.objects.update(fence=lease.fence + 1)
    assert not run(_holds, lease)
