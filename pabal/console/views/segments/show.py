"""One segment: what it says, how big it is, how it grew, where it is used; and what can be done with it."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_POST

from pabal.accounts import audit
from pabal.accounts.access import actor, person, requires
from pabal.accounts.models import Role
from pabal.audience import segments
from pabal.audience.models import Segment
from pabal.campaigns import actions as campaigns
from pabal.console import charts, formats, segment_words
from pabal.console.views.segments.listing import last_sizes
from pabal.warehouse import conditions as c

#: Points of the growth chart: the last size of each day.
DAYS = 60


@requires(Role.VIEWER)
def show(request: HttpRequest, key: str) -> HttpResponse:
    segment = segments.by_key(key)
    try:
        tree = c.parse(segment.condition)
        names = segment_words.names_of(tree)
        words, outline = segment_words.sentence(tree, names), segment_words.outline(tree, names)
    except c.InvalidCondition:
        words, outline = "", None
    values: dict[str, Any] = {
        "segment": segment,
        "words": words,
        "outline": outline if _nested(segment.condition) else None,
        "json": json.dumps(segment.condition, ensure_ascii=False, indent=2),
        "chart": _growth(segment),
        "usage": segments.used_in(segment),
        "may_edit": person(request).may(Role.EDITOR),
    }
    return render(request, "console/segments/show.html", values)


def _nested(condition: Any) -> bool:
    """Whether an outline says more than the sentence: several conditions."""
    return len(condition.get("conditions", [])) > 1 if isinstance(condition, dict) else False


def _growth(segment: Segment) -> charts.TimeSeries | None:
    """The last size of each day; of each count while there is only a day of them."""
    sizes = last_sizes(segment, 1500)
    days = {timezone.localtime(row.at).date(): row.size for row in sizes}
    if len(days) > 1:
        points = [(formats.short_day(day), size) for day, size in list(days.items())[-DAYS:]]
    else:
        points = [(formats.clock(row.at), row.size) for row in sizes[-DAYS:]]
    if len(points) < 2:
        return None
    return charts.TimeSeries(
        title=_("People over time"),
        labels=[label for label, _size in points],
        series=[charts.Series(name=pgettext("how many", "People"), values=[size for _label, size in points])],
    )


@requires(Role.EDITOR)
@require_POST
def duplicate(request: HttpRequest, key: str) -> HttpResponse:
    """A copy, opened in the builder."""
    segment = segments.by_key(key)
    with transaction.atomic():
        made = segments.duplicate(segment, by=person(request))
        audit.record(actor(request), "segment.duplicate", made, {"from": segment.key})
    messages.success(request, _("This is the copy. Change what you like."))
    return redirect("console:segment_edit", key=made.key)


@requires(Role.EDITOR)
@require_POST
def archive(request: HttpRequest, key: str) -> HttpResponse:
    """Out of sight; refused while a campaign that is not sent yet, or another segment, needs it."""
    segment = segments.by_key(key)
    with transaction.atomic():
        segments.archive(segment)
        audit.record(actor(request), "segment.archive", segment)
    messages.success(request, _("The segment is archived."))
    return redirect("console:segments")


@requires(Role.EDITOR)
@require_POST
def restore(request: HttpRequest, key: str) -> HttpResponse:
    segment = segments.by_key(key)
    with transaction.atomic():
        segments.restore(segment)
        audit.record(actor(request), "segment.restore", segment)
    messages.success(request, _("The segment is back."))
    return redirect("console:segment", key=key)


@requires(Role.EDITOR)
@require_POST
def use(request: HttpRequest, key: str) -> HttpResponse:
    """A new campaign to the people of the segment, opened at its first step."""
    segment = segments.by_key(key)
    name = request.POST.get("name", "").strip() or segment.name
    with transaction.atomic():
        campaign = campaigns.create(by=person(request), name=name, include_segments=[segment])
        audit.record(actor(request), "campaign.create", campaign, {"name": name, "include_segments": [segment.key]})
    return redirect(reverse("console:campaign_audience", args=[campaign.key]))
