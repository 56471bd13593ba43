"""People, what they agreed to, and the lists they are on.

The tables that are written a million rows at a time (`consent`, `consent_event`, `list_member`) carry no foreign-key
checks: the statements that fill them join `profile`, and a check per row would take longer than the import itself.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower, Now
from django.utils.translation import gettext_lazy as _

from pabal.accounts.models import User
from pabal.audience.consent_models import ConsentSource, ConsentTally, ErasedPhone
from pabal.audience.event_models import (
    Anonymous,
    Event,
    EventName,
    EventProperty,
    ProfileMerge,
    WriteKey,
    WriteKeyKind,
)
from pabal.audience.segment_models import Question, QuestionPeople, QuestionState, Segment, SegmentSize
from pabal.database import MarkerField

__all__ = [
    "Anonymous",
    "Channel",
    "Consent",
    "ConsentEvent",
    "ConsentMethod",
    "ConsentSource",
    "ConsentState",
    "ConsentStatement",
    "ConsentTally",
    "ErasedPhone",
    "Event",
    "EventName",
    "EventProperty",
    "Import",
    "ImportState",
    "List",
    "ListMember",
    "Profile",
    "ProfileMerge",
    "Property",
    "Purpose",
    "Question",
    "QuestionPeople",
    "QuestionState",
    "Segment",
    "SegmentSize",
    "Suppression",
    "WriteKey",
    "WriteKeyKind",
]


class Profile(models.Model):
    """A person we know.

    `phone` is E.164 or empty. `country`, `zones` and `region` follow from the phone at the moment it is written
    (`audience.phones`): `zones` is a canonical comma-joined list of IANA zones, `region` e.g. `US-FL`. `time_zone` is
    what the profile itself says, and wins over `zones`.
    """

    external_id = models.TextField(null=True)
    phone = models.CharField(max_length=20, default="", blank=True)
    email = models.TextField(default="", blank=True)
    first_name = models.TextField(default="", blank=True)
    last_name = models.TextField(default="", blank=True)
    locale = models.CharField(max_length=16, default="", blank=True)
    time_zone = models.CharField(max_length=64, default="", blank=True)
    country = models.CharField(max_length=2, default="", blank=True)
    region = models.CharField(max_length=8, default="", blank=True)
    zones = models.TextField(default="", blank=True)
    properties = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now())
    xid = MarkerField()

    class Meta:
        db_table = "profile"
        # One index serves equality and prefixes alike with the "pattern" operator classes, whatever the collation.
        constraints = [
            models.UniqueConstraint(fields=["external_id"], name="profile_external_id", opclasses=["text_pattern_ops"])
        ]
        indexes = [
            models.Index(fields=["xid"], name="profile_xid"),
            models.Index(fields=["phone"], name="profile_phone", opclasses=["varchar_pattern_ops"]),
            # Small ones, for finding who a row without (or with a new) external id is.
            models.Index(fields=["phone"], name="profile_phone_only", condition=models.Q(external_id__isnull=True)),
            models.Index(
                Lower("email"), name="profile_email_only", condition=models.Q(external_id__isnull=True, phone="")
            ),
        ]

    def __str__(self) -> str:
        return self.display_name or self.phone or self.external_id or str(self.pk)

    @property
    def display_name(self) -> str:
        """The name as it is written in the profile's country: family name first and unspaced in Korea."""
        if self.country == "KR" or self.locale.startswith("ko"):
            return f"{self.last_name}{self.first_name}"
        return f"{self.first_name} {self.last_name}".strip()


class Property(models.Model):
    """The name of a custom profile property, its kind and an example: what the insert menu and conditions offer."""

    name = models.TextField(unique=True)
    kind = models.CharField(max_length=8)  # text, number, boolean, date, list
    example = models.TextField(default="")

    class Meta:
        db_table = "property"

    def __str__(self) -> str:
        return self.name


class Channel(models.TextChoices):
    TEXT = "text", _("Text message")
    KAKAO = "kakao", _("KakaoTalk")


class Purpose(models.TextChoices):
    """`night` is Korea's separate consent for 21:00–08:00 (정보통신망법 §50(3))."""

    PROMOTIONAL = "promotional", _("Promotional")
    INFORMATIONAL = "informational", _("Informational")
    NIGHT = "night", _("Promotional at night")


class ConsentState(models.TextChoices):
    """No row means: never asked."""

    SUBSCRIBED = "subscribed", _("Subscribed")
    UNSUBSCRIBED = "unsubscribed", _("Unsubscribed")


class ConsentStatement(models.Model):
    """What people agreed to: the answer to "who agreed to what, when and where?" that an import must give."""

    wording = models.TextField()
    source = models.TextField()
    collected_at = models.DateTimeField()
    channels = ArrayField(models.CharField(max_length=8, choices=Channel.choices))
    purposes = ArrayField(models.CharField(max_length=16, choices=Purpose.choices))
    created_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "consent_statement"

    def __str__(self) -> str:
        return self.source


