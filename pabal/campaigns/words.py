"""What people read about plans and campaigns, by code."""

from __future__ import annotations

from typing import Any

from django.db import DatabaseError
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from pabal.billing.models import MILLI
from pabal.campaigns.summary import Warning
from pabal.content.failures import TemplateError
from pabal.database import is_disk_full
from pabal.errors import PabalError

_REASONS: dict[str, Any] = {
    "": "",
    "insufficient_balance": gettext_lazy("The balance does not cover it. Top it up, then resume."),
    "plan_failed": gettext_lazy("Preparing it failed. Resume to try again from where it stopped."),
    "nothing_to_send": gettext_lazy("Nobody was left to send to."),
}


_FAILURES: dict[str, Any] = {
    "plan_stopped": gettext_lazy("The campaign was ended while it was prepared."),
    "warehouse_locked": gettext_lazy("Another engine has the warehouse open. End it, then try again."),
    "database_unavailable": gettext_lazy("The database does not answer. Try again in a moment."),
    "disk_full": gettext_lazy("The disk of the server is full. Free some space, then go on; nothing is lost."),
    "renderer_slow": gettext_lazy("Making the texts took too long. Simplify the text, or try again."),
}


def plan_failure(error: Exception, language: str) -> tuple[str, str]:
    """(code, sentence) of what made a plan fail, in the installation's language: the plan keeps it."""
    code = getattr(error, "code", "database_unavailable" if isinstance(error, DatabaseError) else "internal")
    if is_disk_full(error):
        code = "disk_full"
    with translation.override(language):
        if isinstance(error, TemplateError):
            return code, error.message_in("ko" if language == "ko" else "en")
        if code in _FAILURES:
            return code, str(_FAILURES[code])
        if isinstance(error, PabalError):
            return code, str(error)
        detail = f"{type(error).__name__}: {error}"
        return code, _("Something unexpected happened. The log of the engine says what: %(detail)s") % {
            "detail": detail
        }


def state_reason(code: str) -> str:
    """Why a campaign is in its state, as a sentence; empty when there is nothing to say."""
    return str(_REASONS.get(code, code))


def _most(entry: tuple[str, int]) -> tuple[int, str]:
    return -entry[1], entry[0]


def warning(found: Warning) -> str:
    """A plan's warning as a sentence."""
    details = found.details
    messages = int(details.get("messages", 0))
    match found.code:
        case "no_messages":
            return _("Nobody would get a message.")
        case "balance_short":
            missing = f"{details.get('missing', 0) / MILLI:,.0f}"
            return _("The balance is %(missing)s short.") % {"missing": missing}
        case "timeouts":
            return ngettext(
                "%(n)s message would not be sent in time. Extend the time-out, add a sender, or split the campaign.",
                "%(n)s messages would not be sent in time. Extend the time-out, add a sender, or split the campaign.",
                messages,
            ) % {"n": f"{messages:,}"}
        case "held":
            return ngettext(
                "%(n)s message waits until the allowed hours at the recipient's place begin.",
                "%(n)s messages wait until the allowed hours at the recipient's place begin.",
                messages,
            ) % {"n": f"{messages:,}"}
        case "unpriced":
            return _("There is no price for %(countries)s, so nobody there gets a message.") % {
                "countries": ", ".join(details.get("countries", []))
            }
        case "no_mms_there":
            countries = details.get("countries", {})
            named = ", ".join(f"{code or '—'} {count:,}" for code, count in sorted(countries.items(), key=_most))
            return ngettext(
                "%(n)s person gets no picture message: none of the senders can carry one there (%(countries)s). Send those people a text without the picture, in a campaign of its own.",
                "%(n)s people get no picture message: none of the senders can carry one there (%(countries)s). Send those people a text without the picture, in a campaign of its own.",
                int(details.get("people", 0)),
            ) % {"n": f"{details.get('people', 0):,}", "countries": named}
        case "unicode":
            return ngettext(
                "%(n)s message needs Unicode (UCS-2), which makes parts shorter and the message dearer.",
                "%(n)s messages need Unicode (UCS-2), which makes parts shorter and messages dearer.",
                messages,
            ) % {"n": f"{messages:,}"}
        case "some_lms":
            return ngettext(
                "%(n)s message exceeds 90 bytes and goes out as LMS, at its price.",
                "%(n)s messages exceed 90 bytes and go out as LMS, at its price.",
                messages,
            ) % {"n": f"{messages:,}"}
    return found.code


WARNINGS = ("no_messages", "balance_short", "timeouts", "held", "unpriced", "no_mms_there", "unicode", "some_lms")
"""Every code of a warning, for the reference."""
