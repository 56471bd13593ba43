"""Questions to the engine, which alone has the warehouse: how pages, the API and the command line ask and wait.

    question = ask("count", {"condition": {…}}, asker="builder-17")
    question = wait(question.pk, 1.0)           # as it stands after a second at most
    found = answer_of(question)                 # raises what the engine could not answer; None while it waits

    found = answer("count", {"segment": "vip"}, seconds=10)     # the three in one

A body says whom it is about with `condition` (the JSON of one) or `segment` (the key of a saved one). Every answer has
`at` (ISO 8601, the moment that the data is of) and `seconds` (what it took).

| kind | body | answer |
|---|---|---|
| `count` | whom | `people`; `reachable`: of these by text (a phone, agreed to advertising, not suppressed); `everybody`; `parts`: each condition and group of the tree, parents first, as `{"path": [0, 1], "people": alone, "together": with those before it in its group, "change": what it adds or takes away}`; the root's path is `[]` |
| `sample` | whom; `limit` (10, 100 at most) | `ids`: people who fulfil it, others each time; `did`: what each condition on events measures of them, see `sample_measures`; `sample_people` gives their names and values |
| `page` | whom; `after` (0), `limit` (100, 10,000 at most) | `ids` in ascending order |
| `members` | whom | `people`; the ids are kept as `QuestionPeople` in portions, read by `portions` |
| `overlap` | `everybody`, `include_lists`, `exclude_lists`, `include_segments`, `exclude_segments` (ids) | see `campaigns.overlap` |
| `values` | `event` (name; without it a profile's property), `property` (path) or `field`, `prefix`, `limit` (20) | `values`: `[[value, people or events], …]`, the most frequent first |
| `membership` | `profile` (id), `segments` (keys; without it all that are not archived) | `segments`: key → bool |

Codes of errors: `engine_not_running`, `answer_late`, `question_superseded` (the same asker asked something newer),
`question_expired`, `warehouse_unavailable`, and those of `audience.segments.checked`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from django.db import connection
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from pabal.audience.models import Question, QuestionPeople, QuestionState
from pabal.campaigns.lifecycle import database_dsn
from pabal.database import LEADER_LOCK, raw_cursor
from pabal.errors import Conflict, InvalidInput, NotFound, PabalError, Unavailable

KINDS = ("count", "sample", "page", "members", "overlap", "values", "membership")

LIST = "list"
"""The kind of question that is the record of a job (`campaigns.list_making`); it is not asked here."""

CHANNEL = "pabal_question"
"""PostgreSQL channel on which the engine hears of a question."""

_POLL = 0.01, 0.05
"""Seconds between two looks for an answer, at first and at last."""

_LEADS = """
SELECT EXISTS (
    SELECT FROM pg_locks WHERE locktype = 'advisory' AND classid = 0 AND objid = %s AND objsubid = 1 AND granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
)
"""

_ASK = "INSERT INTO question (id, kind, asker, body, state) VALUES (%s, %s, %s, %s, 'asked')"


def ask(kind: str, body: Mapping[str, Any], *, asker: str = "") -> Question:
    """Ask the engine; it answers within a second or so, whether anybody waits or not.

    `asker` names one who only cares for the newest of what they ask (a page that is being edited). Inside a
    transaction, too: the question has a connection of its own then, so that the engine sees it before the commit.
    """
    if kind not in KINDS:
        raise InvalidInput(f"There is no question {kind}.", code="unknown_question", field="kind")
    question = Question(kind=kind, asker=asker[:100], body={**body, "language": get_language()})
    values = [question.pk, kind, question.asker, msgspec.json.encode(question.body).decode()]
    if connection.in_atomic_block:
        with psycopg.connect(database_dsn(), autocommit=True) as own:
            own.execute(_ASK, values)
            own.execute(f"NOTIFY {CHANNEL}")
    else:
        with raw_cursor() as cursor:
            cursor.execute(_ASK, values)
            cursor.execute(f"NOTIFY {CHANNEL}")
    return Question.objects.get(pk=question.pk)


def wait(question_id: UUID | str, seconds: float = 1.0) -> Question:
    """The question as it stands once it is answered or failed, or after `seconds`. Raises NotFound when it is gone."""
    until = time.monotonic() + seconds
    pause, longest = _POLL
    while True:
        question = Question.objects.filter(pk=question_id).first()
        if question is None:
            raise NotFound(_("This was asked too long ago. Ask again."), code="unknown_question")
        if question.state != QuestionState.ASKED or (left := until - time.monotonic()) <= 0:
            return question
        time.sleep(min(pause, left))
        pause = min(longest, pause * 1.5)


def answer_of(question: Question) -> dict[str, Any] | None:
    """What the engine found, or None while it is waited for. Raises the error that it ran into."""
    if question.state == QuestionState.FAILED:
        raise error_of(question)
    if question.state == QuestionState.ASKED:
        return None
    return dict(question.answer or {})


def answer(kind: str, body: Mapping[str, Any], *, seconds: float = 10.0, asker: str = "") -> dict[str, Any]:
    """Ask and wait for the answer. Raises Unavailable `engine_not_running` or `answer_late`, or the engine's error."""
    question = ask(kind, body, asker=asker)
    patience = seconds if engine_runs() else min(seconds, 1.0)  # it may just be starting
    found = answer_of(wait(question.pk, patience))
    if found is not None:
        return found
    if not engine_runs():
        raise no_engine()
    raise Unavailable(_("The answer takes longer than expected. Try again in a moment."), code="answer_late")


def engine_runs() -> bool:
    """Whether an engine leads, so that questions are answered."""
    with raw_cursor() as cursor:
        row = cursor.execute(_LEADS, [LEADER_LOCK]).fetchone()
    return bool(row and row[0])


def no_engine() -> Unavailable:
    """The error of a question that nobody is there to answer."""
    return Unavailable(_("The engine is not running, so nothing can be counted."), code="engine_not_running")


def error_of(question: Question) -> PabalError:
    """Why a question could not be answered, as what the engine raised."""
    said = question.error or {}
    kinds: dict[str, type[PabalError]] = {"InvalidInput": InvalidInput, "NotFound": NotFound, "Conflict": Conflict}
    kind = kinds.get(said.get("type", ""), Unavailable)
    return kind(said.get("message", ""), code=said.get("code"), field=said.get("field"), details=said.get("details"))


def portions(question_id: UUID) -> Iterator[list[int]]:
    """The ids of an answered `members` question, in portions, all in ascending order."""
    numbers = QuestionPeople.objects.filter(question=question_id).order_by("number").values_list("number", flat=True)
    for number in list(numbers):
        yield QuestionPeople.objects.get(question=question_id, number=number).ids
