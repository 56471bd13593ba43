"""Receipts: what carriers report later, applied in sets.

    recorded so far         receipt says              then
    accepted or unknown     delivered/failed/expired  becomes the final event
    accepted                unknown                   the event `unknown`; a final one may still come
    delivered/failed/…      anything                  nothing: the first final word stands
    nothing yet             anything                  waits in `early_receipt` until the acceptance is recorded

So a receipt may come twice, late, early or out of order, and a state never goes backwards. Within one set the strongest
word counts: delivered, then failed, then expired, then unknown. Failures that the carrier does not bill are refunded in
the same transaction.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
import psycopg

from pabal.billing.ledger import MOVE, Movement
from pabal.billing.models import EntryKind
from pabal.billing.prices import IN_FORCE, PriceList, rates
from pabal.delivery import arrays, metrics
from pabal.delivery.models import EventKind, MessageKind
from pabal.delivery.outcomes import KINDS, clip
from pabal.delivery.recorder import AGAIN_S, DATABASE_GONE, Pool, first_line
from pabal.delivery.tallies import Counts
from pabal.providers.base import Receipt

OUTCOMES: Final = {
    "delivered": EventKind.DELIVERED.value,
    "failed": EventKind.FAILED.value,
    "expired": EventKind.EXPIRED.value,
    "unknown": EventKind.UNKNOWN.value,
}
#: The order of strength within one set is that of the kinds' numbers: delivered 2, failed 3, expired 4, unknown 6.

AT_ONCE: Final = 20_000
PRICES_S: Final = 60.0
EARLY_S: Final = 2.0

log = logging.getLogger(__name__)


class Word(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One receipt as it is stored. `message_id` is None until we know whose it is."""

    account_id: int
    provider_ref: str
    message_id: int | None
    kind: int
    reason: str
    code: str
    at: datetime
    detail: dict[str, Any] | None


#: Ours among the carrier's ids. The same id twice (they may be reused after months) means the latest message.
RESOLVE: Final = """
SELECT e.provider_ref, max(e.message_id)
FROM message_event e JOIN message m ON m.id = e.message_id JOIN sender s ON s.id = m.sender_id
WHERE e.provider_ref = ANY(%s::text[]) AND s.account_id = %s
GROUP BY e.provider_ref
"""

#: Messages whose acceptance is not recorded (yet).
UNRECORDED: Final = """
SELECT g.message_id FROM unnest(%s::bigint[]) AS g(message_id)
WHERE NOT EXISTS (SELECT FROM message_event e WHERE e.message_id = g.message_id AND e.kind IN (1, 6))
"""

#: Append what is new. Answers, by campaign, event, reason, account, kind and country: messages, parts, amount.
APPEND: Final = """
WITH new AS (
    INSERT INTO message_event (message_id, kind, at, reason, code, detail)
    SELECT message_id, kind, at, reason, code, detail
    FROM unnest(%s::bigint[], %s::smallint[], %s::timestamptz[], %s::text[], %s::text[], %s::jsonb[])
         AS g(message_id, kind, at, reason, code, detail)
    ON CONFLICT DO NOTHING
    RETURNING message_id, kind, reason, code
)
SELECT m.campaign_id, n.kind, n.reason, s.account_id, m.kind, m.country,
       CASE WHEN n.kind = 2 AND m.kind = 4 THEN n.code ELSE '' END AS billed,
       count(*), sum(m.parts)::bigint, sum(m.amount)::bigint
FROM new n JOIN message m ON m.id = n.message_id JOIN sender s ON s.id = m.sender_id
GROUP BY 1, 2, 3, 4, 5, 6, 7
"""

#: The same for the usual case: all delivered, nothing to say about it.
APPEND_DELIVERED: Final = APPEND.replace(
    """SELECT message_id, kind, at, reason, code, detail
    FROM unnest(%s::bigint[], %s::smallint[], %s::timestamptz[], %s::text[], %s::text[], %s::jsonb[])
         AS g(message_id, kind, at, reason, code, detail)""",
    """SELECT message_id, 2, at, '', '', NULL FROM unnest(%s::bigint[], %s::timestamptz[]) AS g(message_id, at)""",
)

KEEP: Final = """
INSERT INTO early_receipt (account_id, provider_ref, reference, outcome, reason, code, at, detail)
SELECT * FROM unnest(%s::bigint[], %s::text[], %s::bigint[], %s::smallint[], %s::text[], %s::text[],
                     %s::timestamptz[], %s::jsonb[])
"""

