"""The sentence of `benchmarks.segment` in PostgreSQL: the total alone, and all that the builder shows.

Of the ways we tried the quickest. Few have bought twice, so everything else is looked up for them; what a condition is worth
by itself is counted over all people at once, from an index where there is one.
"""

from __future__ import annotations

import sys
from typing import Any, LiteralString

import psycopg

SETTINGS: tuple[LiteralString, ...] = (
    "SET work_mem = '512MB'",
    "SET random_page_cost = 1.1",
    "SET effective_cache_size = '8GB'",
    "SET max_parallel_workers_per_gather = 2",
    "SET jit = off",
)

_BOUGHT: LiteralString = """
WITH bought AS MATERIALIZED (
    SELECT profile_id FROM shop_event
    WHERE name = 'Order Completed' AND at >= %(since)s AND at <= %(now)s AND properties->>'category' = %(category)s
    GROUP BY profile_id HAVING count(*) >= 2
)"""

TOTAL: LiteralString = (
    _BOUGHT
    + """
SELECT count(*)
FROM bought
JOIN shop_profile p ON p.id = bought.profile_id AND p.properties->>'city' = '서울'
JOIN shop_consent c ON c.profile_id = bought.profile_id AND channel = 'text' AND purpose = 'promotional' AND state = 'subscribed'
WHERE NOT EXISTS (
    SELECT FROM shop_event cart
    WHERE cart.profile_id = bought.profile_id AND cart.name = 'Cart Viewed' AND cart.at >= %(week)s AND cart.at <= %(now)s
)
"""
)

#: One row as `compiler.counts` gives it: total, reachable, everybody, each part alone, each part with those before it.
COUNTS: LiteralString = (
    _BOUGHT
    + """, cart AS MATERIALIZED (
    SELECT DISTINCT profile_id FROM shop_event WHERE name = 'Cart Viewed' AND at >= %(week)s AND at <= %(now)s
), buyer AS MATERIALIZED (
    SELECT cart.profile_id IS NULL AS no_cart, p.properties->>'city' = '서울' AS city, c.profile_id IS NOT NULL AS agreed,
           p.phone <> '' AS phone
    FROM bought JOIN shop_profile p ON p.id = bought.profile_id LEFT JOIN cart USING (profile_id)
    LEFT JOIN shop_consent c ON c.profile_id = bought.profile_id AND channel = 'text' AND purpose = 'promotional'
        AND state = 'subscribed'
), everybody AS MATERIALIZED (SELECT count(*) AS people FROM shop_profile)
SELECT count(*) FILTER (WHERE no_cart AND city AND agreed), count(*) FILTER (WHERE no_cart AND city AND agreed AND phone),
       (SELECT people FROM everybody),
       ARRAY[
           count(*),
           (SELECT people FROM everybody) - (SELECT count(*) FROM cart JOIN shop_profile p ON p.id = cart.profile_id),
           (SELECT count(*) FROM shop_profile WHERE properties->>'city' = '서울'),
           (SELECT count(*) FROM shop_consent JOIN shop_profile p ON p.id = profile_id
            WHERE channel = 'text' AND purpose = 'promotional' AND state = 'subscribed')],
       ARRAY[count(*), count(*) FILTER (WHERE no_cart), count(*) FILTER (WHERE no_cart AND city),
             count(*) FILTER (WHERE no_cart AND city AND agreed)]
FROM buyer
"""
)

#: What one would build for a report that never changes.
SENTENCE_INDEX: LiteralString = (
    "CREATE INDEX shop_event_sentence ON shop_event ((properties->>'category'), at) INCLUDE (profile_id) "
    "WHERE name = 'Order Completed'"
)


def explain(connection: psycopg.Connection[Any], query: LiteralString, values: dict[str, Any], title: str) -> None:
    """The query and its plan to standard error."""
    plan = connection.execute("EXPLAIN (ANALYZE, BUFFERS) " + query, values).fetchall()
    print(f"PostgreSQL {title}:\n{query}", *(line for (line,) in plan), sep="\n", file=sys.stderr, flush=True)


def refuses_large_events(connection: psycopg.Connection[Any]) -> bool:
    """Whether an event with 4 kB of properties, which the edge takes, cannot be stored any more."""
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(
                "INSERT INTO shop_event (event_id, profile_id, at, name, properties) SELECT 0, 1, now(), 'Large', "
                "jsonb_build_object('note', string_agg(md5(n::text), '')) FROM generate_series(1, 250) n"
            )
    except psycopg.errors.ProgramLimitExceeded:
        return True
    return False
