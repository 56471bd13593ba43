"""An import survives what can happen to it: kill -9, a restart of the database, another import of the same people."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time

import pytest
from django.db import connection, connections

from pabal.audience import csv_files, import_actions, importing, tasks
from pabal.audience.lists import create_list
from pabal.audience.models import Consent, ConsentEvent, Import, ImportState, List, ListMember, Profile
from tests.audience.people import refused_rows, upload

pytestmark = pytest.mark.django_db(transaction=True)


def contacts(count: int, *, step: int = 1, bad: int = 17) -> str:
    """Rows of `count` people; each `bad`-th has no usable phone (0: none)."""
    rows = [
        f"C{n * step},{'02-123-4567' if bad and n % bad == 0 else f'010-{1000 + n * step // 10000}-{n * step % 10000:04}'},이름{n}"
        for n in range(count)
    ]
    return "회원번호,휴대폰,first name\n" + "\n".join(rows) + "\n"


@pytest.fixture
def environment() -> dict[str, str]:
    """For a child process: the test database."""
    parameters = {
        k: v for k, v in connection.get_connection_params().items() if k in ("dbname", "user", "host", "port")
    }
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "pabal.settings",
        "DATABASE_URL": "postgresql://{user}@/{dbname}?host={host}".format(**parameters),
        "PYTHONPATH": os.getcwd(),
    }


def start(import_: Import, environment: dict[str, str], rows: int = 1000) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.audience.runner", str(import_.pk), str(rows)],
        env=environment, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def check_all_there(import_: Import, people: int, refused: int) -> None:
    counts = import_.counts
    assert import_.state == ImportState.DONE, import_.error
    assert (counts["rows"], counts["created"], counts["refused"]) == (people + refused, people, refused)
    assert counts["updated"] == counts["unchanged"] == counts["merged"] == 0, "nothing was imported twice"
    assert counts["subscribed"] == counts["joined"] == people
    assert Profile.objects.count() == Consent.objects.count() == ConsentEvent.objects.count() == people
    assert ListMember.objects.count() == List.objects.get().size == people
    rows = refused_rows(import_)
    assert len(rows) - 1 == refused
    assert len({row[0] for row in rows}) == refused + 1, "each refused line once"


def test_kill_9_again_and_again_loses_and_doubles_nothing(environment: dict[str, str]) -> None:
    count = 30_000
    import_ = upload(contacts(count), list_=create_list("모두"), agreed=True)
    chance = random.Random(4)
    kills = 0
    while kills < 3:
        process = start(import_, environment)
        assert process.stdout is not None
        for _ in range(chance.randint(2, 5)):
            line = process.stdout.readline()
        time.sleep(chance.random() * 0.03)  # somewhere within a chunk
        process.kill()
        process.communicate()
        import_.refresh_from_db()
        if import_.state == ImportState.DONE:
            break
        kills += 1
        assert import_.state == ImportState.RUNNING
        assert 0 < import_.rows_done < count, line
    assert kills, "the import was too fast to be interrupted"
    output, _ = start(import_, environment).communicate(timeout=120)
    assert output.splitlines()[-1] == "done"
    import_.refresh_from_db()
    refused = len(range(0, count, 17))
    check_all_there(import_, count - refused, refused)


def test_two_imports_of_the_same_people_at_once_make_each_person_once(environment: dict[str, str]) -> None:
    list_ = create_list("모두")
    first = upload(contacts(20_000, bad=0), list_=list_, agreed=True)
    second = upload(contacts(10_000, step=2, bad=0), list_=list_, agreed=True)
    nameless = "휴대폰\n" + "".join(f"010-{1000 + n // 10000}-{n % 10000:04}\n" for n in range(25_000))
    third = upload(nameless, agreed=True)
    processes = [start(import_, environment, 700) for import_ in (first, second, third)]
    outputs = [process.communicate(timeout=180)[0] for process in processes]
    assert [output.splitlines()[-1] for output in outputs] == ["done"] * 3
    for import_ in (first, second, third):
        import_.refresh_from_db()
    assert sum(import_.counts["created"] for import_ in (first, second, third)) == Profile.objects.count()
    phones = Profile.objects.values_list("phone", flat=True)
    assert len(phones) == len(set(phones)) == 25_000, "one person a phone"
    assert Consent.objects.count() == ConsentEvent.objects.count() == 25_000
    list_.refresh_from_db()
    assert list_.size == ListMember.objects.count() == 20_000


def test_only_one_process_runs_an_import(environment: dict[str, str]) -> None:
    import_ = upload(contacts(20_000), list_=create_list("모두"), agreed=True)
    processes = [start(import_, environment) for _ in range(2)]
    last = sorted(process.communicate(timeout=120)[0].splitlines()[-1] for process in processes)
    assert last in (["done", "running"], ["done", "queued"], ["done", "done"])
    import_.refresh_from_db()
    refused = len(range(0, 20_000, 17))
    check_all_there(import_, 20_000 - refused, refused)


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "ROWS", 500)
    monkeypatch.setattr(csv_files, "_SMALLEST", 10_000)


@pytest.mark.usefixtures("small_chunks")
def test_an_import_waits_for_a_database_that_goes_away_and_goes_on() -> None:
    import_ = upload(contacts(10_000), list_=create_list("모두"), agreed=True)
    cut = []

    def cut_the_line(running: Import) -> None:
        if running.rows_done > 2000 and len(cut) < 3 and running.rows_done not in cut:
            cut.append(running.rows_done)
            terminate(connection.connection.info.backend_pid)

    done = importing.run(import_.pk, progress=cut_the_line)
    assert len(cut) == 3
    refused = len(range(0, 10_000, 17))
    check_all_there(done, 10_000 - refused, refused)


def terminate(pid: int) -> None:
    """End a server process, as a restart of the database does, from another connection."""

    def end() -> None:
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
        connections["default"].close()

    thread = threading.Thread(target=end)
    thread.start()
    thread.join()


def test_imports_of_an_engine_that_died_are_queued_again(monkeypatch: pytest.MonkeyPatch) -> None:
    running = upload("휴대폰\n010-1234-5678\n")
    Import.objects.filter(pk=running.pk).update(state=ImportState.RUNNING)
    deferred: list[int] = []
    monkeypatch.setattr(tasks.run_import, "defer", lambda import_id: deferred.append(import_id))
    assert tasks.resume_imports() == 1
    tasks.run_import(deferred[0])
    running.refresh_from_db()
    assert running.state == ImportState.DONE


def test_a_worker_runs_what_is_queued(environment: dict[str, str]) -> None:
    import_ = upload("휴대폰\n010-1234-5678\n")
    Import.objects.filter(pk=import_.pk).update(state=ImportState.UPLOADED)
    import_actions.queue_import(Import.objects.get(pk=import_.pk))
    command = [sys.executable, "-m", "django", "procrastinate", "worker", "--queues", "engine", "--one-shot"]
    subprocess.run(command, env=environment, check=True, timeout=60)
    import_.refresh_from_db()
    assert (import_.state, import_.counts["created"]) == (ImportState.DONE, 1)
