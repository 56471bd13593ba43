"""What happened with a person, in words: the entries of the timeline."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pabal.audience.models import Channel, ConsentMethod, ConsentStatement
from pabal.campaigns.models import Campaign
from pabal.console import formats, statuses
from pabal.console.forms.imports import PURPOSES
from pabal.delivery.event_reasons import reason_label
from pabal.delivery.models import EventKind, MessageKind
from pabal.policy.skips import SKIP_WORDS
from pabal.reports.profile import Blocked, ConsentChange, Moment, Reply, Sent, Skipped
from pabal.reports.recipients import State

SUPPRESSIONS = {
    "complaint": gettext_lazy("complaint"),
    "invalid_number": gettext_lazy("number out of service"),
    "unreachable": gettext_lazy("not reachable"),
    "manual": gettext_lazy("by hand"),
    "import": gettext_lazy("import"),
    "erased": gettext_lazy("refused before being forgotten"),
}
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


def drawn(found: Iterable[Moment], language: Literal["en", "ko"]) -> list[Drawn]:
    """Each moment as an entry, in the reader's language."""
    return [_draw(moment, language) for moment in found]


def _draw(moment: Moment, language: Literal["en", "ko"]) -> Drawn:
    match moment:
        case Sent():
            return _sent(moment)
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
    how = " · ".join(part for part in (method, moment.source, moment.actor) if part)
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
