"""What the review of a KakaoTalk campaign shows beside that of a text: its prices, the texts in its place, and bubbles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from pabal import config
from pabal.audience.models import Profile
from pabal.billing.models import MILLI
from pabal.billing.prices import price_list
from pabal.campaigns.compose import senders_of, values_of
from pabal.campaigns.kakao import KOREA, PRICE_OF_TARGET
from pabal.campaigns.models import Campaign
from pabal.campaigns.summary import FallbackPortion, PlanSummary, TextSample
from pabal.console import formats
from pabal.console.composer.rendering import render
from pabal.console.kakao import bubble
from pabal.console.kakao.delivered import pictures_of
from pabal.console.views.kakao.composing import channel_of
from pabal.delivery.models import SenderKind
from pabal.kakao.message import parse
from pabal.policy.skips import SKIP_WORDS, Language, SkipReason


@dataclass(frozen=True, kw_only=True)
class TextLine:
    """Texts of one kind that may go out instead of KakaoTalk messages, and what is reserved for them."""

    kind: str
    messages: int
    parts: int
    cost: str


def money_of(campaign: Campaign, summary: PlanSummary) -> dict[str, Any]:
    """What KakaoTalk costs for friends and others, what the texts cost, and between which sums the campaign will cost."""
    texts = sum(text.amount for text in summary.fallbacks)
    language: Language = "ko" if (get_language() or "").startswith("ko") else "en"
    return {
        "friend": _price(campaign, "kakao_friend"),
        "other": _price(campaign, "kakao_other"),
        "target": campaign.target,
        "reserved": _money(summary.amount),
        "messages": _money(summary.amount - texts),
        "least": _money(summary.amount_least) if summary.amount_least is not None else "",
        "fails_over": campaign.fallback != "off",
        "texts": [_line(text) for text in summary.fallbacks],
        "without": [
            (SKIP_WORDS[SkipReason.from_key(s.reason)].label[language], s.profiles) for s in summary.fallback_skips
        ],
    }


def sample(campaign: Campaign, found: TextSample) -> dict[str, Any]:
    """One person's message as the bubble that they would see."""
    profile = Profile.objects.filter(pk=found.profile_id).first()
    return {"profile": profile, "units": found.units, "kakao": as_read(campaign, profile)}


def as_read(campaign: Campaign, profile: Profile | None) -> SafeString:
    """The bubble as `profile` reads it; as it is written where there is nobody."""
    message = parse(campaign.kakao or {})
    read = render(message, values_of(profile)).message if profile is not None else message
    sender = next((s for s in senders_of(campaign) if s.kind == SenderKind.KAKAO_CHANNEL), None)
    return bubble(read, channel=channel_of(sender), pictures=pictures_of(read), friend=campaign.target != "N")


def _line(text: FallbackPortion) -> TextLine:
    return TextLine(kind=text.kind.upper(), messages=text.messages, parts=text.parts, cost=_money(text.amount))


def _price(campaign: Campaign, kind: str) -> str:
    """The price of one message; empty where the target excludes it or it is not known."""
    if kind not in PRICE_OF_TARGET[campaign.target]:
        return ""
    for sender in senders_of(campaign):
        if sender.kind == SenderKind.KAKAO_CHANNEL:
            rate = price_list(sender.account.provider, timezone.now().date()).rate(kind, KOREA)
            return _money(rate.amount) if rate else ""
    return ""


def _money(amount: int) -> str:
    return formats.money(amount / MILLI, config.get().currency)
