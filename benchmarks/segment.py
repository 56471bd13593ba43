"""The builder's count of "bought shoes at least twice in the last 30 days, no cart this week, lives in 서울, subscribed".

What the builder asks is the total, who can be reached, and the count of each condition with the change that it makes. Floor:
one bare ClickHouse query for the total alone, written by hand for this sentence. Peer: PostgreSQL for the total alone, with
covering indexes that serve any condition; and, without a goal, with one more index that serves this sentence only.
The values change from question to question. The peer's query and its plan go to standard error.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from copy import deepcopy
from datetime import timedelta
from statistics import median
from typing import Any

import psycopg

from benchmarks import Result, shop

QUESTIONS = 40
PEER_QUESTIONS = 10
_CATEGORIES = ("shoes", "bags", "hats", "coats")

_BARE = """
SELECT count() FROM profile FINAL
WHERE properties.city.:String = '서울'
  AND profile_id IN (
      SELECT profile_id FROM consent FINAL WHERE channel = 'text' AND purpose = 'promotional' AND state = 'subscribed')
  AND profile_id IN (
      SELECT profile_id FROM event
      WHERE name = 'Order Completed' AND at >= {since:DateTime64(3, 'UTC')} AND at <= {now:DateTime64(3, 'UTC')}
        AND properties.category.:String = {category:String}
      GROUP BY profile_id HAVING count() >= 2)
  AND profile_id NOT IN (
      SELECT profile_id FROM event
      WHERE name = 'Cart Viewed' AND at >= {week:DateTime64(3, 'UTC')} AND at <= {now:DateTime64(3, 'UTC')})
"""

#: Of the ways we tried the quickest: few have bought twice, so everything else is looked up for them.
PEER = """
WITH bought AS MATERIALIZED (
    SELECT profile_id FROM shop_event
    WHERE name = 'Order Completed' AND at >= %(since)s AND at <= %(now)s AND properties->>'category' = %(category)s
    GROUP BY profile_id HAVING count(*) >= 2
)
SELECT count(*)
FROM bought
JOIN shop_profile p ON p.id = bought.profile_id AND p.properties->>'city' = '서울'
JOIN shop_consent c ON c.profile_id = bought.profile_id AND channel = 'text' AND purpose = 'promotional' AND state = 'subscribed'
WHERE NOT EXISTS (
    SELECT FROM shop_event cart
    WHERE cart.profile_id = bought.profile_id AND cart.name = 'Cart Viewed' AND cart.at >= %(week)s AND cart.at <= %(now)s
)
"""
_PEER_SETTINGS = (
    "SET work_mem = '512MB'",
    "SET random_page_cost = 1.1",
    "SET effective_cache_size = '8GB'",
    "SET max_parallel_workers_per_gather = 2",
    "SET jit = off",
)
SENTENCE_INDEX = (
    "CREATE INDEX shop_event_sentence ON shop_event ((properties->>'category'), at) INCLUDE (profile_id) "
    "WHERE name = 'Order Completed'"
)


def run() -> list[Result]:
    """Ours, the floor and the peer, on the same rows."""
    from pabal.config import get
    from pabal.warehouse import compiler
    from pabal.warehouse.conditions import parse

    dsn = get().database_dsn
    shop.fill(dsn)
    warehouse = shop.warehouse(dsn)

    def ask(write: Callable[..., compiler.Query], values: dict[str, Any]) -> Any:
        query = write(parse(_sentence(values)), now=values["now"], zone=shop.ZONE)
        return warehouse.rows(query.sql, query.parameters)[0]

    def bare(values: dict[str, Any]) -> Any:
        return warehouse.rows(_BARE, values)[0]

    counts = _times(lambda values: ask(compiler.counts, values)[0], QUESTIONS)
    total = _times(lambda values: ask(compiler.count, values)[0], QUESTIONS)
    floor = _times(lambda values: bare(values)[0], QUESTIONS)
    shop.index(dsn)
    with psycopg.connect(dsn, autocommit=True) as connection:
        for setting in _PEER_SETTINGS:
            connection.execute(setting)

        def peer(values: dict[str, Any]) -> Any:
            return connection.execute(PEER, values).fetchone()[0]  # type: ignore[index]

        general = _times(peer, PEER_QUESTIONS)
        _explain(connection, "with covering indexes for any condition")
        connection.execute(SENTENCE_INDEX)
        connection.execute("VACUUM (ANALYZE) shop_event")
        special = _times(peer, PEER_QUESTIONS)
        _explain(connection, "with an index for this sentence alone")
        connection.execute("DROP INDEX shop_event_sentence")
    _agree(counts, total, floor, general, special)
    faster = median(general.seconds) / median(total.seconds)
    p95 = sorted(counts.seconds)[int(len(counts.seconds) * 0.95) - 1]
    size = f"{shop.EVENTS:,} events, {shop.PEOPLE:,} people"
    return [
        Result(
            name=f"segment: builder's count with every part, p95 ({size})",
            value=p95,
            unit="s",
            floor=median(floor.seconds),
            ratio=p95 / median(floor.seconds),
            goal="≤ 0.5 s",
            met=p95 <= 0.5,
        ),
        Result(
            name="segment: the total alone, median", value=median(total.seconds), unit="s", floor=median(floor.seconds)
        ),
        Result(
            name="segment: PostgreSQL, indexes for any condition, total, median",
            value=median(general.seconds),
            unit="s",
            ratio=faster,
            goal="ours ≥ 5× faster",
            met=faster >= 5,
        ),
        Result(
            name="segment: PostgreSQL, an index for this sentence alone, median",
            value=median(special.seconds),
            unit="s",
            ratio=median(special.seconds) / median(total.seconds),
        ),
    ]


class _times:
    """Ask `count` questions, each with other values; `seconds` of each and its `answers`. One more to warm up."""

    def __init__(self, ask: Callable[[dict[str, Any]], Any], count: int) -> None:
        self.seconds: list[float] = []
        self.answers: list[int] = []
        ask(_values(0))
        for number in range(count):
            started = time.perf_counter()
            self.answers.append(int(ask(_values(number))))
            self.seconds.append(time.perf_counter() - started)


def _values(number: int) -> dict[str, Any]:
    now = shop.NOW - timedelta(hours=number % 7)
    return {
        "now": now,
        "since": now - timedelta(days=30),
        "week": now - timedelta(days=7),
        "category": _CATEGORIES[number % len(_CATEGORIES)],
    }


def _sentence(values: dict[str, Any]) -> dict[str, Any]:
    sentence = deepcopy(shop.SENTENCE)
    sentence["conditions"][0]["where"][0]["value"] = values["category"]
    return sentence


def _agree(*all_: _times) -> None:
    """All count the same people, and there are some."""
    shortest = min(len(times.answers) for times in all_)
    answers: list[Sequence[int]] = [times.answers[:shortest] for times in all_]
    if any(answer != answers[0] for answer in answers) or not sum(answers[0]):
        raise RuntimeError(f"the counts differ: {answers}")


def _explain(connection: psycopg.Connection[Any], title: str) -> None:
    plan = connection.execute("EXPLAIN (ANALYZE, BUFFERS) " + PEER, _values(0)).fetchall()
    print(f"PostgreSQL {title}:\n{PEER}", *(line for (line,) in plan), sep="\n", file=sys.stderr, flush=True)
