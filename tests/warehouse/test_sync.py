"""The warehouse in step with PostgreSQL, whatever commits when."""

from __future__ import annotations

import random
from typing import Any

import psycopg
import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pabal.audience.models import List, ListMember, Profile
from pabal.campaigns.lifecycle import database_dsn
from pabal.campaigns.warehouse import SOURCES
from pabal.warehouse import schema
from pabal.warehouse.client import Warehouse
from pabal.warehouse.sync import Source
from tests.campaigns.in_step import Synchroniser

#: They hold transactions open, and wait for those of others: one after the other.
pytestmark = pytest.mark.xdist_group("rounds")

PROFILES = "SELECT profile_id, first_name FROM profile FINAL ORDER BY profile_id"


def in_warehouse(warehouse: Warehouse) -> dict[int, str]:
    return dict(warehouse.rows(PROFILES))


def in_postgres() -> dict[int, str]:
    return dict(Profile.objects.values_list("pk", "first_name"))


def test_every_column_arrives(synchroniser: Synchroniser) -> None:
    profile = Profile.objects.create(
        external_id="c1", phone="+821000000001", first_name="민준", last_name="김", locale="ko", country="KR",
        region="KR", zones="Asia/Seoul", properties={"등급": "골드", "points": 3, "tags": ["a"], "x": {"y": 1.5}},
    )  # fmt: skip
    synchroniser.run_once()
    row = synchroniser.warehouse.rows(
        """
        SELECT profile_id, external_id, phone, number, first_name, last_name, country, zones, properties.`등급`,
               properties.points, properties.tags, properties.x.y, created_at
        FROM profile FINAL
        """
    )[0]
    assert row[:8] == (profile.pk, "c1", "+821000000001", 821000000001, "민준", "김", "KR", "Asia/Seoul")
    assert list(row[8:12]) == ["골드", 3, ["a"], 1.5]
    profile.refresh_from_db()
    assert row[12].replace(tzinfo=profile.created_at.tzinfo) == profile.created_at


def test_changes_and_deletions_follow(synchroniser: Synchroniser) -> None:
    kept, gone = Profile.objects.create(first_name="a"), Profile.objects.create(first_name="b")
    members = List.objects.create(key="l", name="l")
    ListMember.objects.create(list=members, profile=kept)
    synchroniser.run_once()
    Profile.objects.filter(pk=kept.pk).update(first_name="c")
    gone.delete()
    ListMember.objects.update(removed_at="2026-01-01T00:00Z")
    found = synchroniser.run_once()
    assert (found.rows["profile"], found.rows["profile_tombstone"], found.rows["list_member"]) == (1, 1, 1)
    assert in_warehouse(synchroniser.warehouse) == {kept.pk: "c"}
    assert synchroniser.warehouse.rows("SELECT count() FROM list_member FINAL") == [(0,)]
    ListMember.objects.update(removed_at=None)
    synchroniser.run_once()
    assert synchroniser.warehouse.rows("SELECT count() FROM list_member FINAL") == [(1,)]


def test_what_did_not_change_is_not_read_again(synchroniser: Synchroniser) -> None:
    Profile.objects.create(first_name="a")
    assert synchroniser.run_once().rows["profile"] == 1
    assert synchroniser.run_once().rows["profile"] == 0
    again = Synchroniser(synchroniser.warehouse, database_dsn(), SOURCES)  # another engine, after this one
    assert again.run_once().rows["profile"] == 0


def test_a_round_that_broke_off_is_repeated(synchroniser: Synchroniser, monkeypatch: pytest.MonkeyPatch) -> None:
    Profile.objects.create(first_name="a")
    synchroniser.run_once()
    Profile.objects.update(first_name="b")
    with monkeypatch.context() as broken:
        broken.setattr(Synchroniser, "_move", lambda *_: (_ for _ in ()).throw(OSError("killed")))
        with pytest.raises(OSError, match="killed"):
            synchroniser.run_once()
    after = Synchroniser(synchroniser.warehouse, database_dsn(), SOURCES)
    after.run_once()
    assert in_warehouse(after.warehouse) == in_postgres()


def test_an_update_by_an_older_transaction_wins_when_it_commits_last(synchroniser: Synchroniser) -> None:
    """Its transaction number is the smaller one: order by that number would keep the older text."""
    profile = Profile.objects.create(first_name="first")
    with psycopg.connect(database_dsn()) as older, psycopg.connect(database_dsn()) as younger:
        older.execute("SELECT pg_current_xact_id()")
        younger.execute("UPDATE profile SET first_name = 'younger' WHERE id = %s", [profile.pk])
        younger.commit()
        synchroniser.run_once(complete=True)
        assert in_warehouse(synchroniser.warehouse) == {profile.pk: "younger"}
        older.execute("UPDATE profile SET first_name = 'older' WHERE id = %s", [profile.pk])
        older.commit()
    synchroniser.run_once()
    assert in_warehouse(synchroniser.warehouse) == {profile.pk: "older"}


