"""A small made-up world of people, for asking the compiler and the plain evaluator the same."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from pabal.warehouse import schema
from pabal.warehouse.client import Warehouse

#: Just after New York's clocks went back (1 November 2026, 02:00), so that days of 25 hours lie in the windows.
NOW = datetime(2026, 11, 5, 15, 30, 0, 250_000, tzinfo=UTC)
ZONE = "America/New_York"
MILLISECOND = timedelta(milliseconds=1)


@dataclass(kw_only=True)
class Person:
    """A profile with what belongs to it. `known`: false when it was erased, and only the rest is left."""

    id: int
    known: bool = True
    columns: dict[str, Any] = field(default_factory=dict)
    properties: dict[str, Any] = field(default_factory=dict)
    consents: list[tuple[str, str, str, datetime]] = field(default_factory=list)  # channel, purpose, state, when
    lists: list[tuple[int, datetime]] = field(default_factory=list)
    events: list[tuple[str, datetime, dict[str, Any]]] = field(default_factory=list)
    messages: list[tuple[int, int, list[tuple[int, datetime]]]] = field(
        default_factory=list
    )  # id, campaign, (kind, when)


TEXTS = (
    "서울",
    "shoes",
    "Shoes",
    "부산 🍎",
    "42",
    "4",
    "49.75",
    "-7.25",
    "true",
    "",
    "2026-11-01",
    "ㅎ",
    "of",
    "off'; --",
    "1e3",
)
DECOMPOSED = "서울"
MOMENTS = (
    "2026-11-01", "2026-10-31T23:59:59.999-04:00", "2026-11-01T00:30:00-04:00", "2026-11-05", "2026-11-06", "2026-11-12",
    "2026-10-05T11:30:00", "2026-11-05T15:30:00.250Z", "2024-02-29", "1990-11-05", "1988-11-12", "2000-12-31",
    "2026-02-30", "yesterday", "20261101",
)  # fmt: skip
NUMBERS = (0, 1, 2, 5, 42, -7, 0.25, 49.75, -7.25, 100.5, 10**12)
PATHS = ("city", "size", "when", "tags", "a.b", "we`ird\\ 'n\"ame")
NAMES = ("Order Completed", "Cart Viewed", "a'; DROP TABLE event; --")
CAMPAIGNS = {"spring": 1, "autumn": 2}
LISTS = {"vip": 7, "단골": 8}


class World(list[Person]):
    """People; short when a failed test prints it."""

    def __repr__(self) -> str:
        return f"<{len(self)} people>"


def moments() -> list[datetime]:
    """Moments at and around the edges of the windows that conditions use."""
    spans = [timedelta(0), timedelta(hours=1), timedelta(hours=24), timedelta(hours=25), timedelta(days=4)]
    spans += [timedelta(days=5, hours=1), timedelta(days=7), timedelta(days=7, hours=1), timedelta(days=31, hours=1)]
    spans += [
        timedelta(days=30),
        timedelta(days=30, hours=1),
        timedelta(days=61),
        timedelta(days=400),
        timedelta(days=3),
    ]
    edges = [NOW - span for span in spans]
    edges += [datetime(2026, 11, 1, hour, tzinfo=UTC) for hour in (3, 4, 5, 6, 7)]
    around = [edge + n * MILLISECOND for edge in edges for n in (-1, 0, 0, 1)]
    return [*around, NOW + timedelta(days=1), datetime(1970, 1, 1, tzinfo=UTC), datetime(2099, 1, 1, tzinfo=UTC)]


def value(chance: random.Random) -> Any:
    """A JSON value of any kind."""
    kind = chance.random()
    if kind < 0.3:
        return chance.choice((*TEXTS, DECOMPOSED))
    if kind < 0.5:
        return chance.choice(NUMBERS)
    if kind < 0.6:
        return chance.choice((True, False, None))
    if kind < 0.75:
        return chance.choice(MOMENTS)
    if kind < 0.8:
        return [chance.choice(("a", 1)) for _ in range(3)]
    return [chance.choice(TEXTS) for _ in range(3)] if kind < 0.9 else [chance.choice(NUMBERS) for _ in range(3)]


def properties(chance: random.Random) -> dict[str, Any]:
    """An object with some of `PATHS`; a dot is sometimes an object within."""
    found = {path: value(chance) for path in PATHS if chance.random() < 0.6}
    if "a.b" in found and chance.random() < 0.5:
        found["a"] = {"b": found.pop("a.b")}
    if chance.random() < 0.3:
        found["products"] = [{"sku": chance.choice(("A", "B", "42"))} for _ in range(chance.randint(1, 3))]
    return found


def people(seed: int, count: int = 60) -> World:
    """A world: the same for one seed."""
    chance = random.Random(seed)
    times = moments()
    found = World(_person(chance, number, times) for number in range(1, count + 1))
    for number, person in enumerate(found):
        person.known = number % 15 != 14
    return found


def _person(chance: random.Random, number: int, times: list[datetime]) -> Person:
    texts = ("", "ko", "서울", DECOMPOSED, "KR", "America/New_York")
    names = ("external_id", "email", "first_name", "last_name", "locale", "time_zone", "country", "region", "zones")
    columns: dict[str, Any] = {name: chance.choice(texts) for name in names}
    columns["phone"] = chance.choice(("", f"+8210{number:08}"))
    columns["created_at"] = chance.choice(times)
    person = Person(id=number, columns=columns, properties=properties(chance))
    for channel in ("text", "kakao"):
        for purpose in ("promotional", "night"):
            if chance.random() < 0.6:
                state = chance.choice(("subscribed", "unsubscribed"))
                person.consents.append((channel, purpose, state, chance.choice(times)))
    person.lists = [(key, chance.choice(times)) for key in LISTS.values() if chance.random() < 0.4]
    for _ in range(chance.choice((0, 1, 3, 8))):
        person.events.append((chance.choice(NAMES), chance.choice(times), properties(chance)))
    for n in range(chance.choice((0, 0, 1, 3))):
        happened = [(kind, chance.choice(times)) for kind in (1, 2, 3, 7, 8) if chance.random() < 0.5]
        person.messages.append((number * 10 + n, chance.choice(list(CAMPAIGNS.values())), happened))
    return person


def fill(warehouse: Warehouse, world: list[Person]) -> None:
    """Put a world into an empty warehouse, with what earlier rounds had seen of it."""
    schema.create(warehouse)
    empty = dict.fromkeys(("external_id", "phone", "email", "first_name"), "")
    old = [{"profile_id": p.id, **empty, "json": '{"city":"shoes"}', "created_at": NOW} for p in world]
    _insert(warehouse, "profile", old, 1)
    new = [
        {"profile_id": p.id, **p.columns, "json": json.dumps(p.properties), "created_at": p.columns["created_at"]}
        for p in world
    ]
    _insert(warehouse, "profile", [row for row, p in zip(new, world, strict=True) if p.known], 2)
    _insert(warehouse, "profile", [{"profile_id": p.id, "deleted": 1} for p in world if not p.known], 2)
    states = ("subscribed", "unsubscribed")
    consents = [(p.id, *consent) for p in world for consent in p.consents]
    columns = ("profile_id", "channel", "purpose", "state", "changed_at")
    _insert(warehouse, "consent", [dict(zip(columns, row, strict=True)) for row in consents], 2)
    opposite = [(*row[:3], states[row[3] == "subscribed"], NOW) for row in consents]
    _insert(warehouse, "consent", [dict(zip(columns, row, strict=True)) for row in opposite], 1)
    members = [{"list_id": key, "profile_id": p.id, "added_at": at} for p in world for key, at in p.lists]
    _insert(warehouse, "list_member", members, 2)
    left = [{"list_id": key, "profile_id": p.id, "added_at": NOW} for p in world for key in LISTS.values()]
    _insert(warehouse, "list_member", [{**row, "deleted": 0} for row in left], 1)
    on = {(row["list_id"], row["profile_id"]) for row in members}
    gone = [{**row, "deleted": 1} for row in left if (row["list_id"], row["profile_id"]) not in on]
    _insert(warehouse, "list_member", gone, 2)
    _fill_events(warehouse, world)
    for number in (1, 2):  # read twice, as after a crash
        messages = [{"message_id": m, "campaign_id": c, "profile_id": p.id} for p in world for m, c, _ in p.messages]
        _insert(warehouse, "message", messages, number)
        happened = [
            {"message_id": m, "kind": kind, "at": at} for p in world for m, _, all_ in p.messages for kind, at in all_
        ]
        _insert(warehouse, "message_event", happened, number)


def _fill_events(warehouse: Warehouse, world: list[Person]) -> None:
    events = [
        {"event_id": 0, "name": name, "profile_id": p.id, "at": at, "json": json.dumps(found)}
        for p in world
        for name, at, found in p.events
    ]
    _insert(warehouse, "event", [{**row, "event_id": n} for n, row in enumerate(events, start=1)], 2)


def _insert(warehouse: Warehouse, table: str, rows: list[dict[str, Any]], number: int) -> None:
    data = pa.Table.from_pylist([{**row, "round": number} for row in rows])
    warehouse.insert(table, data)
