"""How a KakaoTalk campaign is sent: to whom of those who agreed, when, and what happens where KakaoTalk does not reach."""

from __future__ import annotations

from datetime import time
from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from pabal.campaigns.models import Campaign, FailOver, Target
from pabal.console import formats
from pabal.console.forms.campaigns import SendersField, SendingForm, _address
from pabal.console.widgets import Cards, Switch, TickCards
from pabal.delivery import channels
from pabal.delivery.models import Sender, SenderKind
from pabal.kakao.limits import COMMON

#: Minutes of a unit of the re-entry interval.
UNITS: Final = {"hours": 60, "days": 1440, "weeks": 10080}


class KakaoSendingForm(SendingForm):
    """As for texts, and KakaoTalk's own: target, re-entry, fail-over."""

    target = forms.ChoiceField(
        label=_("Who of them gets it"),
        choices=Target.choices,
        widget=Cards(
            notes={
                Target.FRIENDS: _("Friends of your channel who agreed to KakaoTalk messages. The lowest price."),
                Target.ALL: _("Friends and others, found by phone number."),
                Target.OTHERS: _("Only people who agreed but are not friends yet: win them as friends."),
            },
            icons={Target.FRIENDS: "user-check", Target.ALL: "users", Target.OTHERS: "user-plus"},
        ),
    )
    again = forms.BooleanField(
        label=_("May be received again"),
        required=False,
        widget=Switch(),
        help_text=_("Off: each person gets this campaign once."),
    )
    again_every = forms.IntegerField(label=_("After"), min_value=1, max_value=1000, required=False)
    again_unit = forms.ChoiceField(
        label=_("Unit"),
        choices=[("hours", _("hours")), ("days", _("days")), ("weeks", pgettext_lazy("unit", "weeks"))],
        required=False,
    )
    fallback = forms.ChoiceField(
        label=_("If KakaoTalk does not reach somebody"),
        choices=[
            (FailOver.OFF, _("Send nothing")),
            (FailOver.OURS, _("Send a text instead")),
        ],
        widget=Cards(
            notes={
                FailOver.OFF: _("No friend, no KakaoTalk, channel blocked: they get nothing."),
                FailOver.OURS: _(
                    "With its own consent, hours and price. Each person gets one or the other, never both."
                ),
            },
            icons={FailOver.OFF: "ban", FailOver.OURS: "message-square"},
        ),
    )
    fallback_senders = SendersField(
        label=_("Sender of the text"), queryset=Sender.objects.none(), widget=TickCards(), required=False
    )
    fallback_subject = forms.CharField(label=_("Title"), max_length=200, required=False)
    fallback_text = forms.CharField(
        label=_("Text"), max_length=10_000, required=False, widget=forms.Textarea({"rows": 4, "data-autogrow": True})
    )

    def __init__(self, *args: Any, campaign: Campaign | None = None, **kwargs: Any) -> None:
        self.campaign = campaign
        super().__init__(*args, **kwargs)
        field = self.fields["fallback_senders"]
        assert isinstance(field, forms.ModelMultipleChoiceField)
        field.queryset = (
            Sender.objects.filter(archived_at=None, country="KR").exclude(kind=SenderKind.KAKAO_CHANNEL).order_by("id")
        )
        assert isinstance(field.widget, TickCards)
        field.widget.notes = {str(s.pk): _address(s) for s in field.queryset}

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        for name, least, most in (
            ("hours_from", COMMON.opens, COMMON.closes),
            ("hours_to", COMMON.opens, COMMON.closes),
        ):
            value = values.get(name)
            if isinstance(value, time) and not least <= value <= most:
                self.add_error(name, _("KakaoTalk delivers between 08:00 and 20:50 only."))
        if values.get("again") and not values.get("again_every") and "again_every" not in self.errors:
            self.add_error("again_every", _("Say after how long."))
        if values.get("fallback") == FailOver.OURS:
            if not values.get("fallback_text"):
                self.add_error("fallback_text", _("Write the text."))
            if not values.get("fallback_senders"):
                self.add_error("fallback_senders", _("Choose a sender for the text."))
        self._check_target(values)
        return values

    def _check_target(self, values: dict[str, Any]) -> None:
        target = values.get("target")
        if self.campaign is None or target in (None, Target.FRIENDS):
            return
        preset: Any = (self.campaign.kakao or {}).get("preset", "brand_message")
        if target not in COMMON.targets.get(preset, ()):
            self.add_error("target", _("FriendTalk goes to friends only. Choose Brand Message in the message step."))
            return
        for sender in self.campaign.senders.all():
            friends = channels.settings_of(sender).friends
            if friends is not None and friends < COMMON.least_friends:
                words = {
                    "name": sender.name,
                    "n": formats.number(friends),
                    "least": formats.number(COMMON.least_friends),
                }
                said = _("“%(name)s” has %(n)s friends; this needs %(least)s.") % words
                self.add_error("target", said)

    @staticmethod
    def initial_of(campaign: Campaign) -> dict[str, Any]:
        minutes = campaign.reentry_minutes or 0
        unit = next((u for u, m in reversed(UNITS.items()) if minutes and minutes % m == 0), "hours")
        return {
            **SendingForm.initial_of(campaign),
            "target": campaign.target,
            "again": bool(minutes),
            "again_every": minutes // UNITS[unit] or 1,
            "again_unit": unit,
            "fallback": campaign.fallback,
            "fallback_text": campaign.fallback_text,
            "fallback_subject": campaign.fallback_subject,
            "fallback_senders": list(campaign.fallback_senders.values_list("pk", flat=True)),
        }

    def changes(self) -> dict[str, Any]:
        values = self.cleaned_data
        again = (values["again_every"] or 1) * UNITS[values["again_unit"] or "hours"] if values["again"] else None
        text = values["fallback"] != FailOver.OFF
        return {
            **super().changes(),
            "target": values["target"],
            "reentry_minutes": again,
            "fallback": values["fallback"],
            "fallback_text": values["fallback_text"].replace("\r\n", "\n") if text else self._kept("fallback_text"),
            "fallback_subject": values["fallback_subject"] if text else self._kept("fallback_subject"),
            "fallback_senders": list(values["fallback_senders"]) if text else [],
        }

    def _kept(self, name: str) -> str:
        return str(getattr(self.campaign, name)) if self.campaign else ""
