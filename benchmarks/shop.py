"""A shop with many customers, for the benchmarks of segments: in PostgreSQL with the best indexes, and in the warehouse.

Events are half a year's, in the order of time, as a shop that grows writes them; a few people do most of it.
`PABAL_BENCH_EVENTS` sets how many (20,000,000); there is a person for every twenty of them.
"""

from __future__ import annotations

import os
import sys
import time
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import psycopg

if TYPE_CHECKING:
    from pabal.warehouse.client import Warehouse

EVENTS = int(os.environ.get("PABAL_BENCH_EVENTS", "20000000"))
PEOPLE = EVENTS // 20
NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
ZONE = "Asia/Seoul"

#: The sentence of the builder: bought shoes at least twice in the last 30 days, no cart this week, lives in 서울, subscribed.
SENTENCE: dict[str, Any] = {
    "type": "group",
    "match": "all",
    "conditions": [
        {
            "type": "event",
            "name": "Order Completed",
            "where": [{"name": "category", "kind": "text", "operator": "equals", "value": "shoes"}],
            "operator": "at_least",
            "value": 2,
            "window": {"last": 30, "unit": "days"},
        },
        {
            "type": "event",
            "name": "Cart Viewed",
            "operator": "exactly",
            "value": 0,
            "window": {"last": 7, "unit": "days"},
        },
        {"type": "property", "name": "city", "kind": "text", "operator": "equals", "value": "서울"},
        {"type": "consent", "channel": "text", "purpose": "promotional", "state": "subscribed"},
    ],
}

_PROFILES = """
SELECT i AS id, 'c' || i AS external_id, '+8210' || lpad(i::text, 8, '0') AS phone, 'ko' AS locale, 'KR' AS country,
       'Asia/Seoul' AS zones, timestamptz '2026-01-01 00:00Z' AS created_at, jsonb_build_object(
           'city', CASE WHEN h % 100 < 25 THEN '서울' ELSE (array['부산','대구','인천','광주','대전','울산','수원'])[1 + h / 100 % 7] END,
           'grade', (array['vip','gold','silver','basic'])[1 + h / 1000 % 4], 'points', h / 10000 % 10000) AS properties
FROM (SELECT i, hashint8extended(i, 1) & 1073741823 AS h FROM generate_series(1::bigint, {people}) i)
"""
_CONSENTS = """
SELECT id AS profile_id, 'text' AS channel, 'promotional' AS purpose,
       CASE WHEN (hashint8extended(id, 2) & 1023) < 717 THEN 'subscribed' ELSE 'unsubscribed' END AS state,
       timestamptz '2026-11-24 10:00Z' - (hashint8extended(id, 3) & 31457279) * interval '1 second' AS changed_at
FROM generate_series(1::bigint, {people}) id
"""
# A power of an even number makes some people do much, and most of them little.
_EVENTS = """
SELECT i AS event_id, 1 + floor(power((hashint8extended(i, 4) & 1048575) / 1048576.0::float8, 1.5) * {people})::bigint AS profile_id,
       CASE WHEN h % 100 < 50 THEN 'Product Viewed' WHEN h % 100 < 65 THEN 'Product Added' WHEN h % 100 < 78 THEN 'Cart Viewed'
            WHEN h % 100 < 88 THEN 'Order Completed' WHEN h % 100 < 94 THEN 'Coupon Used' ELSE 'App Opened' END AS name,
       timestamptz '2026-11-24 10:00Z' - ({last} - i) * (interval '180 days' / {last}) AS at,
       '{{"category":"' || (array['shoes','shirts','bags','hats','coats','socks','toys','books'])[1 + h / 100 % 8]
        || '","revenue":' || (h / 1000 % 30000) / 100.0 || ',"quantity":' || 1 + h / 10000 % 5
        || ',"sku":"S' || h / 100000 % 5000 || '"}}' AS properties
FROM (SELECT i, hashint8extended(i, 5) & 1099511627775 AS h FROM generate_series({first}::bigint, {last}) i)
"""

