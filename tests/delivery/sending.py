"""What tests of sending share: senders, planned messages, a dispatcher process, and the carrier's own record of it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import connection

from pabal.accounts.audit import Actor
from pabal.billing import actions as billing
from pabal.billing.models import Balance
from pabal.database import raw_cursor
from pabal.delivery.models import CampaignControl, ControlState, EventKind, ProviderAccount, Sender

PRICE = 12_000


def dsn() -> str:
    """The test database, for other connections and processes."""
    parameters = connection.get_connection_params()
    host = str(parameters["host"]).replace("/", "%2F")
    return f"postgresql://{parameters['user']}@/{parameters['dbname']}?host={host}"


def query(statement: str, *values: Any) -> list[tuple[Any, ...]]:
    with raw_cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


@dataclass(kw_only=True)
class Shop:
    """A sandbox account with its carrier's record, and senders."""

    account: ProviderAccount
    senders: list[Sender]
    log: Path

    def carried(self) -> list[dict[str, Any]]:
        """What the carrier took, by its own record."""
        return [json.loads(line) for line in self.log.read_bytes().splitlines()] if self.log.exists() else []

    def sent_twice(self) -> list[int]:
        counts = Counter(line["reference"] for line in self.carried())
        return [reference for reference, count in counts.items() if count > 1]


def shop(
    folder: Path, *, throughput: int = 2_000, slots: int = 1, senders: int = 1, name: str = "shop", **settings: Any
) -> Shop:
    log = folder / f"{name}-carrier.jsonl"
    account = ProviderAccount.objects.create(
        name=name,
        provider="sandbox",
        settings={"log_file": str(log), "failed": 0.0, "receipt_ms": 30, "receipt_jitter_ms": 20, **settings},
    )
    rows = [
        Sender.objects.create(
            account=account,
            address=f"0212345{number:03d}",
            name="달빛상점",
            kind="long_code",
            country="KR",
            throughput=throughput,
            slots=slots,
        )
        for number in range(senders)
    ]
    return Shop(account=account, senders=rows, log=log)


def plan(
    sender: Sender,
    count: int,
    *,
    campaign_id: int = 1,
    batch_size: int = 5_000,
    state: str = "running",
    per_minute: int | None = None,
    expires_in: str = "4 hours",
    reserve: bool = True,
    purpose: str = "promotional",
    due_in: str = "0",
    priority: int = 0,
) -> range:
    """Plan `count` messages to as many new profiles, as a campaign's plan does. Returns their ids.

    Phones ending in 99xx are left out: to the sandbox they are special.
    """
    rows = query(
        """WITH p AS (
             INSERT INTO profile (phone, country, email, first_name, last_name, locale, time_zone, region, zones)
             SELECT '+8210' || lpad(((x.so_far + n) / 9900 * 10000 + (x.so_far + n) %% 9900)::text, 8, '0'), 'KR', '', '지우', '김', 'ko', '', 'KR', 'Asia/Seoul'
             FROM generate_series(1, %s) n, (SELECT count(*) AS so_far FROM profile) x RETURNING id)
           SELECT min(id), max(id) FROM p""",
        count,
    )
    profiles = rows[0][0]
    first = query("SELECT pabal_reserve_message_ids(%s)", count)[0][0]
    query(
        """INSERT INTO consent (profile_id, channel, purpose, state, changed_at)
           SELECT generate_series(%s, %s), 'text', 'promotional', 'subscribed', now()""",
        profiles,
        profiles + count - 1,
    )
    query(
        """INSERT INTO message (id, campaign_id, profile_id, sender_id, phone, country, kind, encoding, parts, amount,
                                send_after, subject, text)
           SELECT %s + n, %s, p.id, %s, p.phone, 'KR', 1, 3, 1, %s, now() + %s::interval, '', '(광고) 가을 할인 ' || n
           FROM generate_series(0, %s - 1) n JOIN profile p ON p.id = %s + n""",
        first,
        campaign_id,
        sender.pk,
        PRICE,
        due_in,
        count,
        profiles,
    )
    with raw_cursor() as cursor:
        cursor.execute(
            """INSERT INTO batch (campaign_id, sender_id, slot, first_id, last_id, messages, parts, amount, state,
                                  priority, send_after, expires_at, next_id)
               SELECT %(campaign)s, %(sender)s, n %% %(slots)s, a, b, b - a + 1, b - a + 1, (b - a + 1) * %(price)s,
                      'queued', %(priority)s, now() + %(due)s::interval,
                      now() + %(due)s::interval + %(expires)s::interval, a
               FROM (SELECT n, %(first)s + n * %(size)s AS a,
                            least(%(first)s + (n + 1) * %(size)s, %(first)s + %(count)s) - 1 AS b
                     FROM generate_series(0, (%(count)s - 1) / %(size)s) n) x""",
            {
                "campaign": campaign_id,
                "sender": sender.pk,
                "slots": sender.slots,
                "price": PRICE,
                "due": due_in,
                "priority": priority,
                "expires": expires_in,
                "first": first,
                "size": batch_size,
                "count": count,
            },
        )
    Balance.objects.get_or_create(pk=1)  # a test that commits begins with empty tables
    if reserve:
        billing.top_up(count * PRICE, by=Actor(name="tests"))
        billing.reserve(campaign_id, count * PRICE, messages=count)
    CampaignControl.objects.update_or_create(
        campaign_id=campaign_id, defaults={"state": state, "per_minute": per_minute, "purpose": purpose}
    )
    return range(first, first + count)


