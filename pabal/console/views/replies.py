"""What a sender answers to texts: saved, and measured while it is written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.contrib import messages
from django.forms import BoundField
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from pabal.accounts.access import actor, requires
from pabal.accounts.models import Role
from pabal.console import errors
from pabal.console.forms.replies import RepliesForm
from pabal.content import labels
from pabal.content.encoding import Measure
from pabal.content.limits import LIMITS
from pabal.delivery import actions
from pabal.delivery.models import Sender, SenderKind
from pabal.delivery.replies import LONGEST, MEANINGS, fill, size
from pabal.errors import NotFound, PabalError
from pabal.policy.optout import Reply, confirmation, language_of


@dataclass(frozen=True, kw_only=True)
class Size:
    """The numbers under a text. `room` is what one SMS holds."""

    units: int
    room: int
    unit: str
    over: bool
    text: str


@dataclass(frozen=True, kw_only=True)
class ReplyRow:
    """One answer in the form: the fields, what we would answer, and how long its own text is."""

    meaning: Reply
    mode: BoundField
    text: BoundField
    default: str
    size: Size


def rows(sender: Sender, form: RepliesForm) -> list[ReplyRow]:
    """The answers of a sender, in the language that its country is answered in. None for one that gets no texts."""
    if sender.kind in (SenderKind.BRAND_NAME, SenderKind.KAKAO_CHANNEL):
        return []
    language, today = language_of("", sender.country), timezone.localdate()
    return [
        ReplyRow(
            meaning=meaning,
            mode=form[f"mode_{meaning}"],
            text=form[f"reply_{meaning}"],
            default=confirmation(meaning, language, sender=sender.name, day=today),
            size=_size(str(form[f"reply_{meaning}"].value() or ""), sender, today),
        )
        for meaning in MEANINGS
    ]


@requires(Role.ADMIN)
@require_POST
def save(request: HttpRequest, pk: int) -> HttpResponse:
    """Store the answers; the page again, with what is wrong, when they cannot be."""
    from pabal.console.views import senders  # it shows these answers on its page

    sender = get_object_or_404(Sender.objects.select_related("account"), pk=pk)
    form = RepliesForm(sender, request.POST)
    if form.is_valid():
        try:
            actions.set_replies(pk, form.replies, by=actor(request))
            messages.success(request, _("Saved"))
            return redirect("console:sender", pk=pk)
        except PabalError as error:
            errors.add_error(form, error)
    return senders.page(request, sender, replies=form, status=422)


@requires(Role.VIEWER)
@require_GET
def measured(request: HttpRequest, pk: int, meaning: str) -> HttpResponse:
    """How long the text is that is being written."""
    if meaning not in MEANINGS:
        raise NotFound(_("There is no such action."))
    sender = get_object_or_404(Sender, pk=pk)
    text = request.GET.get(f"reply_{meaning}", "")[: LONGEST + 1]
    return render(request, "console/senders/reply_size.html", {"size": _size(text, sender, timezone.localdate())})


def _size(text: str, sender: Sender, day: date) -> Size:
    m: Measure = size(text.strip(), sender.name, sender.country)
    language: labels.Language = "ko" if (get_language() or "").startswith("ko") else "en"
    over = m.parts > 1 or m.kind != "sms" or (m.scheme == "kr" and bool(m.forcing))
    room = LIMITS["sms", m.encoding].single
    unit = labels.UNITS[m.encoding][language]
    return Size(units=m.units, room=room, unit=unit, over=over, text=fill(text.strip(), sender.name, day))
