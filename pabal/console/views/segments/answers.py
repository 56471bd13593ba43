"""What the engine says about a condition that is being built: how many people, what each part does, a few of them.

The page asks by a form that is not saved. The engine is waited for shortly; then the page looks again by itself. Each
request has the page's turn (header `Turn`), and its answer the same: the page drops an answer that a later turn overtook.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from pabal.accounts.access import person, requires
from pabal.accounts.models import Role
from pabal.audience import segments
from pabal.audience.models import Question
from pabal.campaigns import questions
from pabal.campaigns.people_sets import tree_of
from pabal.console import segment_words
from pabal.console.errors import sentence
from pabal.console.segments import drafts, samples
from pabal.console.segments.reading import read
from pabal.errors import PabalError
from pabal.warehouse import conditions as c

#: Seconds that a request waits for the engine; then the page looks again.
PATIENCE = 0.9
SAMPLE = 10
NO_BUILDER = "0"
"""The turn of pages that build nothing."""


@requires(Role.EDITOR)
@require_POST
def count(request: HttpRequest) -> HttpResponse:
    """How many people the page's condition fits; what is not finished is left out and said."""
    reading = read(drafts.decode(request.POST.get("tree", "")))
    body = {
        "condition": c.dump(reading.condition),
        "builder": {"places": reading.places, "unfinished": sorted(p for p in reading.faults if p)},
    }
    return _ask(request, "count", body)


@requires(Role.EDITOR)
@require_POST
def sample(request: HttpRequest) -> HttpResponse:
    """A few people of the page's condition."""
    reading = read(drafts.decode(request.POST.get("tree", "")))
    return _ask(request, "sample", {"condition": c.dump(reading.condition), "limit": SAMPLE})


@requires(Role.VIEWER)
def saved_sample(request: HttpRequest, key: str) -> HttpResponse:
    """A few people of a saved segment. A fragment."""
    return _ask(request, "sample", {"segment": segments.by_key(key).key, "limit": SAMPLE})


@requires(Role.VIEWER)
def look(request: HttpRequest, question: UUID) -> HttpResponse:
    """An answer that took longer, looked for again."""
    return _answered(request, lambda: questions.wait(question, PATIENCE), _turn(request.GET.get("turn", "")))


def _ask(request: HttpRequest, kind: str, body: Mapping[str, Any]) -> HttpResponse:
    page = request.POST.get("page", "")[:32]
    asker = f"builder-{person(request).pk}-{page}" if page else ""

    def asked() -> Question:
        return questions.wait(questions.ask(kind, body, asker=asker).pk, PATIENCE)

    return _answered(request, asked, _turn(request.headers.get("Turn", "")))


def _answered(request: HttpRequest, asked: Callable[[], Question], turn: str) -> HttpResponse:
    """The answer as a fragment; or a line that looks again."""
    try:
        question = asked()
        answer = questions.answer_of(question)
        if answer is None and not questions.engine_runs():
            raise questions.no_engine()
    except PabalError as error:
        if error.code == "question_superseded":  # its page has asked again
            return HttpResponse(status=204)
        away = error.code == "engine_not_running"
        values = {"error": sentence(error), "away": away, "again": turn != NO_BUILDER}
        return _turned(render(request, "console/segments/answer_error.html", values), turn)
    if answer is None:
        values = {"question": question, "turn": turn}
        response = _turned(render(request, "console/segments/asking.html", values), turn)
        response["HX-Retarget"] = "#asking" if question.kind == "count" else "#sample"
        response["HX-Reswap"] = "innerHTML"
        return response
    template = "answer" if question.kind == "count" else "sample"
    values = _count_values(question, answer) if question.kind == "count" else _sample_values(question, answer)
    response = _turned(render(request, f"console/segments/{template}.html", values), turn)
    response["HX-Retarget"] = "#answer" if question.kind == "count" else "#sample"
    response["HX-Reswap"] = "innerHTML"
    return response


def _count_values(question: Question, answer: Mapping[str, Any]) -> dict[str, Any]:
    builder = question.body.get("builder", {})
    places = builder.get("places", {})
    parts = []
    for part in answer.get("parts", []):
        place = ".".join(str(n) for n in part["path"])
        if place in places:
            change = part["change"]
            shown = {"place": places[place], "people": part["people"], "change": change, "less": -change}
            parts.append({**shown, "first": not part["path"][-1]})
    return {
        "people": answer["people"],
        "reachable": answer["reachable"],
        "parts": parts,
        "at": datetime.fromisoformat(answer["at"]),
        "unfinished": builder.get("unfinished", []),
        "words": segment_words.readable(question.body["condition"]) if places else "",
        "whole": answer.get("everybody"),
        "everybody": not places,
    }


def _sample_values(question: Question, answer: Mapping[str, Any]) -> dict[str, Any]:
    body = question.body
    condition = tree_of(segments.by_key(body["segment"])) if "segment" in body else c.parse(body["condition"])
    return {"rows": samples.rows(answer, condition)}


def _turn(text: str) -> str:
    return text if text.isdecimal() and len(text) < 12 else NO_BUILDER


def _turned(response: HttpResponse, turn: str) -> HttpResponse:
    response["Turn"] = turn
    return response
