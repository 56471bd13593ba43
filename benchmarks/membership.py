"""Whether one person belongs to the segment of `benchmarks.segment`: p95 over people picked at random.

Floor: a bare look-up of what one person did, of the two events that the sentence names.
"""

from __future__ import annotations

import random
import time
from statistics import median

from benchmarks import Result, shop

QUESTIONS = 200

_BARE = """
SELECT name, count() FROM event WHERE name IN ('Order Completed', 'Cart Viewed') AND profile_id = {who:UInt64}
AND at >= {since:DateTime64(3, 'UTC')} GROUP BY name
"""


def run() -> list[Result]:
    """Membership and its floor."""
    from datetime import timedelta

    from pabal.config import get
    from pabal.warehouse import compiler
    from pabal.warehouse.conditions import parse

    dsn = get().database_dsn
    shop.fill(dsn)
    warehouse = shop.warehouse(dsn)
    condition = parse(shop.SENTENCE)
    whole = compiler.compile(condition, now=shop.NOW, zone=shop.ZONE)
    members = {row[0] for row in warehouse.rows(whole.sql, whole.parameters)}
    chance = random.Random(7)
    asked = [chance.randint(1, shop.PEOPLE) for _ in range(QUESTIONS)]
    asked[::10] = chance.choices(sorted(members), k=len(asked[::10]))
    since = shop.NOW - timedelta(days=30)
    seconds, floor = [], []
    for profile in asked:
        started = time.perf_counter()
        query = compiler.membership(condition, [profile], now=shop.NOW, zone=shop.ZONE)
        found = warehouse.rows(query.sql, query.parameters)
        seconds.append(time.perf_counter() - started)
        if (found == [(profile,)]) != (profile in members):
            raise RuntimeError(f"profile {profile}: {found}, but the segment says otherwise")
        started = time.perf_counter()
        warehouse.rows(_BARE, {"who": profile, "since": since})
        floor.append(time.perf_counter() - started)
    p95 = sorted(seconds)[int(len(seconds) * 0.95) - 1]
    return [
        Result(
            name=f"membership of one profile, p95 ({shop.EVENTS:,} events)",
            value=p95 * 1000,
            unit="ms",
            floor=median(floor) * 1000,
            ratio=p95 / median(floor),
            goal="≤ 20 ms",
            met=p95 <= 0.020,
        ),
        Result(name="membership of one profile, median", value=median(seconds) * 1000, unit="ms"),
    ]
