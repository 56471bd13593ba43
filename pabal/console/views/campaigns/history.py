"""The history of one message, in the words and icons of the console."""

from __future__ import annotations

from typing import Any, Final

from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from pabal.console.kakao.delivered import frozen
from pabal.console.parts import Entry
from pabal.delivery.event_reasons import reason_label
from pabal.delivery.models import Batch, Click, EventKind, Link, Message, MessageEvent, MessageKind
from pabal.kakao.places import element_of, name_of

#: Event → (what is said, icon, tone).
WORDS: Final[dict[EventKind, tuple[Any, str, str]]] = {
    EventKind.ACCEPTED: (gettext_lazy("Accepted by the carrier"), "send", "accent"),
    EventKind.DELIVERED: (gettext_lazy("Delivered"), "circle-check", "good"),
    EventKind.FAILED: (gettext_lazy("Failed"), "circle-x", "bad"),
    EventKind.EXPIRED: (gettext_lazy("Not sent in time"), "hourglass", "warn"),
    EventKind.CANCELLED: (gettext_lazy("Cancelled"), "ban", "quiet"),
    EventKind.UNKNOWN: (gettext_lazy("Unknown whether it was sent; it will not be sent again"), "circle-help", "warn"),
    EventKind.CLICKED: (gettext_lazy("Clicked for the first time"), "mouse-pointer-click", "good"),
    EventKind.REPLIED: (gettext_lazy("Replied"), "reply", "accent"),
    EventKind.UNSUBSCRIBED: (gettext_lazy("Unsubscribed"), "bell-off", "bad"),
}
OPT_OUT: Final = 7
#: Codes that tell how KakaoTalk bills a delivered message.
BILLED: Final = {"kakao_friend": gettext_lazy("billed as a friend"), "kakao_other": gettext_lazy("billed as no friend")}


def entries(message: Message) -> list[Entry]:
    """Everything that happened to a message, oldest first."""
    batch = Batch.objects.filter(first_id__lte=message.pk).order_by("-first_id").first()
    planned: list[Entry] = []
    if batch is not None and batch.last_id >= message.pk:
        planned.append(Entry(title=_("Planned"), at=batch.created_at, icon="circle-dashed"))
    found: list[Entry] = []
    for event in MessageEvent.objects.filter(message_id=message.pk):
        title, icon, tone = WORDS[EventKind(event.kind)]
        found.append(Entry(title=title, at=event.at, text=_detail(event), icon=icon, tone=tone))
    targets = _targets(message)
    for click in Click.objects.filter(message_id=message.pk).order_by("at")[:50]:
        text = _("Opt-out link") if click.position == OPT_OUT else targets.get(click.position, "")
        words = " · ".join(part for part in (text, click.user_agent[:80]) if part)
        found.append(Entry(title=_("Link opened"), at=click.at, text=words, icon="link"))
    return planned + sorted(found, key=lambda entry: entry.at or message.send_after)


def _targets(message: Message) -> dict[int, str]:
    """Where the links lead, by position; of a KakaoTalk message with what was tapped."""
    rows = Link.objects.filter(campaign_id=message.campaign_id).values_list("position", "target", "place")
    kakao = message.kind == MessageKind.KAKAO and message.campaign_id is not None
    written = frozen([message.campaign_id]).get(message.campaign_id) if kakao else None
    if written is None:
        return {position: target for position, target, _place in rows}
    language = "ko" if (get_language() or "").startswith("ko") else "en"
    return {
        position: f"{name_of(written, element_of(place))[language]} · {target}" if place else target
        for position, target, place in rows
    }


def _detail(event: MessageEvent) -> str:
    parts = [
        reason_label(event.reason) if event.reason else "",
        _code(event.code),
        _("carrier's id %(id)s") % {"id": event.provider_ref} if event.provider_ref else "",
    ]
    return " · ".join(part for part in parts if part)


def _code(code: str) -> str:
    if code in BILLED:
        return str(BILLED[code])
    return _("carrier's code %(code)s") % {"code": code} if code else ""
