"""What stands between a draft and its review or launch, each with the step where it is put right."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone, translation
from django.utils.translation import gettext as _

from pabal.audience.models import Channel
from pabal.billing.prices import price_list
from pabal.billing.queries import balance
from pabal.campaigns.compose import compiled, content_of, facts_of, route_of, senders_of
from pabal.campaigns.kakao_problems import kakao_problems
from pabal.campaigns.models import Campaign, Plan, PlanMode, PlanState
from pabal.campaigns.people_sets import people_in, segment_versions, segments_of
from pabal.campaigns.summary import PlanSummary
from pabal.content.failures import TemplateError
from pabal.delivery.accounts import capabilities
from pabal.delivery.models import Sender, SenderState
from pabal.delivery.short_links import short_links
from pabal.errors import InvalidInput
from pabal.policy.countries import campaign_refusal
from pabal.policy.skips import SkipReason

REVIEW_VALID = timedelta(hours=1)
"""How old a review may be when a campaign is launched on its strength."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """`step`: audience, message, sending, or empty. `blocks_review`: it could not even be planned."""

    code: str
    message: str
    field: str = ""
    step: str = ""
    blocks_review: bool = False

    @property
    def anchor(self) -> str:
        """The id of the control on the step's page."""
        if self.field.startswith("kakao."):
            return "m-" + self.field.removeprefix("kakao.").replace(".", "-")
        return f"id_{self.field}" if self.field else ""


def problems(campaign: Campaign) -> list[Problem]:
    """What must be put right in the draft before it can be launched; empty when nothing must."""
    found: list[Problem] = []
    chosen = campaign.all_profiles or campaign.include_lists.exists() or campaign.include_segments.exists()
    if not chosen:
        message = _("Choose who gets it: everyone, or at least one list or segment.")
        found.append(_blocking("no_audience", message, "include_lists", "audience"))
    found += _of_segments(campaign)
    if campaign.channel == Channel.KAKAO:
        found += [_blocking(p.code, p.message, p.field, p.step) for p in kakao_problems(campaign)]
        return [*found, *_of_start(campaign)]
    senders = senders_of(campaign)
    if not senders:
        found.append(_blocking("no_sender", _("Choose at least one sender."), "senders", "message"))
    if not campaign.text.strip():
        found.append(_blocking("text_missing", _("Write the message."), "text", "message"))
    else:
        found += _of_text(campaign, senders)
    found += _of_accounts(senders)
    found += _of_images(campaign, senders)
    if senders and all(sender.state == SenderState.STOPPED for sender in senders):
        message = _("All senders of this campaign are stopped.")
        found.append(Problem(code="senders_stopped", message=message, field="senders", step="message"))
    if senders and not any(price_list(s.account.provider, timezone.localdate()).rates for s in senders):
        message = _("There is no price for these senders. Add one to the price list first.")
        found.append(Problem(code="no_price", message=message, field="senders", step="message"))
    return [*found, *_of_start(campaign)]


def _of_start(campaign: Campaign) -> list[Problem]:
    if campaign.starts_at is None or campaign.starts_at >= timezone.now() - timedelta(minutes=1):
        return []
    message = _("The time to start has passed. Choose another, or start at once.")
    return [Problem(code="starts_at_past", message=message, field="starts_at", step="sending")]


def problems_of_review(campaign: Campaign, now: datetime) -> list[Problem]:
    """What the newest review of this version says against a launch."""
    plan = newest_review(campaign)
    if plan is None or plan.finished_at is None or plan.finished_at < now - REVIEW_VALID:
        message = _("Review the campaign again: it has not been counted since it was changed, or long ago.")
        return [Problem(code="review_outdated", message=message)]
    summary = PlanSummary.from_json(plan.summary)
    if not summary.messages:
        message = _("Nobody would get a message. The review says why.")
        return [Problem(code="no_recipients", message=message, step="audience", field="include_lists")]
    available = balance().available
    if summary.amount > available:
        message = _("The balance does not cover this campaign. Top it up first.")
        return [Problem(code="insufficient_balance", message=message)]
    return []


def newest_review(campaign: Campaign) -> Plan | None:
    """The newest finished review of the campaign, and of its segments, as they stand now."""
    plan = (
        Plan.objects.filter(
            campaign=campaign,
            mode=PlanMode.REVIEW,
            state=PlanState.DONE,
            campaign_version=campaign.version,
        )
        .order_by("-id")
        .first()
    )
    if plan is None or PlanSummary.from_json(plan.summary).segments != segment_versions(campaign):
        return None
    return plan


def _blocking(code: str, message: str, field: str, step: str) -> Problem:
    return Problem(code=code, message=message, field=field, step=step, blocks_review=True)


def _of_segments(campaign: Campaign) -> list[Problem]:
    """Segments that are archived, or whose condition names what is not there any more."""
    found: list[Problem] = []
    for segment in segments_of(campaign):
        place = {"field": "include_segments", "step": "audience"}
        if segment.archived_at is not None:
            message = _("The segment “%(name)s” is archived. Bring it back, or choose another.")
            found.append(_blocking("segment_archived", message % {"name": segment.name}, **place))
            continue
        try:
            people_in(segment, now=timezone.now())
        except InvalidInput as error:
            message = _("The segment “%(name)s” cannot be used: %(reason)s")
            found.append(_blocking("segment_broken", message % {"name": segment.name, "reason": error}, **place))
    return found


def _of_accounts(senders: tuple[Sender, ...]) -> list[Problem]:
    """Countries of senders whose phones none of the chosen senders can write to: EUC-KR, for Korea."""
    message = _("The account “%(account)s” does not take EUC-KR, without which no text reaches phones in Korea. Switch it on in the account's settings if the carrier takes it, or choose another sender.")  # fmt: skip
    for sender in senders:
        routes = [route_of(other) for other in senders]
        if campaign_refusal(routes, sender.country, "sms") == SkipReason.ENCODING_NOT_SUPPORTED:
            text = message % {"account": sender.account.name}
            return [Problem(code="encoding_not_supported", message=text, field="senders", step="message")]
    return []


def _of_images(campaign: Campaign, senders: tuple[Sender, ...]) -> list[Problem]:
    """Pictures that no sender carries, or more of them than one takes."""
    if not campaign.images or not senders:
        return []
    carrying = [(sender, media) for sender in senders if (media := capabilities(sender.account).media) is not None]
    if not carrying:
        message = _(
            "None of the senders can carry pictures. Choose a sender that carries MMS, or take the picture off."
        )
        return [_blocking("no_mms_sender", message, "senders", "message")]
    for sender, media in carrying:
        if len(campaign.images) > media.count:
            message = _("The carrier of “%(name)s” takes %(most)s in one message; %(n)s are chosen.")
            values = {"name": sender.name, "most": media.count, "n": len(campaign.images)}
            return [_blocking("too_many_images", message % values, "images", "message")]
    return []


def _of_text(campaign: Campaign, senders: tuple[Sender, ...]) -> list[Problem]:
    """What the template says, in the countries of its senders."""
    purpose: Any = "informational" if campaign.purpose == "informational" else "promotional"
    for sender in senders:
        try:
            compiled(content_of(campaign), facts_of(sender), sender.country, short_links(), purpose)
        except TemplateError as error:
            language: Any = "ko" if (translation.get_language() or "").startswith("ko") else "en"
            return [_blocking(error.code, error.message_in(language), error.field or "text", "message")]
    return []
