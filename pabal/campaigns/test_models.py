"""Colleagues who get test messages, and what they got."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from pabal.accounts.models import User


class TestPerson(models.Model):
    """A colleague with a phone (E.164), to whom test messages may be sent. No profile: nothing else is sent to them."""

    __test__ = False  # pytest: this is no test

    name = models.CharField(_("Name"), max_length=100)
    phone = models.CharField(_("Phone"), max_length=20, unique=True)
    country = models.CharField(max_length=2)
    created_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "test_person"

    def __str__(self) -> str:
        return f"{self.name} ({self.phone})"


class TestSend(models.Model):
    """One test message of a campaign to one colleague. `message_id` null: there is none, for `reason`."""

    __test__ = False

    campaign = models.ForeignKey("campaigns.Campaign", on_delete=models.CASCADE, related_name="tests")
    campaign_version = models.IntegerField()
    name = models.CharField(max_length=100)
    phone = models.CharField(max_length=20)
    message_id = models.BigIntegerField(null=True)
    reason = models.CharField(max_length=32, default="", blank=True)
    sent_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "test_send"

    def __str__(self) -> str:
        return f"{self.campaign_id} → {self.name}"
