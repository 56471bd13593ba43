"""The warehouse's tables.

Tables that change are `ReplacingMergeTree(round, deleted)`: of the rows with one key, the one from the latest round of
synchronisation counts, and it hides the key when `deleted`. Read them with `FINAL`. A round is one snapshot of
PostgreSQL, so its number orders what was seen, which transaction numbers do not: a transaction that began early may
commit late.

`event` grows only: a plain `MergeTree`, read without `FINAL`. Each event is in it once (`sync` says how).

`number` is a phone as a number (E.164 without the plus): joins over it are several times faster than over text.
"""

from __future__ import annotations

import os
from collections.abc import Collection

from pabal.warehouse.client import Warehouse

#: Raised with each change of the tables: an older warehouse is dropped and filled again from PostgreSQL.
VERSION = 3

#: Months are the parts of the table. What a wrong clock or a hostile sender dates outside of these years shares two
#: parts, so that no insert is spread over more than 722.
_MONTH = "multiIf(at < '1990-01-01 00:00:00', 0, at >= '2050-01-01 00:00:00', 999912, toYYYYMM(at))"

#: Tables that hold what they are given: no row replaces another.
APPENDED = frozenset({"event"})

_ROUND = "round UInt64, deleted UInt8 DEFAULT 0"
#: JSON arrives as text in `json`. An insert would read a text that looks like a date as one; the cast does not (with the
#: settings of `client`), so that a text stays as it was sent.
_PROPERTIES = "json String EPHEMERAL, properties JSON DEFAULT CAST(if(json = '', '{}', json), 'JSON')"
_JSON = "JSON(max_dynamic_paths=256, max_dynamic_types=16)"
_NUMBER = "number UInt64 MATERIALIZED toUInt64OrZero(substring(phone, 2))"

TABLES: dict[str, str] = {
    "profile": f"""
        profile_id UInt64, external_id String, phone String, {_NUMBER}, email String,
        first_name String, last_name String, locale LowCardinality(String), time_zone LowCardinality(String),
        country LowCardinality(String), region LowCardinality(String), zones LowCardinality(String),
        {_PROPERTIES}, created_at DateTime64(6, 'UTC'), {_ROUND}
        """
    + ") ENGINE = ReplacingMergeTree(round, deleted) ORDER BY profile_id",
    "consent": f"""
        profile_id UInt64, channel LowCardinality(String), purpose LowCardinality(String),
        state LowCardinality(String), changed_at DateTime64(6, 'UTC'), {_ROUND}
        """
    + ") ENGINE = ReplacingMergeTree(round, deleted) ORDER BY (channel, purpose, profile_id)",
    "list_member": f"list_id UInt64, profile_id UInt64, added_at DateTime64(6, 'UTC'), {_ROUND}"
    + ") ENGINE = ReplacingMergeTree(round, deleted) ORDER BY (list_id, profile_id)",
    "suppression": f"phone String, {_NUMBER}, reason LowCardinality(String), {_ROUND}"
    + ") ENGINE = ReplacingMergeTree(round, deleted) ORDER BY phone",
    "message": f"""
        message_id UInt64, campaign_id UInt64, profile_id UInt64, sender_id UInt32, phone String, {_NUMBER},
        country LowCardinality(String), kind UInt8, encoding UInt8, parts UInt16, amount Int64,
        send_after DateTime64(6, 'UTC'), {_ROUND},
        INDEX by_campaign campaign_id TYPE minmax, INDEX by_time send_after TYPE minmax
        """
    + ") ENGINE = ReplacingMergeTree(round, deleted) ORDER BY message_id",
    "message_event": f"""
        message_id UInt64, kind UInt8, at DateTime64(6, 'UTC'), reason LowCardinality(String), {_ROUND},
        INDEX by_time at TYPE minmax
        """
    + ") ENGINE = ReplacingMergeTree(round, deleted) ORDER BY (message_id, kind)",
    "batch": f"""
        batch_id UInt64, campaign_id UInt64, sender_id UInt32, first_id UInt64, last_id UInt64, next_id UInt64,
        state LowCardinality(String), {_ROUND}
        """
    + ") ENGINE = ReplacingMergeTree(round, deleted) ORDER BY batch_id",
    "skip": f"skip_id UInt64, campaign_id UInt64, profile_id UInt64, reason UInt8, at DateTime64(6, 'UTC'), {_ROUND}"
    + ") ENGINE = ReplacingMergeTree(round, deleted) ORDER BY (campaign_id, profile_id, skip_id)",
    # A property beyond the 256 most common of a part is found, too, but read more slowly.
    "event": f"""
        event_id UInt64, name LowCardinality(String), profile_id UInt64, at DateTime64(3, 'UTC'),
        json String EPHEMERAL, properties {_JSON} DEFAULT CAST(if(json = '', '{{}}', json), '{_JSON}'), round UInt64,
        INDEX by_round round TYPE minmax
        ) ENGINE = MergeTree PARTITION BY {_MONTH} ORDER BY (name, profile_id, at)
        SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
        """,
}

