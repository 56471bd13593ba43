"""Why senders stop by themselves, in words."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Tripped(models.TextChoices):
    """Why a sender stopped by itself. The values are stored; never change one."""

    SUSPENDED = "carrier_suspended", _("The carrier has suspended the account")
    BALANCE = "carrier_balance", _("The balance at the carrier is used up")
    CREDENTIALS = "carrier_credentials", _("The carrier refuses the credentials")
    UNREGISTERED = "carrier_unregistered", _("The carrier does not know this sender")
    REFUSALS = "carrier_refusals", _("The carrier refuses most messages")


def stop_label(reason: str) -> str:
    """What a person reads for a stored reason: ours in their language, a person's own words as they are."""
    return str(Tripped(reason).label) if reason in Tripped.values else reason
