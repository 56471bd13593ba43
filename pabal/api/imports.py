"""Imports: contact files on their way in."""

from __future__ import annotations

from datetime import datetime
from typing import IO, Annotated, Any, cast

from django.http import FileResponse, HttpRequest
from django.utils.translation import gettext as _
from ninja import File, Form, Schema
from ninja.files import UploadedFile
from pydantic import AwareDatetime, Field

from pabal import config
from pabal.accounts import audit
from pabal.accounts.access import actor
from pabal.accounts.keys import Scope
from pabal.api.operations import Area
from pabal.api.pagination import Page, Paging, paginate
from pabal.api.schemas import Id, Input, found
from pabal.audience import import_actions
from pabal.audience.models import Channel, Import, ImportState, List, Purpose
from pabal.errors import NotFound

area = Area("Imports")


class ImportOut(Schema):
    """A contact file. `mapping`: column → target. `counts` and `refusals` grow while it runs."""

    id: int
    name: str
    state: ImportState
    default_country: str
    list_key: str | None = Field(description="Key of the list that everybody in the file joins.")
    columns: list[str]
    sample: list[list[str]]
    mapping: dict[str, Any]
    states_consent: bool = Field(description="Whether it says who agreed to what.")
    rows_done: int
    rows_total: int | None
    counts: dict[str, Any]
    refusals: dict[str, int]
    error: dict[str, Any] | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @staticmethod
    def resolve_list_key(row: Import) -> str | None:
        return row.list.key if row.list else None

    @staticmethod
    def resolve_columns(row: Import) -> list[str]:
        return list(row.facts.get("columns", []))

    @staticmethod
    def resolve_sample(row: Import) -> list[list[str]]:
        return [list(r) for r in row.facts.get("sample", [])]

    @staticmethod
    def resolve_states_consent(row: Import) -> bool:
        return row.statement_id is not None


class UploadIn(Input):
    default_country: str = Field("", max_length=2, description="Country of phones in national form.")
    list_key: str = Field("", max_length=64, description="Key of a list that everybody joins.")
    encoding: str = Field("", max_length=32, description="Only when the guess is wrong: utf-8, cp949, …")
    sheet: str = Field("", max_length=200, description="Sheet of an XLSX file; the first one otherwise.")


class StatementIn(Input):
    """Who agreed to what, when and where. Without it, an import subscribes nobody."""

    wording: str = Field(max_length=10_000)
    source: str = Field(max_length=1000)
    collected_at: AwareDatetime
    channels: list[Channel] = Field(default_factory=lambda: [Channel.TEXT])
    purposes: list[Purpose] = Field(default_factory=lambda: [Purpose.PROMOTIONAL])


class StartIn(Input):
    mapping: dict[str, str] | None = Field(
        None, description="Column → `phone`, `first_name`, `property:number:points`, `ignore`, …; null keeps the guess."
    )
    consent: StatementIn | None = None


@area.read("/imports", response=Page[ImportOut])
def list_imports(request: HttpRequest, page: Paging) -> dict[str, object]:
    """List imports, the newest first."""
    rows, cursor = paginate(Import.objects.select_related("list"), page, kind="imports", descending=True)
    return {"data": rows, "next_cursor": cursor}


@area.read("/imports/{int:import_id}", response=ImportOut)
def read_import(request: HttpRequest, import_id: Id) -> Import:
    """Read an import: its progress, and what became of the rows."""
    return _import(import_id)


@area.write("POST", "/imports", scope=Scope.PROFILES, response=ImportOut, status=201)
def upload_import(
    request: HttpRequest, file: Annotated[UploadedFile, File(...)], form: Annotated[UploadIn, Form(...)]
) -> Import:
    """Upload a CSV or XLSX file; its columns are mapped by guess.

    Nothing is imported yet: look at `mapping`, then start it.
    """
    list_ = found(List.objects.filter(key=form.list_key).first(), "list", form.list_key) if form.list_key else None
    made = import_actions.start_import(
        cast(IO[bytes], file.file),
        name=file.name or "",
        by=actor(request).person,
        default_country=form.default_country,
        list_=list_,
        encoding=form.encoding,
        sheet=form.sheet,
    )
    audit.record(actor(request), "import.upload", made, {"bytes": made.bytes, "rows": made.rows_total})
    return made


@area.write("POST", "/imports/{int:import_id}/start", scope=Scope.PROFILES, response=ImportOut, status=202)
def start_import(request: HttpRequest, import_id: Id, body: StartIn) -> Import:
    """Start an import, with its mapping and the consent that people gave.

    Also continues one that failed.
    """
    row = _import(import_id)
    if body.mapping is not None:
        import_actions.choose_mapping(row, body.mapping)
    if body.consent is not None:
        import_actions.state_consent(row, **body.consent.dict(), by=actor(request).person)
    import_actions.queue_import(row)
    changes = {"mapping": row.mapping, "consent": body.consent.dict() if body.consent else None}
    audit.record(actor(request), "import.start", row, changes)
    return _import(import_id)


@area.write("DELETE", "/imports/{int:import_id}", scope=Scope.PROFILES, response=None, status=204)
def discard_import(request: HttpRequest, import_id: Id) -> None:
    """Throw away an upload that was not started."""
    row = _import(import_id)
    audit.record(actor(request), "import.discard", row)
    import_actions.discard_import(row)


@area.read(
    "/imports/{int:import_id}/refused",
    response=None,
    openapi_extra={
        "responses": {
            200: {
                "description": "CSV: the row's line, the reason, and its cells",
                "content": {"text/csv": {"schema": {"type": "string"}}},
            }
        }
    },
)
def download_refused(request: HttpRequest, import_id: Id) -> FileResponse:
    """Download the rows that were refused, each with its reason."""
    row = _import(import_id)
    path = config.get().home_path / row.refused_path
    if not row.refused_path or not path.is_file():
        raise NotFound(_("No row of this import was refused."), code="nothing_refused")
    audit.record(actor(request), "import.download_refused", row, {"rows": row.counts.get("refused", 0)})
    return FileResponse(path.open("rb"), content_type="text/csv; charset=utf-8", filename=f"refused-{import_id}.csv")


def _import(import_id: int) -> Import:
    row = Import.objects.select_related("list", "statement").filter(pk=import_id).first()
    return found(row, "import", import_id)
