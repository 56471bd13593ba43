"""What the warehouse copies from our tables, and the one warehouse of this process."""

from __future__ import annotations

import threading
from contextlib import suppress

from prometheus_client import Gauge

from pabal.campaigns.candidates import name_of, working_tables
from pabal.campaigns.lifecycle import unfinished_plans
from pabal.config import Config
from pabal.errors import Unavailable
from pabal.warehouse.client import Warehouse
from pabal.warehouse.owners import Owners
from pabal.warehouse.schema import drop_working_tables
from pabal.warehouse.sync import Source, Synchroniser

INFO = Gauge("pabal_warehouse_info", "The ClickHouse in use", ["version", "kind"])

#: A deleted profile leaves a tombstone; its other rows are only ever reached through it.
SOURCES = (
    Source(
        name="profile",
        table="profile",
        of="profile",
        query="""
        SELECT id AS profile_id, external_id, phone, email, first_name, last_name, locale, time_zone, country, region,
               zones, properties::text AS json, created_at
        FROM profile WHERE xid >= {low} AND xid < {high}
        """,
    ),
    Source(
        name="profile_tombstone",
        table="profile",
        query="""
        SELECT profile_id, 1::smallint AS deleted FROM profile_tombstone t WHERE xid >= {low} AND xid < {high}
        AND NOT EXISTS (SELECT FROM profile p WHERE p.id = t.profile_id)
        """,
    ),
    Source(
        name="consent",
        table="consent",
        of="consent",
        query="""
        SELECT profile_id, channel, purpose, state, changed_at FROM consent WHERE xid >= {low} AND xid < {high}
        """,
    ),
    Source(
        name="list_member",
        table="list_member",
        of="list_member",
        query="""
        SELECT list_id, profile_id, added_at, (removed_at IS NOT NULL)::int::smallint AS deleted
        FROM list_member WHERE xid >= {low} AND xid < {high}
        """,
    ),
    Source(
        name="suppression",
        table="suppression",
        of="suppression",
        query="""
        SELECT phone, reason, (lifted_at IS NOT NULL)::int::smallint AS deleted
        FROM suppression WHERE xid >= {low} AND xid < {high}
        """,
    ),
    # Messages and skips have no change marker of their own: a plan's chunks say which ids they wrote.
    Source(
        name="message",
        table="message",
        of="message",
        query="""
        SELECT m.message_id, m.campaign_id, coalesce(g.new_id, m.profile_id) AS profile_id, m.sender_id, m.phone,
               m.country, m.kind, m.encoding, m.parts, m.amount, m.send_after
        FROM plan_chunk c CROSS JOIN LATERAL (
            SELECT id AS message_id, campaign_id, profile_id, sender_id, phone, country, kind, encoding, parts,
                   amount::bigint AS amount, send_after
            FROM message WHERE id BETWEEN c.first_message_id AND c.last_message_id ORDER BY id OFFSET 0
        ) m LEFT JOIN profile_merge g ON g.old_id = m.profile_id
        WHERE c.xid >= {low} AND c.xid < {high}
        """,
    ),
    Source(
        name="skip",
        table="skip",
        of="skip",
        query="""
        SELECT s.* FROM plan_chunk c CROSS JOIN LATERAL (
            SELECT id AS skip_id, campaign_id, profile_id, reason, at
            FROM skip WHERE id BETWEEN c.first_skip_id AND c.last_skip_id ORDER BY id OFFSET 0
        ) s WHERE c.xid >= {low} AND c.xid < {high}
        """,
    ),
    Source(
        name="message_event",
        table="message_event",
        of="message_event",
        query="""
        SELECT message_id, kind, at, reason FROM message_event WHERE xid >= {low} AND xid < {high}
        """,
    ),
    # Times beyond what ClickHouse holds are brought to its ends, infinity too.
    Source(
        name="event",
        table="event",
        of="event",
        query="""
        SELECT id AS event_id, name, profile_id, least(greatest(at, '1900-01-01Z'), '2299-12-31Z') AS at,
               properties AS json
        FROM event WHERE xid >= {low} AND xid < {high} AND profile_id IS NOT NULL
        """,
    ),
    Source(
        name="batch",
        table="batch",
        of="batch",
        query="""
        SELECT id AS batch_id, campaign_id, sender_id, first_id, last_id, next_id, state
        FROM batch WHERE xid >= {low} AND xid < {high}
        """,
    ),
)

#: An event's person changes only by a merge, or when an anonymous visitor turns out to be somebody: then it was not
#: here before. Somebody who was erased leaves an empty row.
OWNERS = Owners(
    merges="SELECT old_id, new_id FROM profile_merge WHERE xid >= {low} AND xid < {high} ORDER BY id",
    forgotten="""
    SELECT profile_id FROM profile_tombstone WHERE xid >= {low} AND xid < {high}
    UNION SELECT id FROM profile
    WHERE xid >= {low} AND xid < {high} AND external_id IS NULL AND phone = '' AND email = ''
    """,
    events="SELECT id, profile_id FROM event WHERE id IN ({ids})",
    suppressed="SELECT phone FROM suppression WHERE phone IN ({phones})",
)

_opening = threading.Lock()
_current: Synchroniser | None = None


def open_warehouse(config: Config) -> Synchroniser:
    """Open this process's warehouse, or return the one that is open. Only the engine does so.

    Raises `Unavailable` when another process has it, or it does not start.
    """
    global _current
    with _opening:
        if _current is None:
            warehouse = Warehouse(path=config.home_path / "warehouse", url=config.clickhouse_url)
            drop_working_tables(warehouse, but=_frozen())
            INFO.labels(version=warehouse.version, kind="server" if config.clickhouse_url else "chdb").set(1)
            _current = Synchroniser(warehouse, config.database_dsn, SOURCES, OWNERS)
        return _current


def _frozen() -> set[str]:
    """The audiences of plans that an earlier engine left: they go on with them."""
    return {table for pk in unfinished_plans() for table in working_tables(name_of(pk, write=True))}


def current() -> Synchroniser:
    """The warehouse of this process. Raises `Unavailable` in a process that has not opened it."""
    if _current is None:
        raise Unavailable("Planning runs in the engine; this process has no warehouse.", code="no_warehouse")
    return _current


def close_warehouse() -> None:
    """Close it, for whoever opens another one in the same process."""
    global _current
    with _opening, suppress(Unavailable):
        if _current is not None:
            _current.warehouse.close()
        _current = None
