"""Send by SMPP to an SMSC on this machine (`tests/smsc`, not ours): through the dispatcher, and by the bare client in a loop.

The floor is our SMPP client alone: no database, no pace, windows handed over one after the other as fast as they are
answered. Both have the same SMSC, the same texts and the same window.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import Result

MESSAGES = int(os.environ.get("PABAL_BENCH_MESSAGES", "60000"))
CAMPAIGN = 900_002
WINDOW = 200
SHARE = 0.8
PACED = 500
"""Parts a second of the sender whose pace is measured."""
PACED_S = 20


def run() -> list[Result]:
    """Messages a second until accepted and recorded, against the bare client; and how near a limit is kept to."""
    from pabal.config import get
    from pabal.delivery.credentials import seal
    from pabal.delivery.models import ControlState, ProviderAccount, Sender
    from tests.delivery.sending import DispatcherProcess, control, plan, query, wait_for
    from tests.smsc.control import Smsc

    home = Path(os.environ["PABAL_HOME"])
    folder = home / "smsc"
    folder.mkdir()
    smsc = Smsc(folder, receipts="none").start()
    settings = {
        "host": "127.0.0.1",
        "port": smsc.port,
        "system_id": "pabal",
        "window": WINDOW,
        "euckr": True,
        "receipts": False,
    }
    account = ProviderAccount.objects.create(
        name="bench smsc", provider="smpp", settings=settings, secrets=seal({"password": "secret"})
    )
    fast, paced = (
        Sender.objects.create(
            account=account, address=address, name="달빛상점", kind="long_code", country="KR", throughput=throughput
        )
        for address, throughput in (("0212345001", 100_000), ("0212345002", PACED))
    )
    plan(fast, MESSAGES, campaign_id=CAMPAIGN, state="held")
    paced_ids = plan(paced, PACED * PACED_S, campaign_id=CAMPAIGN + 1, state="held")
    phones = [phone for (phone,) in query("SELECT phone FROM message WHERE campaign_id = %s ORDER BY id", CAMPAIGN)]
    bare = asyncio.run(_bare({**settings, "password": "secret"}, phones))

    def recorded(campaign: int) -> int:
        counted = "SELECT COALESCE(sum(messages), 0)::bigint FROM tally WHERE campaign_id = %s AND kind = 1"
        return int(query(counted, campaign)[0][0])

    with DispatcherProcess(folder=home, database=get().database_dsn):
        wait_for(lambda: query("SELECT 1 FROM sender_slot WHERE holder <> ''"))
        time.sleep(2)
        started = time.monotonic()
        control(CAMPAIGN, ControlState.RUNNING)
        wait_for(lambda: recorded(CAMPAIGN) >= MESSAGES, timeout=600)
        seconds = time.monotonic() - started
        control(CAMPAIGN + 1, ControlState.RUNNING)
        wait_for(lambda: recorded(CAMPAIGN + 1) >= len(paced_ids), timeout=600)
    times = sorted(part.told["at"] for part in smsc.taken() if part.sender == paced.address)
    smsc.stop()
    rate, most = len(times) / (times[-1] - times[0]), _most_in_a_second(times)
    return [
        Result(
            name="smpp: accepted by a local SMSC and recorded",
            value=MESSAGES / seconds,
            unit="messages/s",
            floor=MESSAGES / bare,
            ratio=seconds / bare,
            goal=f"≥ {SHARE:.0%} of the floor",
            met=bare / seconds >= SHARE,
        ),
        Result(
            name=f"smpp: rate of a sender limited to {PACED}",
            value=rate,
            unit="messages/s",
            goal="within 2 %",
            met=PACED * 0.98 <= rate <= PACED,
        ),
        Result(
            name=f"smpp: most in any second, limited to {PACED}",
            value=most,
            unit="messages",
            goal=f"≤ {PACED}",
            met=most <= PACED,
        ),
    ]


def _most_in_a_second(times: Sequence[float]) -> int:
    """By the SMSC's clock."""
    most, first = 0, 0
    for last, at in enumerate(times):
        while at - times[first] >= 1.0:
            first += 1
        most = max(most, last - first + 1)
    return most


async def _bare(settings: dict[str, Any], phones: Sequence[str]) -> float:
    """Seconds that the client alone takes."""
    from pabal.providers import registry
    from pabal.providers.base import Accepted, Outgoing, Report

    async def ignore(_reports: Sequence[Report]) -> None:
        return None

    provider = registry.make("smpp", settings)
    await provider.open(ignore)
    windows = [
        [
            Outgoing(reference=start + n, to=phone, sender="0212345009", text="(광고) 가을 할인", encoding="euckr")
            for n, phone in enumerate(phones[start : start + 2 * WINDOW])
        ]
        for start in range(0, len(phones), 2 * WINDOW)
    ]
    started = time.monotonic()
    for window in windows:
        outcomes = await provider.send(window)
        if not all(isinstance(outcome, Accepted) for outcome in outcomes):
            raise RuntimeError("the SMSC refused messages")
    seconds = time.monotonic() - started
    await provider.close()
    return seconds