#: Where each source stands, and what the warehouse was made from.
_OWN = {
    "cursor": "source String, low UInt64, round UInt64, at DateTime64(6, 'UTC')"
    ") ENGINE = ReplacingMergeTree(round) ORDER BY source SETTINGS fsync_after_insert = 1, fsync_part_directory = 1",
    "origin": "version UInt32, origin String, made_at DateTime DEFAULT now()) ENGINE = MergeTree ORDER BY made_at",
}


def create(warehouse: Warehouse) -> None:
    """Create what is missing."""
    for name, body in (TABLES | _OWN).items():
        warehouse.command(f"CREATE TABLE IF NOT EXISTS `{name}` ({body}")


def drop(warehouse: Warehouse) -> None:
    """Remove every table, plans' working tables too."""
    for (name,) in warehouse.rows("SELECT name FROM system.tables WHERE database = currentDatabase()"):
        warehouse.command(f"DROP TABLE IF EXISTS `{name}` SYNC")


def drop_working_tables(warehouse: Warehouse, *, but: Collection[str] = ()) -> None:
    """Remove what plans left that broke off: tables named `plan_…`, except those of plans that will go on."""
    found = "SELECT name FROM system.tables WHERE database = currentDatabase() AND startsWith(name, 'plan_')"
    for (name,) in warehouse.rows(found):
        if name not in but:
            warehouse.command(f"DROP TABLE IF EXISTS `{name}` SYNC")


def forget_rounds_above(warehouse: Warehouse, table: str, number: int) -> None:
    """Delete what a round wrote that broke off: rows of a later round than the last one whose cursor was stored."""
    if not number:  # all that there is; a filling broke off
        warehouse.command(f"TRUNCATE TABLE `{table}` SYNC")
        return
    later = f"FROM `{table}` WHERE round > {{number:UInt64}}"
    if warehouse.rows(f"SELECT 1 {later} LIMIT 1", {"number": number}):
        warehouse.command(f"DELETE {later}", {"number": number})


def fill_quickly(warehouse: Warehouse) -> None:
    """For the time of a filling: rows are not forced to the disk one by one. Only in chDB, whose disk is ours."""
    if warehouse.embedded:
        for table in sorted(APPENDED):
            warehouse.command(f"ALTER TABLE `{table}` MODIFY SETTING fsync_after_insert = 0, fsync_part_directory = 0")


def settle(warehouse: Warehouse) -> None:
    """After a filling: what was written is on the disk when this returns, and so is each insert from now on."""
    if warehouse.embedded:
        os.sync()
        for table in sorted(APPENDED):
            warehouse.command(f"ALTER TABLE `{table}` MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1")


def origin(warehouse: Warehouse) -> tuple[int, str] | None:
    """(schema version, which PostgreSQL database) it was filled from; None for a new warehouse."""
    exists = warehouse.rows("SELECT count() FROM system.tables WHERE database = currentDatabase() AND name = 'origin'")[
        0
    ][0]
    found = warehouse.rows("SELECT version, origin FROM origin ORDER BY made_at DESC LIMIT 1") if exists else []
    return (int(found[0][0]), str(found[0][1])) if found else None


def set_origin(warehouse: Warehouse, name: str) -> None:
    """Note that it is filled from `name` with the present schema."""
    warehouse.command(
        "INSERT INTO origin (version, origin) VALUES ({version:UInt32}, {origin:String})",
        {"version": VERSION, "origin": name},
    )
