"""The sending step of a KakaoTalk campaign: what the text that replaces it measures, as one writes."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from pabal.accounts.access import requires
from pabal.accounts.models import Role
from pabal.campaigns.models import Campaign
from pabal.campaigns.preview import preview, preview_profile
from pabal.console.views.kakao.composing import language
from pabal.content import labels
from pabal.content.compose import Content
from pabal.delivery.models import Sender


@requires(Role.EDITOR)
def measure(request: HttpRequest, key: str) -> HttpResponse:
    """The text in place of KakaoTalk as a person would read it: with (광고) and the way out, counted. Saves nothing."""
    from pabal.console.views.campaigns.draft import sample_profile

    campaign = get_object_or_404(Campaign, key=key)
    text = request.POST.get("fallback_text", "").replace("\r\n", "\n")
    chosen = [int(pk) for pk in request.POST.getlist("fallback_senders") if pk.isdigit()]
    senders = list(Sender.objects.filter(pk__in=chosen, archived_at=None).order_by("id"))
    if not text.strip() or not senders:
        return HttpResponse("")
    content = Content(
        text=text,
        subject=request.POST.get("fallback_subject") or None,
        shorten_links=campaign.shorten_links,
        opt_out=campaign.add_opt_out,
        sender_name=campaign.add_sender_name,
        allow_lms=campaign.allow_lms,
    )
    purpose: Any = campaign.purpose
    person = sample_profile(campaign, senders)
    made = (
        preview_profile(content, senders, person, purpose=purpose)
        if person
        else preview(content, senders, {}, country="KR", purpose=purpose)
    )
    values = {
        "text": made.text,
        "m": made.measure,
        "unit": labels.UNITS[made.measure.encoding][language()] if made.measure else "",
        "kind": made.measure.kind.upper() if made.measure else "",
        "over": made.problem == "over_length",
        "error": made.error.message_in(language()) if made.error else "",
    }
    return render(request, "console/composer/fallback.html", values)
