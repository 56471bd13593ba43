"""What people read about an alert, and the page that helps."""

from __future__ import annotations

from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from pabal.campaigns.models import Campaign
from pabal.campaigns.words import state_reason
from pabal.delivery.models import Sender
from pabal.reports.models import Alert, AlertKind

#: What helps, by kind.
REMEDIES: Final[dict[str, Any]] = {
    AlertKind.FAILED: gettext_lazy("Pause it, look at the reasons, and clean the numbers before sending more."),
    AlertKind.UNSUBSCRIBED: gettext_lazy("Send less often, or to a narrower segment."),
    AlertKind.FEW_CLICKS: gettext_lazy("Try another text or audience, and see that the links work."),
    AlertKind.UNKNOWN: gettext_lazy("Ask the carrier again, or decide whether to send again."),
    AlertKind.CAMPAIGN_HELD_UP: gettext_lazy("Mend the cause, then resume it."),
    AlertKind.SENDER_STOPPED: gettext_lazy("Mend the cause at the carrier, then start the sender."),
    AlertKind.BALANCE_LOW: gettext_lazy("Top up, so that campaigns can start."),
    AlertKind.WAREHOUSE_LAG: gettext_lazy("See what holds the engine up."),
    AlertKind.NO_DISPATCHER: gettext_lazy(
        "Messages are due and nobody sends them. Start “pabal dispatch” or “pabal up”."
    ),
}


def sentence(alert: Alert) -> str:
    """What is wrong, in one sentence."""
    value, level = alert.value or 0, alert.level or 0
    where = alert.label or _("All campaigns of the last 7 days")
    shares = {"where": where, "share": f"{value:g}", "level": f"{level:g}"}
    match alert.kind:
        case AlertKind.FAILED:
            return _("%(where)s: %(share)s%% of the messages failed (level %(level)s%%)") % shares
        case AlertKind.UNSUBSCRIBED:
            return _("%(where)s: %(share)s%% unsubscribed (level %(level)s%%)") % shares
        case AlertKind.FEW_CLICKS:
            return _("%(where)s: only %(share)s%% clicked (level %(level)s%%)") % shares
        case AlertKind.UNKNOWN:
            return ngettext(
                "%(where)s: nobody knows what became of %(n)s message",
                "%(where)s: nobody knows what became of %(n)s messages",
                int(value),
            ) % {"where": where, "n": f"{int(value):,}"}
        case AlertKind.CAMPAIGN_HELD_UP:
            return f"{alert.label}: {_why_held_up(alert)}"
        case AlertKind.SENDER_STOPPED:
            return f"{alert.label}: {_why_stopped(alert)}"
        case AlertKind.BALANCE_LOW:
            return _("The balance is %(value)s, below %(level)s") % {"value": f"{value:,.0f}", "level": f"{level:,.0f}"}
        case AlertKind.WAREHOUSE_LAG:
            return _("The warehouse is %(value)s seconds behind") % {"value": f"{value:,.0f}"}
        case AlertKind.NO_DISPATCHER:
            return _("Messages have been due for %(value)s seconds and no dispatcher runs") % {"value": f"{value:,.0f}"}
    return str(alert)


def remedy(alert: Alert) -> str:
    """What helps."""
    return str(REMEDIES.get(alert.kind, ""))


def path(alert: Alert) -> str:
    """The page of the console that helps, from the root."""
    match alert.kind:
        case AlertKind.SENDER_STOPPED:
            return f"/senders/{alert.subject}"
        case AlertKind.BALANCE_LOW:
            return "/credits/"
        case AlertKind.WAREHOUSE_LAG:
            return "/settings/warehouse"
        case AlertKind.NO_DISPATCHER:
            return "/senders/"
    campaign = Campaign.objects.filter(pk=int(alert.subject)).first() if alert.subject else None
    return f"/campaigns/{campaign.key}" if campaign else "/campaigns/"


def _why_held_up(alert: Alert) -> str:
    campaign = Campaign.objects.filter(pk=int(alert.subject)).first()
    return state_reason(campaign.state_reason) if campaign and campaign.state_reason else _("paused")


def _why_stopped(alert: Alert) -> str:
    sender = Sender.objects.filter(pk=int(alert.subject)).first()
    return sender.stopped_because if sender and sender.state_reason else _("stopped")
