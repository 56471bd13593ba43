"""The people of a segment as CSV, one line each, in the reader's language: as of one moment, at the speed of COPY.

Columns: `docs/reference/segments.md`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from django.utils.translation import gettext as _
from psycopg import sql

from pabal.audience.csv_cells import copied, guarded, heading, phone_cell
from pabal.audience.models import Property, Question, QuestionPeople
from pabal.campaigns.questions import answer_of, ask, engine_runs, no_engine, wait
from pabal.errors import Unavailable

PROPERTIES: Final = 200
"""Custom properties that get a column, by name."""

PATIENCE: Final = 60.0
"""Seconds that the engine may take to find a million people: a hundred times what it takes."""

#: One portion of the people; `{cells}` are the columns.
_LINES: Final = """
COPY (
    SELECT {cells} FROM question_people q CROSS JOIN LATERAL unnest(q.ids) AS u(id) JOIN profile p ON p.id = u.id
    LEFT JOIN consent c ON c.profile_id = p.id AND c.channel = 'text' AND c.purpose = 'promotional'
    WHERE q.question_id = {question} AND q.number = {number} ORDER BY p.id
) TO STDOUT (FORMAT csv)
"""


def columns() -> list[str]:
    """The names of the first columns, in the reader's language; those of custom properties follow."""
    return [
        _("Profile no."), _("Customer ID"), _("Phone"), _("Last name"), _("First name"), _("Email"), _("Country"),
        _("Language"), _("Time zone"), _("Consent"),
    ]  # fmt: skip


def members(whom: Mapping[str, Any]) -> Question:
    """Have the engine find the people of a segment or condition (`{"segment": key}` or `{"condition": …}`), all at one
    moment. Raises what the engine could not answer, and Unavailable."""
    question = ask("members", whom)
    if not engine_runs():
        raise no_engine()
    question = wait(question.pk, PATIENCE)
    if answer_of(question) is None:
        raise Unavailable(_("The answer takes longer than expected. Try again in a moment."), code="answer_late")
    return question


def lines(question: Question) -> Iterator[bytes]:
    """The file, in blocks: the heading, then the people in the order of their profile numbers."""
    # The language is that of the request, which is over while the file is still being sent.
    names = list(Property.objects.order_by("name").values_list("name", flat=True)[:PROPERTIES])
    return _lines(question, heading([*columns(), *names]), _cells(names))


def _lines(question: Question, first: bytes, cells: sql.Composable) -> Iterator[bytes]:
    yield first
    numbers = QuestionPeople.objects.filter(question=question).order_by("number").values_list("number", flat=True)
    for number in list(numbers):
        pieces = {"cells": cells, "question": sql.Literal(question.pk), "number": sql.Literal(number)}
        yield from copied(_LINES, pieces)
    question.delete()  # the file is out


def _cells(names: list[str]) -> sql.Composable:
    texts = ("last_name", "first_name", "email", "country", "locale", "time_zone")
    states = sql.SQL("CASE c.state WHEN 'subscribed' THEN {} WHEN 'unsubscribed' THEN {} ELSE '' END").format(
        sql.Literal(_("yes")), sql.Literal(_("no"))
    )
    held = (guarded(sql.SQL("(p.properties ->> {})").format(sql.Literal(name))) for name in names)
    return sql.SQL(", ").join(
        [
            sql.SQL("p.id"),
            guarded(sql.SQL("p.external_id")),
            phone_cell(sql.SQL("p.phone")),
            *(guarded(sql.SQL("p.{}").format(sql.Identifier(text))) for text in texts),
            states,
            *held,
        ]
    )