def test_another_database_or_schema_empties_the_warehouse_first(synchroniser: Synchroniser) -> None:
    Profile.objects.create(first_name="a")
    synchroniser.run_once()
    synchroniser.warehouse.command("INSERT INTO origin (version, origin) VALUES (1, 'another/1')")
    synchroniser.warehouse.command("INSERT INTO profile (profile_id, round) VALUES (999999, 50)")
    Synchroniser(synchroniser.warehouse, database_dsn(), SOURCES).run_once()
    assert in_warehouse(synchroniser.warehouse) == in_postgres()


def test_a_database_restored_from_an_older_backup_empties_the_warehouse_first(synchroniser: Synchroniser) -> None:
    Profile.objects.create(first_name="a")
    synchroniser.run_once()
    synchroniser.warehouse.command("INSERT INTO cursor VALUES ('profile', 9000000000000, 99, now())")
    again = Synchroniser(synchroniser.warehouse, database_dsn(), SOURCES)
    again.run_once()
    Profile.objects.create(first_name="b")
    again.run_once()
    assert in_warehouse(synchroniser.warehouse) == in_postgres()


def test_rebuild_fills_it_from_nothing(synchroniser: Synchroniser) -> None:
    Profile.objects.create(first_name="a")
    synchroniser.run_once()
    assert synchroniser.rebuild().rows["profile"] == 1
    assert in_warehouse(synchroniser.warehouse) == in_postgres()


def test_lag_is_the_age_of_the_last_round(synchroniser: Synchroniser) -> None:
    assert synchroniser.lag() == float("inf")
    synchroniser.run_once()
    assert 0 <= synchroniser.lag() < 5


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["insert", "update", "delete", "commit", "rollback", "sync", "complete", "restart"]),
        st.integers(0, 2),
        st.integers(0, 30),
    ),
    max_size=40,
)


@pytest.mark.django_db(transaction=True)
@settings(
    max_examples=25, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(steps=STEPS, seed=st.integers(0, 2**32))
def test_after_the_dust_settles_both_hold_the_same(warehouse: Warehouse, steps: list[Any], seed: int) -> None:
    """Three writers whose transactions overlap, commit late or are rolled back, while the warehouse reads."""
    chance = random.Random(seed)
    Profile.objects.all().delete()
    schema.drop(warehouse)
    source = [s for s in SOURCES if s.table == "profile"]
    reader = Synchroniser(warehouse, database_dsn(), source)
    writers = [psycopg.connect(database_dsn()) for _ in range(3)]
    try:
        for writer in writers:
            writer.execute("SET lock_timeout = '20ms'")
            writer.commit()
        for step, who, number in steps:
            writer = writers[who]
            name = str(chance.random())
            match step:
                case "commit":
                    writer.commit()
                case "rollback":
                    writer.rollback()
                case "sync" | "complete":
                    reader.run_once(complete=step == "complete")
                case "restart":
                    reader = Synchroniser(warehouse, database_dsn(), source)
                case _:
                    change(writer, step, number, name)
        for writer in chance.sample(writers, 3):
            chance.choice([writer.commit, writer.rollback])()
            reader.run_once(complete=chance.random() < 0.5)
        reader.run_once()
        connection.close()
        assert in_warehouse(warehouse) == in_postgres()
    finally:
        for writer in writers:
            writer.close()


def change(writer: psycopg.Connection[Any], step: str, number: int, name: str) -> None:
    """One statement; a lock held by another writer makes it a rollback."""
    insert = """
        INSERT INTO profile (phone, email, first_name, last_name, locale, time_zone, country, region, zones)
        VALUES ('', '', %s, '', '', '', '', '', '')
    """
    chosen = "(SELECT id FROM profile ORDER BY id OFFSET %s LIMIT 1)"
    try:
        if step == "insert":
            writer.execute(insert, [name])
        elif step == "update":
            writer.execute(f"UPDATE profile SET first_name = %s WHERE id = {chosen}", [name, number])
        else:
            writer.execute(f"DELETE FROM profile WHERE id = {chosen}", [number])
    except psycopg.errors.LockNotAvailable:
        writer.rollback()


def test_a_source_is_named_once() -> None:
    names = [source.name for source in SOURCES]
    assert len(set(names)) == len(names)
    assert {source.table for source in SOURCES} == set(schema.TABLES)
    assert all(isinstance(source, Source) for source in SOURCES)
