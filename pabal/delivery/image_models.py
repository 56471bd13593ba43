"""Pictures that messages carry, what gateways call them, and what the messages of a campaign share."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from pabal.accounts.models import User


class Image(models.Model):
    """A picture in our library, decoded and encoded anew (`content.images`). `sha256` (hex) is of `data`.

    `format`: jpeg, png or gif. Sides in pixels, `size` in bytes; `frames` over 1: it moves. Never changes.
    """

    sha256 = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=200)
    format = models.CharField(max_length=4)
    width = models.IntegerField()
    height = models.IntegerField()
    frames = models.IntegerField(default=1)
    size = models.IntegerField()
    data = models.BinaryField()
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    used_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "image"
        indexes = [models.Index(fields=["-used_at"], name="image_used")]

    def __str__(self) -> str:
        return self.name


class FittedImage(models.Model):
    """A picture made to fit a carrier's limits (`content.image_fitting.Limits.key`): the bytes that are shown and sent."""

    image = models.ForeignKey(Image, on_delete=models.CASCADE, related_name="fitted")
    limits = models.CharField(max_length=100)
    format = models.CharField(max_length=4)
    width = models.IntegerField()
    height = models.IntegerField()
    frames = models.IntegerField(default=1)
    size = models.IntegerField()
    data = models.BinaryField()
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "fitted_image"
        constraints = [models.UniqueConstraint(fields=["image", "limits"], name="fitted_image_once")]

    def __str__(self) -> str:
        return f"{self.image_id}: {self.limits}"


class ImageUpload(models.Model):
    """What a gateway calls a picture of ours that it holds, until `expires_at` (null: for good).

    `purpose`: mms, or a layout's of KakaoTalk. `fingerprint` is the SHA-256 (hex) of what was uploaded.
    """

    account = models.ForeignKey("delivery.ProviderAccount", on_delete=models.CASCADE, related_name="image_uploads")
    image = models.ForeignKey(Image, on_delete=models.CASCADE, related_name="uploads")
    purpose = models.CharField(max_length=32)
    fingerprint = models.CharField(max_length=64, default="")
    provider_id = models.TextField()
    expires_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "image_upload"
        constraints = [models.UniqueConstraint(fields=["account", "image", "purpose"], name="image_upload_once")]

    def __str__(self) -> str:
        return f"{self.account_id}: {self.provider_id}"


class CampaignContent(models.Model):
    """What all messages of a campaign share, frozen by the plan that wrote them. Read once by each dispatcher.

    `channel`: text or kakao. `images` are ids of `Image`, in their order; `kakao` is a `pabal.kakao` message in which
    `{{ text }}` and `{{ slot_N }}` stand for what is personal; `target` is whom KakaoTalk delivers to (I, M, N).
    """

    campaign_id = models.BigIntegerField(primary_key=True)
    channel = models.CharField(max_length=8, default="text")
    images = ArrayField(models.BigIntegerField(), default=list)
    kakao = models.JSONField(null=True)
    target = models.CharField(max_length=1, default="I", db_default="I")

    class Meta:
        db_table = "campaign_content"

    def __str__(self) -> str:
        return str(self.campaign_id)
