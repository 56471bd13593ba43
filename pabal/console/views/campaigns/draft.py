"""The steps of a draft: recipients, message, sending. Each saves and goes on to the next; the review is the last."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from pabal.accounts import audit
from pabal.accounts.access import actor, person, requires
from pabal.accounts.models import Role
from pabal.audience.models import Channel, Profile
from pabal.campaigns import actions
from pabal.campaigns.models import Campaign, CampaignState
from pabal.console.forms.campaign_audience import AudienceForm
from pabal.console.forms.campaigns import BasicsForm, MessageForm, PicturesField, SendingForm
from pabal.console.forms.errors import put_error
from pabal.console.pictures import chosen
from pabal.delivery.models import Sender
from pabal.errors import PabalError

STEPS = (
    ("audience", _("Recipients"), AudienceForm),
    ("message", _("Message"), MessageForm),
    ("sending", pgettext_lazy("step", "Sending"), SendingForm),
)


def step_links(campaign: Campaign) -> list[tuple[Any, str]]:
    """(label, address) of each step, the review last."""
    links = [(label, reverse(f"console:campaign_{name}", args=[campaign.key])) for name, label, _form in STEPS]
    return [*links, (_("Review"), reverse("console:campaign_review", args=[campaign.key]))]


def _step(request: HttpRequest, key: str, number: int, **more: Any) -> HttpResponse:
    campaign = get_object_or_404(Campaign, key=key)
    if campaign.state != CampaignState.DRAFT:
        return redirect("console:campaign", key=key)
    name, _label, form_class = STEPS[number]
    following = step_links(campaign)[number + 1]
    if name == "sending" and campaign.channel == Channel.KAKAO:
        name, more = "kakao_sending", {**more, "kakao": True}
    form = _form(campaign, form_class, request.POST or None)
    if request.method == "POST" and form.is_valid():
        changes = form.changes()
        try:
            with transaction.atomic():
                before = audit.snapshot(campaign, [f for f in changes if f not in actions.SETS])
                actions.edit(campaign, by=person(request), **changes)
                audit.record(actor(request), "campaign.edit", campaign, audit.difference(before, changes))
            stay = request.POST.get("then") == "stay"
            return redirect("console:campaigns" if stay else following[1])
        except PabalError as error:
            put_error(form, error)
    values = {
        "campaign": campaign,
        "form": form,
        "steps": step_links(campaign),
        "place": number + 1,
        "next": following[0],
    }
    return render(request, f"console/campaigns/{name}.html", values | more, status=422 if form.errors else 200)


def _form(campaign: Campaign, form_class: Any, data: Any) -> Any:
    from pabal.console.forms.kakao_sending import KakaoSendingForm

    if form_class is SendingForm and campaign.channel == Channel.KAKAO:
        return KakaoSendingForm(data, initial=KakaoSendingForm.initial_of(campaign), campaign=campaign)
    return form_class(data, initial=form_class.initial_of(campaign))


@requires(Role.EDITOR)
def audience(request: HttpRequest, key: str) -> HttpResponse:
    return _step(request, key, 0)


@requires(Role.EDITOR)
def message(request: HttpRequest, key: str) -> HttpResponse:
    from pabal.console.views.campaigns.preview import insertable
    from pabal.console.views.kakao.composing import step

    campaign = get_object_or_404(Campaign, key=key)
    if campaign.channel == Channel.KAKAO and campaign.state == CampaignState.DRAFT:
        steps = step_links(campaign)
        frame = {"campaign": campaign, "steps": steps, "place": 2, "next": steps[2][0]}
        return step(request, campaign, frame, steps[2][1])
    given = request.POST.getlist("images") if request.method == "POST" else get_object_or_404(Campaign, key=key).images
    return _step(
        request,
        key,
        1,
        groups=insertable(),
        any_sender=Sender.objects.filter(archived_at=None).exists(),
        pictures=chosen(PicturesField().to_python(given)),
    )


@requires(Role.EDITOR)
def sending(request: HttpRequest, key: str) -> HttpResponse:
    return _step(request, key, 2)


@requires(Role.EDITOR)
def basics(request: HttpRequest, key: str) -> HttpResponse:
    """Rename a draft, or describe it."""
    campaign = get_object_or_404(Campaign, key=key)
    fields = ("name", "key", "description")
    form = BasicsForm(request.POST or None, initial={name: getattr(campaign, name) for name in fields})
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                before = audit.snapshot(campaign, fields)
                actions.edit(campaign, by=person(request), **form.cleaned_data)
                audit.record(actor(request), "campaign.edit", campaign, audit.difference(before, form.cleaned_data))
            return redirect("console:campaign", key=campaign.key)
        except PabalError as error:
            put_error(form, error)
    values = {"campaign": campaign, "form": form}
    return render(request, "console/campaigns/basics.html", values, status=422 if form.errors else 200)


def sample_profile(campaign: Campaign, senders: Iterable[Sender]) -> Profile | None:
    """Somebody to preview with until one is chosen: of the campaign's lists and the senders' countries if possible."""
    people = Profile.objects.exclude(phone="").order_by("id")
    countries = {sender.country for sender in senders}
    reached = people.filter(country__in=countries) if countries else people
    lists = list(campaign.include_lists.values_list("pk", flat=True))
    if lists and not campaign.all_profiles:
        members = reached.filter(memberships__list__in=lists, memberships__removed_at=None)
        if (found := members.first()) is not None:
            return found
    return reached.first() or people.first()
