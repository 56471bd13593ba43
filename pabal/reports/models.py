"""Alerts: what the watch found wrong, and from which levels on something is wrong."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from pabal.accounts.models import User


class AlertKind(models.TextChoices):
    """What can be wrong. The values are stored, appear in the API and in webhooks; never change one."""

    FAILED = "failed", _("Many messages fail")
    UNSUBSCRIBED = "unsubscribed", _("Many people unsubscribe")
    FEW_CLICKS = "few_clicks", _("Few people click")
    UNKNOWN = "unknown", _("Messages whose fate is unknown")
    CAMPAIGN_HELD_UP = "campaign_held_up", _("A campaign waits for somebody")
    SENDER_STOPPED = "sender_stopped", _("A sender was stopped")
    BALANCE_LOW = "balance_low", _("The balance is low")
    WAREHOUSE_LAG = "warehouse_lag", _("The warehouse is behind")
    NO_DISPATCHER = "no_dispatcher", _("No dispatcher runs")


class AlertSettings(models.Model):
    """The one row (`id` 1). Shares are in percent; 0 switches a kind off.

    Shares count once `least_messages` have an outcome. `balance_below` is in thousandths of a credit, `warehouse_lag_s`
    and `no_dispatcher_s` in seconds. `email`: addresses, separated by commas.
    """

    failed_percent = models.DecimalField(max_digits=5, decimal_places=2, default="5.00")
    unsubscribed_percent = models.DecimalField(max_digits=5, decimal_places=2, default="1.30")
    clicked_percent = models.DecimalField(max_digits=5, decimal_places=2, default="6.00")
    least_messages = models.IntegerField(default=100)
    unknown_messages = models.IntegerField(default=1)
    balance_below = models.BigIntegerField(default=0)
    warehouse_lag_s = models.IntegerField(default=300)
    no_dispatcher_s = models.IntegerField(default=60)
    email = models.TextField(default="", blank=True)
    webhook_url = models.TextField(default="", blank=True)

    class Meta:
        db_table = "alert_settings"

    def __str__(self) -> str:
        return "alerts"


class Alert(models.Model):
    """Something that is, or was, wrong: open from `since` until `cleared_at`.

    `subject` is the id of the campaign or sender it is about, empty for the whole installation. `value` and `level` are
    in the unit of the kind (percent, messages, credits, seconds). `emailed_at` and `posted_at`: when it was told;
    `telling_error`: why it could not be, last.
    """

    kind = models.CharField(max_length=24, choices=AlertKind.choices)
    subject = models.CharField(max_length=32, default="", blank=True)
    label = models.CharField(max_length=200, default="", blank=True)
    value = models.FloatField(null=True)
    level = models.FloatField(null=True)
    since = models.DateTimeField(db_default=Now())
    seen_at = models.DateTimeField(db_default=Now())
    cleared_at = models.DateTimeField(null=True)
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    emailed_at = models.DateTimeField(null=True)
    posted_at = models.DateTimeField(null=True)
    telling_error = models.TextField(default="", blank=True)

    class Meta:
        db_table = "alert"
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "subject"], name="alert_open_once", condition=models.Q(cleared_at=None)
            )
        ]
        indexes = [models.Index(fields=["-since"], name="alert_since")]

    def __str__(self) -> str:
        return f"{self.kind} {self.label}".strip()
