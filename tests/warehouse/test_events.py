"""Events in the warehouse: each once, whatever they hold and whoever they belong to."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from pabal.audience.erasure import erase_profile
from pabal.audience.merge import follow_late_events, merge_profiles
from pabal.audience.models import Event, Profile
from pabal.campaigns.lifecycle import database_dsn
from pabal.campaigns.warehouse import OWNERS, SOURCES
from tests.campaigns.in_step import Synchroniser

#: They hold transactions open, and wait for those of others: one after the other.
pytestmark = pytest.mark.xdist_group("rounds")


AT = datetime(2026, 5, 17, 9, 30, 0, 123_000, tzinfo=UTC)


def happened(
    profile: Profile | None, name: str = "Order Completed", at: datetime = AT, properties: str = "{}"
) -> Event:
    return Event.objects.create(
        key=uuid.uuid4(), profile_id=profile.pk if profile else None, name=name, at=at, properties=properties
    )


def held(synchroniser: Synchroniser) -> list[tuple[Any, ...]]:
    return synchroniser.warehouse.rows("SELECT event_id, profile_id FROM event ORDER BY event_id")


def there() -> list[tuple[Any, ...]]:
    return list(Event.objects.exclude(profile_id=None).order_by("pk").values_list("pk", "profile_id"))


def broken(*_: object) -> None:
    raise OSError("killed")


def test_an_event_arrives_with_its_properties_and_time(synchroniser: Synchroniser) -> None:
    person = Profile.objects.create(external_id="a")
    event = happened(person, properties='{"total":12.5,"items":[{"sku":"A"},{"sku":"B"}],"카테고리":"신발"}')
    synchroniser.run_once()
    found = synchroniser.warehouse.rows(
        "SELECT event_id, name, profile_id, at, properties.total, properties.items[].sku, properties.`카테고리` FROM event"
    )
    assert found == [(event.pk, "Order Completed", person.pk, AT.replace(tzinfo=None), 12.5, ["A", "B"], "신발")]


def test_an_event_without_a_person_waits_until_there_is_one(synchroniser: Synchroniser) -> None:
    person = Profile.objects.create(external_id="a")
    event = happened(None)
    synchroniser.run_once()
    assert held(synchroniser) == []
    Event.objects.filter(pk=event.pk).update(profile_id=person.pk)
    synchroniser.run_once()
    synchroniser.run_once()
    assert held(synchroniser) == [(event.pk, person.pk)]


@pytest.mark.parametrize("complete", [False, True])
def test_a_round_that_breaks_off_after_its_insert_counts_nothing_twice(
    synchroniser: Synchroniser, monkeypatch: pytest.MonkeyPatch, complete: bool
) -> None:
    person = Profile.objects.create(external_id="a")
    happened(person)
    synchroniser.run_once()
    happened(person)
    with monkeypatch.context() as patch:
        patch.setattr(Synchroniser, "_move", broken)
        with pytest.raises(OSError, match="killed"):
            synchroniser.run_once(complete=complete)
    assert len(held(synchroniser)) == 2
    happened(person)
    synchroniser.run_once(complete=complete)
    assert held(synchroniser) == there()
    again = Synchroniser(synchroniser.warehouse, database_dsn(), SOURCES, OWNERS)
    again.run_once()
    assert held(again) == there()


def test_the_first_round_may_break_off_too(synchroniser: Synchroniser, monkeypatch: pytest.MonkeyPatch) -> None:
    happened(Profile.objects.create(external_id="a"))
    with monkeypatch.context() as patch:
        patch.setattr(Synchroniser, "_move", broken)
        with pytest.raises(OSError, match="killed"):
            synchroniser.run_once()
    again = Synchroniser(synchroniser.warehouse, database_dsn(), SOURCES, OWNERS)
    again.run_once()
    assert held(again) == there()


def test_a_complete_round_reads_no_event_above_the_bound(synchroniser: Synchroniser) -> None:
    """It would be read again, and nothing replaces it."""
    person = Profile.objects.create(external_id="a")
    with psycopg.connect(database_dsn()) as long_import:
        long_import.execute("SELECT pg_current_xact_id()")
        happened(person)
        synchroniser.run_once(complete=True)
        assert held(synchroniser) == []
    synchroniser.run_once(complete=True)
    synchroniser.run_once()
    assert held(synchroniser) == there() != []


def test_merged_people_have_their_events_once(synchroniser: Synchroniser) -> None:
    one, two, three = (Profile.objects.create(external_id=name) for name in "abc")
    for person in (one, two, two, three):
        happened(person)
    synchroniser.run_once()
    merge_profiles(two.pk, three.pk)
    merge_profiles(one.pk, two.pk)
    synchroniser.run_once()
    assert held(synchroniser) == there()
    assert {owner for _, owner in held(synchroniser)} == {one.pk}


def test_an_event_written_at_the_moment_of_a_merge_ends_with_the_kept_profile(synchroniser: Synchroniser) -> None:
    one, two = (Profile.objects.create(external_id=str(n)) for n in range(2))
    merge_profiles(two.pk, one.pk)
    late = happened(Profile(pk=one.pk))  # whoever wrote it had looked up the profile before
    synchroniser.run_once()
    assert held(synchroniser) == [(late.pk, one.pk)]
    assert follow_late_events() == 1
    synchroniser.run_once()
    assert held(synchroniser) == there() == [(late.pk, two.pk)]
    assert follow_late_events() == 0


def test_a_merge_may_be_followed_twice(synchroniser: Synchroniser, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = (Profile.objects.create(external_id=name) for name in "ab")
    happened(one)
    moved, old = happened(two), happened(two)
    synchroniser.run_once()
    Event.objects.filter(pk=old.pk).delete()  # its retention in PostgreSQL is over, not here
    merge_profiles(one.pk, two.pk)
    with monkeypatch.context() as patch:
        patch.setattr(Synchroniser, "_move", broken)
        with pytest.raises(OSError, match="killed"):
            synchroniser.run_once()
    again = Synchroniser(synchroniser.warehouse, database_dsn(), SOURCES, OWNERS)
    again.run_once()
    assert held(again) == [*there(), (old.pk, one.pk)]
    assert (moved.pk, one.pk) in held(again)


def test_a_merge_that_is_not_settled_yet_comes_later(synchroniser: Synchroniser) -> None:
    """A long transaction keeps the bound below the merge: until it ends, the events stay where they were."""
    one, two = (Profile.objects.create(external_id=name) for name in "ab")
    happened(two)
    synchroniser.run_once()
    with psycopg.connect(database_dsn()) as long_import:
        long_import.execute("SELECT pg_current_xact_id()")
        merge_profiles(one.pk, two.pk)
        synchroniser.run_once(complete=True)
        assert len(held(synchroniser)) == 1
    synchroniser.run_once()
    assert held(synchroniser) == there()


def test_somebody_who_was_erased_leaves_no_events(synchroniser: Synchroniser) -> None:
    one, two = (Profile.objects.create(external_id=name) for name in "ab")
    happened(one)
    happened(two)
    synchroniser.run_once()
    erase_profile(two.pk)
    synchroniser.run_once()
    assert held(synchroniser) == there()
    assert {owner for _, owner in held(synchroniser)} == {one.pk}


def test_merged_and_then_erased_leaves_nothing(synchroniser: Synchroniser) -> None:
    one, two = (Profile.objects.create(external_id=name) for name in "ab")
    happened(two)
    old = happened(two)
    synchroniser.run_once()
    Event.objects.filter(pk=old.pk).delete()
    merge_profiles(one.pk, two.pk)
    erase_profile(one.pk)
    synchroniser.run_once()
    assert held(synchroniser) == there() == []


def test_no_time_breaks_a_round(synchroniser: Synchroniser) -> None:
    person = Profile.objects.create(external_id="a")
    with psycopg.connect(database_dsn(), autocommit=True) as writer:
        writer.execute(
            """
            INSERT INTO event (key, profile_id, name, at)
            SELECT gen_random_uuid(), %(person)s, 'x', at FROM (
                SELECT '1960-01-01'::timestamptz + n * interval '1 month' AS at FROM generate_series(0, 2400) n
                UNION ALL VALUES ('infinity'::timestamptz), ('-infinity'), ('0044-03-15 BC'), ('99999-01-01')
            )
            """,
            {"person": person.pk},
        )
    synchroniser.run_once()
    assert held(synchroniser) == there()
    parts = synchroniser.warehouse.rows("SELECT uniq(partition) FROM system.parts WHERE table = 'event' AND active")
    assert parts[0][0] <= 722


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ('{"a.b":1,"a":{"b":2}}', '{"a":{"b":1}}'),
        ('{"a":1,"a":2}', '{"a":1}'),
        ('{"n":123456789012345678901234567890}', '{"n":"123456789012345678901234567890"}'),
        ('{"n":18446744073709551615}', '{"n":18446744073709551615}'),
        ('{"1":2,"":3}', '{"":3,"1":2}'),
        ('{"a":[1,"x",{"b":2},null,[[]]]}', '{"a":[1,"x",{"b":2},null,[[]]]}'),
        ('{"n":null,"o":{}}', "{}"),
        ('{"at":"2026-01-01T00:00:00Z"}', '{"at":"2026-01-01T00:00:00Z"}'),
        ('{"n":NaN,"k":1}', '{"k":1}'),
        ('{"n":1e400}', '{"n":"1e400"}'),
        ('{"t":"\\ud800x"}', '{"t":"?x"}'),
        ("[1,2]", "{}"),
        ("nonsense", "{}"),
        ("", "{}"),
        ('{"a":' * 3000, "{}"),
        ('{"a":' * 2000 + "1" + "}" * 2000, "{}"),
    ],
)  # fmt: skip
def test_json_of_any_shape_arrives(synchroniser: Synchroniser, sent: str, kept: str) -> None:
    """What is no JSON object never stops a round, and the rows beside it are whole."""
    person = Profile.objects.create(external_id="a")
    before, strange, after = (happened(person, properties=text) for text in ('{"ok":1}', sent, '{"ok":2}'))
    synchroniser.run_once()
    found = dict(synchroniser.warehouse.rows("SELECT event_id, toJSONString(properties) FROM event"))
    assert found[before.pk] == '{"ok":1}'
    assert found[after.pk] == '{"ok":2}'
    assert found[strange.pk] == kept


def test_a_thousand_names_of_properties_are_all_found(synchroniser: Synchroniser) -> None:
    person = Profile.objects.create(external_id="a")
    for start in range(0, 2000, 100):
        happened(person, properties="{" + ",".join(f'"p{n}":{n}' for n in range(start, start + 100)) + "}")
    synchroniser.run_once()
    names = ", ".join(f"sum(properties.p{n}.:`Int64`)" for n in range(0, 2000, 250))
    assert synchroniser.warehouse.rows(f"SELECT {names} FROM event") == [tuple(range(0, 2000, 250))]


def test_one_name_with_values_of_several_types(synchroniser: Synchroniser) -> None:
    person = Profile.objects.create(external_id="a")
    for value in ("1", "1.5", '"1"', "true", "[1]", '["a"]', '{"b":1}', "null"):
        happened(person, properties=f'{{"v":{value}}}')
    synchroniser.run_once()
    found = synchroniser.warehouse.rows("SELECT toJSONString(properties) FROM event ORDER BY event_id")
    assert [text for (text,) in found] == [
        '{"v":1}', '{"v":1.5}', '{"v":"1"}', '{"v":true}', '{"v":[1]}', '{"v":["a"]}', '{"v":{"b":1}}', "{}",
    ]  # fmt: skip
