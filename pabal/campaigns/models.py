"""What is sent to whom, when; and the plans that turned it into messages and skips."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from pabal.accounts.models import User
from pabal.audience.models import Channel, List, Purpose, Segment
from pabal.campaigns.signup_models import FormLanguage as FormLanguage
from pabal.campaigns.signup_models import Signup as Signup
from pabal.campaigns.signup_models import SignupForm as SignupForm
from pabal.campaigns.signup_models import SignupState as SignupState
from pabal.campaigns.test_models import TestPerson as TestPerson
from pabal.campaigns.test_models import TestSend as TestSend
from pabal.campaigns.warehouse_models import WarehouseStatus as WarehouseStatus
from pabal.database import MarkerField
from pabal.delivery.models import Sender


class CampaignState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    SCHEDULED = "scheduled", _("Scheduled")
    PLANNING = "planning", _("Preparing")
    SENDING = "sending", _("Sending")
    PAUSED = "paused", _("Paused")
    DONE = "done", _("Finished")
    ENDED = "ended", _("Ended")


#: The life cycle, in one table: state → states it may go to. `campaigns.actions` names the verb of each.
TRANSITIONS: dict[CampaignState, frozenset[CampaignState]] = {
    CampaignState.DRAFT: frozenset({CampaignState.SCHEDULED, CampaignState.PLANNING, CampaignState.ENDED}),
    CampaignState.SCHEDULED: frozenset({CampaignState.DRAFT, CampaignState.PLANNING, CampaignState.ENDED}),
    CampaignState.PLANNING: frozenset(
        {CampaignState.SENDING, CampaignState.PAUSED, CampaignState.DONE, CampaignState.ENDED}
    ),
    CampaignState.SENDING: frozenset({CampaignState.PAUSED, CampaignState.DONE, CampaignState.ENDED}),
    CampaignState.PAUSED: frozenset({CampaignState.PLANNING, CampaignState.SENDING, CampaignState.ENDED}),
    CampaignState.DONE: frozenset(),
    CampaignState.ENDED: frozenset(),
}


class SmartCounts(models.TextChoices):
    """Which earlier messages count for smart sending."""

    CAMPAIGN = "campaign", _("Campaign messages")
    TRIGGERED = "triggered", _("Triggered messages")
    BOTH = "both", _("Both")


class QuietHours(models.TextChoices):
    """What happens to a message that would arrive at a forbidden hour of the recipient's place."""

    HOLD = "hold", _("Hold until the next allowed hour")
    SKIP = "skip", _("Skip the recipient")


class Target(models.TextChoices):
    """Whom KakaoTalk delivers to: Kakao's own letters (Brand Message, 타기팅)."""

    FRIENDS = "I", _("Friends of the channel")
    ALL = "M", _("Everyone who agreed")
    OTHERS = "N", _("Those who agreed and are no friends")


class FailOver(models.TextChoices):
    """Who sends a text when KakaoTalk does not reach somebody."""

    OFF = "off", _("Nobody")
    OURS = "ours", _("We do")
    GATEWAY = "gateway", _("The gateway does")


class Part(models.TextChoices):
    """What a campaign that belongs to another is for."""

    FALLBACK = "fallback", _("Texts in place of KakaoTalk")
    TEST = "test", _("Test messages")


