"""Forms with which people sign up for texts, and everybody who did."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from pabal.accounts.models import User
from pabal.audience.models import ConsentStatement, List
from pabal.delivery.models import Sender


class FormLanguage(models.TextChoices):
    """What the form's own words are in: buttons, errors, the page after it."""

    KOREAN = "ko", _("Korean")
    ENGLISH = "en", _("English")


class SignupForm(models.Model):
    """A form of a shop's page, or a page of its own. `key` is public: it names the form in addresses and pages.

    Each wording is a `ConsentStatement`; changing it makes a new one, so every person's consent points at the words
    that stood there. With `double_opt_in` consent counts once the phone's owner confirmed a text from `sender`, sent
    through `campaign_id`, the form's standing campaign. `confirmation` contains `{{ link }}`.
    """

    key = models.SlugField(_("Key"), max_length=64, unique=True)
    name = models.CharField(_("Name"), max_length=200)
    language = models.CharField(_("Language"), max_length=2, choices=FormLanguage.choices, default=FormLanguage.KOREAN)
    title = models.CharField(_("Heading"), max_length=200, default="", blank=True)
    lead = models.TextField(_("Text below the heading"), default="", blank=True)
    button = models.CharField(_("Button"), max_length=60, default="", blank=True)
    origins = ArrayField(
        models.CharField(max_length=200), default=list, blank=True
    )  # pages it may stand in; empty: any
    ask_name = models.BooleanField(default=False)
    list = models.ForeignKey(List, null=True, on_delete=models.PROTECT, related_name="signup_forms")
    statement = models.ForeignKey(ConsentStatement, on_delete=models.PROTECT, related_name="+")
    night_statement = models.ForeignKey(ConsentStatement, null=True, on_delete=models.PROTECT, related_name="+")
    double_opt_in = models.BooleanField(default=True)
    sender = models.ForeignKey(Sender, null=True, on_delete=models.PROTECT, related_name="signup_forms")
    confirmation = models.TextField(default="", blank=True)
    thanks = models.TextField(default="", blank=True)
    redirect_url = models.CharField(max_length=2000, default="", blank=True)
    campaign_id = models.BigIntegerField(null=True)
    views = models.BigIntegerField(default=0)
    created_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now())
    archived_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "signup_form"

    def __str__(self) -> str:
        return self.name


class SignupState(models.TextChoices):
    """pending → confirmed, refused or expired. Without double opt-in a sign-up is confirmed at once."""

    PENDING = "pending", _("Waiting for confirmation")
    CONFIRMED = "confirmed", _("Confirmed")
    REFUSED = "refused", _("Refused")
    EXPIRED = "expired", _("Expired")


class Signup(models.Model):
    """Somebody filled in a form: the evidence of what they read and where. `token` is what the confirmation's link says.

    `ip_hash` is a keyed hash (`campaigns.signup.evidence`). `message_id` is the confirmation; while it is empty, the
    engine tries to send one, and `trouble` says what stood in the way.
    """

    form = models.ForeignKey(SignupForm, on_delete=models.PROTECT, related_name="signups", db_index=False)
    state = models.CharField(max_length=10, choices=SignupState.choices, default=SignupState.PENDING)
    phone = models.CharField(max_length=20, db_index=True)
    country = models.CharField(max_length=2)
    name = models.CharField(max_length=200, default="", blank=True)
    night = models.BooleanField(default=False)
    statement = models.ForeignKey(ConsentStatement, on_delete=models.PROTECT, related_name="+", db_index=False)
    night_statement = models.ForeignKey(
        ConsentStatement, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    token = models.CharField(max_length=32, unique=True)
    page = models.CharField(max_length=500, default="", blank=True)
    ip_hash = models.CharField(max_length=32, default="", blank=True)
    user_agent = models.CharField(max_length=300, default="", blank=True)
    anonymous_id = models.CharField(max_length=200, default="", blank=True)
    submitted_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=8, default="", blank=True)  # form, link, reply
    profile_id = models.BigIntegerField(null=True)
    message_id = models.BigIntegerField(null=True)
    trouble = models.CharField(max_length=64, default="", blank=True)

    class Meta:
        db_table = "signup"
        constraints = [
            # Pressing the button twice, or in two windows, is one sign-up and one text.
            models.UniqueConstraint(
                fields=["form", "phone"], name="one_pending_signup", condition=models.Q(state="pending")
            ),
        ]
        indexes = [
            models.Index(fields=["form", "state", "-id"], name="signup_form_state"),
            models.Index(fields=["ip_hash", "submitted_at"], name="signup_ip"),
            models.Index(fields=["expires_at"], name="signup_pending", condition=models.Q(state="pending")),
        ]

    def __str__(self) -> str:
        return self.phone
