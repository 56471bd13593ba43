"""Writing the chunks of an import, two at a time where they have nobody in common.

Each chunk is a transaction of its own, which also moves the import's `Place` and adds to its counts. PostgreSQL works on
one statement with one core; two chunks at once use two.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import psycopg
from django.db import connection, transaction
from django.utils.translation import gettext as _
from psycopg import errors as pg

from pabal import config
from pabal.audience import consent_sql, people_sql
from pabal.audience.file_facts import Cursor, FileFacts
from pabal.audience.models import ConsentMethod, Import, ImportState
from pabal.audience.people_stream import People
from pabal.audience.refused_file import RefusedFile
from pabal.database import raw_cursor
from pabal.errors import Conflict

#: What may be lost to somebody faster; the chunk is written again.
_COLLISIONS = (pg.DeadlockDetected, pg.UniqueViolation, pg.SerializationFailure)
_ATTEMPTS = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """How far an import got: everything before `cursor` is written, and the chunks `ahead` of it: line of the first
    row → end. `refused_bytes` is the committed length of the refused file."""

    cursor: Cursor
    ahead: dict[int, Cursor] = field(default_factory=dict)
    refused_bytes: int = 0

    @classmethod
    def from_json(cls, data: dict[str, Any], start: Cursor) -> Place:
        if not data:
            return cls(cursor=start)
        return cls(
            cursor=Cursor(offset=data["offset"], line=data["line"]),
            ahead={line: Cursor(offset=offset, line=end) for line, offset, end in data["ahead"]},
            refused_bytes=data["refused_bytes"],
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "offset": self.cursor.offset,
            "line": self.cursor.line,
            "ahead": [[line, end.offset, end.line] for line, end in self.ahead.items()],
            "refused_bytes": self.refused_bytes,
        }

    def is_done(self, start: Cursor) -> bool:
        """Whether the chunk that begins at `start` is written."""
        return start.line in self.ahead

    def after(self, start: Cursor, end: Cursor, refused_bytes: int) -> Place:
        """The place when one more chunk is written."""
        ahead = {**self.ahead, start.line: end}
        cursor = self.cursor
        while cursor.line in ahead:
            cursor = ahead.pop(cursor.line)
        return replace(self, cursor=cursor, ahead=ahead, refused_bytes=refused_bytes)


def pairs(chunks: Iterable[People]) -> Iterator[tuple[People, ...]]:
    """Chunks in twos, or alone where the next one has somebody in common with it."""
    waiting: People | None = None
    for people in chunks:
        if waiting is None:
            waiting = people
        elif people.shares_people_with(waiting):
            yield (waiting,)
            waiting = people
        else:
            yield (waiting, people)
            waiting = None
    if waiting is not None:
        yield (waiting,)


class Writers:
    """Two threads with a database connection each. Inside somebody's transaction, or unless `parallel`: none, and
    everything is written by the caller's connection."""

    def __init__(self, import_: Import, *, language: str, parallel: bool) -> None:
        self.import_, self.language = import_, language
        self.facts = FileFacts.from_json(import_.facts)
        self.threads: list[ThreadPoolExecutor] = []
        if parallel and not connection.in_atomic_block:
            self.threads = [ThreadPoolExecutor(1, thread_name_prefix=f"write-{number}") for number in range(2)]

    def __enter__(self) -> Writers:
        return self

    def __exit__(self, *exception: object) -> None:
        for thread in self.threads:
            thread.submit(_disconnect)
            thread.shutdown()

    def write(self, chunks: Sequence[People]) -> None:
        """Write chunks that have nobody in common. Raises what the first failing one raised, when all have ended."""
        if not self.threads or len(chunks) == 1:
            for people in chunks:
                self._write(people, locked=False)
            return
        with raw_cursor() as cursor:  # one lock for both: they may not wait for each other
            cursor.execute("SELECT pg_advisory_lock(%s)", [people_sql.PEOPLE_LOCK])
            try:
                jobs = [
                    thread.submit(self._write, people, locked=True)
                    for thread, people in zip(self.threads, chunks, strict=True)
                ]
                problems = [problem for job in jobs if (problem := job.exception()) is not None]
            finally:
                if not cursor.connection.closed:
                    cursor.execute("SELECT pg_advisory_unlock(%s)", [people_sql.PEOPLE_LOCK])
        if problems:
            raise problems[0]

    def _write(self, people: People, *, locked: bool) -> None:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                with transaction.atomic():
                    self._write_chunk(people, locked=locked)
                return
            except _COLLISIONS:
                if attempt == _ATTEMPTS:
                    raise
                time.sleep(0.05 * attempt)

    def _write_chunk(self, people: People, *, locked: bool) -> None:
        added = Counter[str]({"rows": people.rows, "merged": people.merged, "refused": len(people.refused)})
        with raw_cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit = off")  # a lost chunk is simply written again
            if people.staging.height:
                added.update(self._write_people(cursor, people, locked=locked))
        self._move_on(people, added)

    def _write_people(self, cursor: psycopg.Cursor[Any], people: People, *, locked: bool) -> dict[str, int]:
        import_ = self.import_
        statement = import_.statement
        staging = people.under_present_ids(cursor)
        people_sql.stage(cursor, staging, locked=locked)
        written = people_sql.write_profiles(cursor, staging)
        agreed = consent_sql.apply_incoming(
            cursor,
            consent_sql.Evidence(
                method=ConsentMethod.IMPORT,
                source=statement.source if statement else import_.name,
                statement_id=statement.pk if statement else None,
                actor=import_.created_by.email if import_.created_by else "",
            ),
            channels=statement.channels if statement else [],
            purposes=statement.purposes if statement else [],
            at=statement.collected_at if statement else None,
            xid=written.xid,
            any_new=written.new > 0,
            any_known=written.known > 0,
        )
        joined = people_sql.join_list(cursor, import_.list_id, written) if import_.list_id else 0
        return {
            "created": written.created,
            "updated": written.updated,
            "unchanged": written.unchanged,
            "subscribed": agreed.subscribed,
            "unsubscribed": agreed.unsubscribed,
            "kept_unsubscribed": agreed.kept,
            "joined": joined,
        }

    def _move_on(self, people: People, added: Counter[str]) -> None:
        """Add to the import's counts and move its place; the refused file grows under the same row lock."""
        row = Import.objects.select_for_update().get(pk=self.import_.pk)
        if row.state != ImportState.RUNNING:
            raise Conflict(_("The import was changed while it ran."), code="interrupted")
        place = Place.from_json(row.cursor, self.facts.start)
        size = place.refused_bytes
        if people.refused:
            file = RefusedFile(config.get().home_path / row.refused_path, size=size)
            size = file.append(people.refused, self.facts.columns, self.language)
        counts = dict(row.counts)
        unread = Counter[str](counts.pop("unread", {}))
        unread.update(people.unread)
        added.update(counts)
        refusals = Counter[str](row.refusals)
        refusals.update(refusal.reason for refusal in people.refused)
        row.rows_done += people.rows
        row.rows_total = max(row.rows_total or 0, row.rows_done)
        row.counts = {**added, "unread": dict(unread)}
        row.refusals = dict(refusals)
        row.cursor = place.after(people.start, people.end, size).as_json()
        row.save(update_fields=["rows_done", "rows_total", "counts", "refusals", "cursor"])


def _disconnect() -> None:
    """Close the connection of the thread that calls this."""
    connection.close()