class Campaign(models.Model):
    """What is sent to whom, when. `key` is unique and names it in the API and on the command line.

    `starts_at` null means: at once when launched. `per_minute` limits its messages a minute; an `urgent` one goes before
    the others of its senders. `timeout_minutes` counts
    from the start (for held messages too), and not while it is paused: `paused_at` says since when, and resuming moves
    `deadline` (null: never moved, so start plus time-out). `smart_hours` null: smart sending off.
    A `standing` one has no audience and no end: single messages that belong to no other go through it
    (`campaigns.single`). It stands in no listing.

    A text with pictures (`images`: ids of `delivery.Image`, in their order) is an MMS.

    Of a KakaoTalk campaign (`channel`), `kakao` is the message as written (`pabal.kakao`), and `fallback_text`,
    `fallback_subject` and `fallback_senders` are the text that replaces it, to which the switches of texts apply
    (`shorten_links` to both). Texts in its place and test messages go through a standing campaign each, its *parts*
    (`part_of`, `part`): so they are counted and paid for apart. `reentry_minutes` null: once per person.

    One that was split (`campaigns.splitting`) is for a share of its audience, in ten thousandths: phones whose hash with
    `share_salt` falls in `[share_from, share_to)`. Parts with one salt have nobody in common; `split_from` is the first.
    """

    key = models.SlugField(_("Campaign key"), max_length=64, unique=True)
    name = models.CharField(_("Name"), max_length=200)
    description = models.TextField(_("Description"), default="", blank=True)
    state = models.CharField(max_length=10, choices=CampaignState.choices, default=CampaignState.DRAFT)
    state_reason = models.CharField(max_length=64, default="", blank=True)
    purpose = models.CharField(max_length=16, choices=Purpose.choices, default=Purpose.PROMOTIONAL)

    all_profiles = models.BooleanField(default=False)
    include_lists = models.ManyToManyField(List, related_name="including_campaigns", blank=True)
    exclude_lists = models.ManyToManyField(List, related_name="excluding_campaigns", blank=True)
    include_segments = models.ManyToManyField(Segment, related_name="including_campaigns", blank=True)
    exclude_segments = models.ManyToManyField(Segment, related_name="excluding_campaigns", blank=True)
    senders = models.ManyToManyField(Sender, related_name="campaigns", blank=True)

    text = models.TextField(_("Text"), default="", blank=True)
    subject = models.CharField(_("Title"), max_length=200, default="", blank=True)
    images = ArrayField(models.BigIntegerField(), default=list, blank=True)
    shorten_links = models.BooleanField(default=True)
    add_opt_out = models.BooleanField(default=True)
    add_sender_name = models.BooleanField(default=True)
    allow_lms = models.BooleanField(default=True)

    channel = models.CharField(max_length=8, choices=Channel.choices, default=Channel.TEXT)
    kakao = models.JSONField(null=True, blank=True)
    target = models.CharField(max_length=1, choices=Target.choices, default=Target.FRIENDS)
    fallback = models.CharField(max_length=8, choices=FailOver.choices, default=FailOver.OFF)
    fallback_text = models.TextField(default="", blank=True)
    fallback_subject = models.CharField(max_length=200, default="", blank=True)
    fallback_senders = models.ManyToManyField(Sender, related_name="fallback_campaigns", blank=True)
    reentry_minutes = models.IntegerField(null=True, blank=True)

    starts_at = models.DateTimeField(null=True, blank=True)
    per_minute = models.IntegerField(null=True, blank=True)
    urgent = models.BooleanField(default=False)
    timeout_minutes = models.IntegerField(default=240)
    smart_hours = models.IntegerField(null=True, blank=True, default=24)
    smart_counts = models.CharField(max_length=10, choices=SmartCounts.choices, default=SmartCounts.BOTH)
    quiet_hours = models.CharField(max_length=5, choices=QuietHours.choices, default=QuietHours.HOLD)
    hours_from = models.TimeField(default="09:00")
    hours_to = models.TimeField(default="20:00")

    standing = models.BooleanField(default=False)
    part_of = models.ForeignKey("self", null=True, on_delete=models.CASCADE, related_name="part_campaigns")
    part = models.CharField(max_length=8, choices=Part.choices, default="", blank=True)
    split_from = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="split_into")
    share_salt = models.BigIntegerField(default=0)
    share_from = models.SmallIntegerField(default=0)
    share_to = models.SmallIntegerField(default=10_000)

    version = models.IntegerField(default=1)
    created_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    launched_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now())
    launched_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    paused_at = models.DateTimeField(null=True)
    deadline = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "campaign"
        indexes = [models.Index(fields=["state", "starts_at"], name="campaign_due")]
        constraints = [
            models.UniqueConstraint(
                fields=["part_of", "part"], name="campaign_part_once", condition=models.Q(part_of__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return self.name


class PlanMode(models.TextChoices):
    REVIEW = "review", _("Review")
    SEND = "send", _("Send")


class PlanState(models.TextChoices):
    QUEUED = "queued", _("Waiting")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")


class Plan(models.Model):
    """The outcome of planning a campaign at one moment.

    `summary` (see `campaigns.summary`) holds candidates, messages, parts, amount, skips by reason, samples, finish
    time. `campaign_version` tells whether the campaign was edited since. A plan in mode `send` writes messages.
    """

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="plans")
    campaign_version = models.IntegerField()
    mode = models.CharField(max_length=6, choices=PlanMode.choices)
    state = models.CharField(max_length=8, choices=PlanState.choices, default=PlanState.QUEUED)
    planned_for = models.DateTimeField()
    candidates_total = models.BigIntegerField(null=True)
    candidates_done = models.BigIntegerField(default=0)
    summary = models.JSONField(default=dict)
    error = models.JSONField(null=True)
    requested_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "plan"
        constraints = [
            models.UniqueConstraint(
                fields=["campaign"], name="one_send_plan_per_campaign", condition=models.Q(mode="send")
            )
        ]

    def __str__(self) -> str:
        return f"{self.mode} {self.campaign_id}"


class PlanChunk(models.Model):
    """A piece of a plan that is committed: planning resumes after the last one.

    Covers profiles up to `last_profile_id`. Its messages and skips are those in the two ranges of ids: neither has a
    change marker of its own, so the warehouse finds them by the chunk's.
    """

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="chunks")
    number = models.IntegerField()
    last_profile_id = models.BigIntegerField()
    first_message_id = models.BigIntegerField(null=True)
    last_message_id = models.BigIntegerField(null=True)
    first_skip_id = models.BigIntegerField(null=True)
    last_skip_id = models.BigIntegerField(null=True)
    summary = models.JSONField(default=dict)
    xid = MarkerField()

    class Meta:
        db_table = "plan_chunk"
        constraints = [models.UniqueConstraint(fields=["plan", "number"], name="plan_chunk_once")]
        indexes = [models.Index(fields=["xid"], name="plan_chunk_xid")]

    def __str__(self) -> str:
        return f"{self.plan_id}/{self.number}"


class Skip(models.Model):
    """A candidate that gets no message, and why (`policy.skips.SkipReason`). Kept, so that the question has an answer."""

    campaign_id = models.BigIntegerField()
    profile_id = models.BigIntegerField()
    reason = models.SmallIntegerField()
    at = models.DateTimeField()

    class Meta:
        db_table = "skip"
        indexes = [
            models.Index(fields=["profile_id"], name="skip_profile"),
            models.Index(fields=["campaign_id", "reason", "id"], name="skip_campaign"),
        ]

    def __str__(self) -> str:
        return f"{self.campaign_id}/{self.profile_id}: {self.reason}"


class ProfileTombstone(models.Model):
    """A profile that was deleted (a trigger writes it), so that the warehouse forgets it too."""

    profile_id = models.BigIntegerField()
    xid = MarkerField()

    class Meta:
        db_table = "profile_tombstone"
        indexes = [models.Index(fields=["xid"], name="profile_tombstone_xid")]

    def __str__(self) -> str:
        return str(self.profile_id)
