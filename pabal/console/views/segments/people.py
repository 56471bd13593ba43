"""The people of a segment: as a list of their own, as a CSV file. The engine finds them; these views ask and wait."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from pabal.accounts import audit
from pabal.accounts.access import actor, requires
from pabal.accounts.models import Role
from pabal.audience import segments
from pabal.audience.models import QuestionState
from pabal.campaigns import questions, segment_csv
from pabal.campaigns.list_making import make_list

#: Seconds that making a list waits for the engine before the list is shown as it is.
PATIENCE = 3.0


@requires(Role.EDITOR)
@require_POST
def to_list(request: HttpRequest, key: str) -> HttpResponse:
    """A list with the people who belong to the segment now. The engine fills it."""
    segment = segments.by_key(key)
    with transaction.atomic():
        made, question = make_list(segment, name=request.POST.get("name", "").strip())
        audit.record(actor(request), "segment.make_list", segment, {"list": made.key, "name": made.name})
    if not transaction.get_connection().in_atomic_block:
        question = questions.wait(question.pk, PATIENCE)
    if question.state == QuestionState.ASKED:
        messages.info(request, _("The list is being filled. Reload it in a moment."))
    else:
        questions.answer_of(question)
        messages.success(request, _("The list is ready."))
    return redirect("console:list", key=made.key)


@requires(Role.EDITOR)
@require_POST
def export(request: HttpRequest, key: str) -> HttpResponseBase:
    """Everybody who belongs to the segment now, as CSV."""
    segment = segments.by_key(key)
    found = segment_csv.members({"segment": segment.key})
    audit.record(actor(request), "segment.export", segment, {"people": (found.answer or {}).get("people")})
    response = StreamingHttpResponse(segment_csv.lines(found), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = content_disposition_header(True, f"{segment.key}.csv") or ""
    return response
