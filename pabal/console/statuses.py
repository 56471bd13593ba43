"""How each state looks: tone, icon and word, in one table for campaigns, messages, consent and jobs alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


@dataclass(frozen=True, kw_only=True)
class Look:
    """`tone` is a `badge--…` class (quiet, accent, good, warn, bad); `live` turns the icon."""

    label: Any
    tone: str
    icon: str
    live: bool = False


LOOKS: dict[str, Look] = {
    # campaigns
    "draft": Look(label=_("Draft"), tone="quiet", icon="pencil"),
    "planning": Look(label=_("Planning"), tone="accent", icon="loader-circle", live=True),
    "scheduled": Look(label=_("Scheduled"), tone="accent", icon="calendar-clock"),
    "sending": Look(label=_("Sending"), tone="accent", icon="loader-circle", live=True),
    "running": Look(label=_("Running"), tone="accent", icon="loader-circle", live=True),
    "paused": Look(label=_("Paused"), tone="warn", icon="pause"),
    "done": Look(label=_("Done"), tone="good", icon="check"),
    "ended": Look(label=_("Ended"), tone="quiet", icon="circle-stop"),
    "failed": Look(label=_("Failed"), tone="bad", icon="circle-alert"),
    # messages
    "planned": Look(label=_("Planned"), tone="quiet", icon="circle-dashed"),
    "queued": Look(label=_("Queued"), tone="quiet", icon="clock"),
    "submitted": Look(label=_("Submitted"), tone="accent", icon="arrow-up-right"),
    "accepted": Look(label=_("Accepted"), tone="accent", icon="send"),
    "underway": Look(label=_("On the way"), tone="accent", icon="send"),
    "sent": Look(label=_("Sent"), tone="accent", icon="send"),
    "delivered": Look(label=_("Delivered"), tone="good", icon="circle-check"),
    "expired": Look(label=_("Expired"), tone="warn", icon="hourglass"),
    "cancelled": Look(label=_("Cancelled"), tone="quiet", icon="ban"),
    "unknown": Look(label=_("Unknown"), tone="warn", icon="circle-help"),
    "clicked": Look(label=_("Clicked"), tone="good", icon="mouse-pointer-click"),
    "replied": Look(label=_("Replied"), tone="accent", icon="reply"),
    "skipped": Look(label=_("Skipped"), tone="quiet", icon="ban"),
    "rejected": Look(label=_("Rejected"), tone="bad", icon="circle-x"),
    # consent
    "subscribed": Look(label=_("Subscribed"), tone="good", icon="circle-check"),
    "unsubscribed": Look(label=_("Unsubscribed"), tone="bad", icon="bell-off"),
    "never_asked": Look(label=_("Never asked"), tone="quiet", icon="circle-dashed"),
    "suppressed": Look(label=_("Suppressed"), tone="bad", icon="ban"),
    # senders, keys, jobs
    "active": Look(label=_("Active"), tone="good", icon="circle-check"),
    "inactive": Look(label=_("Inactive"), tone="quiet", icon="pause"),
    "revoked": Look(label=pgettext_lazy("key", "Revoked"), tone="bad", icon="ban"),
    "waiting": Look(label=_("Waiting"), tone="quiet", icon="clock"),
}


def look(status: Any) -> Look:
    """The look of a status; one that is not in the table is shown plainly under its own name."""
    code = str(getattr(status, "value", status) or "").lower()
    return LOOKS.get(code) or Look(label=code.replace("_", " ").capitalize() or "–", tone="quiet", icon="circle-dashed")
