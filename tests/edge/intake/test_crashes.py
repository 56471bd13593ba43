"""What was acknowledged is there, exactly once, whoever is killed meanwhile."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest

from pabal.audience.models import Anonymous, Event, Profile
from pabal.processes.postgres import EmbeddedPostgres
from tests.edge.intake.edge import SERVER_KEY, edge, free_port, make_keys
from tests.edge.intake.load import Load, batches, send

BATCHES, SIZE, USERS = 150, 20, 50


def acknowledged(load: Load, at_least: int) -> None:
    deadline = time.monotonic() + 120
    while load.acknowledged < at_least:
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.django_db(transaction=True)
def test_an_edge_killed_under_load_loses_nothing_and_doubles_nothing() -> None:
    make_keys()
    port = free_port()

    def kill_twice(load: Load) -> None:
        for share in (0.2, 0.5):
            with edge(port=port) as running:
                acknowledged(load, int(BATCHES * SIZE * share))
                for child in children(running.process.pid):
                    os.kill(child, 9)
                running.process.kill()
        with edge(port=port):
            acknowledged(load, BATCHES * (SIZE + 1))

    load = send(batches(BATCHES, SIZE, users=USERS), [f"http://127.0.0.1:{port}"], kill_twice)
    assert load.failed, "the kills were not felt"
    assert Event.objects.count() == BATCHES * SIZE
    assert Event.objects.filter(profile_id=None).count() == 0
    assert Profile.objects.count() == USERS


@pytest.mark.django_db(transaction=True)
def test_two_edges_and_the_same_new_people_neither_deadlock_nor_make_anybody_twice() -> None:
    make_keys()
    sent = batches(BATCHES, SIZE, users=USERS)
    for batch in sent:
        batch.append({"type": "track", "event": "x", "anonymousId": f"a{batch[-1]['userId']}", "messageId": str(batch)})
    with edge() as one, edge() as other:
        began = time.monotonic()
        load = send([*sent, *sent], [one.url, other.url], lambda _load: None, clients=8)
        assert time.monotonic() - began < 200
    assert load.statuses == {200}
    assert Event.objects.count() == BATCHES * (SIZE + 1)
    assert Event.objects.filter(profile_id=None).count() == 0
    assert (Profile.objects.count(), Anonymous.objects.count()) == (USERS, USERS)


def test_a_database_killed_under_load_loses_nothing_and_doubles_nothing() -> None:
    with tempfile.TemporaryDirectory(prefix="pabal-crash-") as folder:
        home = Path(folder)
        home.chmod(0o755)
        server = EmbeddedPostgres(home)
        server.start()
        try:
            environment = os.environ | {"PABAL_DATABASE_URL": server.dsn, "DJANGO_SETTINGS_MODULE": "pabal.settings"}
            subprocess.run([sys.executable, "-m", "django", "migrate", "-v0"], env=environment, check=True)
            query(
                server, "INSERT INTO write_key (name, key, kind, origins) VALUES ('x', %s, 'server', '{}')", SERVER_KEY
            )

            def kill_twice(load: Load) -> None:
                for share in (0.2, 0.5):
                    acknowledged(load, int(BATCHES * SIZE * share))
                    assert server.process is not None
                    server.process.kill()
                    server.process.wait()
                    server.start()

            with edge(database=server.dsn) as running:
                load = send(batches(BATCHES, SIZE, users=USERS), [running.url], kill_twice)
            assert load.failed, "the kills were not felt"
            assert load.statuses <= {0, 200, 503}
            found = query(server, "SELECT count(*), count(DISTINCT key), count(profile_id) FROM event")
            assert found == (BATCHES * SIZE,) * 3
            assert query(server, "SELECT count(*) FROM profile") == (USERS,)
        finally:
            server.stop()


def query(server: EmbeddedPostgres, sql: str, *parameters: Any) -> Any:
    with psycopg.connect(server.dsn, autocommit=True) as connection:
        cursor = connection.execute(sql, parameters)
        return cursor.fetchone() if cursor.description else None


def children(pid: int) -> list[int]:
    """The processes below one, the innermost first."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += [*children(int(child)), int(child)]
    return found
