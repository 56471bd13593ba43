"""The text that a person gets when KakaoTalk does not reach them, planned beside their KakaoTalk message."""

from __future__ import annotations

from django.db import models


class FallbackState(models.TextChoices):
    """waiting → sent | unneeded | dropped, once. `sent`: a text was queued; `unneeded`: KakaoTalk arrived, or may have
    (its outcome is unknown); `dropped`: KakaoTalk failed, and the text may not be sent (see `reason`)."""

    WAITING = "waiting"
    SENT = "sent"
    UNNEEDED = "unneeded"
    DROPPED = "dropped"


class Fallback(models.Model):
    """A planned text. `message_id` is the KakaoTalk message it stands in for, `text_message_id` what it became.

    `campaign_id` is the KakaoTalk campaign, `text_campaign_id` its part through which the texts go. `amount` is reserved
    for it (thousandths of a credit). After `expires_at` it is not sent any more.
    """

    message_id = models.BigIntegerField(primary_key=True)
    campaign_id = models.BigIntegerField()
    text_campaign_id = models.BigIntegerField()
    profile_id = models.BigIntegerField()
    sender_id = models.BigIntegerField()
    phone = models.CharField(max_length=20)
    country = models.CharField(max_length=2)
    kind = models.SmallIntegerField()
    encoding = models.SmallIntegerField()
    parts = models.SmallIntegerField()
    amount = models.IntegerField()
    subject = models.TextField(default="")
    text = models.TextField()
    expires_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=FallbackState.choices, default=FallbackState.WAITING)
    reason = models.CharField(max_length=32, default="", db_default="")
    text_message_id = models.BigIntegerField(null=True)

    class Meta:
        db_table = "fallback"
        indexes = [
            models.Index(
                fields=["campaign_id", "message_id"], name="fallback_open", condition=models.Q(state="waiting")
            ),
            models.Index(
                fields=["text_message_id"], name="fallback_text", condition=models.Q(text_message_id__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.message_id} → {self.phone}: {self.state}"
