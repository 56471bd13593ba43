"""The dispatcher: holds sender slots by lease and sends their batches.

One asyncio loop with, beside a lane for each slot:

    leases       claims, renews and hands back slots, so that dispatchers share them evenly
    alarm        wakes lanes: at once by NOTIFY, else by a look at the queue every second
    closing      expires and cancels what is over
    recorder     writes outcomes
    receipts     applies receipts
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from datetime import UTC, datetime
from typing import Any, Final

import psycopg
from psycopg.types.json import Jsonb
from psycopg_pool import AsyncConnectionPool

from pabal.delivery import metrics
from pabal.delivery.carriers import Carrier
from pabal.delivery.closing import AT_ONCE, close_over
from pabal.delivery.holders import clock, this_holder
from pabal.delivery.inbound import Replies
from pabal.delivery.lanes import Lane, SenderFacts
from pabal.delivery.leases import (
    FORGET,
    LEASE_S,
    RENEW_S,
    SEEN,
    Lease,
    claim,
    fair_share,
    release,
    renew,
    shared_with_others,
)
from pabal.delivery.pacing import Pace
from pabal.delivery.receipts import ReceiptBook
from pabal.delivery.recorder import DATABASE_GONE, Recorder, first_line
from pabal.delivery.tallies import SHARDS
from pabal.delivery.windows import DUE
from pabal.providers.base import Inbound

LOOK_S: Final = 1.0
CLOSING_S: Final = 1.0
CHANNEL: Final = "pabal_dispatch"
MARGIN_S: Final = 2.0  # we stop handing over this long before others may take the slot
CONNECTIONS: Final = 12

FACTS: Final = """
SELECT s.id, s.account_id, s.address, s.throughput, s.slots, s.state = 'active' AND s.archived_at IS NULL,
       s.settings, a.parts_per_second, a.name, a.provider, a.settings, a.secrets