#: Early receipts whose message is known by now; they are taken out.
RIPE: Final = """
DELETE FROM early_receipt WHERE id IN (
    SELECT r.id FROM early_receipt r
    WHERE EXISTS (SELECT FROM message_event e WHERE e.message_id = r.reference AND e.kind IN (1, 6))
       OR r.reference IS NULL AND EXISTS (
           SELECT FROM message_event e JOIN message m ON m.id = e.message_id JOIN sender s ON s.id = m.sender_id
           WHERE e.provider_ref = r.provider_ref AND s.account_id = r.account_id)
    ORDER BY r.id LIMIT 20000 FOR UPDATE SKIP LOCKED
)
RETURNING account_id, provider_ref, reference, outcome, reason, code, at, detail
"""


class ReceiptBook:
    """The one place in this process where receipts are applied. `providers` names each account's provider."""

    def __init__(self, pool: Pool, *, shard: int, providers: Mapping[int, str]) -> None:
        self._pool = pool
        self._shard = shard
        self._providers = providers
        self._prices: dict[str, tuple[float, PriceList]] = {}
        self._waiting: list[tuple[list[Word], asyncio.Future[None]]] = []
        self._wake = asyncio.Event()
        self.trouble: str | None = None

    async def take(self, account_id: int, receipts: Iterable[Receipt]) -> None:
        """Apply receipts; returns once they are durable, so that the carrier may be answered."""
        words = [_word(account_id, receipt) for receipt in receipts]
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((words, done))
        self._wake.set()
        await done

    async def run(self) -> None:
        """Apply what has come, again and again, and look after early receipts, until cancelled."""
        early_at = 0.0
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(EARLY_S):
                    await self._wake.wait()
            group, size = [], 0
            while self._waiting and size < AT_ONCE:
                group.append(self._waiting.pop(0))
                size += len(group[-1][0])
            if not self._waiting:
                self._wake.clear()
            if group:
                await self._apply([word for words, _ in group for word in words])
                for _, done in group:
                    if not done.done():
                        done.set_result(None)
            if time.monotonic() - early_at >= EARLY_S:
                early_at = time.monotonic()
                await self._apply(None)

    async def _apply(self, words: list[Word] | None) -> None:
        """Apply a set, or (None) early receipts that have become ripe, until the database took it."""
        while True:
            try:
                async with self._pool.connection() as connection, connection.transaction():
                    if words is None:
                        ripe = await (await connection.execute(RIPE)).fetchall()
                        if ripe:
                            await self._append(connection, [_stored(row) for row in ripe])
                    else:
                        await self._append(connection, words)
                self.trouble = None
                return
            except DATABASE_GONE as error:
                self.trouble = f"database: {first_line(error)}"
                log.warning("receipts wait for the database", extra={"error": first_line(error)})
                await asyncio.sleep(AGAIN_S)
            except psycopg.Error:
                if words is not None and len(words) > 1:
                    log.exception("a set of receipts was refused; one by one now")
                    for word in words:
                        await self._apply([word])
                elif words is not None:
                    log.exception("a receipt was refused", extra={"receipt": words[0]})
                    metrics.RECEIPTS.labels(result="refused").inc()
                else:
                    log.exception("early receipts were refused")
                return

    async def _append(self, connection: psycopg.AsyncConnection[Any], words: Sequence[Word]) -> None:
        known, early = await self._sort(connection, words)
        if early:
            await _keep(connection, early)
            metrics.RECEIPTS.labels(result="early").inc(len(early))
        if not known:
            return
        new = await _insert(connection, known)
        counts = Counts()
        refunds: dict[int, list[int]] = {}
        for campaign_id, kind, reason, account_id, message_kind, country, billed, messages, parts, amount in new:
            refunded = 0
            if kind == EventKind.DELIVERED and billed and amount:  # less than the higher price that was reserved
                rate = (await self._price_list(connection, account_id)).rate(billed, country)
                refunded = max(amount - rate.amount * messages, 0) if rate is not None else 0
            if kind in (EventKind.FAILED, EventKind.EXPIRED) and amount:
                prices = await self._price_list(connection, account_id)
                priced = "kakao_friend" if message_kind == MessageKind.KAKAO else KINDS[message_kind]
                rate = prices.rate(priced, country)
                if rate is not None and not rate.bills_failed:
                    refunded = amount
            if refunded:
                sums = refunds.setdefault(campaign_id, [0, 0])
                sums[0] += refunded
                sums[1] += messages
            counts.add(campaign_id, kind, reason, messages, parts, -refunded)
        await counts.write(connection, self._shard)
        for campaign_id, (amount, messages) in sorted(refunds.items()):
            movement = Movement(kind=EntryKind.REFUND, amount=amount, messages=messages, campaign_id=campaign_id)
            await connection.execute(MOVE, movement.parameters)
        applied = 0
        for (_, kind, reason), (messages, _, _) in counts.items():
            metrics.EVENTS.labels(kind=metrics.KIND[kind], reason=reason).inc(messages)
            applied += messages
        metrics.RECEIPTS.labels(result="applied").inc(applied)
        metrics.RECEIPTS.labels(result="repeated").inc(len(words) - len(early) - applied)

    async def _sort(
        self, connection: psycopg.AsyncConnection[Any], words: Sequence[Word]
    ) -> tuple[dict[int, Word], list[Word]]:
        """The strongest word about each message that we know, and the words about those we do not know yet."""
        words = await _resolve(connection, words)
        known: dict[int, Word] = {}
        early: list[Word] = []
        for word in words:  # a loop in Python: sets are small, and duplicates within one are rare
            if word.message_id is None:
                early.append(word)
            elif (other := known.get(word.message_id)) is None or word.kind < other.kind:
                known[word.message_id] = word
        cursor = await connection.execute(UNRECORDED, [arrays.integers(known)])
        for (message_id,) in await cursor.fetchall():
            early.append(known.pop(message_id))
        return known, early

    async def _price_list(self, connection: psycopg.AsyncConnection[Any], account_id: int) -> PriceList:
        provider = self._providers.get(account_id, "")
        read_at, prices = self._prices.get(provider, (0.0, None))
        if prices is None or time.monotonic() - read_at > PRICES_S:
            cursor = await connection.execute(IN_FORCE, [provider, datetime.now(UTC).date()])
            prices = PriceList(provider, rates(await cursor.fetchall()))
            self._prices[provider] = (time.monotonic(), prices)
        return prices


