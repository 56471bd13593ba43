"""What the engine tells of the warehouse, and does when asked."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from pabal.accounts.audit import Actor
from pabal.accounts.models import AuditEntry
from pabal.audience.models import Event, Profile
from pabal.campaigns import warehouse_status
from pabal.campaigns.event_retention import Retention
from pabal.campaigns.warehouse_keeping import Keeper
from pabal.campaigns.warehouse_models import WarehouseStatus
from pabal.config import Config
from pabal.errors import Conflict
from pabal.warehouse.sync import Synchroniser

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def happened(person: Profile, days_ago: int) -> int:
    event = Event.objects.create(
        key=uuid.uuid4(), profile_id=person.pk, name="x", at=NOW - timedelta(days=days_ago), properties="{}"
    )
    return event.pk


def test_the_status_says_rows_lag_and_round(synchroniser: Synchroniser) -> None:
    assert warehouse_status.read().state == "unknown"
    Profile.objects.create(first_name="a")
    keeper = Keeper(synchroniser, Config())
    keeper.tell()
    assert warehouse_status.read().state == "filling"
    keeper.synchronise()
    keeper.tell()
    told = warehouse_status.read()
    assert told.state == "well"
    assert told.status.rows("profile") == 1
    assert told.status.lag is not None
    assert told.status.round == 1
    assert told.status.round_rows["profile"] == 1
    assert told.status.version
    WarehouseStatus.objects.update(at=timezone.now() - timedelta(minutes=5))
    assert warehouse_status.read().state == "silent"


def test_a_rebuild_is_asked_for_once_and_carried_out(synchroniser: Synchroniser) -> None:
    Profile.objects.create(first_name="a")
    keeper = Keeper(synchroniser, Config())
    keeper.synchronise()
    synchroniser.warehouse.command("INSERT INTO profile (profile_id, round) VALUES (999999, 1)")  # wrong, whyever
    keeper.tell()
    warehouse_status.ask_rebuild(Actor(name="test"))
    assert warehouse_status.read().state == "asked"
    with pytest.raises(Conflict) as raised:
        warehouse_status.ask_rebuild(Actor(name="test"))
    assert raised.value.code == "rebuild_under_way"
    assert AuditEntry.objects.filter(action="warehouse.rebuild").count() == 1
    keeper.synchronise()
    keeper.tell()
    assert warehouse_status.read().state == "well"
    assert synchroniser.warehouse.rows("SELECT count() FROM profile FINAL") == [(1,)]


def test_trouble_is_told(synchroniser: Synchroniser, monkeypatch: pytest.MonkeyPatch) -> None:
    keeper = Keeper(synchroniser, Config())
    keeper.synchronise()
    with monkeypatch.context() as patch:
        patch.setattr(Synchroniser, "_move", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
        with pytest.raises(OSError, match="disk full"):
            keeper.synchronise()
    keeper.tell()
    told = warehouse_status.read()
    assert (told.state, told.status.trouble) == ("troubled", "disk full")
    keeper.synchronise()
    keeper.tell()
    assert warehouse_status.read().state == "well"


def test_events_older_than_they_are_kept_go(synchroniser: Synchroniser) -> None:
    person = Profile.objects.create(external_id="a")
    ids = {days: happened(person, days) for days in (0, 29, 31, 61, 500)}
    synchroniser.run_once()
    unread = happened(person, 90)
    retention = Retention(synchroniser, days=30, warehouse_days=60)
    assert retention.forget_old(NOW) == 3
    assert set(Event.objects.values_list("pk", flat=True)) == {ids[0], ids[29], unread}
    held = {event for (event,) in synchroniser.warehouse.rows("SELECT event_id FROM event")}
    assert held == {ids[0], ids[29], ids[31]}
    synchroniser.run_once()
    assert retention.forget_old(NOW) == 1


def test_events_are_kept_for_ever_by_default(synchroniser: Synchroniser) -> None:
    happened(Profile.objects.create(external_id="a"), 9000)
    synchroniser.run_once()
    Keeper(synchroniser, Config()).forget_old()
    assert Event.objects.count() == 1
    assert synchroniser.warehouse.rows("SELECT count() FROM event") == [(1,)]
