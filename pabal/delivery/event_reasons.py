"""Why something happened to a message: the carriers' reasons (`providers.reasons.Reason`) and our own, with labels."""

from __future__ import annotations

from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from pabal.providers.reasons import LABELS, Reason


class OwnReason(models.TextChoices):
    """Reasons that arise with us. The values are stored and appear in the API; never change one."""

    CONSENT_WITHDRAWN = "consent_withdrawn", _("Consent withdrawn before sending")
    SUPPRESSED = "suppressed", _("Number blocked before sending")
    DEADLINE = "deadline", _("Not sent in time")
    CAMPAIGN_ENDED = "campaign_ended", _("Campaign ended")
    NO_ANSWER = "no_answer", _("No answer from the carrier")
    HOLDER_LOST = "holder_lost", _("Interrupted while sending")
    NEVER_TAKEN = "never_taken", _("Never reached the carrier")


def reason_label(reason: str) -> str:
    """What a person reads for a stored reason, in the active language; an unknown one as it is stored."""
    if reason in OwnReason.values:
        return str(OwnReason(reason).label)
    try:
        labels = LABELS[Reason(reason)]
    except ValueError:
        return reason
    return labels["ko" if (get_language() or "").startswith("ko") else "en"]
