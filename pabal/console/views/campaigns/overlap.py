"""How the chosen segments and lists overlap, while they are being chosen: a fragment of the audience's step."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from pabal.accounts.access import person, requires
from pabal.accounts.models import Role
from pabal.audience.models import Question
from pabal.campaigns import questions
from pabal.campaigns.models import Campaign
from pabal.console import charts, formats
from pabal.console.errors import sentence
from pabal.console.forms.campaign_audience import SETS
from pabal.console.parts import Funnel, Skip
from pabal.errors import PabalError

PATIENCE = 0.9
"""Seconds that a request waits for the engine; then the page looks again."""

_SHOWN = 6
"""Pairs that are named, the largest first."""


@requires(Role.EDITOR)
def show(request: HttpRequest, key: str) -> HttpResponse:
    """The numbers for what the form holds now, or (`question`) the answer that took longer."""
    campaign = get_object_or_404(Campaign, key=key)
    waiting = request.GET.get("question", "")
    try:
        if waiting:
            question = questions.wait(UUID(waiting), PATIENCE)
        else:
            body = _body(request)
            if not body["everybody"] and not body["include_lists"] and not body["include_segments"]:
                return render(request, "console/campaigns/overlap.html", {"campaign": campaign})
            asked = questions.ask("overlap", body, asker=f"audience-{person(request).pk}-{campaign.pk}")
            question = questions.wait(asked.pk, PATIENCE)
        answer = questions.answer_of(question)
        if answer is None and not questions.engine_runs():
            raise questions.no_engine()
    except ValueError:  # no UUID
        return HttpResponse(status=400)
    except PabalError as error:
        if error.code == "question_superseded":  # the page has asked again
            return HttpResponse(status=204)
        return render(request, "console/campaigns/overlap.html", {"campaign": campaign, "error": sentence(error)})
    values = {"campaign": campaign, "question": question} if answer is None else _values(campaign, question, answer)
    return render(request, "console/campaigns/overlap.html", values)


def _body(request: HttpRequest) -> dict[str, Any]:
    """What the form holds, saved or not."""
    everybody = request.GET.get("who") == "all"
    chosen = {name: [int(pk) for pk in request.GET.getlist(name) if pk.isdecimal()][:200] for name in SETS}
    if everybody:
        chosen |= {"include_lists": [], "include_segments": []}
    return {"everybody": everybody, **chosen}


def _values(campaign: Campaign, question: Question, answer: Mapping[str, Any]) -> dict[str, Any]:
    sets = answer["sets"]
    excluded = answer["excluded"]
    pairs = sorted(answer["pairs"], key=lambda pair: -pair[2])
    return {
        "campaign": campaign,
        "answer": answer,
        "at": datetime.fromisoformat(answer["at"]),
        "funnel": Funnel(
            audience=answer["included"],
            messages=answer["remaining"],
            skips=(Skip(label=pgettext("recipients", "Left out"), count=excluded),) if excluded else (),
            audience_label=_("Chosen"),
            messages_label=_("Remaining"),
        ),
        "bars": charts.BarList(
            title=_("Each on its own"),
            bars=[
                charts.Bar(label=_name(one), value=one["people"], tone="warn" if one["role"] == "exclude" else "1")
                for one in sets
            ],
        ),
        "pairs": [(sets[one]["name"], sets[other]["name"], _both(people)) for one, other, people in pairs[:_SHOWN]],
    }


def _name(one: Mapping[str, Any]) -> str:
    return _("%(name)s (left out)") % {"name": one["name"]} if one["role"] == "exclude" else str(one["name"])


def _both(people: int) -> str:
    return ngettext("%(n)s person in both", "%(n)s people in both", people) % {"n": formats.number(people)}
