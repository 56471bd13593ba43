"""Questions to carriers about messages whose fate is unknown."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from pabal.accounts.models import User


class Enquiry(models.Model):
    """A person had the carriers of a campaign asked what became of its unknown messages.

    `asked`: messages that could be asked for; `taken`: the carrier has them; `refused`: it refused them or never took
    them; the others stay unknown. `error`: why it could not be asked, in the carrier's words.
    """

    campaign_id = models.BigIntegerField(db_index=True)
    asked_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(db_default=Now(), editable=False)
    finished_at = models.DateTimeField(null=True)
    asked = models.IntegerField(default=0)
    taken = models.IntegerField(default=0)
    refused = models.IntegerField(default=0)
    error = models.TextField(default="", blank=True)

    class Meta:
        db_table = "enquiry"

    def __str__(self) -> str:
        return f"{self.campaign_id}: {self.asked}"
