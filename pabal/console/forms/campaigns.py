"""The forms of a campaign's draft, one a step. They read and present; `campaigns.actions` saves."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from pabal.audience.models import Channel
from pabal.campaigns.models import Campaign, QuietHours, SmartCounts
from pabal.console import formats
from pabal.console.widgets import Cards, LocalDateTime, Switch, TickCards
from pabal.delivery.models import Sender, SenderKind


class BasicsForm(forms.Form):
    """A new campaign needs a name; its key follows from it unless one is given."""

    name = forms.CharField(label=_("Name"), max_length=200, help_text=_("Only you and your colleagues see it."))
    key = forms.SlugField(
        label=_("Campaign key"),
        max_length=64,
        required=False,
        help_text=_("Names the campaign in the API and on the command line. Made from the name if you leave it empty."),
    )
    description = forms.CharField(label=_("Description"), required=False, widget=forms.Textarea({"rows": 2}))


class NewForm(BasicsForm):
    """A new campaign: how it reaches people, and its name."""

    channel = forms.ChoiceField(
        label=pgettext_lazy("campaign", "Channel"),
        choices=Channel.choices,
        initial=Channel.TEXT,
        required=False,
        widget=Cards(
            notes={
                Channel.TEXT: _("SMS, LMS or MMS to a phone number."),
                Channel.KAKAO: _(
                    "Brand Message with images, buttons and coupons; a text where KakaoTalk does not reach."
                ),
            },
            icons={Channel.TEXT: "message-square", Channel.KAKAO: "message-circle"},
        ),
    )

    def changes(self) -> dict[str, Any]:
        """What the new campaign begins with."""
        values = dict(self.cleaned_data)
        values["channel"] = values["channel"] or Channel.TEXT
        if values["channel"] == Channel.KAKAO:
            values |= {"hours_from": time(8), "hours_to": time(20, 50)}
        return values


class SendersField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]  # Django subscripts it in its stubs only
    """Senders by name; number, kind and speed stand in the card's note."""

    def label_from_instance(self, obj: Sender) -> str:
        return obj.name


def _address(sender: Sender) -> str:
    numbers = {SenderKind.LONG_CODE, SenderKind.TOLL_FREE}
    return formats.phone(sender.address) if sender.kind in numbers else sender.address


class PicturesField(forms.Field):
    """The numbers of pictures in the library, in their order."""

    widget = forms.MultipleHiddenInput

    def to_python(self, value: Any) -> list[int]:
        return [int(one) for one in value or [] if str(one).isascii() and str(one).isdigit() and len(str(one)) < 19]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return self.to_python(initial) != self.to_python(data)


