"""Events whose person changed: two profiles became one, or a person was forgotten.

PostgreSQL gives such events a new owner, and a new change marker with it, so the next round reads them again. Before it does,
what the warehouse holds under the old owner goes:

- an event that PostgreSQL has under another owner is deleted here; it comes again with its new owner;
- one that PostgreSQL no longer has, because it is older than its retention there, is handed to the new owner here;
- an event of somebody who was forgotten is deleted, unless PostgreSQL still has it.

Messages follow too: those of a merged profile count as the kept one's (so that nobody gets a campaign a second time), and
of somebody who was forgotten the phone goes, from messages and from the suppression list.

Each step may be repeated: a round that broke off begins again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pabal.warehouse.client import Warehouse

NAME = "event_owner"
"""Its name among the cursors."""

_CHUNK = 1_000
_PHONE = re.compile(r"\+\d{5,15}")


@dataclass(frozen=True, kw_only=True)
class Owners:
    """SQL for PostgreSQL with the places `{low}` and `{high}`, as in `sync.Source`.

    `merges` gives (old id, new id) in the order in which they happened, `forgotten` ids of people without events. `events`
    gives (event id, owner) of the events that there are among `{ids}`, `suppressed` the phones that are among `{phones}`.
    """

    merges: str
    forgotten: str
    events: str
    suppressed: str = ""


def follow(warehouse: Warehouse, connection: Any, owners: Owners, low: int, high: int) -> int:
    """Bring the warehouse's events in step with what changed owners in `low <= xid < high`; how many people did."""
    merged = whole(_rows(connection, owners.merges.format(low=int(low), high=int(high))))
    forgotten = {int(pk) for (pk,) in _rows(connection, owners.forgotten.format(low=int(low), high=int(high)))}
    ids = sorted(merged.keys() | forgotten)
    for start in range(0, len(ids), _CHUNK):
        _settle(warehouse, connection, owners, ids[start : start + _CHUNK], merged, forgotten)
    _move_messages(warehouse, merged)
    _forget_phones(warehouse, connection, owners, forgotten)
    return len(ids)


def whole(merges: Iterable[tuple[int, int]]) -> dict[int, int]:
    """Who each merged profile is now, through all the merges."""
    into = {int(old): int(new) for old, new in merges}
    now: dict[int, int] = {}
    for old in into:
        seen, at = {old}, into[old]
        while at in into and at not in seen:
            seen.add(at)
            at = into[at]
        now[old] = at
    return now


def _settle(
    warehouse: Warehouse,
    connection: Any,
    owners: Owners,
    ids: list[int],
    merged: Mapping[int, int],
    forgotten: set[int],
) -> None:
    held = warehouse.rows(
        "SELECT event_id, profile_id FROM event WHERE profile_id IN {ids:Array(UInt64)}", {"ids": ids}
    )
    if not held:
        return
    there: dict[int, int] = {}
    for start in range(0, len(held), _CHUNK):
        some = ", ".join(str(int(event)) for event, _ in held[start : start + _CHUNK])
        there |= {int(event): int(owner or 0) for event, owner in _rows(connection, owners.events.format(ids=some))}
    stay = [event for event, owner in held if there.get(event) == owner]
    left = {event: merged[owner] for event, owner in held if event not in there and owner in merged}
    left = {event: owner for event, owner in left.items() if owner not in forgotten}
    if left:
        _hand_over(warehouse, left, ids)
    warehouse.command(
        "DELETE FROM event WHERE profile_id IN {ids:Array(UInt64)} AND event_id NOT IN {stay:Array(UInt64)}",
        {"ids": ids, "stay": stay},
    )


def _hand_over(warehouse: Warehouse, left: Mapping[int, int], ids: list[int]) -> None:
    """Copy events to new owners. They keep their round, so that they outlast a round that breaks off."""
    warehouse.command(
        """
        INSERT INTO event (event_id, name, profile_id, at, properties, round)
        SELECT event_id, name, transform(event_id, {events:Array(UInt64)}, {owners:Array(UInt64)}, toUInt64(0)), at, properties,
               round
        FROM event WHERE profile_id IN {ids:Array(UInt64)} AND event_id IN {events:Array(UInt64)}
        AND (event_id, transform(event_id, {events:Array(UInt64)}, {owners:Array(UInt64)}, toUInt64(0))) NOT IN (
            SELECT event_id, profile_id FROM event WHERE profile_id IN {owners:Array(UInt64)}
        )
        """,
        {"events": list(left), "owners": list(left.values()), "ids": ids},
    )


def _move_messages(warehouse: Warehouse, merged: Mapping[int, int]) -> None:
    olds = list(merged)
    for start in range(0, len(olds), _CHUNK):
        some = olds[start : start + _CHUNK]
        parameters: dict[str, Any] = {"olds": some, "news": [merged[old] for old in some]}
        if warehouse.rows("SELECT 1 FROM message WHERE profile_id IN {olds:Array(UInt64)} LIMIT 1", parameters):
            warehouse.command(
                """
                ALTER TABLE message
                UPDATE profile_id = transform(profile_id, {olds:Array(UInt64)}, {news:Array(UInt64)}, profile_id)
                WHERE profile_id IN {olds:Array(UInt64)} SETTINGS mutations_sync = 2
                """,
                parameters,
            )


def _forget_phones(warehouse: Warehouse, connection: Any, owners: Owners, forgotten: set[int]) -> None:
    """While the warehouse still knows the phones: the people's rows are read after this."""
    people = sorted(forgotten)
    for start in range(0, len(people), _CHUNK):
        parameters: dict[str, Any] = {"ids": people[start : start + _CHUNK]}
        if warehouse.rows(
            "SELECT 1 FROM message WHERE profile_id IN {ids:Array(UInt64)} AND phone != '' LIMIT 1", parameters
        ):
            warehouse.command(
                "ALTER TABLE message UPDATE phone = '' WHERE profile_id IN {ids:Array(UInt64)} SETTINGS mutations_sync = 2",
                parameters,
            )
        if not owners.suppressed:
            continue
        gone = warehouse.rows(
            """
            SELECT DISTINCT phone FROM suppression
            WHERE phone IN (SELECT phone FROM profile WHERE profile_id IN {ids:Array(UInt64)} AND phone != '')
            """,
            parameters,
        )
        phones = {str(phone) for (phone,) in gone if _PHONE.fullmatch(str(phone))}
        if phones:
            quoted = ", ".join(f"'{phone}'" for phone in sorted(phones))
            phones -= {str(phone) for (phone,) in _rows(connection, owners.suppressed.format(phones=quoted))}
            warehouse.command(
                "DELETE FROM suppression WHERE phone IN {phones:Array(String)}", {"phones": sorted(phones)}
            )


def _rows(connection: Any, sql: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return [tuple(row) for row in cursor.fetchall()]