FROM sender s JOIN provider_account a ON a.id = s.account_id
WHERE s.id = ANY(%s)
"""

log = logging.getLogger(__name__)


class Dispatcher:
    """`run()` returns after `stop()`, when everything in the air is recorded and every lease handed back."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._pool: AsyncConnectionPool[psycopg.AsyncConnection[Any]] = AsyncConnectionPool(
            dsn,
            min_size=2,
            max_size=CONNECTIONS,
            timeout=5,
            max_idle=60,
            reconnect_timeout=2,  # then the next who asks tries again: no growing pauses after a long outage
            open=False,
            kwargs={"application_name": "pabal dispatch", "autocommit": True},
            configure=_configure,
        )
        shard = int.from_bytes(this_holder().encode()[-3:], "big") % SHARDS
        self._shard = shard
        self._providers: dict[int, str] = {}
        self._recorder = Recorder(self._pool, shard=shard)
        self._receipts = ReceiptBook(self._pool, shard=shard, providers=self._providers)
        self._replies = Replies()
        self._lanes: dict[tuple[int, int], Lane] = {}
        self._carriers: dict[int, Carrier] = {}
        self._paces: dict[int, Pace] = {}  # of accounts that have a limit
        self._valid_until = 0.0
        self._stop = asyncio.Event()
        self._trouble: str | None = "starting"
        self._started = datetime.now(UTC)

    def stop(self) -> None:
        """Finish and end."""
        self._stop.set()

    def health(self) -> str | None:
        """What is wrong, in one line; None when all is well. A carrier that is away is not our illness."""
        return self._trouble or self._recorder.trouble or self._receipts.trouble

    async def run(self) -> None:
        """Dispatch until `stop()`."""
        await self._pool.open()
        writers = [asyncio.create_task(self._recorder.run()), asyncio.create_task(self._receipts.run())]
        watchers = [
            asyncio.create_task(self._forever(self._keep_leases, RENEW_S)),
            asyncio.create_task(self._forever(self._look, LOOK_S)),
            asyncio.create_task(self._forever(self._close, CLOSING_S)),
            asyncio.create_task(self._listen()),
        ]
        log.info("dispatching", extra={"holder": this_holder()})
        try:
            await self._stop.wait()
        finally:
            log.info("stopping")
            await _cancel(watchers[1:])  # leases are kept while lanes land
            await asyncio.gather(*(lane.stop() for lane in self._lanes.values()))
            await asyncio.gather(*(carrier.close() for carrier in self._carriers.values()), return_exceptions=True)
            await _cancel(watchers[:1])
            await self._hand_back()
            await _cancel(writers)
            await self._pool.close()
        log.info("stopped")

    async def _forever(self, act: Any, seconds: float) -> None:
        while True:
            try:
                await act()
                self._trouble = None
            except DATABASE_GONE as error:
                self._trouble = f"database: {first_line(error)}"
                log.warning("the database does not answer", extra={"error": first_line(error)})
            except Exception as error:
                self._trouble = f"{act.__name__}: {error}"
                log.exception("%s failed", act.__name__)
            await asyncio.sleep(seconds)

    # ── leases ──

    async def _keep_leases(self) -> None:
        """Renew what we hold; then take what is free or hand back what is too much."""
        asked = clock()
        try:
            async with self._pool.connection() as connection:
                held = await renew(connection)
                await connection.execute(SEEN, {"me": this_holder(), "state": Jsonb(self._state())})
        except DATABASE_GONE:
            if clock() >= self._valid_until:
                for lane in self._lanes.values():
                    lane.cancel_sends()
            raise
        self._valid_until = asked + LEASE_S - MARGIN_S
        await self._drop_lost(held)
        async with self._pool.connection() as connection:
            share = await fair_share(connection)
            divided = await shared_with_others(connection)
            taken = await claim(connection, share - len(self._lanes)) if share > len(self._lanes) else []
        if taken:
            await self._begin(taken)
        if astray := [lane for lane in self._lanes.values() if lane.sender.account_id in divided]:
            await self._let_go(astray)
        await self._hand_over_surplus(share)
        await self._refresh()
        metrics.SLOTS.set(len(self._lanes))

    async def _drop_lost(self, held: set[tuple[int, int, int]]) -> None:
        for key, lane in list(self._lanes.items()):
            ours = (lane.lease.sender_id, lane.lease.slot, lane.lease.fence) in held
            if ours and not lane.done:
                continue
            del self._lanes[key]
            if not ours:
                metrics.LEASES_LOST.inc()
                log.warning("another dispatcher took a slot", extra={"sender": key[0], "slot": key[1]})
                await lane.abort()
            else:  # it ended by a mistake or a refused window: hand it back, and recover from the start
                async with self._pool.connection() as connection:
                    await release(connection, [lane.lease])

    async def _begin(self, leases: list[Lease]) -> None:
        facts = await self._facts({lease.sender_id for lease in leases})
        for lease in leases:
            sender = facts[lease.sender_id]
            self._lanes[lease.key] = Lane(
                lease,
                sender,
                pool=self._pool,
                recorder=self._recorder,
                carrier=self._carriers.__getitem__,
                account_pace=self._paces.get,
                valid_until=lambda: self._valid_until,
                shard=self._shard,
            )
        log.info("slots taken", extra={"slots": len(leases), "held": len(self._lanes)})

    async def _facts(self, senders: set[int]) -> dict[int, SenderFacts]:
        """Read senders afresh, and see to it that their carriers are open with the present settings."""
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(FACTS, [list(senders)])).fetchall()
        facts = {}
        for sender_id, account_id, address, throughput, slots, active, own, limit, *account in rows:
            facts[sender_id] = SenderFacts(
                sender_id=sender_id,
                account_id=account_id,
                address=address,
                throughput=throughput,
                slots=slots,
                active=active,
                sender_key=str(own.get("sender_key", "")),
            )
            self._limit(account_id, limit)
            name, provider, settings, secrets = account
            config = (name, provider, settings, bytes(secrets))
            carrier = self._carriers.get(account_id)
            if carrier is None or carrier.config != config:
                self._providers[account_id] = provider
                self._carriers[account_id] = Carrier(
                    account_id, config, self._receipts.take, self._on_inbound, lambda: clock() < self._valid_until
                )
                if carrier is not None:
                    log.info("carrier settings changed", extra={"account": name})
                    await carrier.close()
        return facts

    def _limit(self, account_id: int, limit: int | None) -> None:
        """Follow the account's own limit."""
        if limit is None:
            self._paces.pop(account_id, None)
        elif account_id in self._paces:
            self._paces[account_id].rate = limit
        else:
            self._paces[account_id] = Pace(limit)

    async def _refresh(self) -> None:
        """Follow edits of senders and accounts; let go of senders that were stopped, and of carriers nobody needs."""
        facts = await self._facts({key[0] for key in self._lanes})
        for key, lane in list(self._lanes.items()):
            if key[0] not in facts or not facts[key[0]].active:
                await self._let_go([lane])
            else:
                lane.update(facts[key[0]])
        needed = {lane.sender.account_id for lane in self._lanes.values()}
        for account_id in [account for account in self._carriers if account not in needed]:
            await self._carriers.pop(account_id).close()

    async def _hand_over_surplus(self, share: int) -> None:
        """Give slots to dispatchers that have fewer; idle ones first."""
        free = [lane for lane in self._lanes.values() if lane.sender.account_id not in self._paces]
        surplus = sorted(free, key=lambda lane: not lane.idle)[: max(len(self._lanes) - share, 0)]
        if surplus:
            await self._let_go(surplus)

    async def _let_go(self, lanes: list[Lane]) -> None:
        await asyncio.gather(*(lane.stop() for lane in lanes))
        async with self._pool.connection() as connection:
            await release(connection, [lane.lease for lane in lanes])
        for lane in lanes:
            self._lanes.pop(lane.lease.key, None)
        log.info("slots handed back", extra={"slots": len(lanes), "held": len(self._lanes)})

    async def _hand_back(self) -> None:
        with contextlib.suppress(*DATABASE_GONE):
            async with self._pool.connection() as connection:
                await release(connection, [lane.lease for lane in self._lanes.values()])
                await connection.execute(FORGET, [this_holder()])

    # ── waking and closing ──

    async def _look(self) -> None:
        """Wake the lanes that have something to send."""
        senders = list({key[0] for key in self._lanes})
        if not senders:
            return
        async with self._pool.connection() as connection:
            due = await (await connection.execute(DUE, [senders])).fetchall()
        busy = Counter(self._lanes[key].sender.account_id for *key_, _ in due if (key := tuple(key_)) in self._lanes)
        for account_id, pace in self._paces.items():
            pace.sharers = max(busy[account_id], 1)
        for sender_id, slot, rivals in due:
            lane = self._lanes.get((sender_id, slot))
            if lane is not None:
                lane.rivals = rivals
                lane.wake.set()

    async def _close(self) -> None:
        while True:
            async with self._pool.connection() as connection, connection.transaction():
                if await close_over(connection, shard=self._shard) < AT_ONCE:
                    return

    async def _listen(self) -> None:
        """Look at once when a campaign starts, resumes or ends."""
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(
                    self._dsn, autocommit=True, application_name="pabal dispatch (listen)"
                ) as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    async for _ in connection.notifies():
                        await self._look()
            except DATABASE_GONE:
                await asyncio.sleep(1)

    # ── reports ──

    async def _on_inbound(self, account_id: int, inbound: Inbound) -> None:
        await self._replies.take(account_id, inbound, self._carriers[account_id].provider)

    def _state(self) -> dict[str, Any]:
        """What people see of this dispatcher."""
        return {
            "slots": len(self._lanes),
            "started_at": self._started.isoformat(),
            "trouble": self.health() or "",
            "carriers": {str(account): carrier.state() for account, carrier in self._carriers.items()},
        }


async def _configure(connection: psycopg.AsyncConnection[Any]) -> None:
    """Everything here looks rows up by their keys. In fast-growing tables the planner, behind with its statistics, would
    now and then rather read a whole table. A process that sleeps in the middle of a transaction must not hold its rows
    for longer than its lease: whoever takes over needs them."""
    await connection.execute(f"SET idle_in_transaction_session_timeout = '{LEASE_S:.0f}s'")
    for option in ("enable_seqscan", "enable_hashjoin", "enable_mergejoin"):
        await connection.execute(f"SET {option} = off")


async def _cancel(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
