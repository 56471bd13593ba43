"""Messages, the batches that queue them, the senders that carry them, and what happened to each.

A message never changes. What happens to it is appended as a `MessageEvent`. Batches are the queue.
Small codes (`kind`, `encoding`, `reason`, …) are stored as smallints; the enums here name them.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from pabal.accounts.models import User
from pabal.database import MarkerField
from pabal.delivery.enquiry_models import Enquiry as Enquiry
from pabal.delivery.fallback_models import Fallback as Fallback
from pabal.delivery.fallback_models import FallbackState as FallbackState
from pabal.delivery.hook_models import HookCall as HookCall
from pabal.delivery.image_models import CampaignContent as CampaignContent
from pabal.delivery.image_models import FittedImage as FittedImage
from pabal.delivery.image_models import Image as Image
from pabal.delivery.image_models import ImageUpload as ImageUpload
from pabal.delivery.link_models import Click as Click
from pabal.delivery.link_models import Link as Link
from pabal.delivery.stops import stop_label


class MessageKind(models.IntegerChoices):
    SMS = 1, "SMS"
    LMS = 2, "LMS"
    MMS = 3, "MMS"
    KAKAO = 4, _("KakaoTalk")


class Encoding(models.IntegerChoices):
    GSM7 = 1, "GSM-7"
    UCS2 = 2, "UCS-2"
    EUCKR = 3, "EUC-KR"
    UTF8 = 4, "UTF-8"


class SenderKind(models.TextChoices):
    LONG_CODE = "long_code", _("Phone number")
    SHORT_CODE = "short_code", _("Short code")
    TOLL_FREE = "toll_free", _("Toll-free number")
    BRAND_NAME = "brand_name", _("Brand name")
    KAKAO_CHANNEL = "kakao_channel", _("KakaoTalk channel")


class ProviderAccount(models.Model):
    """Our account with a carrier or gateway. `secrets` is the encrypted part of its settings.

    `parts_per_second` limits all its senders together (null: each sender's own limit is enough).
    """

    name = models.CharField(max_length=100, unique=True)
    provider = models.CharField(max_length=32)
    settings = models.JSONField(default=dict)
    secrets = models.BinaryField(default=b"")
    parts_per_second = models.IntegerField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "provider_account"

    def __str__(self) -> str:
        return self.name


class SenderState(models.TextChoices):
    ACTIVE = "active", _("Active")
    STOPPED = "stopped", _("Stopped")


class Sender(models.Model):
    """What a message comes from. `throughput` is in message parts a second; a fast sender is split into `slots`.

    `name` identifies the sender in advertising texts (정보통신망법 requires it). `opt_out_number` is Korea's 080 number.
    `replies` are its own answers to STOP, START and HELP (`delivery.replies`).
    Of a KakaoTalk channel `address` is the search id (@…) and `settings` what `delivery.channels.ChannelSettings` says.
    """

    account = models.ForeignKey(ProviderAccount, on_delete=models.PROTECT, related_name="senders")
    address = models.CharField(max_length=20)
    name = models.CharField(max_length=60)
    kind = models.CharField(max_length=16, choices=SenderKind.choices)
    country = models.CharField(max_length=2)
    throughput = models.IntegerField(default=10)
    slots = models.SmallIntegerField(default=1)
    opt_out_number = models.CharField(max_length=20, default="", blank=True)
    settings = models.JSONField(default=dict, db_default={})
    replies = models.JSONField(default=dict, db_default={})
    state = models.CharField(max_length=8, choices=SenderState.choices, default=SenderState.ACTIVE)
    state_reason = models.TextField(default="", blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    archived_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "sender"
        constraints = [models.UniqueConstraint(fields=["account", "address"], name="sender_once")]

    def __str__(self) -> str:
        return f"{self.name} ({self.address})"

    @property
    def stopped_because(self) -> str:
        """Why it stopped, as a sentence in the reader's language; empty when nobody said."""
        return stop_label(self.state_reason)


class SenderSlot(models.Model):
    """One lane of a sender, held by one dispatcher at a time. `fence` rises with each change of holder."""

    pk = models.CompositePrimaryKey("sender_id", "slot")
    sender = models.ForeignKey(Sender, on_delete=models.CASCADE, db_index=False, related_name="lanes")
    slot = models.SmallIntegerField()
    holder = models.CharField(max_length=64, default="")
    lease_until = models.DateTimeField(null=True)
    fence = models.BigIntegerField(default=0)

    class Meta:
        db_table = "sender_slot"

    def __str__(self) -> str:
        return f"{self.sender_id}/{self.slot}"


class Dispatcher(models.Model):
    """A dispatcher that is running, as far as we know: what senders are shared out over. Rows of the dead are removed."""

    holder = models.CharField(max_length=64, primary_key=True)
    started_at = models.DateTimeField(db_default=Now())
    seen_at = models.DateTimeField(db_default=Now())
    state = models.JSONField(default=dict)

    class Meta:
        db_table = "dispatcher"

    def __str__(self) -> str:
        return self.holder


class ControlState(models.TextChoices):
    """held → running ⇄ paused → ended. `held`: planned, but not paid for yet."""

    HELD = "held", _("Held")
    RUNNING = "running", _("Running")
    PAUSED = "paused", _("Paused")
    ENDED = "ended", _("Ended")


class CampaignControl(models.Model):
    """What delivery must know of a campaign: whether its batches may be sent now, and how fast.

    Campaigns stand above delivery and write this row; dispatchers read it with each window. `per_minute` limits
    messages a minute over all senders (null: no limit), which are spread evenly; `paid_until` is when the messages
    handed out so far are due at that pace.
    """

    campaign_id = models.BigIntegerField(primary_key=True)
    state = models.CharField(max_length=8, choices=ControlState.choices, default=ControlState.HELD)
    channel = models.CharField(max_length=8, default="text")
    purpose = models.CharField(max_length=16, default="promotional")
    per_minute = models.IntegerField(null=True)
    paid_until = models.DateTimeField(null=True)

    class Meta:
        db_table = "campaign_control"

    def __str__(self) -> str:
        return f"{self.campaign_id}: {self.state}"


class BatchState(models.TextChoices):
    """queued → sending → done; `cancelled` from each but done."""

    QUEUED = "queued", _("Queued")
    SENDING = "sending", _("Sending")
    DONE = "done", _("Done")
    CANCELLED = "cancelled", _("Cancelled")


class Batch(models.Model):
    """A run of consecutive messages of one sender: the unit of queueing.

    It covers message ids `first_id … last_id`, all of them, and `send_after … expires_at` holds for each of them.
    `next_id` is the cursor: the first message whose outcome is not recorded yet. `window_end` is set while the messages
    `next_id … window_end` are with the carrier; found set by another holder, those without an event are uncertain.
    `tried_to` is set when a part of a window was surely not sent: ids up to it may have an outcome already, and are
    left out when the rest is sent. `charged` is what the carrier accepted so far of `amount`; it is settled, and the
    rest released, when the batch is closed. The lowest `priority` goes first. `campaign_id` has no foreign key, since
    campaigns stand above delivery.
    """

    campaign_id = models.BigIntegerField(db_index=True)
    sender = models.ForeignKey(Sender, on_delete=models.PROTECT, db_index=False)
    slot = models.SmallIntegerField(default=0)
    first_id = models.BigIntegerField()
    last_id = models.BigIntegerField()
    messages = models.IntegerField()
    parts = models.IntegerField()
    amount = models.BigIntegerField()
    state = models.CharField(max_length=10, choices=BatchState.choices, default=BatchState.QUEUED)
    priority = models.SmallIntegerField(default=0)
    send_after = models.DateTimeField()
    expires_at = models.DateTimeField()
    next_id = models.BigIntegerField()
    window_end = models.BigIntegerField(null=True)
    tried_to = models.BigIntegerField(null=True)
    charged = models.BigIntegerField(default=0, db_default=0)
    charged_messages = models.IntegerField(default=0, db_default=0)
    fence = models.BigIntegerField(default=0, db_default=0)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    xid = MarkerField()

    class Meta:
        db_table = "batch"
        indexes = [
            models.Index(fields=["xid"], name="batch_xid"),
            models.Index(
                fields=["sender", "slot", "priority", "send_after", "id"],
                name="batch_queue",
                condition=models.Q(state__in=["queued", "sending"]),
            ),
            models.Index(fields=["first_id"], name="batch_first"),
        ]

    def __str__(self) -> str:
        return f"{self.pk}: {self.first_id}–{self.last_id}"


class Message(models.Model):
    """One text to one phone. Immutable. Ids are handed out in runs, so a batch is a range of them.

    `amount` is its price in thousandths of a credit. The text contains the finished short links. `slots` are the other
    personal strings of a KakaoTalk message, which the frozen content of its campaign refers to by number.
    """

    id = models.BigIntegerField(primary_key=True)
    campaign_id = models.BigIntegerField()
    profile_id = models.BigIntegerField()
    sender_id = models.BigIntegerField()
    phone = models.CharField(max_length=20)
    country = models.CharField(max_length=2)
    kind = models.SmallIntegerField(choices=MessageKind.choices)
    encoding = models.SmallIntegerField(choices=Encoding.choices)
    parts = models.SmallIntegerField()
    amount = models.IntegerField()
    send_after = models.DateTimeField()
    subject = models.TextField(default="")
    text = models.TextField()
    slots = ArrayField(models.TextField(), null=True)

    class Meta:
        db_table = "message"
        indexes = [models.Index(fields=["profile_id", "id"], name="message_profile")]

    def __str__(self) -> str:
        return f"{self.pk} → {self.phone}"


class EventKind(models.IntegerChoices):
    """What can happen to a message; each at most once. Repeated clicks are rows of `Click`.

    `unknown`: it may or may not have been sent, and will not be sent again by itself.
    """

    ACCEPTED = 1, _("Accepted")
    DELIVERED = 2, _("Delivered")
    FAILED = 3, _("Failed")
    EXPIRED = 4, _("Expired")
    CANCELLED = 5, _("Cancelled")
    UNKNOWN = 6, _("Unknown")
    CLICKED = 7, _("Clicked")
    REPLIED = 8, _("Replied")
    UNSUBSCRIBED = 9, _("Unsubscribed")


class MessageEvent(models.Model):
    """Something that happened to a message. Append-only; the primary key makes repeated receipts harmless.

    `reason` is our failure reason's name (providers.base.FailureReason), `code` the carrier's own.
    `provider_ref` is the carrier's id of the message (on `accepted`).
    """

    pk = models.CompositePrimaryKey("message_id", "kind")
    message_id = models.BigIntegerField()
    kind = models.SmallIntegerField(choices=EventKind.choices)
    at = models.DateTimeField()
    reason = models.CharField(max_length=32, default="", db_default="")
    code = models.CharField(max_length=64, default="", db_default="")
    provider_ref = models.CharField(max_length=64, null=True)
    detail = models.JSONField(null=True)
    xid = MarkerField()

    class Meta:
        db_table = "message_event"
        indexes = [
            models.Index(
                fields=["provider_ref"], name="message_event_ref", condition=models.Q(provider_ref__isnull=False)
            ),
            BrinIndex(fields=["xid"], name="message_event_xid", pages_per_range=16, autosummarize=True),
            # Everything but the two events that nearly every message has: finds the few that failed or clicked.
            models.Index(fields=["kind", "message_id"], name="message_event_rare", condition=models.Q(kind__gte=3)),
        ]
        constraints = [
            # The first final word about a message stands, whoever records another at the same moment.
            models.UniqueConstraint(
                fields=["message_id"], name="message_event_final", condition=models.Q(kind__in=[2, 3, 4, 5])
            )
        ]

    def __str__(self) -> str:
        return f"{self.message_id} {self.kind}"


class Tally(models.Model):
    """Running counts of message events: what the campaign page reads instead of counting millions of rows.

    Written in the transaction that appends the events. `shard` keeps writers off each other's rows.
    """

    campaign_id = models.BigIntegerField()
    minute = models.DateTimeField()
    kind = models.SmallIntegerField(choices=EventKind.choices)
    reason = models.CharField(max_length=32, default="")
    shard = models.SmallIntegerField(default=0)
    messages = models.BigIntegerField(default=0)
    parts = models.BigIntegerField(default=0)
    amount = models.BigIntegerField(default=0)

    class Meta:
        db_table = "tally"
        constraints = [
            models.UniqueConstraint(fields=["campaign_id", "minute", "kind", "reason", "shard"], name="tally_once")
        ]

    def __str__(self) -> str:
        return f"{self.campaign_id} {self.kind}: {self.messages}"


class EarlyReceipt(models.Model):
    """A receipt that came before we knew its message; it waits here until the acceptance is recorded.

    `reference` is our message id, where the provider knows it.
    """

    account = models.ForeignKey(ProviderAccount, on_delete=models.CASCADE)
    reference = models.BigIntegerField(null=True)
    provider_ref = models.CharField(max_length=64, db_index=True)
    outcome = models.SmallIntegerField(choices=EventKind.choices)
    reason = models.CharField(max_length=32, default="")
    code = models.CharField(max_length=64, default="")
    at = models.DateTimeField()
    detail = models.JSONField(null=True)
    received_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "early_receipt"

    def __str__(self) -> str:
        return self.provider_ref


class Inbound(models.Model):
    """A text that somebody sent to one of our senders. `meaning`: stop, start, help or empty."""

    sender = models.ForeignKey(Sender, on_delete=models.PROTECT, related_name="inbound")
    phone = models.CharField(max_length=20, db_index=True)
    profile_id = models.BigIntegerField(null=True)
    text = models.TextField()
    meaning = models.CharField(max_length=8, default="")
    reply = models.TextField(default="")
    provider_ref = models.CharField(max_length=64, default="")
    at = models.DateTimeField()
    received_at = models.DateTimeField(db_default=Now(), editable=False)
    handled_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT)

    class Meta:
        db_table = "inbound"
        constraints = [
            models.UniqueConstraint(
                fields=["sender", "provider_ref"], name="inbound_once", condition=~models.Q(provider_ref="")
            )
        ]

    def __str__(self) -> str:
        return self.text
