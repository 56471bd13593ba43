"""The builder: a new segment or another condition for one; and the parts that its page fetches."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from pabal.accounts import audit
from pabal.accounts.access import actor, person, requires
from pabal.accounts.models import Role
from pabal.audience import segments
from pabal.audience.models import Segment
from pabal.campaigns import questions
from pabal.console import formats
from pabal.console.errors import sentence as said
from pabal.console.segments import catalogue as known
from pabal.console.segments import drafts
from pabal.console.segments.catalogue import Catalogue, Suggestion
from pabal.console.segments.filling import fill
from pabal.console.segments.nodes import draw
from pabal.console.segments.reading import Faults, read
from pabal.console.segments.starters import STARTERS, starter
from pabal.errors import InvalidInput, PabalError
from pabal.warehouse import conditions as c

#: Seconds that a suggestion of values waits for the engine; without an answer the catalogue's examples stand.
PATIENCE = 0.8


@requires(Role.EDITOR)
def new(request: HttpRequest) -> HttpResponse:
    """An empty builder, or one that a ready-made segment (`?from=`) has filled in."""
    ready = starter(request.GET.get("from", ""))
    if request.method == "POST":
        return _save(request, None)
    draft = fill(ready.make()) if ready else drafts.everybody()
    values = {"name": str(ready.name) if ready else "", "description": str(ready.text) if ready else ""}
    return _page(request, None, draft, values)


@requires(Role.EDITOR)
def edit(request: HttpRequest, key: str) -> HttpResponse:
    """Another name, description or condition."""
    segment = segments.by_key(key)
    if request.method == "POST":
        return _save(request, segment)
    try:
        draft = fill(c.parse(segment.condition))
    except c.InvalidCondition as error:  # written by a newer version of the program
        raise InvalidInput(_("This segment cannot be opened here: %(error)s") % {"error": error}) from None
    values = {"name": segment.name, "description": segment.description, "version": str(segment.version)}
    return _page(request, segment, draft, values)


def _save(request: HttpRequest, segment: Segment | None) -> HttpResponse:
    draft = drafts.decode(request.POST.get("tree", ""))
    values = {name: request.POST.get(name, "").strip() for name in ("name", "description", "key", "version")}
    reading = read(draft)
    faults, errors = dict(reading.faults), dict[str, str]()
    if not values["name"]:
        errors["name"] = _("Give the segment a name.")
    if faults or errors:
        return _page(request, segment, draft, values, faults, errors)
    try:
        kept = (
            _create(request, reading.condition, values)
            if segment is None
            else _change(request, segment, reading.condition, values)
        )
    except PabalError as error:
        field = error.field if error.field in ("name", "description", "key") else ""
        return _page(request, segment, draft, values, faults, {field or "": said(error)})
    messages.success(request, _("Saved"))
    return redirect("console:segment", key=kept.key)


def _create(request: HttpRequest, condition: c.Group, values: dict[str, str]) -> Segment:
    with transaction.atomic():
        made = segments.create(
            by=person(request),
            name=values["name"],
            key=values["key"],
            description=values["description"],
            condition=c.dump(condition),
        )
        audit.record(actor(request), "segment.create", made, audit.snapshot(made, segments.FIELDS))
    return made


def _change(request: HttpRequest, segment: Segment, condition: c.Group, values: dict[str, str]) -> Segment:
    with transaction.atomic():
        before = audit.snapshot(segment, segments.FIELDS)
        changed = segments.change(
            segment,
            name=values["name"],
            description=values["description"],
            condition=c.dump(condition),
            expected_version=int(values["version"]) if values["version"].isdecimal() else None,
        )
        changes = audit.difference(before, audit.snapshot(changed, segments.FIELDS))
        audit.record(actor(request), "segment.edit", changed, changes)
    return changed


def _page(
    request: HttpRequest,
    segment: Segment | None,
    draft: drafts.Draft,
    values: dict[str, str],
    faults: Faults | None = None,
    errors: dict[str, str] | None = None,
) -> HttpResponse:
    context: dict[str, Any] = {
        "segment": segment,
        "root": draw(draft, Catalogue(), faults or {}),
        "values": values,
        "errors": errors or {},
        "faulty": bool(faults),
        "page": uuid4().hex[:12],
        "starters": STARTERS if segment is None and not draft["conditions"] else (),
    }
    return render(request, "console/segments/builder.html", context, status=422 if faults or errors else 200)


@requires(Role.EDITOR)
@require_POST
def part(request: HttpRequest) -> HttpResponse:
    """A condition drawn anew: the page sends it as it stands there. Nothing is saved."""
    draft = drafts.decode_node(request.POST.get("node", ""))
    depth = int(request.POST["depth"]) if request.POST.get("depth", "").isdecimal() else 1
    node = draw(draft, Catalogue(), {}, depth=min(depth, c.LIMITS.depth) + 1)
    return render(request, "console/segments/node.html", {"node": node, "root": False})


@requires(Role.VIEWER)
def suggest(request: HttpRequest) -> HttpResponse:
    """What a text control may be filled with (`of`: event, property, value, own), as options of a list."""
    of, q = request.GET.get("of", ""), request.GET.get("q", "").strip()[:100]
    event, name = request.GET.get("event", ""), request.GET.get("name", "")
    match of:
        case "event":
            found = known.suggest_events(q)
        case "property":
            found = known.suggest_properties(event, q, request.GET.get("kind", ""))
        case "value":
            found = known.suggest_event_values(event, name, q)
            found = _frequent({"event": event, "property": name}, q) or found
        case "own":
            space, _colon, plain = name.partition(":")
            found = known.suggest_own_values(name, q)
            if space != "field" or plain != "country":
                asked = {"field": plain} if space == "field" else {"property": plain}
                found = _frequent(asked, q) or found
        case _:
            found = []
    return render(request, "console/segments/options.html", {"options": found})


def _frequent(body: dict[str, str], q: str) -> list[Suggestion]:
    """The most frequent values that the warehouse knows; none when the engine does not answer soon."""
    if not all(body.values()) or not questions.engine_runs():
        return []
    try:
        question = questions.ask("values", {**body, "prefix": q, "limit": 20})
        answer = questions.answer_of(questions.wait(question.pk, PATIENCE))
    except PabalError:
        return []
    found = answer["values"] if answer else []
    return [Suggestion(value=str(value), note=formats.compact(n)) for value, n in found if str(value)]
