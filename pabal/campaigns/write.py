"""Writes a plan's chunks to PostgreSQL: messages, batches, skips and the note that they are there, in one transaction.

Rows travel as Arrow through binary COPY. The connection that writes also holds the lock that serialises planning, so
a planner that lost its lock can write nothing more.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import adbc_driver_manager
import msgspec
import pyarrow as pa
from adbc_driver_postgresql import dbapi

from pabal.campaigns.summary import ChunkSummary
from pabal.errors import Conflict, Unavailable

PLANNING_LOCK = 7_206_002  # any number; the same in every process that plans


class PlanStopped(Conflict):
    """The campaign was ended while it was planned. What is written stays, and is never sent."""

    code = "plan_stopped"


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """A piece of a plan: the tables have the columns of `message`, `batch` and `skip`; messages are sorted by id."""

    number: int
    last_profile_id: int
    messages: pa.Table
    batches: pa.Table
    skips: pa.Table
    fallbacks: pa.Table | None = None
    summary: ChunkSummary


class PlanWriter:
    """One connection for one plan. Use as a context manager."""

    def __init__(self, dsn: str, *, plan_id: int) -> None:
        self._dsn = dsn
        self._plan_id = plan_id

    def __enter__(self) -> PlanWriter:
        try:
            self._connection = dbapi.connect(self._dsn)
        except adbc_driver_manager.Error as error:
            raise Unavailable(f"PostgreSQL does not answer: {error}", code="database_unavailable") from error
        return self

    def __exit__(self, *exception: object) -> None:
        self._connection.close()

    def lock(self, *, patience: float = 2.0, pause: float = 0.2) -> bool:
        """Take one's turn to plan; False when another plan is still being made after `patience` seconds."""
        until = time.monotonic() + patience
        while True:
            got = self._value(f"SELECT pg_try_advisory_lock({PLANNING_LOCK})")
            self._connection.commit()
            if got or time.monotonic() > until:
                return bool(got)
            time.sleep(pause)

    def write(self, chunk: Chunk) -> None:
        """Store a chunk, all of it or nothing. Raises `PlanStopped`, and `Unavailable` when PostgreSQL is gone."""
        try:
            self._write(chunk)
            self._connection.commit()
        except adbc_driver_manager.Error as error:
            raise Unavailable(f"Writing the plan failed: {error}", code="database_unavailable") from error

    def _write(self, chunk: Chunk) -> None:
        state = self._value(
            "SELECT c.state FROM plan p JOIN campaign c ON c.id = p.campaign_id"  # noqa: S608
            f" WHERE p.id = {self._plan_id} AND p.state = 'running' FOR SHARE OF c"
        )
        if state not in ("planning", "paused"):
            self._connection.rollback()
            raise PlanStopped("The campaign was ended while it was planned.")
        for table, rows in (
            ("message", chunk.messages),
            ("batch", chunk.batches),
            ("skip", chunk.skips),
            ("fallback", chunk.fallbacks),
        ):
            if rows is not None and rows.num_rows:
                with self._connection.cursor() as cursor:
                    cursor.adbc_ingest(table, rows, mode="append")
        last_skip = None
        if chunk.skips.num_rows:  # one planner writes at a time, so the ids are a run
            last_skip = int(self._value("SELECT currval(pg_get_serial_sequence('skip', 'id'))"))
        ids = chunk.messages.column("id")
        self._execute(
            """
            INSERT INTO plan_chunk (plan_id, number, last_profile_id, first_message_id, last_message_id, first_skip_id,
                                    last_skip_id, summary)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8::text::jsonb)
            """,
            (
                self._plan_id,
                chunk.number,
                chunk.last_profile_id,
                ids[0].as_py() if len(ids) else None,
                ids[-1].as_py() if len(ids) else None,
                last_skip - chunk.skips.num_rows + 1 if last_skip is not None else None,
                last_skip,
                msgspec.json.encode(chunk.summary).decode(),
            ),
        )
        self._execute(
            "UPDATE plan SET candidates_done = candidates_done + $1 WHERE id = $2",
            (chunk.summary.candidates, self._plan_id),
        )

    def _value(self, sql: str) -> Any:
        with self._connection.cursor() as cursor:
            # Functions that change something cannot run inside the COPY that reads use by default.
            cursor.adbc_statement.set_options(**{"adbc.postgresql.use_copy": "false"})
            cursor.execute(sql)
            row = cursor.fetchone()
        return row[0] if row else None

    def _execute(self, sql: str, values: tuple[Any, ...]) -> None:
        with self._connection.cursor() as cursor:
            cursor.execute(sql, values)


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Where a plan stands that was interrupted: the chunks that are committed."""

    chunks: int
    last_profile_id: int
    own: tuple[int, int] | None
    summaries: tuple[ChunkSummary, ...]


def progress_of(plan_id: int) -> Progress:
    """What is stored of a plan."""
    from pabal.campaigns.models import PlanChunk

    rows = list(PlanChunk.objects.filter(plan_id=plan_id).order_by("number"))
    firsts = [row.first_message_id for row in rows if row.first_message_id is not None]
    lasts = [row.last_message_id for row in rows if row.last_message_id is not None]
    return Progress(
        chunks=len(rows),
        last_profile_id=rows[-1].last_profile_id if rows else 0,
        own=(min(firsts), max(lasts)) if firsts else None,
        summaries=tuple(msgspec.convert(row.summary, ChunkSummary) for row in rows),
    )
