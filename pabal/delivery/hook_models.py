"""What gateways told us by calling."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now


class HookCall(models.Model):
    """A call of a gateway as it came, kept for thirty days. `error`: why it was not believed or understood."""

    account_id = models.BigIntegerField()
    received_at = models.DateTimeField(db_default=Now(), editable=False, db_index=True)
    url = models.TextField()
    headers = models.JSONField(default=dict)
    body = models.BinaryField()
    reports = models.IntegerField(default=0)
    error = models.TextField(default="")

    class Meta:
        db_table = "hook_call"

    def __str__(self) -> str:
        return f"{self.account_id} {self.received_at}"
