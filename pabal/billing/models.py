"""What messages cost.

Amounts are integers in thousandths of a credit; one credit is one unit of the installation's currency
(`Config.currency`).
"""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from pabal.accounts.models import User

MILLI = 1000


class Price(models.Model):
    """Price of one part (`sms`) or one message (`lms`, `mms`; KakaoTalk: `kakao_friend` to friends of the channel,
    `kakao_other` to others) from `valid_from` on, until a later row replaces it.

    An empty `country` is the price for every country that has no row of its own.
    """

    provider = models.CharField(max_length=32)
    kind = models.CharField(max_length=16)
    country = models.CharField(max_length=2, default="", blank=True)
    amount = models.BigIntegerField()
    bills_failed = models.BooleanField(default=True)
    valid_from = models.DateField()
    source = models.TextField(default="")

    class Meta:
        db_table = "price"
        constraints = [models.UniqueConstraint(fields=["provider", "kind", "country", "valid_from"], name="price_once")]

    def __str__(self) -> str:
        return f"{self.provider} {self.kind} {self.country}"


class Balance(models.Model):
    """The one balance of the installation (id 1). `available = total - reserved`; neither may become negative."""

    total = models.BigIntegerField(default=0)
    reserved = models.BigIntegerField(default=0)

    class Meta:
        db_table = "balance"
        constraints = [
            models.CheckConstraint(condition=models.Q(reserved__gte=0), name="balance_reserved_not_negative"),
        ]

    def __str__(self) -> str:
        return str(self.total)

    @property
    def available(self) -> int:
        return self.total - self.reserved


class EntryKind(models.TextChoices):
    """`reserve` and `release` move the reserved amount; `topup`, `settle`, `refund` and `correction` the total."""

    TOPUP = "topup", _("Top-up")
    RESERVE = "reserve", _("Reserved")
    SETTLE = "settle", _("Charged")
    RELEASE = "release", _("Released")
    REFUND = "refund", _("Refunded")
    CORRECTION = "correction", _("Correction")


class LedgerEntry(models.Model):
    """One movement of money, with the balance after it. Append-only. `campaign_id` and `batch_id` say what for."""

    at = models.DateTimeField(db_default=Now(), editable=False)
    kind = models.CharField(max_length=10, choices=EntryKind.choices)
    amount = models.BigIntegerField()
    messages = models.IntegerField(default=0)
    total_after = models.BigIntegerField()
    reserved_after = models.BigIntegerField()
    campaign_id = models.BigIntegerField(null=True, db_index=True)
    batch_id = models.BigIntegerField(null=True)
    note = models.TextField(default="")
    user = models.ForeignKey(User, null=True, on_delete=models.PROTECT)

    class Meta:
        db_table = "ledger_entry"

    def __str__(self) -> str:
        return f"{self.kind} {self.amount}"
