"""What people did, and how an anonymous visitor becomes a person."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from pabal.accounts.models import User
from pabal.database import MarkerField


class WriteKeyKind(models.TextChoices):
    """A browser key is public: it may report events, but what it says about a phone or consent is only a request."""

    SERVER = "server", _("Server")
    BROWSER = "browser", _("Browser")


class WriteKey(models.Model):
    """A key of the edge, which can write and read nothing. It stands in pages of shops, so it is kept as it is."""

    name = models.CharField(_("Name"), max_length=100)
    key = models.CharField(max_length=64, unique=True)
    kind = models.CharField(max_length=8, choices=WriteKeyKind.choices, default=WriteKeyKind.SERVER)
    origins = ArrayField(models.CharField(max_length=200), default=list, blank=True)  # of a browser key; empty: any
    created_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "write_key"

    def __str__(self) -> str:
        return self.name


class Event(models.Model):
    """Something that somebody did. Append-only, but for `profile_id`, which an anonymous event gets on `identify`.

    `key` is the MD5 of the message id by which a repeated delivery is known. `properties` is compact JSON text (an object).
    The warehouse reads the events that have a profile. No foreign-key checks: see `audience.models`.
    """

    key = models.UUIDField(unique=True)
    profile_id = models.BigIntegerField(null=True)
    anonymous_id = models.TextField(null=True)
    name = models.TextField()
    at = models.DateTimeField()
    received_at = models.DateTimeField(db_default=Now(), editable=False)
    properties = models.TextField(default="{}", db_default="{}")
    xid = MarkerField()

    class Meta:
        db_table = "event"
        indexes = [
            models.Index(fields=["xid"], name="event_xid"),
            models.Index(fields=["profile_id", "at"], name="event_profile"),
            models.Index(fields=["anonymous_id"], name="event_anonymous", condition=models.Q(profile_id__isnull=True)),
        ]

    def __str__(self) -> str:
        return self.name


class Anonymous(models.Model):
    """Which profile an anonymous id turned out to be."""

    anonymous_id = models.TextField(primary_key=True)
    profile_id = models.BigIntegerField(db_index=True)
    at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "anonymous"

    def __str__(self) -> str:
        return self.anonymous_id


class EventName(models.Model):
    """An event's name as the builder offers it. Kept by the engine from what the warehouse holds."""

    name = models.TextField(unique=True)
    events = models.BigIntegerField(default=0)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        db_table = "event_name"

    def __str__(self) -> str:
        return self.name


class EventProperty(models.Model):
    """A property of an event: `path` with dots for nested ones, `kind`, and the most frequent values as examples."""

    event = models.ForeignKey(EventName, on_delete=models.CASCADE, related_name="properties")
    path = models.TextField()
    kind = models.CharField(max_length=8)  # text, number, boolean, date, list
    examples = models.JSONField(default=list)

    class Meta:
        db_table = "event_property"
        constraints = [models.UniqueConstraint(fields=["event", "path"], name="event_property_once")]

    def __str__(self) -> str:
        return self.path


class ProfileMerge(models.Model):
    """Two profiles were one person: `old_id` went up in `new_id`, and what it did now belongs to that one."""

    old_id = models.BigIntegerField(db_index=True)
    new_id = models.BigIntegerField(db_index=True)
    by = models.CharField(max_length=200, default="")
    at = models.DateTimeField(db_default=Now(), editable=False)
    xid = MarkerField()

    class Meta:
        db_table = "profile_merge"
        indexes = [models.Index(fields=["xid"], name="profile_merge_xid")]

    def __str__(self) -> str:
        return f"{self.old_id} → {self.new_id}"
