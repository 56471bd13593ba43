"""The last step of a draft: what would happen to each person, what it costs, when it is over — and the launch."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from pabal import config
from pabal.accounts import audit
from pabal.accounts.access import actor, person, requires
from pabal.accounts.models import Role
from pabal.audience.models import Channel, Profile
from pabal.billing.models import MILLI
from pabal.campaigns import actions, words
from pabal.campaigns.compose import choose_sender, senders_of
from pabal.campaigns.models import Campaign, CampaignState, Plan, PlanMode, PlanState
from pabal.campaigns.questions import engine_runs
from pabal.campaigns.summary import PlanSummary, TextSample
from pabal.console import formats
from pabal.console.parts import Bubble, Funnel, Skip
from pabal.console.pictures import on_the_way
from pabal.console.views.campaigns.draft import step_links
from pabal.console.views.campaigns.splitting import offers
from pabal.console.views.kakao import reviewing
from pabal.delivery.models import MessageKind, Sender
from pabal.errors import InvalidInput
from pabal.policy.skips import SKIP_WORDS, Language, SkipReason


def _plan(campaign: Campaign) -> Plan | None:
    """The newest review of the campaign as it stands now."""
    return (
        Plan.objects.filter(campaign=campaign, mode=PlanMode.REVIEW, campaign_version=campaign.version)
        .order_by("-id")
        .first()
    )


@requires(Role.EDITOR)
def show(request: HttpRequest, key: str) -> HttpResponse:
    """The review; asks for one when there is none of this version, or when “Count again” was pressed."""
    campaign = get_object_or_404(Campaign, key=key)
    if campaign.state != CampaignState.DRAFT:
        return redirect("console:campaign", key=key)
    problems = actions.problems(campaign)
    plan = _plan(campaign)
    blocking = [p for p in problems if p.blocks_review]
    if not blocking and (plan is None or request.method == "POST"):
        with transaction.atomic():
            plan = actions.request_review(campaign, by=person(request))
            audit.record(actor(request), "campaign.review", campaign)
        if request.method == "POST":
            return redirect("console:campaign_review", key=key)
    values: dict[str, Any] = {
        "campaign": campaign,
        "steps": step_links(campaign),
        "problems": problems,
        "may_launch": person(request).may(Role.APPROVER),
    }
    if plan is not None and not blocking:
        values |= _values(campaign, plan)
    if request.headers.get("HX-Request"):
        return render(request, "console/campaigns/review_body.html", values)
    return render(request, "console/campaigns/review.html", values)


def _values(campaign: Campaign, plan: Plan) -> dict[str, Any]:
    if plan.state in (PlanState.QUEUED, PlanState.RUNNING):
        return {"plan": plan, "engine_away": not engine_runs()}
    if plan.state != PlanState.DONE:
        return {"plan": plan}
    summary = PlanSummary.from_json(plan.summary)
    currency = config.get().currency
    senders = {s.pk: s for s in Sender.objects.filter(pk__in=[f.sender_id for f in summary.senders])}
    return {
        "plan": plan,
        "summary": summary,
        "timeout": timedelta(minutes=campaign.timeout_minutes),
        "offers": offers(campaign, summary),
        "funnel": funnel(campaign, summary),
        "cost": formats.money(summary.amount / MILLI, currency),
        "balance_before": formats.money(summary.balance_before / MILLI, currency),
        "balance_after": formats.money(summary.balance_after / MILLI, currency),
        "lines": [
            (
                senders.get(sender),
                formats.country(country),
                MessageKind[kind.upper()].label,
                messages,
                parts,
                formats.money(amount / MILLI, currency),
            )
            for (sender, country, kind), messages, parts, amount in summary.by("sender_id", "country", "kind")
        ],
        "samples": [_sample(campaign, s) for s in unique(summary)],
        "kakao": reviewing.money_of(campaign, summary) if campaign.channel == Channel.KAKAO else None,
        "warnings": [words.warning(w) for w in summary.warnings],
        "confirm_title": ngettext("Send %(n)s message?", "Send %(n)s messages?", summary.messages)
        % {"n": formats.number(summary.messages)},
        "confirm_text": _("%(when)s. It costs %(cost)s. Sending cannot be undone, but it can be paused.")
        % {
            "when": formats.moment(campaign.starts_at) if campaign.starts_at else _("It starts at once"),
            "cost": formats.money(summary.amount / MILLI, currency),
        },
    }


def unique(summary: PlanSummary) -> list[TextSample]:
    """The longest and the shortest, or two others, each person once."""
    found: dict[int, TextSample] = {}
    for sample in [summary.longest, summary.shortest, *summary.samples]:
        if sample is not None:
            found.setdefault(sample.profile_id, sample)
    return list(found.values())[:2]


def _pictures(campaign: Campaign, sample: TextSample) -> tuple[str, ...]:
    if sample.kind != "mms":
        return ()
    return on_the_way(campaign.images, choose_sender(senders_of(campaign), sample.country, "mms")).urls


def _sample(campaign: Campaign, sample: TextSample) -> dict[str, Any]:
    if campaign.channel == Channel.KAKAO:
        return reviewing.sample(campaign, sample)
    pictures = _pictures(campaign, sample)
    profile = Profile.objects.filter(pk=sample.profile_id).first()
    note = ngettext("%(kind)s · %(n)s part", "%(kind)s · %(n)s parts", sample.parts) % {
        "kind": sample.kind.upper(),
        "n": sample.parts,
    }
    if sample.kind == "mms":
        note = "MMS"
    return {"profile": profile, "bubbles": [Bubble(text=sample.text, note=note, images=pictures)]}


def funnel(campaign: Campaign, summary: PlanSummary) -> Funnel:
    """From the audience to the messages, each reason with what it means, what helps, and a few of the people."""
    language: Language = "ko" if (get_language() or "").startswith("ko") else "en"
    ids = {pk for skip in summary.skips for pk in skip.samples}
    people = {p.pk: p for p in Profile.objects.filter(pk__in=ids)}
    skips = []
    for skip in summary.skips:
        said = SKIP_WORDS[SkipReason.from_key(skip.reason)]
        detail = render_to_string(
            "console/campaigns/skip_detail.html",
            {
                "why": said.why[language],
                "remedy": said.remedy[language],
                "people": [people[pk] for pk in skip.samples if pk in people],
            },
        )
        skips.append(Skip(label=said.label[language], count=skip.profiles, detail=detail))
    return Funnel(audience=summary.audience, messages=summary.messages, skips=tuple(skips))


@requires(Role.APPROVER)
def launch(request: HttpRequest, key: str) -> HttpResponse:
    """Send it, as confirmed: the number of messages that the person typed is the number of the plan they saw."""
    campaign = get_object_or_404(Campaign, key=key)
    if request.method != "POST":
        return redirect("console:campaign_review", key=key)
    typed = "".join(c for c in request.POST.get("confirm", "") if c.isdigit())
    if not typed:
        raise InvalidInput(_("Type the number of messages to confirm."), code="confirmation_missing")
    with transaction.atomic():
        actions.launch(campaign, by=person(request), expected_messages=int(typed))
        audit.record(actor(request), "campaign.launch", campaign, {"messages": int(typed)})
    return redirect(reverse("console:campaign", args=[key]))
