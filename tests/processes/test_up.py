"""`pabal up` as a user runs it: real processes, real engines, signals."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

pytestmark = pytest.mark.xdist_group("up")
NAMES = ("web", "edge", "engine", "dispatch")


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for s in sockets:
        s.bind(("127.0.0.1", 0))
    ports = [int(s.getsockname()[1]) for s in sockets]
    for s in sockets:
        s.close()
    return ports


def folder_of_its_own() -> Path:
    """Not below pytest's: as root, PostgreSQL's own user has to pass, and every other run of pytest shuts that folder."""
    return Path(tempfile.mkdtemp(prefix="pabal-up-"))


class Up:
    """One installation in a folder of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.ports = dict(zip(NAMES, free_ports(4), strict=True))
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("PABAL_") and k != "DATABASE_URL"}
        self.env = inherited | {"PABAL_HOME": str(home), "PABAL_LANGUAGE": "en"}
        self.env |= {f"PABAL_{name.upper()}_PORT": str(port) for name, port in self.ports.items()}
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pabal", "up"],
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        deadline = time.monotonic() + 300
        while not all(self.well(name) for name in NAMES):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.process.kill()
                raise AssertionError(self.process.communicate()[0])
            time.sleep(0.2)

    def well(self, name: str) -> bool:
        try:
            url = f"http://127.0.0.1:{self.ports[name]}/healthz"
            return httpx.get(url, timeout=2, trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    def run(self, *arguments: str, answer: str | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "pabal", *arguments], env=self.env, capture_output=True, text=True, input=answer
        )

    def pids(self) -> dict[str, int]:
        found: dict[str, int] = json.loads((self.home / "children.json").read_text())
        return found

    def left(self) -> list[str]:
        """Processes that still belong to this installation."""
        found = []
        for process in psutil.process_iter():
            try:
                mine = process.environ().get("PABAL_HOME") == str(self.home)
                if mine and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(" ".join(process.cmdline())[:100])
            except (psutil.AccessDenied, psutil.NoSuchProcess):
                continue
        return found

    def wait_until_gone(self, timeout: float = 40) -> list[str]:
        deadline = time.monotonic() + timeout
        while (left := self.left()) and time.monotonic() < deadline:
            time.sleep(0.2)
        return left


@pytest.fixture
def up() -> Iterator[Up]:
    installation = Up(folder_of_its_own() / "home")
    yield installation
    if installation.process is not None and installation.process.poll() is None:
        installation.process.send_signal(signal.SIGINT)
        installation.process.wait(60)
    shutil.rmtree(installation.home.parent, ignore_errors=True)


def test_up_starts_everything_survives_kill_9_and_ends_in_order(up: Up) -> None:
    up.start()
    assert httpx.get(f"http://127.0.0.1:{up.ports['web']}/welcome", trust_env=False).status_code == 200
    assert "pabal_engine_leads 1.0" in httpx.get(f"http://127.0.0.1:{up.ports['engine']}/metrics", trust_env=False).text

    doctor = up.run("doctor", "--json")
    findings = {f["name"]: f for f in json.loads(doctor.stdout)}
    assert doctor.returncode == 0, doctor.stdout
    assert findings["PostgreSQL"]["value"].startswith("18.")
    assert {"web", "edge", "engine", "dispatch", "ClickHouse"} <= set(findings)

    second = up.run("up")
    assert second.returncode == 1
    assert "already runs" in second.stderr

    os.kill(up.pids()["web"], signal.SIGKILL)  # a child that is killed comes back
    time.sleep(1)
    deadline = time.monotonic() + 40
    while not up.well("web"):
        assert time.monotonic() < deadline
        time.sleep(0.2)

    assert up.process is not None
    up.process.kill()  # the supervisor, with no chance to say goodbye
    up.process.wait()
    up.start()

    reset = up.run("reset", "--yes")
    assert reset.returncode == 1, "a running installation must not be removed"

    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(60) == 0
    assert up.wait_until_gone() == []

    refused = up.run("reset", answer="no\n")
    assert refused.returncode == 1
    assert up.home.exists()
    assert up.run("reset", answer="reset\n").returncode == 0
    assert not up.home.exists()


def test_a_database_that_cannot_start_again_ends_nothing_and_comes_back_when_it_can(up: Up) -> None:
    up.start()
    data = up.home / "postgres"
    control = data / "global" / "pg_control"
    pid = int((data / "postmaster.pid").read_text().split()[0])
    control.rename(data / "kept")  # it cannot be read, as when the disk is full or gone
    os.kill(pid, signal.SIGKILL)
    time.sleep(6)
    assert up.process is not None
    assert up.process.poll() is None, "the others wait for it"
    (data / "kept").rename(control)
    deadline = time.monotonic() + 120
    while not all(up.well(name) for name in NAMES):
        assert up.process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.5)


def test_a_taken_port_is_named_with_its_setting(up: Up) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", up.ports["edge"]))
        taken.listen()
        answer = up.run("up")
    assert answer.returncode == 1
    assert f"Port {up.ports['edge']}" in answer.stderr
    assert "PABAL_EDGE_PORT" in answer.stderr
