"""`pabal up`: every process of Pabal on one machine, started in order and ended in order.

PostgreSQL (when embedded) → migrations → web, edge, engine, dispatch. A child that ends by itself is started again after
a pause that grows. Children are told by the kernel when the supervisor dies, so `kill -9` of it leaves nothing behind;
what is still ending when the next supervisor starts is waited for, then killed.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from pabal.config import Config
from pabal.errors import Conflict, Unavailable
from pabal.processes.postgres import EmbeddedPostgres, die_with_parent

#: In the order of starting; ended in reverse.
PROCESSES = ("web", "edge", "engine", "dispatch")
LOG_LIMIT = 20 * 1024 * 1024
REVIVE_S = 3.0
FULL = 64 * 1024 * 1024  # PostgreSQL needs a few files of 16 MB to start after a crash
Say = Callable[[str], None]


@dataclass(kw_only=True)
class Child:
    """One process under supervision."""

    name: str
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    pause: float = 0.5
    again_at: float = 0.0
    restarts: int = field(default=0)


class Supervisor:
    """Runs until SIGINT or SIGTERM. `say` gets one line for each thing a person should know."""

    def __init__(self, config: Config, *, say: Say) -> None:
        self.config = config
        self.home = config.home_path.resolve()
        self.say = say
        self.children = [Child(name=name) for name in PROCESSES]
        self.postgres = EmbeddedPostgres(self.home) if config.embedded_database else None
        self.stopping = False
        self._lock: int | None = None
        self._reviving = False
        self._revive_at = 0.0

    def start(self) -> None:
        """Take the home folder, start the databases, migrate, start the processes, wait until all answer."""
        self.home.mkdir(parents=True, exist_ok=True)
        (self.home / "logs").mkdir(exist_ok=True)
        self._take_lock()
        self._end_leftovers()
        self._check_ports()
        for sig in (signal.SIGINT, signal.SIGTERM):
            signal.signal(sig, self._on_signal)
        if self.postgres is not None:
            self.say("PostgreSQL")
            self.postgres.start()
        self._migrate()
        self.say(", ".join(PROCESSES))
        for child in self.children:
            self._spawn(child)
        self._wait_until_healthy()

    def run(self) -> None:
        """Watch over the children until asked to stop."""
        while not self.stopping:
            if (
                self.postgres is not None
                and self.postgres.process is not None
                and self.postgres.process.poll() is not None
            ):
                self._revive(self.postgres)
            for child in self.children:
                self._watch(child)
            time.sleep(0.2)

    def _revive(self, postgres: EmbeddedPostgres) -> None:
        """Start PostgreSQL again, however long it takes: with a full disk it cannot, until somebody frees some space."""
        if time.monotonic() < self._revive_at:
            return
        if not self._reviving:
            self.say("PostgreSQL ended; starting it again")
        try:
            postgres.start()
        except (Unavailable, OSError) as error:
            if not self._reviving:  # once; then it is tried in silence
                free = shutil.disk_usage(self.home).free
                if free < FULL:
                    self.say(
                        f"The disk is full: {free // 1024**2} MB left at {self.home}. Free some space; it goes on by itself"
                    )
                else:
                    self.say(f"{error}\nIt is tried again every {REVIVE_S:g} s")
            self._reviving = True
            self._revive_at = time.monotonic() + REVIVE_S
            return
        if self._reviving:
            self.say("PostgreSQL runs again")
        self._reviving = False

    def stop(self) -> None:
        """End the children in reverse order, then PostgreSQL, then let go of the home folder."""
        for child in reversed(self.children):
            self._end(child)
        if self.postgres is not None:
            self.postgres.stop()
        if self._lock is not None:
            (self.home / "children.json").unlink(missing_ok=True)
            os.close(self._lock)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.stopping = True

    def _take_lock(self) -> None:
        path = self.home / "up.lock"
        lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            pid = path.read_text().strip() or "?"
            raise Conflict(
                f"Pabal already runs on {self.home} (pid {pid}): {self.config.console_url}", code="already_running"
            ) from None
        os.ftruncate(lock, 0)
        os.write(lock, str(os.getpid()).encode())
        self._lock = lock

    def _end_leftovers(self) -> None:
        """Wait for children of a supervisor that was killed; kill those that do not end."""
        try:
            pids: dict[str, int] = json.loads((self.home / "children.json").read_text())
        except (FileNotFoundError, ValueError):
            return
        deadline = time.monotonic() + 10
        for name, pid in pids.items():
            while _is_ours(pid, name):
                if time.monotonic() > deadline:
                    with contextlib.suppress(ProcessLookupError, PermissionError):
                        os.killpg(pid, signal.SIGKILL)
                time.sleep(0.1)

    def _check_ports(self) -> None:
        config = self.config
        ports = {"web_port": (config.web_host, config.web_port), "edge_port": (config.edge_host, config.edge_port)}
        ports |= {
            "engine_port": ("127.0.0.1", config.engine_port),
            "dispatch_port": ("127.0.0.1", config.dispatch_port),
        }
        deadline = time.monotonic() + 5
        for setting, address in ports.items():
            while True:
                with socket.socket() as probe:
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    try:
                        probe.bind(address)
                        break
                    except OSError:
                        if time.monotonic() > deadline:
                            raise Unavailable(
                                f"Port {address[1]} on {address[0]} is taken by another program. "
                                f"Choose another: PABAL_{setting.upper()}=… or {setting} in {self.home}/pabal.toml",
                                code="port_taken",
                            ) from None
                time.sleep(0.2)

    def _migrate(self) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "pabal", "migrate"], env=self._environment(), capture_output=True, text=True
        )
        if done.returncode:
            raise Unavailable(f"The database could not be brought up to date:\n{done.stderr.strip()[-2000:]}")

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "PABAL_HOME": str(self.home), "PYTHONUNBUFFERED": "1"}

    def _spawn(self, child: Child) -> None:
        log_path = self.home / "logs" / f"{child.name}.log"
        if log_path.exists() and log_path.stat().st_size > LOG_LIMIT:
            log_path.replace(log_path.with_suffix(".log.1"))
        with log_path.open("ab") as log:
            child.process = subprocess.Popen(
                [sys.executable, "-m", "pabal", child.name],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment(),
                start_new_session=True,
                preexec_fn=die_with_parent,
            )
        child.started = time.monotonic()
        running = {c.name: c.process.pid for c in self.children if c.process is not None}
        with contextlib.suppress(OSError):  # a full disk: the children die with us all the same
            (self.home / "children.json").write_text(json.dumps(running))

    def _watch(self, child: Child) -> None:
        now = time.monotonic()
        if child.process is not None and child.process.poll() is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(child.process.pid, signal.SIGKILL)  # workers of a child that was killed
            if now - child.started > 60:
                child.pause = 0.5
            child.again_at = now + child.pause
            log = self.home / "logs" / f"{child.name}.log"
            self.say(f"{child.name} ended ({child.process.returncode}); again in {child.pause:g} s. See {log}")
            child.pause = min(child.pause * 2, 30)
            child.restarts += 1
            child.process = None
        if child.process is None and now >= child.again_at and not self.stopping:
            self._spawn(child)

    def _end(self, child: Child) -> None:
        process = child.process
        if process is None or process.poll() is not None:
            return
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)

    def _wait_until_healthy(self, *, timeout: float = 240) -> None:
        import httpx

        ports = {"web": self.config.web_port, "edge": self.config.edge_port}
        ports |= {"engine": self.config.engine_port, "dispatch": self.config.dispatch_port}
        hosts = {"web": self.config.web_host, "edge": self.config.edge_host}
        deadline = time.monotonic() + timeout
        for child in self.children:
            host = hosts.get(child.name, "127.0.0.1")
            url = f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{ports[child.name]}/healthz"  # noqa: S104
            while not self.stopping:
                with contextlib.suppress(httpx.HTTPError):
                    if httpx.get(url, timeout=2, trust_env=False).status_code == 200:
                        break
                self._watch(child)
                if time.monotonic() > deadline:
                    tail = (self.home / "logs" / f"{child.name}.log").read_text(errors="replace").splitlines()[-15:]
                    raise Unavailable(f"{child.name} does not answer at {url}. Its last words:\n" + "\n".join(tail))
                time.sleep(0.1)


def _is_ours(pid: int, name: str) -> bool:
    """Whether `pid` is still the process `pabal <name>` (Linux; elsewhere: whether it lives)."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
        return b"pabal" in command and name.encode() in command
    except FileNotFoundError:
        if Path("/proc/self").exists():
            return False
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True
