"""A list made from a segment: the people who fulfil it now, put on the list in sets by a job of the engine.

The job's record is a question of kind `list`: its `answer` has `done` and `total` while it runs, so that a page can show
how far it is. A job that was interrupted counts the people again and goes on; nobody is put on twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from pabal.accounts import audit
from pabal.accounts.audit import Actor
from pabal.audience import lists
from pabal.audience.models import List, Question, QuestionState, Segment
from pabal.campaigns.people_sets import asked_for, tree_of
from pabal.campaigns.questions import LIST
from pabal.errors import PabalError
from pabal.warehouse.sync import Synchroniser


@transaction.atomic
def make_list(segment: Segment, *, name: str = "", key: str = "", into: List | None = None) -> tuple[List, Question]:
    """A new list (or the present one, `into`) that the engine fills with the people of a segment; and the job's record.

    `wait(question.pk, …)` says when it is full. Raises InvalidInput for a segment that cannot be read, or a name or key
    that cannot be; Conflict when the key is taken or `into` is archived.
    """
    tree_of(segment)
    if into is None:
        into = lists.create_list(name or segment.name, key=key, description="")
    else:
        lists.add_members(into, [])  # refuses an archived one
    question = Question.objects.create(
        kind=LIST, body={"list": into.pk, "segment": segment.key, "version": segment.version}
    )
    _enqueue(question)
    return into, question


def fill(question_id: str, synchroniser: Synchroniser) -> None:
    """Carry such a job out. Nothing is raised for what is wrong with the segment: the question says so."""
    question = Question.objects.filter(pk=question_id, kind=LIST, state=QuestionState.ASKED).first()
    if question is None:
        return
    try:
        _fill(question, synchroniser)
    except PabalError as error:
        Question.objects.filter(pk=question.pk, state=QuestionState.ASKED).update(
            state=QuestionState.FAILED, error={"code": error.code, "message": str(error)}, answered_at=timezone.now()
        )


def _fill(question: Question, synchroniser: Synchroniser) -> None:
    from pabal.campaigns.answers import Frozen  # of the engine alone

    synchroniser.run_once(complete=True)
    found = List.objects.get(pk=question.body["list"])
    done = added = 0
    with (
        synchroniser.reading(wait=True),
        Frozen(synchroniser.warehouse, asked_for(question.body, timezone.now()), name=question.pk) as people,
    ):
        for ids in people.portions():
            added += lists.add_members(found, ids)
            done += len(ids)
            _note(question, {"done": done, "total": people.total, "added": added})
        answer = {"done": done, "total": people.total, "added": added, "list": found.key}
    with transaction.atomic():
        _note(question, answer, state=QuestionState.ANSWERED, answered_at=timezone.now())
        audit.record(Actor(), "list.fill", found, {"segment": question.body["segment"], "people": added})


def _note(question: Question, answer: Mapping[str, Any], **fields: Any) -> None:
    Question.objects.filter(pk=question.pk).update(answer=dict(answer), **fields)


def resume_lists() -> int:
    """When the engine starts: go on with the lists that the last one left; how many."""
    left = list(Question.objects.filter(kind=LIST, state=QuestionState.ASKED))
    for question in left:
        _enqueue(question)
    return len(left)


def _enqueue(question: Question) -> None:
    from pabal.campaigns.tasks import enqueue_list

    enqueue_list(str(question.pk))