def control(campaign_id: int, state: ControlState) -> None:
    assert CampaignControl.objects.filter(campaign_id=campaign_id).update(state=state) == 1


@dataclass(kw_only=True)
class DispatcherProcess:
    """`pabal dispatch` as a process of its own."""

    folder: Path
    database: str = field(default_factory=dsn)
    process: subprocess.Popen[bytes] | None = None
    port: int = 0

    def start(self) -> DispatcherProcess:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        environment = os.environ | {
            "PABAL_HOME": str(self.folder),
            "DATABASE_URL": self.database,
            "PABAL_SECRET_KEY": os.environ.get("PABAL_SECRET_KEY", "tests-only"),
            "PABAL_DISPATCH_PORT": str(self.port),
        }
        self.output = (self.folder / "dispatch.log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pabal", "dispatch"], env=environment, stdout=self.output, stderr=self.output
        )
        return self

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        self.output.close()

    def stop(self, timeout: float = 20) -> int:
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout)
        finally:
            if self.process.poll() is None:
                self.kill()
            self.output.close()

    def log(self) -> str:
        return (self.folder / "dispatch.log").read_text()

    def __enter__(self) -> DispatcherProcess:
        return self.start()

    def __exit__(self, *exception: object) -> None:
        assert self.process is not None
        if self.process.poll() is None:
            os.kill(self.pid, signal.SIGCONT)
            self.stop()


def wait_for(what: Callable[[], Any], *, timeout: float = 30, every: float = 0.05) -> None:
    """Wait until `what()` is true; fails with its source otherwise."""
    deadline = time.monotonic() + timeout
    while not what():
        assert time.monotonic() < deadline, f"waited {timeout} s in vain"
        time.sleep(every)


def events(campaign_id: int = 1) -> Counter[str]:
    """Message events by kind."""
    rows = query(
        """SELECT e.kind, count(*) FROM message_event e JOIN message m ON m.id = e.message_id
           WHERE m.campaign_id = %s GROUP BY 1""",
        campaign_id,
    )
    return Counter({EventKind(kind).name.lower(): count for kind, count in rows})


def tallies(campaign_id: int = 1) -> Counter[str]:
    rows = query("SELECT kind, sum(messages)::int FROM tally WHERE campaign_id = %s GROUP BY 1", campaign_id)
    return Counter({EventKind(kind).name.lower(): count for kind, count in rows})


def open_batches(campaign_id: int = 1) -> int:
    return int(
        query("SELECT count(*) FROM batch WHERE campaign_id = %s AND state IN ('queued', 'sending')", campaign_id)[0][0]
    )


def outcomes(campaign_id: int = 1) -> Counter[str]:
    """Each message's outcome: its events but delivery, in one word. `queued` when it has none."""
    rows = query(
        """SELECT (SELECT string_agg(e.kind::text, '+' ORDER BY e.kind) FROM message_event e
                   WHERE e.message_id = m.id AND e.kind IN (1, 3, 4, 5, 6)), count(*)
           FROM message m WHERE m.campaign_id = %s GROUP BY 1""",
        campaign_id,
    )
    names = {str(kind.value): kind.name.lower() for kind in EventKind}
    return Counter(
        {"+".join(names[k] for k in kinds.split("+")) if kinds else "queued": count for kinds, count in rows}
    )
