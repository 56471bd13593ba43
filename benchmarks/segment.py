"""The builder's count of "bought shoes at least twice in the last 30 days, no cart this week, lives in 서울, subscribed".

What the builder asks is the total, who can be reached, and the count of each condition with the change that it makes. Floor:
one bare ClickHouse query for the total alone, written by hand for this sentence. Peer (`benchmarks.peer`): PostgreSQL for the
same row, with indexes that serve any condition and can hold any event. Without a goal: with an index that also holds the
properties (PostgreSQL then refuses an event with much in it), with an index that serves this sentence only, and for the total
alone. The values change from question to question. The peer's queries and their plans go to standard error.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from copy import deepcopy
from datetime import timedelta
from statistics import median
from typing import Any, LiteralString

import psycopg

from benchmarks import Result, peer, shop

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

    counts = _times(lambda values: ask(compiler.counts, values), QUESTIONS)
    total = _times(lambda values: ask(compiler.count, values)[:1], QUESTIONS)
    floor = _times(bare, QUESTIONS)
    shop.index(dsn)
    with psycopg.connect(dsn, autocommit=True) as connection:
        for setting in peer.SETTINGS:
            connection.execute(setting)

        def asked(query: LiteralString, title: str) -> _times:
            found = _times(lambda values: connection.execute(query, values).fetchone(), PEER_QUESTIONS)
            peer.explain(connection, query, _values(0), title)
            return found

        any_counts = asked(peer.COUNTS, "all that the builder shows; indexes for any condition and any event")
        any_total = asked(peer.TOTAL, "the total alone; indexes for any condition and any event")
        connection.execute(shop.COVERING)
        connection.execute("VACUUM (ANALYZE) shop_event")
        covered_counts = asked(peer.COUNTS, "all that the builder shows; properties in an index")
        covered_total = asked(peer.TOTAL, "the total alone; properties in an index")
        refuses = peer.refuses_large_events(connection)
        connection.execute("DROP INDEX shop_event_covering")
        connection.execute(peer.SENTENCE_INDEX)
        connection.execute("VACUUM (ANALYZE) shop_event")
        own_counts = asked(peer.COUNTS, "all that the builder shows; an index for this sentence alone")
        own_total = asked(peer.TOTAL, "the total alone; an index for this sentence alone")
        connection.execute("DROP INDEX shop_event_sentence")
    _agree(counts, any_counts, covered_counts, own_counts)
    _agree(total, floor, any_total, covered_total, own_total)
    p95 = sorted(counts.seconds)[int(len(counts.seconds) * 0.95) - 1]
    faster = any_counts.median / counts.median
    size = f"{shop.EVENTS:,} events, {shop.PEOPLE:,} people"
    covered = "properties in an index" + (", which refuses larger events" if refuses else "")
    return [
        Result(
            name=f"segment: builder's count with every part, p95 ({size})",
            value=p95,
            unit="s",
            floor=floor.median,
            ratio=p95 / floor.median,
            goal="≤ 0.5 s",
            met=p95 <= 0.5,
        ),
        Result(name="segment: builder's count with every part, median", value=counts.median, unit="s"),
        Result(name="segment: the total alone, median", value=total.median, unit="s", floor=floor.median),
        Result(
            name="segment: PostgreSQL, every part, indexes for any condition and event, median (× ours)",
            value=any_counts.median,
            unit="s",
            ratio=faster,
            goal="≥ 5×",
            met=faster >= 5,
        ),
        *(
            Result(name=f"segment: PostgreSQL, {name}, median (× ours)", value=theirs.median, unit="s",
                   ratio=theirs.median / ours.median)
            for name, theirs, ours in (
                (f"every part, {covered}", covered_counts, counts),
                ("every part, an index for this sentence alone", own_counts, counts),
                ("the total alone, indexes for any condition and event", any_total, total),
                (f"the total alone, {covered}", covered_total, total),
                ("the total alone, an index for this sentence alone", own_total, total),
            )
        ),
    ]  # fmt: skip


class _times:
    """Ask `count` questions, each with other values; `seconds` of each and its `answers`. One more to warm up."""

    def __init__(self, ask: Callable[[dict[str, Any]], Any], count: int) -> None:
        self.seconds: list[float] = []
        self.answers: list[tuple[Any, ...]] = []
        ask(_values(0))
        for number in range(count):
            started = time.perf_counter()
            found = ask(_values(number))
            self.seconds.append(time.perf_counter() - started)
            self.answers.append(tuple(list(cell) if isinstance(cell, (list, tuple)) else cell for cell in found))

    @property
    def median(self) -> float:
        return median(self.seconds)


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
    answers: list[Sequence[Any]] = [times.answers[:shortest] for times in all_]
    if any(answer != answers[0] for answer in answers) or not sum(row[0] for row in answers[0]):
        raise RuntimeError(f"the counts differ: {answers}")
