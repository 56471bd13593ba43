"""A launched campaign: its numbers while they change, and the verbs that its state permits."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from pabal import config
from pabal.accounts import audit
from pabal.accounts.access import actor, person, requires
from pabal.accounts.models import Role
from pabal.audience.models import Channel
from pabal.billing.models import MILLI
from pabal.campaigns import actions, words
from pabal.campaigns.again import again
from pabal.campaigns.compose import content_of, senders_of
from pabal.campaigns.models import TRANSITIONS, Campaign, CampaignState, Plan, PlanMode, SignupForm
from pabal.campaigns.preview import preview_profile
from pabal.console import charts, formats
from pabal.console.parts import Bubble
from pabal.console.pictures import on_the_way
from pabal.console.views.campaigns.draft import sample_profile
from pabal.console.views.campaigns.review import funnel
from pabal.console.views.kakao import telling
from pabal.console.views.kakao.reviewing import as_read
from pabal.delivery.asking import accounts_that_answer, last_enquiry
from pabal.delivery.event_reasons import reason_label
from pabal.delivery.models import MessageKind
from pabal.errors import NotFound
from pabal.reports.campaign import Results, results

LIVE = {CampaignState.SCHEDULED, CampaignState.PLANNING, CampaignState.SENDING}


@requires(Role.VIEWER)
def show(request: HttpRequest, key: str) -> HttpResponse:
    """A draft opens at its first step; everything else shows its results."""
    campaign = get_object_or_404(Campaign, key=key)
    if campaign.standing:  # it has no page of its own
        form = get_object_or_404(SignupForm, campaign_id=campaign.pk)
        return redirect("console:signup_form", key=form.key)
    if campaign.state == CampaignState.DRAFT:
        if person(request).may(Role.EDITOR):
            return redirect(
                "console:campaign_audience" if not campaign.text and not campaign.kakao else "console:campaign_review",
                key=key,
            )
        return render(request, "console/campaigns/draft.html", {"campaign": campaign})
    values = _values(campaign)
    user = person(request)
    values |= {"may_edit": user.may(Role.EDITOR), "may_launch": user.may(Role.APPROVER)}
    if request.headers.get("HX-Request"):
        return render(request, "console/campaigns/live_body.html", values)
    return render(request, "console/campaigns/live.html", values)


def _values(campaign: Campaign) -> dict[str, Any]:
    found = results(campaign)
    unknown = _unknown(campaign, found)
    kakao = telling.numbers(campaign, found) if campaign.channel == Channel.KAKAO else None
    goes_to = TRANSITIONS[CampaignState(campaign.state)]
    return {
        "campaign": campaign,
        "r": found,
        "plan": Plan.objects.filter(campaign=campaign, mode=PlanMode.SEND).first(),
        "live": campaign.state in LIVE
        or found.underway > 0
        or bool(unknown and unknown["asking"])
        or bool(kakao and kakao["live"]),
        "kakao": kakao,
        "cost": kakao["total"] if kakao else formats.money(found.amount / MILLI, config.get().currency),
        "funnel": funnel(campaign, found.summary) if found.summary else None,
        "outcome": _outcome(found),
        "chart": _chart(found),
        "failures": charts.BarList(
            title=_("Not delivered, by reason"),
            bars=[charts.Bar(label=reason_label(f.reason), value=f.messages, tone="bad") for f in found.failures[:8]],
            whole=found.planned,
        ),
        "reason": words.state_reason(campaign.state_reason),
        "can_pause": campaign.state == CampaignState.SENDING,
        "can_resume": campaign.state == CampaignState.PAUSED,
        "can_unschedule": campaign.state == CampaignState.SCHEDULED,
        "can_end": CampaignState.ENDED in goes_to,
        "missed": _missed(campaign, found),
        "unknown": unknown,
        "bubbles": _bubbles(campaign) if kakao is None else [],
        "kakao_bubble": as_read(campaign, sample_profile(campaign, [])) if kakao is not None else "",
        "kinds": _kinds(found),
        "included": [] if campaign.all_profiles else _sets(campaign, "include"),
        "excluded": _sets(campaign, "exclude"),
    }


def _sets(campaign: Campaign, role: str) -> list[tuple[str, str, str]]:
    """(icon, name, address) of the segments and lists that it was for, or that were left out."""
    segments, lists = getattr(campaign, f"{role}_segments").all(), getattr(campaign, f"{role}_lists").all()
    return [
        *(("filter", row.name, reverse("console:segment", args=[row.key])) for row in segments),
        *(("list", row.name, reverse("console:list", args=[row.key])) for row in lists),
    ]


def _missed(campaign: Campaign, found: Results) -> list[tuple[str, str, str]]:
    """(which, what to press, what it means) of the people whom a campaign that is over did not reach."""
    if campaign.state not in (CampaignState.DONE, CampaignState.ENDED):
        return []
    expired = ngettext("Send again to %(n)s person", "Send again to %(n)s people", found.expired)
    unsure = found.unknown + found.never_taken
    unknown = ngettext("Send again to %(n)s person", "Send again to %(n)s people", unsure)
    rows = [
        ("expired", expired, found.expired, _("Their messages were not sent in time.")),
        ("unknown", unknown, unsure, _("Nobody knows whether their messages arrived: they may get it twice.")),
    ]
    return [(which, label % {"n": formats.number(n)}, note) for which, label, n, note in rows if n]


def _unknown(campaign: Campaign, found: Results) -> dict[str, Any] | None:
    """What may be done about messages whose fate is unknown, and what came of asking last."""
    last = last_enquiry(campaign.pk) if found.unknown or found.never_taken else None
    if not found.unknown and last is None:
        return None
    asking = last is not None and last.finished_at is None
    return {
        "messages": found.unknown,
        "can_ask": bool(found.unknown) and not asking and bool(accounts_that_answer(campaign.pk)),
        "asking": asking,
        "last": last,
    }


def _outcome(found: Results) -> charts.StackedBar:
    parts = [
        (_("Delivered"), found.delivered, "good"),
        (_("On the way"), found.underway, "1"),
        (_("Waiting"), found.waiting, "quiet"),
        (_("Failed"), found.failed, "bad"),
        (_("Not sent in time"), found.expired, "warn"),
        (_("Unknown"), found.unknown, "warn"),
        (_("Cancelled"), found.cancelled, "quiet"),
    ]
    bars = [charts.Bar(label=label, value=n, tone=tone) for label, n, tone in parts if n]
    return charts.StackedBar(title=_("Messages"), parts=bars, whole=found.planned)


def _chart(found: Results) -> charts.TimeSeries | None:
    if len(found.moments) < 2:
        return None
    names = {
        "accepted": (_("Sent"), "1"),
        "delivered": (_("Delivered"), "good"),
        "failed": (_("Failed"), "bad"),
        "clicked": (_("Clicked"), "3"),
    }
    far = (found.moments[-1] - found.moments[0]).days >= 1
    return charts.TimeSeries(
        title=_("Over time"),
        labels=[formats.moment(m) if far else formats.clock(m) for m in found.moments],
        series=[
            charts.Series(name=label, values=list(found.series[key]), tone=tone) for key, (label, tone) in names.items()
        ],
    )


def _bubbles(campaign: Campaign) -> list[Bubble]:
    senders = senders_of(campaign)
    profile = sample_profile(campaign, senders)
    if profile is None:
        return []
    purpose: Any = campaign.purpose
    made = preview_profile(content_of(campaign), senders, profile, purpose=purpose)
    pictures = on_the_way(campaign.images, made.sender).urls
    return [Bubble(text=made.text, title=made.subject, images=pictures)] if made.text else []


def _kinds(found: Results) -> list[tuple[str, int, str]]:
    """(kind, messages, cost) as planned, the most first."""
    currency = config.get().currency
    rows = found.summary.by("kind") if found.summary else []
    return [
        (str(MessageKind[kind.upper()].label), messages, formats.money(amount / MILLI, currency))
        for (kind,), messages, _parts, amount in rows
    ]


#: Verb in the address → (role, action).
VERBS = {
    "pause": (Role.EDITOR, actions.pause),
    "resume": (Role.APPROVER, actions.resume),
    "end": (Role.APPROVER, actions.end),
    "unschedule": (Role.EDITOR, actions.unschedule),
}


@requires(Role.EDITOR)
def act(request: HttpRequest, key: str, verb: str) -> HttpResponse:
    """Pause, resume, end, or take back to draft."""
    if verb not in VERBS:
        raise NotFound(_("There is no such action."))
    role, action = VERBS[verb]
    campaign = get_object_or_404(Campaign, key=key)
    if request.method == "POST":
        return requires(role)(_act)(request, campaign=campaign, verb=verb, action=action)
    return redirect("console:campaign", key=key)


def _act(request: HttpRequest, *, campaign: Campaign, verb: str, action: Any) -> HttpResponse:
    with transaction.atomic():
        action(campaign, by=person(request))
        audit.record(actor(request), f"campaign.{verb}", campaign)
    return redirect("console:campaign", key=campaign.key)


@requires(Role.EDITOR)
def send_again(request: HttpRequest, key: str) -> HttpResponse:
    """A draft for the people whom it missed."""
    campaign = get_object_or_404(Campaign, key=key)
    if request.method != "POST":
        return redirect("console:campaign", key=key)
    missed = request.POST.get("missed", "")
    with transaction.atomic():
        draft = again(campaign, missed, by=person(request))
        audit.record(actor(request), "campaign.again", draft, {"of": campaign.key, "missed": missed})
    return redirect("console:campaign_audience", key=draft.key)


@requires(Role.EDITOR)
def duplicate(request: HttpRequest, key: str) -> HttpResponse:
    """A new draft with the same audience, text and settings."""
    campaign = get_object_or_404(Campaign, key=key)
    if request.method != "POST":
        return redirect("console:campaign", key=key)
    with transaction.atomic():
        copy = actions.duplicate(campaign, by=person(request))
        audit.record(actor(request), "campaign.duplicate", copy, {"of": campaign.key})
    return redirect("console:campaign_basics", key=copy.key)