class MessageForm(forms.Form):
    """What it says, and who says it."""

    senders = SendersField(
        label=_("Senders"),
        queryset=Sender.objects.none(),
        widget=TickCards(),
        help_text=_("Each person gets the message from the first of these that can reach their country."),
        error_messages={"required": _("Choose at least one sender.")},
    )
    images = PicturesField(
        label=_("Pictures"),
        required=False,
        help_text=_("With a picture it goes out as MMS, at its price. We make it fit what each carrier takes."),
    )
    subject = forms.CharField(
        label=_("Title"),
        max_length=200,
        required=False,
        help_text=_("Shown in Korea, in an LMS (over 90 bytes) or MMS."),
    )
    text = forms.CharField(
        label=_("Message"),
        max_length=10_000,
        widget=forms.Textarea({"rows": 6}),
        error_messages={"required": _("Write the message.")},
    )
    shorten_links = forms.BooleanField(
        label=_("Shorten and track links"),
        required=False,
        widget=Switch(),
        help_text=_("Counts clicks for each person."),
    )
    add_sender_name = forms.BooleanField(
        label=_("Say who it is from"),
        required=False,
        widget=Switch(),
        help_text=_("Puts the sender's name in front, with (광고) in Korea. The law asks for it."),
    )
    add_opt_out = forms.BooleanField(
        label=_("Say how to opt out"),
        required=False,
        widget=Switch(),
        help_text=_("Adds the wording of the recipient's country. The law asks for it."),
    )
    allow_lms = forms.BooleanField(
        label=_("Allow long messages (LMS)"),
        required=False,
        widget=Switch(),
        help_text=_("Off: a person whose text exceeds 90 bytes in Korea is skipped."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["senders"]
        assert isinstance(field, forms.ModelMultipleChoiceField)
        field.queryset = Sender.objects.filter(archived_at=None).exclude(kind=SenderKind.KAKAO_CHANNEL).order_by("id")
        assert isinstance(field.widget, TickCards)
        field.widget.notes = {
            str(s.pk): f"{_address(s)} · {s.get_kind_display()} · {formats.country(s.country)} · "
            + str(_("%(rate)s parts a second") % {"rate": formats.number(s.throughput)})
            for s in field.queryset
        }

    FIELDS = ("images", "subject", "text", "shorten_links", "add_sender_name", "add_opt_out", "allow_lms")

    @classmethod
    def initial_of(cls, campaign: Campaign) -> dict[str, Any]:
        return {name: getattr(campaign, name) for name in cls.FIELDS} | {
            "senders": list(campaign.senders.values_list("pk", flat=True))
        }

    def changes(self) -> dict[str, Any]:
        values = dict(self.cleaned_data)
        values["senders"] = list(values["senders"])
        values["text"] = values["text"].replace("\r\n", "\n")
        return values


class SendingForm(forms.Form):
    """When, how fast, and with what restraint."""

    timing = forms.ChoiceField(
        label=pgettext_lazy("schedule", "When"),
        choices=[("now", _("Now")), ("at", _("At a time"))],
        widget=Cards(
            notes={"now": _("As soon as you confirm on the next page."), "at": _("On the day and hour you choose.")},
            icons={"now": "send", "at": "calendar-clock"},
        ),
    )
    starts_at = forms.DateTimeField(label=_("Date and time"), required=False, widget=LocalDateTime())
    per_minute = forms.IntegerField(
        label=_("Send limit"),
        min_value=1,
        max_value=10_000_000,
        required=False,
        help_text=_("Messages a minute, so that your shop is not overrun. Empty: as fast as the sender can."),
    )
    urgent = forms.BooleanField(
        label=_("Urgent"),
        required=False,
        widget=Switch(),
        help_text=_("Goes before other campaigns of the same senders. Otherwise they take turns."),
    )
    timeout_hours = forms.IntegerField(
        label=_("Time-out"),
        min_value=1,
        max_value=168,
        help_text=_("What is not sent by then is not sent at all."),
    )
    smart = forms.BooleanField(
        label=_("Smart sending"),
        required=False,
        widget=Switch(),
        help_text=_("Skips people whom you messaged lately."),
    )
    smart_hours = forms.IntegerField(label=_("Lately means"), min_value=1, max_value=720, required=False)
    smart_counts = forms.ChoiceField(label=_("Which messages count"), choices=SmartCounts.choices, required=False)
    hours_from = forms.TimeField(label=_("From"), widget=forms.TimeInput({"type": "time"}, format="%H:%M"))
    hours_to = forms.TimeField(label=_("Until"), widget=forms.TimeInput({"type": "time"}, format="%H:%M"))
    quiet_hours = forms.ChoiceField(
        label=_("Outside these hours"),
        choices=QuietHours.choices,
        widget=Cards(
            notes={
                QuietHours.HOLD: _("They get it when the next allowed hour begins, if the time-out permits."),
                QuietHours.SKIP: _("They get nothing from this campaign."),
            },
            icons={QuietHours.HOLD: "clock", QuietHours.SKIP: "ban"},
        ),
    )

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        if values.get("timing") == "at":
            at = values.get("starts_at")
            if at is None and "starts_at" not in self.errors:
                self.add_error("starts_at", _("Choose a date and time."))
            elif at is not None and at < timezone.now() - timedelta(minutes=1):
                self.add_error("starts_at", _("This time has passed."))
        if values.get("smart") and not values.get("smart_hours") and "smart_hours" not in self.errors:
            self.add_error("smart_hours", _("Say how many hours."))
        return values

    @staticmethod
    def initial_of(campaign: Campaign) -> dict[str, Any]:
        return {
            "timing": "at" if campaign.starts_at else "now",
            "starts_at": campaign.starts_at,
            "per_minute": campaign.per_minute,
            "urgent": campaign.urgent,
            "timeout_hours": max(1, campaign.timeout_minutes // 60),
            "smart": campaign.smart_hours is not None,
            "smart_hours": campaign.smart_hours or 24,
            "smart_counts": campaign.smart_counts,
            "hours_from": campaign.hours_from,
            "hours_to": campaign.hours_to,
            "quiet_hours": campaign.quiet_hours,
        }

    def changes(self) -> dict[str, Any]:
        values = self.cleaned_data
        return {
            "starts_at": values["starts_at"] if values["timing"] == "at" else None,
            "per_minute": values["per_minute"],
            "urgent": values["urgent"],
            "timeout_minutes": values["timeout_hours"] * 60,
            "smart_hours": values["smart_hours"] if values["smart"] else None,
            "smart_counts": values["smart_counts"] or SmartCounts.BOTH,
            "hours_from": values["hours_from"],
            "hours_to": values["hours_to"],
            "quiet_hours": values["quiet_hours"],
        }