#: Made without knowing the sentence, and for any event that may come: those of a window with their people.
INDEXES = (
    "CREATE INDEX shop_event_window ON shop_event (name, at) INCLUDE (profile_id)",
    "CREATE INDEX shop_event_person ON shop_event (profile_id, name, at)",
    "CREATE UNIQUE INDEX shop_profile_id ON shop_profile (id)",
    "CREATE INDEX shop_profile_city ON shop_profile ((properties->>'city'))",
    "CREATE INDEX shop_profile_properties ON shop_profile USING gin (properties jsonb_path_ops)",
    "CREATE UNIQUE INDEX shop_consent_person ON shop_consent (profile_id, channel, purpose) INCLUDE (state)",
    "CREATE INDEX shop_consent_state ON shop_consent (channel, purpose, state) INCLUDE (profile_id)",
)

#: Answers from the index alone, but PostgreSQL then refuses each event whose properties are larger than 2.7 kB.
COVERING = "CREATE INDEX IF NOT EXISTS shop_event_covering ON shop_event (name, at) INCLUDE (profile_id, properties)"


def fill(dsn: str) -> None:
    """The people, what they agreed to and what they did, in lean tables of their own with JSONB."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        if connection.execute("SELECT to_regclass('shop_event')").fetchone() != (None,):
            return
        connection.execute("CREATE TABLE shop_profile AS " + _PROFILES.format(people=PEOPLE))
        connection.execute("CREATE TABLE shop_consent AS " + _CONSENTS.format(people=PEOPLE))
        _say("people")
        events = _EVENTS.format(people=PEOPLE, first=1, last=EVENTS)
        connection.execute(
            "CREATE TABLE shop_event AS SELECT event_id, profile_id, at, name, properties::jsonb AS properties "
            f"FROM ({events})"
        )
        _say("events")


def fill_product(cursor: Any, *, people: int, events: int) -> None:
    """The same rows in the product's own tables, which are empty (`empty_product`)."""
    cursor.execute(
        "INSERT INTO profile (id, external_id, phone, email, first_name, last_name, locale, time_zone, country, region, zones, "
        "properties, created_at) SELECT id, external_id, phone, '', '', '', locale, '', country, 'KR', zones, properties, "
        f"created_at FROM ({_PROFILES.format(people=people)})"
    )
    cursor.execute(
        "INSERT INTO consent (profile_id, channel, purpose, state, changed_at) SELECT profile_id, channel, purpose, state, "
        f"changed_at FROM ({_CONSENTS.format(people=people)})"
    )
    add_events(cursor, people=people, events=events)


def add_events(cursor: Any, *, people: int, events: int, first: int = 1) -> None:
    """Add the events numbered from `first`; they are of profiles 1 to `people`."""
    rows = _EVENTS.format(people=people, first=first, last=first + events - 1)
    cursor.execute(
        "INSERT INTO event (key, name, profile_id, at, properties) SELECT md5(event_id::text)::uuid, name, profile_id, at, "
        f"properties FROM ({rows})"
    )


def empty_product(cursor: Any) -> None:
    """Remove what `fill_product` made."""
    cursor.execute("TRUNCATE event, event_name, event_property, consent, profile CASCADE")


def index(dsn: str) -> None:
    """The indexes of the PostgreSQL that we compare with, its statistics and its visibility map."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("SET maintenance_work_mem = '1GB'")
        for statement in INDEXES:
            connection.execute(statement.replace("INDEX", "INDEX IF NOT EXISTS", 1))
        for table in ("shop_profile", "shop_consent", "shop_event"):
            connection.execute(f"VACUUM (ANALYZE) {table}")
        _say("indexes")


@cache
def warehouse(dsn: str) -> Warehouse:
    """The warehouse of this process, filled with them by the product's own synchronisation."""
    from pabal.config import get
    from pabal.warehouse.client import Warehouse
    from pabal.warehouse.sync import Source, Synchroniser

    tables = {
        "profile": "id AS profile_id, external_id, phone, locale, country, zones, properties::text AS json, created_at",
        "consent": "profile_id, channel, purpose, state, changed_at",
        "event": "event_id, name, profile_id, at, properties::text AS json",
    }
    sources = [
        Source(name=table, table=table, query=f"SELECT {columns} FROM shop_{table}")
        for table, columns in tables.items()
    ]
    opened = Warehouse(path=get().home_path / "shop")
    synchroniser = Synchroniser(opened, dsn, sources)
    synchroniser.run_once()
    opened.command("OPTIMIZE TABLE event")
    _say("warehouse")
    return opened


_started = time.monotonic()


def _say(what: str) -> None:
    print(f"  {what} ready after {time.monotonic() - _started:.0f} s", file=sys.stderr, flush=True)
