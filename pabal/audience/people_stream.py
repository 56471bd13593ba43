"""The chunks of a file as people ready to be written, read and cleaned in a thread of their own, one chunk ahead."""

from __future__ import annotations

import queue
import threading
from collections import Counter
from collections.abc import Generator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import psycopg

from pabal.audience import files, people_sql
from pabal.audience.cleaning import Reading, clean, with_properties
from pabal.audience.file_facts import LINE, Chunk, Cursor, FileFacts, Refusal
from pabal.audience.former_ids import by_present_ids
from pabal.audience.merging import KEY, Seen, hashes, merge

#: Prepared chunks that may wait for the database, besides two being written and one being cleaned.
_AHEAD = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class People:
    """A chunk ready to write. `rows` counts records of the file, refused ones included; `merged` those of a person
    whom the file named before; `staging` is `frame` as it is written. `keys` and `phones` are hashes of who is in it."""

    frame: pl.DataFrame
    staging: people_sql.Staging
    rows: int
    merged: int
    refused: tuple[Refusal, ...]
    unread: Counter[str]
    keys: pl.Series
    phones: pl.Series
    start: Cursor
    end: Cursor

    def shares_people_with(self, other: People) -> bool:
        """Whether the two may not be written at the same time: somebody, or a phone, is in both."""
        return bool(self.keys.is_in(other.keys.implode()).any() or self.phones.is_in(other.phones.implode()).any())

    def under_present_ids(self, cursor: psycopg.Cursor[Any]) -> people_sql.Staging:
        """What to write: people whose external id went up in another one are named by that one, and merged with it."""
        frame = by_present_ids(cursor, self.frame)
        if frame is self.frame:
            return self.staging
        again = merge(frame.drop("rows", strict=False)).drop("rows", KEY)
        return people_sql.staging(with_properties(again))


def prepare(chunk: Chunk, reading: Reading, seen: Seen, start: Cursor) -> People:
    """Clean and merge one chunk, which begins at `start`."""
    cleaned = clean(chunk, reading)
    merged = merge(cleaned.people)
    keys, phones = hashes(merged)
    merged = seen.mark(merged)
    again = int(merged.get_column("again").sum())
    return People(
        frame=merged,
        staging=people_sql.staging(with_properties(merged)),
        rows=cleaned.people.height + len(cleaned.refused),
        merged=cleaned.people.height - merged.height + again,
        refused=cleaned.refused,
        unread=cleaned.unread,
        keys=keys,
        phones=phones,
        start=start,
        end=chunk.end,
    )


def stream(
    path: Path, facts: FileFacts, reading: Reading, *, start: Cursor, rows: int
) -> Generator[People, None, None]:
    """People from `start` to the end of the file, in chunks of about `rows`.

    To go on after an interruption, the part before `start` is read once more, only to know whom it named. Closing the
    iterator ends the thread. Raises what reading raised.
    """
    ready: queue.Queue[People | BaseException | None] = queue.Queue(_AHEAD)
    stop = threading.Event()

    def put(item: People | BaseException | None) -> None:
        while not stop.is_set():
            with suppress(queue.Full):
                ready.put(item, timeout=0.2)
                return

    def read() -> None:
        try:
            seen = Seen()
            if start != facts.start:
                _recall(path, facts, reading, seen, start, rows)
            begin = start
            for chunk in files.read_chunks(path, facts, rows, start=start):
                put(prepare(chunk, reading, seen, begin))
                begin = chunk.end
                if stop.is_set():
                    return
            put(None)
        except BaseException as error:  # handed to the consumer, which raises it
            put(error)

    thread = threading.Thread(target=read, name=f"read-{path.name}", daemon=True)
    thread.start()
    try:
        while (item := ready.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stop.set()
        thread.join()


def _recall(path: Path, facts: FileFacts, reading: Reading, seen: Seen, end: Cursor, rows: int) -> None:
    for chunk in files.read_chunks(path, facts, rows):
        before = chunk.frame.filter(pl.col(LINE) < end.line)
        seen.mark(merge(clean(Chunk(frame=before, refused=(), end=chunk.end), reading).people))
        if chunk.end.line >= end.line:
            return
