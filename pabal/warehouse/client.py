"""One connection to ClickHouse: chDB inside this process, or a server; the same SQL for both."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import clickhouse_connect
import pyarrow as pa
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError, OperationalError

from pabal.errors import Unavailable

_MEMORY = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")

#: Settings of every query. Memory is bounded (a quarter of the machine's, 800 MB at least), and what sorts or groups more
#: goes to disk, so that a big audience does not end the engine.
SETTINGS: dict[str, Any] = {
    "max_memory_usage": max(800_000_000, _MEMORY // 4),
    "max_bytes_before_external_group_by": 250_000_000,
    "max_bytes_before_external_sort": 250_000_000,
    "join_use_nulls": 1,
    "do_not_merge_across_partitions_select_final": 0,
    "input_format_null_as_default": 1,
    # Senders write {"a.b": 1, "a": {"b": 2}} and name a property twice: the first one counts.
    "type_json_skip_duplicated_paths": 1,
    # A round may hold events of many months: the tables bound how many (`schema`).
    "max_partitions_per_insert_block": 0,
    # A text of a JSON property stays the text that was sent, though it looks like a date.
    "input_format_try_infer_dates": 0,
    "input_format_try_infer_datetimes": 0,
}


HANDLES = 3
"""Statements that run at once. A handle of chDB does one at a time; several handles share its threads and memory."""


class Warehouse:
    """ClickHouse, for several threads: up to `HANDLES` calls run at once, others wait for their turn.

    `path`: a folder for chDB, made when missing; only one process at a time may have it open. `url`: a server, as
    `http(s)://user:password@host:port/database`; it wins. Raises `Unavailable` with code `warehouse_locked` when
    another process has the folder open, `warehouse_unavailable` when the engine does not start or answer.
    """

    def __init__(self, *, path: Path | None = None, url: str = "") -> None:
        self.path = path
        self._url = url
        self._turns = threading.BoundedSemaphore(HANDLES)
        self._closed = False
        self._lock_file: int | None = None
        try:
            if not url:
                assert path is not None
                self._lock_file = _lock(path)
            first = self._connect()
        except (ClickHouseError, OSError) as error:
            self._unlock()
            raise Unavailable(f"The warehouse does not start: {error}", code="warehouse_unavailable") from error
        self._idle = [first]
        self.version = str(first.server_version)
        """ClickHouse's version."""

    @property
    def embedded(self) -> bool:
        """Whether it is chDB, whose files are on this machine."""
        return not self._url

    def ping(self) -> bool:
        """Whether it answers now."""
        with self._handle() as client:
            return bool(client.ping())

    def _connect(self) -> Client:
        if self._url:
            return clickhouse_connect.get_client(dsn=self._url, settings=SETTINGS, autogenerate_session_id=False)
        return clickhouse_connect.get_client(interface="chdb", path=str(self.path), settings=SETTINGS)

    @contextmanager
    def _handle(self) -> Iterator[Client]:
        """A client that nobody else uses meanwhile.

        A server that cannot be reached is `Unavailable`; an error that it answers with stays ClickHouse's.
        """
        try:
            with self._turns:
                if self._closed:
                    raise Unavailable("The warehouse is closed.", code="warehouse_unavailable")
                client = self._idle.pop() if self._idle else self._connect()
                try:
                    yield client
                finally:
                    self._idle.append(client)
        except OperationalError as error:
            if "DB::Exception" in str(error):  # it answered, and then broke off
                raise
            raise Unavailable(f"The warehouse does not answer: {error}", code="warehouse_unavailable") from error

    def command(self, sql: str, parameters: Mapping[str, Any] | None = None) -> Any:
        """Run a statement; the first row's value (a list of them when there are several), if it gives one."""
        with self._handle() as client:
            return client.command(sql, parameters=dict(parameters or {}))

    def rows(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """The rows of a small result."""
        with self._handle() as client:
            return [tuple(row) for row in client.query(sql, parameters=dict(parameters or {})).result_rows]

    def arrow(self, sql: str, parameters: Mapping[str, Any] | None = None) -> pa.Table:
        """The result as one Arrow table. chDB keeps all of it in memory: ask for a page, not for everything."""
        with self._handle() as client:
            return client.query_arrow(sql, parameters=dict(parameters or {}), use_strings=True)

    def insert(self, table: str, data: pa.Table) -> None:
        """Append rows. Columns are matched by name; ClickHouse converts the types."""
        if data.num_rows:
            with self._handle() as client:
                client.insert_arrow(table, data)

    def close(self) -> None:
        """End it, once nothing is under way."""
        for _ in range(HANDLES):
            self._turns.acquire()
        self._closed = True
        for client in self._idle:
            client.close()
        self._idle.clear()
        self._unlock()
        self._turns.release(HANDLES)

    def _unlock(self) -> None:
        if self._lock_file is not None:
            os.close(self._lock_file)
            self._lock_file = None


def _lock(path: Path) -> int:
    """Hold the folder. chDB has a lock of its own, but its error does not say that this is the trouble."""
    path.mkdir(parents=True, exist_ok=True)
    file = os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(file, 20).decode(errors="replace").strip()
        os.close(file)
        raise Unavailable(
            f"Another process (pid {holder or '?'}) has the warehouse {path} open. Only one engine may: end it first.",
            code="warehouse_locked",
            details={"pid": holder},
        ) from None
    os.truncate(file, 0)
    os.pwrite(file, str(os.getpid()).encode(), 0)
    return file
