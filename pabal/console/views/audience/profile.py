"""One person: who they are, what they agreed to, and everything that happened with them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from pabal.accounts import audit
from pabal.accounts.access import actor, person, requires
from pabal.accounts.models import Role
from pabal.audience import actions
from pabal.audience.merge import current_id, likely_same
from pabal.audience.models import (
    Channel,
    Consent,
    ConsentMethod,
    ConsentState,
    ConsentStatement,
    ListMember,
    Profile,
    Purpose,
    Suppression,
)
from pabal.console.errors import add_error
from pabal.console.forms.audience import ConsentForm, SuppressForm
from pabal.console.forms.imports import PURPOSES
from pabal.console.views.audience import moments
from pabal.console.views.audience.people import local_times
from pabal.console.views.audience.preview_table import plain
from pabal.errors import PabalError
from pabal.reports.moments import RANKS, Place
from pabal.reports.profile import FILTERS, latest_at, timeline

PER_PAGE = 20


@dataclass(frozen=True, kw_only=True)
class ConsentCell:
    """The state for one channel and purpose, since when, and where to change it."""

    channel: str
    purpose: str
    label: Any
    state: str
    since: datetime | None


def consent_grid(profile: Profile) -> list[tuple[Any, list[ConsentCell]]]:
    """(channel's name, its cells), one cell for each purpose."""
    states = {(c.channel, c.purpose): c for c in Consent.objects.filter(profile=profile)}
    grid = []
    for channel in Channel:
        cells = []
        for purpose, label in PURPOSES:
            if purpose == Purpose.NIGHT and profile.country not in ("KR", "") and (channel, purpose) not in states:
                continue  # Korean law; elsewhere only when somebody recorded it
            row = states.get((channel, purpose))
            cells.append(
                ConsentCell(
                    channel=channel,
                    purpose=purpose,
                    label=_("At night (Korea)") if purpose == Purpose.NIGHT else label,
                    state=row.state if row else "never_asked",
                    since=row.changed_at if row else None,
                )
            )
        grid.append((channel.label, cells))
    return grid


@requires(Role.VIEWER)
def show(request: HttpRequest, profile_id: int) -> HttpResponse:
    """A person's page. `?show=` filters the timeline (`FILTERS`); htmx asks for its next piece with `?before=`.

    The id of a profile that was merged leads to the one that was kept.
    """
    profile = Profile.objects.filter(pk=profile_id).first()
    if profile is None:
        kept = current_id(profile_id)
        if kept is None:
            raise Http404
        return redirect("console:profile", kept)
    shown = request.GET.get("show", "")
    before = Place.from_code(request.GET.get("before", ""))
    found, following = timeline(profile, before=before, limit=PER_PAGE, kinds=FILTERS.get(shown, RANKS))
    language: Literal["en", "ko"] = "ko" if (get_language() or "").startswith("ko") else "en"
    values: dict[str, Any] = {
        "profile": profile,
        "moments": moments.drawn(found, language),
        "following": following.code if following else "",
        "forgotten": not (profile.external_id or profile.phone or profile.email),
        "shown": shown,
        "filters": [("", _("Everything")), *((name, label) for name, label in moments.FILTER_LABELS.items())],
    }
    if request.headers.get("HX-Request") and before is not None:
        return render(request, "console/audience/timeline.html", values)
    if request.headers.get("HX-Target") == "what-happened":
        return render(request, "console/audience/profile_timeline.html", values)
    return render(request, "console/audience/profile.html", values | _sides(request, profile))


def _sides(request: HttpRequest, profile: Profile) -> dict[str, Any]:
    here, zone = local_times(profile)
    member = ListMember.objects.filter(profile=profile, removed_at=None, list__archived_at=None)
    block = Suppression.objects.filter(phone=profile.phone, lifted_at=None).first() if profile.phone else None
    return {
        "grid": consent_grid(profile),
        "local_time": here,
        "zone": zone,
        "suppression": block,
        "suppression_why": moments.SUPPRESSIONS.get(block.reason, block.reason) if block else "",
        "suppress": SuppressForm(),
        "lists": [row.list for row in member.select_related("list").order_by("-added_at")[:50]],
        "properties": [(name, plain(value)) for name, value in sorted(profile.properties.items())],
        "same": likely_same(profile),
        "last_seen": latest_at(profile),
        "may_edit": person(request).may(Role.EDITOR),
        "may_erase": person(request).may(Role.ADMIN),
    }


@requires(Role.EDITOR)
def consent(request: HttpRequest, profile_id: int) -> HttpResponse:
    """Record what a person decided. `?channel=…&purpose=…&state=…` choose beforehand."""
    profile = get_object_or_404(Profile, pk=profile_id)
    initial = {
        "channel": request.GET.get("channel") or Channel.TEXT,
        "purposes": [request.GET.get("purpose") or Purpose.PROMOTIONAL],
        "state": request.GET.get("state", ""),
    }
    form = ConsentForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                changed = _decide(request, profile, form.cleaned_data)
            if changed:
                messages.success(request, _("Recorded"))
            else:
                messages.info(request, _("Nothing changed: it was so already, or a later decision stands."))
            return redirect("console:profile", profile_id)
        except PabalError as error:
            add_error(form, error)
    values = {"form": form, "profile": profile}
    return render(request, "console/audience/profile_consent.html", values, status=422 if form.errors else 200)


def _decide(request: HttpRequest, profile: Profile, said: dict[str, Any]) -> int:
    agreed = said["state"] == ConsentState.SUBSCRIBED
    statement = None
    if agreed:
        statement = ConsentStatement.objects.create(
            wording=said["wording"].strip(),
            source=said["source"],
            collected_at=said["at"] or timezone.now(),
            channels=[said["channel"]],
            purposes=said["purposes"],
            created_by=person(request),
        )
    changed = actions.set_consent(
        [profile.pk],
        channel=said["channel"],
        purposes=said["purposes"],
        state=said["state"],
        method=ConsentMethod.CONSOLE,
        source=said["source"],
        actor=str(actor(request)),
        at=said["at"],
        statement=statement,
    )
    names = ("state", "channel", "purposes", "source", "at", "wording")
    audit.record(actor(request), "profiles.set_consent", profile, {name: said[name] for name in names if said[name]})
    return changed


@requires(Role.EDITOR)
@require_POST
def suppress(request: HttpRequest, profile_id: int) -> HttpResponse:
    """Stop everything to the person's number."""
    profile = get_object_or_404(Profile, pk=profile_id)
    form = SuppressForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Say why: colleagues will ask."))
        return redirect("console:profile", profile_id)
    with transaction.atomic():
        actions.suppress([profile.phone], reason="manual", source=form.cleaned_data["source"])
        audit.record(actor(request), "profiles.suppress", profile, form.cleaned_data)
    messages.success(request, _("Nothing is sent to this number any more."))
    return redirect("console:profile", profile_id)


@requires(Role.EDITOR)
@require_POST
def unsuppress(request: HttpRequest, profile_id: int) -> HttpResponse:
    """Let the person's number get messages again, where they agreed."""
    profile = get_object_or_404(Profile, pk=profile_id)
    with transaction.atomic():
        actions.lift_suppression([profile.phone])
        audit.record(actor(request), "profiles.unsuppress", profile)
    messages.success(request, _("The number may get messages again, as far as the person agreed."))
    return redirect("console:profile", profile_id)
