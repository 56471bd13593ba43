"""What happened with a person, in words: the entries of the timeline."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from pabal.audience.models import Channel, ConsentMethod, ConsentStatement
from pabal.campaigns.models import Campaign
from pabal.console import formats, statuses
from pabal.console.forms.imports import PURPOSES
from pabal.console.views.audience.preview_table import plain
from pabal.delivery.event_reasons import reason_label
from pabal.delivery.models import EventKind, MessageKind
from pabal.policy.skips import SKIP_WORDS
from pabal.reports.moments import Blocked, ConsentChange, Did, Merged, Moment, Reply, Sent, Skipped
from pabal.reports.recipients import State

SUPPRESSIONS = {
    "complaint": gettext_lazy("complaint"),
    "invalid_number": gettext_lazy("number out of service"),
    "unreachable": gettext_lazy("not reachable"),
    "manual": gettext_lazy("by hand"),
    "import": gettext_lazy("import"),
    "erased": gettext_lazy("refused before being forgotten"),
}
FILTER_LABELS = {
    "events": gettext_lazy("Events"),
    "messages": gettext_lazy("Messages"),
    "consent": pgettext_lazy("timeline", "Consent"),
    "merges": gettext_lazy("Merges"),
}
#: Properties of an event that its line shows; all of them unfold.
_BRIEF = 3
_BOUGHT = ("order", "purchase", "checkout", "cart", "주문", "구매", "결제", "장바구니")
_STEPS = {
    EventKind.ACCEPTED: gettext_lazy("handed to the carrier"),
    EventKind.DELIVERED: gettext_lazy("on the phone"),
    EventKind.FAILED: gettext_lazy("failed"),
    EventKind.EXPIRED: gettext_lazy("not sent in time"),
    EventKind.CANCELLED: gettext_lazy("cancelled"),
    EventKind.UNKNOWN: gettext_lazy("outcome unknown"),
    EventKind.CLICKED: gettext_lazy("clicked"),
    EventKind.REPLIED: gettext_lazy("replied"),
    EventKind.UNSUBSCRIBED: gettext_lazy("opted out"),
}
_TONES = {State.DELIVERED: "good", State.FAILED: "bad", State.EXPIRED: "warn", State.UNKNOWN: "warn"}


@dataclass(frozen=True, kw_only=True)
class Step:
    """One thing that happened to a message that was to be sent at `sent`."""

    text: Any
    at: datetime
    sent: datetime
    detail: str = ""

    @property
    def when(self) -> str:
        """The time of day; with the date when it was another day."""
        same = timezone.localtime(self.at).date() == timezone.localtime(self.sent).date()
        return formats.clock(self.at) if same else formats.moment(self.at)


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """An entry of the timeline. `bubble` is a message's text, `out` when the person wrote it."""

    title: Any
    at: datetime
    icon: str
    tone: str = "quiet"
    badge: str = ""
    campaign: Campaign | None = None
    bubble: str = ""
    subject: str = ""
    out: bool = False
    answer: str = ""
    text: Any = ""
    remedy: str = ""
    steps: tuple[Step, ...] = field(default=())
    statement: ConsentStatement | None = None
    properties: tuple[tuple[str, str], ...] = field(default=())
    json: str = ""


def drawn(found: Iterable[Moment], language: Literal["en", "ko"]) -> list[Drawn]:
    """Each moment as an entry, in the reader's language."""
    return [_draw(moment, language) for moment in found]


def _draw(moment: Moment, language: Literal["en", "ko"]) -> Drawn:
    match moment:
        case Did():
            return _did(moment)
        case Sent():
            return _sent(moment)
        case Merged():
            return Drawn(
                title=_("Merged with profile %(id)s") % {"id": moment.old_id},
                at=moment.at,
                icon="git-merge",
                tone="accent",
                text=moment.by,
            )
        case Skipped():
            words = SKIP_WORDS[moment.reason]
            return Drawn(
                title=_("No message: %(why)s") % {"why": words.label[language]},
                at=moment.at,
                icon="ban",
                campaign=moment.campaign,
                text=words.why[language],
                remedy=words.remedy[language],
            )
        case ConsentChange():
            return _consent(moment)
        case Reply():
            return Drawn(
                title=_("Wrote to %(sender)s") % {"sender": moment.inbound.sender.name},
                at=moment.at,
                icon="reply",
                tone="accent",
                bubble=moment.inbound.text,
                out=True,
                answer=moment.inbound.reply,
            )
        case Blocked():
            return _blocked(moment)


def _did(moment: Did) -> Drawn:
    flat = tuple(_flat(moment.properties))
    bought = any(word in moment.name.lower() for word in _BOUGHT)
    brief = " · ".join(f"{name}: {value}" for name, value in flat[:_BRIEF])
    return Drawn(
        title=moment.name,
        at=moment.at,
        icon="shopping-bag" if bought else "zap",
        tone="quiet",
        text=brief,
        properties=flat,
        json=json.dumps(moment.properties, ensure_ascii=False, indent=2) if flat else "",
    )


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Names with dots, as conditions write them, and values as people read them."""
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from _flat(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        for number, inner in enumerate(value, start=1):
            yield from _flat(inner, f"{path}[{number}]")
    elif path or value:
        yield path, plain(value)


def _sent(moment: Sent) -> Drawn:
    message = moment.message
    kind = MessageKind(message.kind).label
    clicks = tuple(
        Step(
            text=_("opened a link") if c.target else _("opened the opt-out link"),
            at=c.at,
            sent=moment.at,
            detail=c.target,
        )
        for c in moment.clicks
    )
    events = tuple(
        Step(text=_STEPS[EventKind(e.kind)], at=e.at, sent=moment.at, detail=reason_label(e.reason) if e.reason else "")
        for e in moment.events
        if not (clicks and e.kind == EventKind.CLICKED)
    )
    waits = moment.state == State.WAITING
    return Drawn(
        title=_("%(kind)s, waiting to be sent") % {"kind": kind} if waits else kind,
        at=moment.at,
        icon="clock" if waits else "send",
        tone=_TONES.get(moment.state, "accent"),
        badge=moment.state.value,
        campaign=moment.campaign,
        bubble=message.text,
        subject=message.subject,
        steps=tuple(sorted((*events, *clicks), key=lambda step: step.at)),
    )


def _consent(moment: ConsentChange) -> Drawn:
    names = dict(PURPOSES)
    purposes = ", ".join(str(label) for purpose, label in names.items() if purpose in moment.purposes)
    agreed = moment.state == "subscribed"
    words = {"channel": Channel(moment.channel).label, "purposes": purposes}
    method = str(ConsentMethod(moment.method).label)
    moved = _("recorded for profile %(id)s") % {"id": moment.moved_from} if moment.moved_from else ""
    how = " · ".join(part for part in (method, moment.source, moment.actor, moved) if part)
    title = _("Agreed to %(channel)s: %(purposes)s") if agreed else _("Refused %(channel)s: %(purposes)s")
    return Drawn(
        title=title % words,
        at=moment.at,
        icon=statuses.look(moment.state).icon,
        tone="good" if agreed else "bad",
        text=how,
        statement=moment.statement,
    )


def _blocked(moment: Blocked) -> Drawn:
    if moment.lifted:
        return Drawn(title=_("The number may get messages again"), at=moment.at, icon="undo-2", tone="good")
    why = SUPPRESSIONS.get(moment.suppression.reason, moment.suppression.reason)
    source = f" · {moment.suppression.source}" if moment.suppression.source else ""
    return Drawn(title=_("The number was blocked"), at=moment.at, icon="ban", tone="bad", text=f"{why}{source}")
