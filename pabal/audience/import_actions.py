"""What is done with an import: upload a file, choose what its columns mean, queue it, continue it, throw it away.

Everything about its contents is in `importing` and the modules that it uses. Writing the audit trail is the caller's part.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import IO

import phonenumbers
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from pabal import config
from pabal.accounts.models import User
from pabal.audience import files, mapping
from pabal.audience.file_facts import FileFacts
from pabal.audience.importing import imports_folder
from pabal.audience.mapping import Mapped
from pabal.audience.models import Channel, ConsentStatement, Import, ImportState, List, Purpose
from pabal.errors import Conflict, InvalidInput, Unavailable


def start_import(
    file: IO[bytes] | Path,
    *,
    name: str,
    by: User | None,
    default_country: str = "",
    list_: List | None = None,
    encoding: str = "",
    sheet: str = "",
) -> Import:
    """Keep a contact file under PABAL_HOME/imports and look at it; its columns are mapped by guess.

    `name` is shown to people and never used as a path. Raises InvalidInput when it cannot be read (nothing is kept then),
    Unavailable `disk_full`.
    """
    country = check_country(default_country or config.get().default_country)
    path = imports_folder() / uuid.uuid4().hex
    try:
        _store(file, path)
        facts = files.inspect(path, encoding=encoding, sheet=sheet)
    except OSError as error:
        files.forget(path)
        raise Unavailable(_("The file could not be stored: the disk is full."), code="disk_full") from error
    except BaseException:
        files.forget(path)
        raise
    relative = f"imports/{path.name}"
    return Import.objects.create(
        name=Path(name.replace("\\", "/")).name[:255] or "contacts",
        path=relative,
        refused_path=f"{relative}.refused.csv",
        facts=facts.as_json(),
        mapping=mapping.as_json(mapping.guess(facts)),
        default_country=country,
        list=list_,
        bytes=path.stat().st_size,
        rows_total=facts.rows,
        created_by=by,
    )


def facts_of(import_: Import) -> FileFacts:
    """What was found in the file: columns, sample rows, warnings."""
    return FileFacts.from_json(import_.facts)


def read_again(import_: Import, *, encoding: str = "", sheet: str = "") -> FileFacts:
    """Look at the file with another encoding or sheet; the mapping is guessed afresh. Raises InvalidInput, Conflict."""
    facts = files.inspect(config.get().home_path / import_.path, encoding=encoding, sheet=sheet)
    _change(import_, facts=facts.as_json(), mapping=mapping.as_json(mapping.guess(facts)), rows_total=facts.rows)
    return facts


def choose_mapping(import_: Import, mapped: Mapping[str, str] | Mapped, *, default_country: str = "") -> None:
    """Say what the columns mean: column → target word (`mapping.Target`). Columns left out are not imported.

    Raises InvalidInput when it cannot work, Conflict when the import has begun.
    """
    read = {n: t if isinstance(t, mapping.Target) else mapping.Target.parse(t, column=n) for n, t in mapped.items()}
    mapping.check(read, facts_of(import_))
    country = check_country(default_country or import_.default_country)
    _change(import_, mapping=mapping.as_json(read), default_country=country)


@transaction.atomic
def choose_list(import_: Import, list_: List | None) -> None:
    """The list that everybody in the file joins. Raises Conflict when the import has begun."""
    if list_ is not None and list_.archived_at is not None:
        raise Conflict(_("The list is archived."), code="list_archived")
    before = import_.list_id
    _change(import_, list=list_)
    if before is not None and before != import_.list_id:
        _forget_list(before, import_)


def _forget_list(list_id: int, import_: Import) -> None:
    """Delete a list that was made for this import alone and that nobody joined or uses."""
    list_ = List.objects.filter(pk=list_id, size=0, created_at__gte=import_.created_at).first()
    if list_ is None:
        return
    for relation in List._meta.related_objects:  # campaigns and forms, too: apps above this one
        if relation.related_model._base_manager.filter(**{relation.field.name: list_id}).exists():
            return
    list_.delete()


@transaction.atomic
def state_consent(
    import_: Import,
    *,
    wording: str,
    source: str,
    collected_at: datetime,
    channels: Sequence[str],
    purposes: Sequence[str],
    by: User | None,
) -> ConsentStatement:
    """Say who agreed to what, when and where. Without it an import subscribes nobody.

    Raises InvalidInput with the field at fault, Conflict when the import has begun.
    """
    if not wording.strip():
        raise InvalidInput(_("Write what people agreed to."), code="required", field="wording")
    if not source.strip():
        raise InvalidInput(_("Write where people agreed."), code="required", field="source")
    if collected_at > timezone.now():
        raise InvalidInput(_("Consent cannot lie in the future."), code="in_the_future", field="collected_at")
    if not channels or not set(channels) <= set(Channel.values):
        raise InvalidInput(_("Choose the channels that people agreed to."), code="required", field="channels")
    if not purposes or not set(purposes) <= set(Purpose.values):
        raise InvalidInput(_("Choose the purposes that people agreed to."), code="required", field="purposes")
    statement = ConsentStatement.objects.create(
        wording=wording.strip(),
        source=source.strip(),
        collected_at=collected_at,
        channels=sorted(set(channels)),
        purposes=sorted(set(purposes)),
        created_by=by,
    )
    _change(import_, statement=statement)
    return statement


@transaction.atomic
def withdraw_statement(import_: Import) -> None:
    """Say that the people of a file have not agreed to anything. Raises Conflict when the import has begun."""
    statement_id = import_.statement_id
    _change(import_, statement=None)
    if statement_id is not None:
        ConsentStatement.objects.filter(pk=statement_id, imports=None).delete()


@transaction.atomic
def queue_import(import_: Import) -> None:
    """Let the engine import the file, or continue one that failed. Raises Conflict unless uploaded or failed."""
    from pabal.audience.tasks import run_import

    mapping.check(mapping.from_json(import_.mapping), facts_of(import_))
    mark_queued(import_)
    run_import.defer(import_id=import_.pk)


def mark_queued(import_: Import) -> None:
    """From uploaded or failed to queued, for whoever runs it next. Raises Conflict."""
    moved = Import.objects.filter(pk=import_.pk, state__in=[ImportState.UPLOADED, ImportState.FAILED]).update(
        state=ImportState.QUEUED, error=None, finished_at=None
    )
    if moved != 1:
        raise Conflict(_("The import is already running or done."), code="import_started")
    import_.refresh_from_db()


@transaction.atomic
def discard_import(import_: Import) -> None:
    """Delete an upload that was not started, with its file and the list that was made for it. Raises Conflict."""
    deleted, _by_model = Import.objects.filter(pk=import_.pk, state=ImportState.UPLOADED).delete()
    if not deleted:
        raise Conflict(_("The import is already running or done."), code="import_started")
    if import_.list_id is not None:
        _forget_list(import_.list_id, import_)
    files.forget(config.get().home_path / import_.path)


def discard_abandoned(before: datetime) -> int:
    """Delete uploads from before that moment that nobody started: their files hold people's data. How many."""
    left = list(Import.objects.filter(state=ImportState.UPLOADED, created_at__lt=before))
    for import_ in left:
        with suppress(Conflict):  # started just now
            discard_import(import_)
    return len(left)


def check_country(code: str) -> str:
    """An ISO country that phone numbers may be read by. Raises InvalidInput `unknown_country`."""
    upper = code.strip().upper()
    if upper not in phonenumbers.SUPPORTED_REGIONS:
        raise InvalidInput(
            _("Unknown country: %(code)s") % {"code": code}, code="unknown_country", field="default_country"
        )
    return upper


def _change(import_: Import, **fields: object) -> None:
    if Import.objects.filter(pk=import_.pk, state=ImportState.UPLOADED).update(**fields) != 1:
        raise Conflict(_("The import is already running or done."), code="import_started")
    import_.refresh_from_db()


def _store(file: IO[bytes] | Path, path: Path) -> None:
    if isinstance(file, Path):
        if not file.is_file():
            raise InvalidInput(_("No such file: %(path)s") % {"path": file}, code="file_missing", field="file")
        shutil.copyfile(file, path)
    else:
        with path.open("wb") as out:
            shutil.copyfileobj(file, out, 1_000_000)
    path.chmod(0o600)
