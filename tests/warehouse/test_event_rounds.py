"""Whatever commits when, and whenever a round breaks off: each event is in the warehouse once, under its present owner."""

from __future__ import annotations

import random
import threading
import uuid
from typing import Any

import psycopg
import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pabal.audience.models import Event, Profile, ProfileMerge
from pabal.campaigns.lifecycle import database_dsn
from pabal.campaigns.warehouse import OWNERS, SOURCES
from pabal.warehouse import schema
from pabal.warehouse.client import Warehouse
from pabal.warehouse.sync import Synchroniser
from tests.campaigns.in_step import wait_for_others

MINE = [source for source in SOURCES if source.table in ("event", "profile")]

STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                "happen", "happen", "anonymous", "known", "merge", "commit", "commit", "rollback", "sync", "complete",
                "break", "restart",
            ]
        ),
        st.integers(0, 2),
        st.integers(0, 30),
    ),
    max_size=40,
)  # fmt: skip

#: They hold transactions open, and wait for those of others: one after the other.
pytestmark = pytest.mark.xdist_group("rounds")


def held(warehouse: Warehouse) -> list[tuple[Any, ...]]:
    return warehouse.rows("SELECT event_id, profile_id FROM event ORDER BY event_id, profile_id")


def there() -> list[tuple[Any, ...]]:
    return list(Event.objects.exclude(profile_id=None).order_by("pk").values_list("pk", "profile_id"))


class Broken(Synchroniser):
    """Dies between writing and moving its cursors."""

    def _move(self, *_: Any) -> None:
        raise OSError("killed")


def change(writer: psycopg.Connection[Any], step: str, number: int, people: list[int]) -> None:
    """One statement; a lock that somebody else holds makes it a rollback."""
    person = people[number % len(people)]
    insert = "INSERT INTO event (key, profile_id, anonymous_id, name, at) VALUES (%s, %s, 'v', 'x', now())"
    try:
        if step == "happen":
            writer.execute(insert, [uuid.uuid4(), person])
        elif step == "anonymous":
            writer.execute(insert, [uuid.uuid4(), None])
        elif step == "known":
            chosen = "SELECT id FROM event WHERE profile_id IS NULL ORDER BY id OFFSET %s LIMIT 1"
            writer.execute(
                f"UPDATE event SET profile_id = %s WHERE id = ({chosen}) AND profile_id IS NULL", [person, number % 3]
            )
        else:
            into = people[(number + 1) % len(people)]
            writer.execute("UPDATE event SET profile_id = %s WHERE profile_id = %s", [into, person])
            writer.execute("INSERT INTO profile_merge (old_id, new_id, by) VALUES (%s, %s, '')", [person, into])
    except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected):
        writer.rollback()


@pytest.mark.django_db(transaction=True)
@settings(
    max_examples=25, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(steps=STEPS, seed=st.integers(0, 2**32))
def test_no_event_is_missed_or_counted_twice(warehouse: Warehouse, steps: list[Any], seed: int) -> None:
    chance = random.Random(seed)
    for model in (Event, ProfileMerge, Profile):
        model.objects.all().delete()
    schema.drop(warehouse)
    people = [Profile.objects.create(external_id=str(n)).pk for n in range(4)]
    reader = Synchroniser(warehouse, database_dsn(), MINE, OWNERS)
    writers = [psycopg.connect(database_dsn()) for _ in range(3)]
    try:
        for writer in writers:
            writer.execute("SET lock_timeout = '20ms'")
            writer.commit()
        for step, who, number in steps:
            match step:
                case "commit":
                    writers[who].commit()
                case "rollback":
                    writers[who].rollback()
                case "sync" | "complete":
                    reader.run_once(complete=step == "complete")
                case "break":
                    with pytest.raises(OSError, match="killed"):
                        Broken(warehouse, database_dsn(), MINE, OWNERS).run_once(complete=number % 2 == 0)
                    reader = Synchroniser(warehouse, database_dsn(), MINE, OWNERS)
                case "restart":
                    reader = Synchroniser(warehouse, database_dsn(), MINE, OWNERS)
                case _:
                    change(writers[who], step, number, people)
        for writer in chance.sample(writers, 3):
            chance.choice([writer.commit, writer.rollback])()
            reader.run_once(complete=chance.random() < 0.5)
        wait_for_others()
        reader.run_once()
        connection.close()
        assert held(warehouse) == there()
    finally:
        for writer in writers:
            writer.close()


def test_writers_and_rounds_at_once(synchroniser: Synchroniser) -> None:
    """Four connections commit, some late, some not at all, while rounds are read without a pause."""
    people = [Profile.objects.create(external_id=str(n)).pk for n in range(5)]

    def write(seed: int) -> None:
        chance = random.Random(seed)
        with psycopg.connect(database_dsn()) as writer:
            for _ in range(20):
                for _ in range(chance.randint(1, 20)):
                    change(
                        writer, chance.choice(["happen", "happen", "anonymous", "known"]), chance.randint(0, 30), people
                    )
                chance.choice([writer.commit, writer.commit, writer.rollback])()

    writers = [threading.Thread(target=write, args=[seed]) for seed in range(4)]
    for writer in writers:
        writer.start()
    rounds = 0
    while any(writer.is_alive() for writer in writers):
        synchroniser.run_once(complete=rounds % 2 == 0)
        rounds += 1
    for writer in writers:
        writer.join()
    wait_for_others()
    synchroniser.run_once()
    assert rounds > 3
    assert held(synchroniser.warehouse) == there() != []