class Consent(models.Model):
    """A profile's present state for one channel and purpose."""

    pk = models.CompositePrimaryKey("profile_id", "channel", "purpose")
    profile = models.ForeignKey(
        Profile, on_delete=models.CASCADE, db_index=False, db_constraint=False, related_name="consents"
    )
    channel = models.CharField(max_length=8, choices=Channel.choices)
    purpose = models.CharField(max_length=16, choices=Purpose.choices)
    state = models.CharField(max_length=16, choices=ConsentState.choices)
    changed_at = models.DateTimeField()
    xid = MarkerField()

    class Meta:
        db_table = "consent"
        indexes = [models.Index(fields=["xid"], name="consent_xid")]

    def __str__(self) -> str:
        return f"{self.channel} {self.purpose}: {self.state}"


class ConsentMethod(models.TextChoices):
    IMPORT = "import", _("Import")
    CONSOLE = "console", _("Console")
    API = "api", _("API")
    REPLY = "reply", _("Reply by text")
    LINK = "link", _("Opt-out link")
    CARRIER = "carrier", _("Carrier")
    FORM = "form", _("Sign-up form")


class ConsentEvent(models.Model):
    """One change of consent: when, how, from where, and which wording. Append-only."""

    profile = models.ForeignKey(Profile, on_delete=models.CASCADE, db_constraint=False, related_name="consent_events")
    channel = models.CharField(max_length=8, choices=Channel.choices)
    purpose = models.CharField(max_length=16, choices=Purpose.choices)
    state = models.CharField(max_length=16, choices=ConsentState.choices)
    at = models.DateTimeField()
    method = models.CharField(max_length=8, choices=ConsentMethod.choices)
    source = models.TextField(default="")
    statement = models.ForeignKey(
        ConsentStatement, null=True, on_delete=models.PROTECT, db_index=False, db_constraint=False
    )
    actor = models.CharField(max_length=200, default="")
    moved_from = models.BigIntegerField(
        null=True
    )  # the profile it was recorded for, when that was merged into this one
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "consent_event"

    def __str__(self) -> str:
        return f"{self.channel} {self.purpose}: {self.state}"


class Suppression(models.Model):
    """A phone that gets nothing, whatever its consent says."""

    phone = models.CharField(max_length=20, primary_key=True)
    reason = models.CharField(max_length=32)  # complaint, invalid_number, unreachable, manual, import, erased
    source = models.TextField(default="")
    at = models.DateTimeField(db_default=Now())
    lifted_at = models.DateTimeField(null=True)
    xid = MarkerField()

    class Meta:
        db_table = "suppression"
        indexes = [
            models.Index(fields=["xid"], name="suppression_xid"),
            models.Index(fields=["-at", "phone"], name="suppression_latest"),
        ]

    def __str__(self) -> str:
        return self.phone


class List(models.Model):
    """A static set of profiles. `key` is its name in the API and on the command line."""

    key = models.SlugField(max_length=64, unique=True, allow_unicode=True)
    name = models.CharField(_("Name"), max_length=200)
    description = models.TextField(_("Description"), default="", blank=True)
    size = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now())
    archived_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "list"

    def __str__(self) -> str:
        return self.name


class ListMember(models.Model):
    """A profile on a list. Leaving keeps the row, with `removed_at`, so that the warehouse learns of it."""

    pk = models.CompositePrimaryKey("list_id", "profile_id")
    list = models.ForeignKey(
        List, on_delete=models.CASCADE, db_index=False, db_constraint=False, related_name="members"
    )
    profile = models.ForeignKey(Profile, on_delete=models.CASCADE, db_constraint=False, related_name="memberships")
    added_at = models.DateTimeField(db_default=Now())
    removed_at = models.DateTimeField(null=True)
    xid = MarkerField()

    class Meta:
        db_table = "list_member"
        indexes = [models.Index(fields=["xid"], name="list_member_xid")]

    def __str__(self) -> str:
        return f"{self.list_id}/{self.profile_id}"


class ImportState(models.TextChoices):
    UPLOADED = "uploaded", _("Uploaded")
    QUEUED = "queued", _("Waiting")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")


class Import(models.Model):
    """One file of contacts on its way in.

    `path` and `refused_path` are relative to PABAL_HOME. `mapping` maps the file's columns to profile fields. `counts`
    holds rows, created, updated, unchanged, merged (rows of a person whom the file named before), refused, subscribed,
    unsubscribed, kept_unsubscribed (who refused later than the statement), joined (the list) and unread (cells left out or
    kept as text, by field); `refusals` rows by reason. `facts` is what `files.inspect` found; `cursor` is where a run
    that was interrupted goes on.
    """

    name = models.CharField(max_length=255)
    path = models.TextField()
    refused_path = models.TextField(default="")
    state = models.CharField(max_length=10, choices=ImportState.choices, default=ImportState.UPLOADED)
    facts = models.JSONField(default=dict)
    mapping = models.JSONField(default=dict)
    cursor = models.JSONField(default=dict)
    default_country = models.CharField(max_length=2)
    list = models.ForeignKey(List, null=True, on_delete=models.SET_NULL, related_name="imports")
    statement = models.ForeignKey(ConsentStatement, null=True, on_delete=models.PROTECT, related_name="imports")
    bytes = models.BigIntegerField(default=0)
    rows_done = models.BigIntegerField(default=0)
    rows_total = models.BigIntegerField(null=True)
    counts = models.JSONField(default=dict)
    refusals = models.JSONField(default=dict)
    error = models.JSONField(null=True)  # {"code": …, "message": …}
    created_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "import"

    def __str__(self) -> str:
        return self.name
