"""The wizard of an import: the file, its columns, list and consent, a last look. Each step saves and goes on."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from pabal.accounts import audit
from pabal.accounts.access import actor, person, requires
from pabal.accounts.models import Role
from pabal.audience import import_actions, lists, mapping
from pabal.audience.file_facts import warning_text
from pabal.audience.import_preview import preview as try_rows
from pabal.audience.models import Channel, Import, ImportState, List, Purpose
from pabal.console.errors import add_error
from pabal.console.forms.imports import PURPOSES, ListAndConsentForm, MappingForm, ReadAgainForm, UploadForm
from pabal.console.views.audience.preview_table import preview_table
from pabal.errors import PabalError


def _steps(import_: Import | None) -> list[Any]:
    """(label, address) of each step."""
    labels = [_("File"), _("Columns"), _("List and consent"), _("Check and import")]
    if import_ is None:
        return labels
    names = ("import_new", "import_map", "import_consent", "import_check")
    return [
        (label, reverse(f"console:{name}", args=[] if name == "import_new" else [import_.pk]))
        for label, name in zip(labels, names, strict=True)
    ]


def _uploaded(import_id: int) -> Import:
    return get_object_or_404(Import.objects.select_related("list", "statement"), pk=import_id)


@requires(Role.EDITOR)
def new(request: HttpRequest) -> HttpResponse:
    """Upload a file. `?list=KEY` says which list it is for."""
    form = UploadForm(request.POST or None, request.FILES or None)
    list_ = List.objects.filter(key=request.GET.get("list", ""), archived_at=None).first()
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            with transaction.atomic():
                made = import_actions.start_import(file.file, name=file.name, by=person(request), list_=list_)
                audit.record(actor(request), "import.upload", made, {"bytes": made.bytes})
            return redirect("console:import_map", import_id=made.pk)
        except PabalError as error:
            add_error(form, error)
    values = {"form": form, "steps": _steps(None), "list": list_}
    status = 422 if request.method == "POST" else 200
    return render(request, "console/audience/import_new.html", values, status=status)


@requires(Role.EDITOR)
def columns(request: HttpRequest, import_id: int) -> HttpResponse:
    """What each column means, with the first rows as they will be stored."""
    import_ = _uploaded(import_id)
    if import_.state != ImportState.UPLOADED:
        return redirect("console:import", import_id=import_id)
    form = MappingForm(import_, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            country = form.cleaned_data["default_country"]
            with transaction.atomic():
                import_actions.choose_mapping(import_, form.mapped, default_country=country)
                audit.record(actor(request), "import.map", import_, {"mapping": import_.mapping})
            return redirect("console:import_consent", import_id=import_id)
        except PabalError as error:
            add_error(form, error)
    facts = import_actions.facts_of(import_)
    values = {
        "import": import_,
        "facts": facts,
        "warnings": [warning_text(code) for code in facts.warnings],
        "form": form,
        "again": ReadAgainForm(facts),
        "steps": _steps(import_),
    }
    return render(request, "console/audience/import_map.html", values, status=422 if form.errors else 200)


@requires(Role.EDITOR)
@require_POST
def preview(request: HttpRequest, import_id: int) -> HttpResponse:
    """The first rows as a mapping that is not saved yet would store them. A fragment."""
    import_ = _uploaded(import_id)
    form = MappingForm(import_, request.POST)
    values: dict[str, Any] = {"form": form}
    if form.is_valid():
        country = form.cleaned_data["default_country"]
        try:
            values |= preview_table(try_rows(import_, form.mapped, country), form.mapped)
        except FileNotFoundError:
            values["gone"] = True
    return render(request, "console/audience/import_preview.html", values)


@requires(Role.EDITOR)
@require_POST
def read_again(request: HttpRequest, import_id: int) -> HttpResponse:
    """Look at the file with another encoding or sheet."""
    import_ = _uploaded(import_id)
    form = ReadAgainForm(import_actions.facts_of(import_), request.POST)
    if form.is_valid():
        with transaction.atomic():
            import_actions.read_again(
                import_, encoding=form.cleaned_data.get("encoding", ""), sheet=form.cleaned_data.get("sheet", "")
            )
            audit.record(actor(request), "import.read_again", import_, form.cleaned_data)
    return redirect("console:import_map", import_id=import_id)


@requires(Role.EDITOR)
def consent(request: HttpRequest, import_id: int) -> HttpResponse:
    """Which list, and who agreed to what, when and where."""
    import_ = _uploaded(import_id)
    if import_.state != ImportState.UPLOADED:
        return redirect("console:import", import_id=import_id)
    form = ListAndConsentForm(request.POST or None, initial=ListAndConsentForm.initial_of(import_))
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                _choose_list(request, import_, form.cleaned_data)
                _state_consent(request, import_, form.cleaned_data)
            return redirect("console:import_check", import_id=import_id)
        except PabalError as error:
            add_error(form, error)
    targets = {target.field: name for name, target in mapping.from_json(import_.mapping).items()}
    values = {
        "import": import_,
        "form": form,
        "steps": _steps(import_),
        "consent_column": targets.get("consent", ""),
        "date_column": targets.get("consent_at", ""),
    }
    return render(request, "console/audience/import_consent.html", values, status=422 if form.errors else 200)


def _choose_list(request: HttpRequest, import_: Import, said: dict[str, Any]) -> None:
    chosen: List | None = None
    if said["to_list"] == "existing":
        chosen = said["chosen_list"]
    elif said["to_list"] == "new":
        chosen = lists.create_list(said["list_name"])
        audit.record(actor(request), "list.create", chosen, {"name": chosen.name})
    import_actions.choose_list(import_, chosen)


def _state_consent(request: HttpRequest, import_: Import, said: dict[str, Any]) -> None:
    if said["agreed"] == "no":
        import_actions.withdraw_statement(import_)
        audit.record(actor(request), "import.state_no_consent", import_)
        return
    names = ("wording", "source", "collected_at", "channels", "purposes")
    statement = {name: said[name] for name in names}
    import_actions.state_consent(import_, **statement, by=person(request))
    audit.record(actor(request), "import.state_consent", import_, statement)


@requires(Role.EDITOR)
def check(request: HttpRequest, import_id: int) -> HttpResponse:
    """Everything that was chosen at a glance; sending the form starts the import."""
    import_ = _uploaded(import_id)
    if import_.state != ImportState.UPLOADED:
        return redirect("console:import", import_id=import_id)
    if request.method == "POST":
        with transaction.atomic():
            import_actions.queue_import(import_)
            audit.record(actor(request), "import.start", import_, {"rows": import_.rows_total})
        return redirect("console:import", import_id=import_id)
    facts = import_actions.facts_of(import_)
    chosen = mapping.from_json(import_.mapping)
    mapped = {name: chosen[name] for name in facts.columns if name in chosen}  # in the order of the file
    said = import_.statement
    tried = try_rows(import_, mapped, import_.default_country)
    values = {
        "import": import_,
        "facts": facts,
        "channels": [Channel(word).label for word in said.channels] if said else [],
        "purposes": [dict(PURPOSES)[Purpose(word)] for word in said.purposes] if said else [],
        "steps": _steps(import_),
        "fields": [
            (name, target.name if target.field == "property" else mapping.target_label(target.field))
            for name, target in mapped.items()
            if target.field != "ignore"
        ],
        "left_out": [name for name, target in mapped.items() if target.field == "ignore"],
        "consent_column": next((n for n, t in mapped.items() if t.field == "consent"), ""),
    } | preview_table(tried, mapped)
    return render(request, "console/audience/import_check.html", values)


@requires(Role.EDITOR)
@require_POST
def discard(request: HttpRequest, import_id: int) -> HttpResponse:
    """Throw an upload away."""
    import_ = _uploaded(import_id)
    with transaction.atomic():
        subject = audit.of(import_)
        import_actions.discard_import(import_)
        audit.record(actor(request), "import.discard", subject)
    messages.success(request, _("The upload is deleted. Nothing was imported."))
    return redirect("console:imports")
