"""What the engine tells of the warehouse, which it alone may open."""

from __future__ import annotations

from django.db import models


class WarehouseStatus(models.Model):
    """The one row (`id` 1) that the engine writes every few seconds. `body` is a `warehouse_status.Status` as JSON.

    `asked_at`: somebody asked for a rebuild, which has not begun.
    """

    body = models.JSONField(default=dict)
    at = models.DateTimeField(null=True)
    asked_at = models.DateTimeField(null=True)
    asked_by = models.CharField(max_length=200, default="")

    class Meta:
        db_table = "warehouse_status"

    def __str__(self) -> str:
        return str(self.at)
