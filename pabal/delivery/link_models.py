"""Tracked links and their openings."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now


class Link(models.Model):
    """The target of a tracked link: a template, rendered when it is clicked.

    In texts position 7 is the opt-out link. `place` says where the link of a KakaoTalk message stands: the path of its
    field, as `buttons.0.mobile` or `cards.2.coupon.mobile`.
    """

    campaign_id = models.BigIntegerField()
    position = models.SmallIntegerField()
    target = models.TextField()
    place = models.CharField(max_length=64, default="", db_default="")

    class Meta:
        db_table = "link"
        constraints = [models.UniqueConstraint(fields=["campaign_id", "position"], name="link_once")]

    def __str__(self) -> str:
        return self.target


class Click(models.Model):
    """One opening of a short link."""

    message_id = models.BigIntegerField(db_index=True)
    position = models.SmallIntegerField()
    at = models.DateTimeField(db_default=Now())
    user_agent = models.TextField(default="")

    class Meta:
        db_table = "click"

    def __str__(self) -> str:
        return f"{self.message_id}/{self.position}"