async def _insert(connection: psycopg.AsyncConnection[Any], known: Mapping[int, Word]) -> list[tuple[Any, ...]]:
    """Append the events. In id order, so that two dispatchers never wait for each other in a circle."""
    plain: list[tuple[int, Word]] = []
    rest: list[tuple[int, Word]] = []
    for message_id in sorted(known):
        word = known[message_id]
        (plain if word.kind == EventKind.DELIVERED.value and not word.code else rest).append((message_id, word))
    new: list[tuple[Any, ...]] = []
    if plain:
        ids, at = arrays.integers([i for i, _ in plain]), arrays.moments([word.at for _, word in plain])
        new += await (await connection.execute(APPEND_DELIVERED, [ids, at])).fetchall()
    if rest:
        cursor = await connection.execute(
            APPEND,
            [
                arrays.integers([i for i, _ in rest]),
                arrays.integers([word.kind for _, word in rest]),
                arrays.moments([word.at for _, word in rest]),
                arrays.texts([word.reason for _, word in rest]),
                arrays.texts([word.code for _, word in rest]),
                arrays.texts([_json(word.detail) for _, word in rest]),
            ],
        )
        new += await cursor.fetchall()
    return new


def _json(detail: dict[str, Any] | None) -> str | None:
    return json.dumps(detail, default=str).replace("\\u0000", "") if detail else None


async def _resolve(connection: psycopg.AsyncConnection[Any], words: Sequence[Word]) -> list[Word]:
    """Find out whose receipts those are that name only the carrier's id."""
    nameless: dict[int, set[str]] = {}
    for word in words:
        if word.message_id is None:
            nameless.setdefault(word.account_id, set()).add(word.provider_ref)
    if not nameless:
        return list(words)
    ours: dict[tuple[int, str], int] = {}
    for account_id, refs in nameless.items():
        cursor = await connection.execute(RESOLVE, [arrays.texts(refs), account_id])
        ours |= {(account_id, ref): message_id for ref, message_id in await cursor.fetchall()}
    return [
        word
        if word.message_id is not None
        else msgspec.structs.replace(word, message_id=ours.get((word.account_id, word.provider_ref)))
        for word in words
    ]


async def _keep(connection: psycopg.AsyncConnection[Any], early: Sequence[Word]) -> None:
    await connection.execute(
        KEEP,
        [
            arrays.integers([word.account_id for word in early]),
            arrays.texts([word.provider_ref for word in early]),
            arrays.integers([word.message_id for word in early]),
            arrays.integers([word.kind for word in early]),
            arrays.texts([word.reason for word in early]),
            arrays.texts([word.code for word in early]),
            arrays.moments([word.at for word in early]),
            arrays.texts([_json(word.detail) for word in early]),
        ],
    )


def _word(account_id: int, receipt: Receipt) -> Word:
    delivered = receipt.outcome == "delivered"
    return Word(
        account_id=account_id,
        provider_ref=clip(receipt.provider_id),
        message_id=receipt.reference,
        kind=OUTCOMES[receipt.outcome],
        reason="" if delivered or receipt.reason is None else receipt.reason.value,
        code=clip(receipt.billed if delivered and receipt.billed else receipt.code),
        at=receipt.at,
        detail=None if delivered or not receipt.raw else receipt.raw,  # what went well needs no evidence
    )


def _stored(row: Sequence[Any]) -> Word:
    account_id, provider_ref, reference, outcome, reason, code, at, detail = row
    return Word(
        account_id=account_id,
        provider_ref=provider_ref,
        message_id=reference,
        kind=outcome,
        reason=reason,
        code=code,
        at=at,
        detail=detail,
    )
