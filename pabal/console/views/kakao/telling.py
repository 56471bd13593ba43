"""What is told of a launched KakaoTalk campaign: by which message people were reached, what they tapped, and each journey."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from pabal import config
from pabal.billing.models import MILLI
from pabal.campaigns.models import Campaign
from pabal.console import charts, formats
from pabal.console.kakao.delivered import delivered, frozen
from pabal.console.views.campaigns.history import entries
from pabal.delivery.event_reasons import reason_label
from pabal.delivery.models import FallbackState, Message, Sender
from pabal.reports.campaign import Results
from pabal.reports.kakao import Step, clicks_by_element, journeys, text_results

#: Where a text in place of KakaoTalk stands → (badge, what is said).
LOOK: Final[dict[str, tuple[str, Any]]] = {
    "delivered": ("delivered", gettext_lazy("Text instead delivered")),
    "failed": ("failed", gettext_lazy("Text instead failed")),
    "expired": ("expired", gettext_lazy("Text instead not sent in time")),
    "cancelled": ("cancelled", gettext_lazy("Text instead cancelled")),
    "unknown": ("unknown", gettext_lazy("Unknown whether the text arrived")),
    "underway": ("accepted", gettext_lazy("Text instead on the way")),
    "waiting": ("waiting", gettext_lazy("Text instead waiting")),
    "dropped": ("cancelled", gettext_lazy("No text instead")),
}


@dataclass(frozen=True, kw_only=True)
class Instead:
    """What became of the text in place of one person's KakaoTalk message."""

    badge: str
    label: Any
    reason: str


def numbers(campaign: Campaign, found: Results) -> dict[str, Any]:
    """The parts of the results page that only KakaoTalk campaigns have."""
    texts = text_results(campaign)
    language = "ko" if (get_language() or "").startswith("ko") else "en"
    clicks = clicks_by_element(campaign)
    values: dict[str, Any] = {
        "clicks": charts.BarList(
            title=_("Clicks by button, coupon and card"),
            bars=[charts.Bar(label=c.name[language], value=c.people, tone="3") for c in clicks],
            whole=found.delivered,
        ),
        "clicked_times": sum(c.clicks for c in clicks),
        "texts": texts,
        "kakao_cost": _money(found.amount),
        "total": _money(found.amount + (texts.amount if texts else 0)),
        "live": bool(texts and texts.underway + texts.waiting),
    }
    if texts is not None:
        values["text_cost"] = _money(texts.amount)
        values["reached"] = _reached(found, texts)
    return values


def instead(message_ids: Sequence[int]) -> dict[int, Instead]:
    """The texts in place of these KakaoTalk messages; without those that are not needed, or not yet."""
    return {
        pk: _instead(journey.text)
        for pk, journey in journeys(message_ids).items()
        if journey.text is not None and _told(journey.text, journey.kakao)
    }


def journey(message: Message, sender: Sender | None) -> dict[str, Any]:
    """One person's journey: the bubble that they got, and the text in its place with its own history."""
    found = journeys([message.pk])[message.pk]
    text = Message.objects.filter(pk=found.text.message_id).first() if found.text and found.text.message_id else None
    return {
        "bubble": _bubble(message, sender),
        "instead": _instead(found.text) if found.text is not None and _told(found.text, found.kakao) else None,
        "text": text,
        "entries": entries(text) if text is not None else [],
    }


def _told(text: Step, kakao: Step) -> bool:
    if text.message_id is not None:
        return True
    return text.state != FallbackState.UNNEEDED and kakao.state in ("failed", "expired", "cancelled", "unknown")


def _instead(text: Step) -> Instead:
    badge, label = LOOK.get(text.state, LOOK["waiting"])
    return Instead(badge=badge, label=label, reason=reason_label(text.reason) if text.reason else "")


def _bubble(message: Message, sender: Sender | None) -> SafeString | str:
    written = frozen([message.campaign_id]).get(message.campaign_id) if message.campaign_id else None
    return delivered(written, message.text, message.slots, sender=sender) if written is not None else ""


def _reached(found: Results, texts: Results) -> charts.StackedBar:
    under_way = found.waiting + found.underway + texts.waiting + texts.underway
    rest = max(0, found.planned - found.delivered - texts.delivered - under_way)
    parts = [
        (_("By KakaoTalk"), found.delivered, "good"),
        (_("By text instead"), texts.delivered, "1"),
        (_("Under way"), under_way, "quiet"),
        (_("Not reached"), rest, "bad"),
    ]
    bars = [charts.Bar(label=label, value=n, tone=tone) for label, n, tone in parts if n]
    return charts.StackedBar(title=_("How people were reached"), parts=bars, whole=found.planned)


def _money(amount: int) -> str:
    return formats.money(amount / MILLI, config.get().currency)
