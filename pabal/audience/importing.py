"""Running an import: one chunk a transaction, from where the last run got to.

A chunk's people, its counts, the place in the file and the size of the refused file are committed together, so after a
crash nothing is written or counted twice.
"""

from __future__ import annotations

import errno
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
from django.db import Error as DatabaseError
from django.db import connection
from django.db.models.functions import Coalesce, Now
from django.utils.translation import gettext as _
from django.utils.translation import override
from psycopg import errors as pg

from pabal import config
from pabal.audience import mapping, people_sql
from pabal.audience.chunk_writing import Place, Writers, pairs
from pabal.audience.cleaning import Reading
from pabal.audience.file_facts import FileFacts
from pabal.audience.models import Import, ImportState
from pabal.audience.people_stream import stream
from pabal.audience.refused_file import RefusedFile
from pabal.database import raw_cursor
from pabal.errors import PabalError

log = logging.getLogger(__name__)

#: Rows a transaction: the people lock is held for about a second.
ROWS = 50_000
#: Seconds to wait for a database that went away before giving up.
PATIENCE = 60.0
_LOCK_SPACE = 0x1_0907
Progress = Callable[[Import], None]


def run(import_id: int, *, progress: Progress | None = None) -> Import:
    """Import a queued file, or go on with one that was interrupted; returns it done or failed.

    Returns at once when another process runs it, or it is in no state to run. `progress` is called after each chunk.
    """
    deadline = None
    while True:
        try:
            with _sole_runner(import_id) as alone:
                import_ = Import.objects.select_related("list", "statement", "created_by").get(pk=import_id)
                if not alone and deadline and time.monotonic() < deadline:
                    time.sleep(1)  # our own session that broke may not have ended yet
                    continue
                if not alone or not _begin(import_):
                    return import_
                deadline = None
                with override(_language(import_)):
                    _run(import_, progress)
                return import_
        except (DatabaseError, psycopg.Error) as error:
            if not _is_gone(error):
                raise
            connection.close()
            deadline = deadline or time.monotonic() + PATIENCE
            if time.monotonic() > deadline:
                raise
            log.warning("import %s waits for the database: %s", import_id, error)
            time.sleep(1)


def _run(import_: Import, progress: Progress | None) -> None:
    try:
        _write_all(import_, progress)
    except PabalError as error:
        _fail(import_, error.code, str(error))
    except (pg.DiskFull, OSError) as error:
        full = isinstance(error, pg.DiskFull) or error.errno in (errno.ENOSPC, errno.EDQUOT)
        if not full and not isinstance(error, FileNotFoundError):
            raise
        code = "disk_full" if full else "file_missing"
        _fail(import_, code, _failure(code))
    except (DatabaseError, psycopg.Error) as error:
        if _is_gone(error):
            raise
        log.exception("import %s failed", import_.pk)
        _fail(import_, "internal", _failure("internal"))
    except Exception:
        log.exception("import %s failed", import_.pk)
        _fail(import_, "internal", _failure("internal"))


def _write_all(import_: Import, progress: Progress | None) -> None:
    home = config.get().home_path
    facts = FileFacts.from_json(import_.facts)
    place = Place.from_json(import_.cursor, facts.start)
    RefusedFile(home / import_.refused_path, size=place.refused_bytes).cut()
    reading = reading_of(import_)
    _know_properties(facts, reading)
    chunks = stream(home / import_.path, facts, reading, start=place.cursor, rows=ROWS)
    with closing(chunks), Writers(import_, language=_language(import_), parallel=facts.rows > ROWS) as writers:
        for pair in pairs(people for people in chunks if not place.is_done(people.start)):
            writers.write(pair)
            import_.refresh_from_db(fields=["rows_done", "rows_total", "counts", "refusals", "cursor"])
            if progress is not None:
                progress(import_)
    _finish(import_)


def reading_of(import_: Import) -> Reading:
    """How the cells of an import are read, from what was chosen for it."""
    return Reading(
        mapped=mapping.from_json(import_.mapping),
        default_country=import_.default_country,
        zone=config.get().time_zone,
        allow_fictional=config.get().allow_fictional,
        everyone_agreed=import_.statement_id is not None,
    )


def _begin(import_: Import) -> bool:
    """Claim a queued import, or one that a process left behind."""
    claimed = Import.objects.filter(pk=import_.pk, state__in=[ImportState.QUEUED, ImportState.RUNNING]).update(
        state=ImportState.RUNNING, started_at=Coalesce("started_at", Now()), error=None
    )
    if claimed:
        import_.refresh_from_db()
    return claimed == 1


def _finish(import_: Import) -> None:
    Import.objects.filter(pk=import_.pk, state=ImportState.RUNNING).update(
        state=ImportState.DONE, rows_total=import_.rows_done, finished_at=Now()
    )
    if import_.rows_done >= ROWS:
        with raw_cursor() as cursor:  # the planner should know at once; autovacuum takes its time
            # All columns: with a list of them, the indexes on expressions (names, last digits) would get no statistics.
            cursor.execute("ANALYZE profile, consent, list_member")
    import_.refresh_from_db()


def _fail(import_: Import, code: str, message: str) -> None:
    """What was written stays; `actions.queue_import` goes on from there."""
    Import.objects.filter(pk=import_.pk, state=ImportState.RUNNING).update(
        state=ImportState.FAILED, error={"code": code, "message": message}, finished_at=Now()
    )
    import_.refresh_from_db()


def _failure(code: str) -> str:
    return {
        "disk_full": _("The disk is full. Free some space, then continue the import; nothing is imported twice."),
        "file_missing": _("The uploaded file is gone. Upload it again."),
        "internal": _("The import stopped because of an error in Pabal; the log has the details. It can be continued."),
    }[code]


def _know_properties(facts: FileFacts, reading: Reading) -> None:
    """Put the file's properties into the catalogue, with an example each."""
    rows = []
    for at, column in enumerate(facts.columns):
        target = reading.mapped.get(column)
        if target is not None and target.field == "property":
            example = next((row[at].strip() for row in facts.sample if row[at].strip()), "")
            rows.append((target.name, target.kind, example[:200]))
    people_sql.know_properties(rows)


def _language(import_: Import) -> str:
    return (import_.created_by.language if import_.created_by else "") or config.get().language


def _is_gone(error: BaseException) -> bool:
    """Whether the database does not answer (it restarts, or the network is down), as opposed to refusing."""
    cause = error.__cause__ if isinstance(error.__cause__, psycopg.Error) else error
    return isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError) and not isinstance(
        cause, pg.DiskFull | pg.DeadlockDetected | pg.QueryCanceled | pg.LockNotAvailable
    )


@contextmanager
def _sole_runner(import_id: int) -> Iterator[bool]:
    """Whether this process alone runs the import. The lock ends with the connection, however the process ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [_LOCK_SPACE, import_id % 2**31])
        alone = bool(cursor.fetchone()[0])
    try:
        yield alone
    finally:
        if alone and connection.connection is not None and not connection.connection.closed:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [_LOCK_SPACE, import_id % 2**31])


def imports_folder() -> Path:
    """Where uploads and refused rows lie."""
    folder = config.get().home_path / "imports"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder
