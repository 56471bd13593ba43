"""The forms of lists and people. They read and present; `audience.lists`, `edits` and `actions` save."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from pabal.audience.models import Channel, ConsentState, Profile
from pabal.console.forms.imports import PURPOSES, countries
from pabal.console.widgets import Cards, LocalDateTime, TickCards

#: Most people that may be named in one form.
MOST_NAMED = 5_000


class ListForm(forms.Form):
    """A new list."""

    name = forms.CharField(label=_("Name"), max_length=200, error_messages={"required": _("Name the list.")})
    key = forms.CharField(
        label=_("Key"),
        max_length=64,
        required=False,
        help_text=_("Names the list in the API and on the command line. Made from the name if you leave it empty."),
    )
    description = forms.CharField(label=_("Description"), required=False, widget=forms.Textarea({"rows": 2}))


class ListEditForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=200, error_messages={"required": _("Name the list.")})
    description = forms.CharField(label=_("Description"), required=False, widget=forms.Textarea({"rows": 2}))


class AddMembersForm(forms.Form):
    """People for a list, by phone or customer ID."""

    people = forms.CharField(
        label=_("Phone numbers or customer IDs"),
        widget=forms.Textarea({"rows": 5}),
        help_text=_("One a line, or separated by commas. For more than a few, import a file."),
        error_messages={"required": _("Write at least one.")},
    )

    def clean_people(self) -> list[str]:
        words = [word.strip() for word in re.split(r"[\n\r,;\t]+", self.cleaned_data["people"]) if word.strip()]
        if len(words) > MOST_NAMED:
            raise forms.ValidationError(_("These are too many for this box. Import a file instead."))
        return words


class ProfileForm(forms.Form):
    """A person. What follows from the phone (country, time zone) may stay empty."""

    last_name = forms.CharField(label=_("Last name"), max_length=200, required=False)
    first_name = forms.CharField(label=_("First name"), max_length=200, required=False)
    phone = forms.CharField(
        label=_("Phone"),
        max_length=40,
        required=False,
        widget=forms.TextInput({"type": "tel", "autocomplete": "off"}),
        help_text=_("With a country code (+1 …), or as it is dialled at home."),
    )
    external_id = forms.CharField(
        label=_("Customer ID"),
        max_length=255,
        required=False,
        help_text=_("As your shop knows this person."),
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    email = forms.EmailField(
        label=_("Email"), max_length=254, required=False, widget=forms.EmailInput({"autocomplete": "off"})
    )
    country = forms.ChoiceField(label=_("Country"), required=False)
    locale = forms.CharField(label=_("Language"), max_length=16, required=False, help_text=_("E.g. ko or en-US."))
    time_zone = forms.CharField(
        label=_("Time zone"),
        max_length=64,
        required=False,
        help_text=_("E.g. Asia/Seoul. Empty: follows from the phone."),
    )

    FIELDS = ("external_id", "phone", "email", "first_name", "last_name", "locale", "time_zone", "country")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["country"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("Follows from the phone")), *countries()]

    @classmethod
    def initial_of(cls, profile: Profile) -> dict[str, Any]:
        return {name: getattr(profile, name) or "" for name in cls.FIELDS}

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        if not self.errors and not any(values.get(name) for name in ("phone", "external_id", "email")):
            self.add_error("phone", _("A phone number, a customer ID or an email address is needed."))
        return values


class ConsentForm(forms.Form):
    """A change of consent that somebody told us about: what, how, when."""

    state = forms.ChoiceField(
        label=_("What did the person decide?"),
        choices=[
            (ConsentState.SUBSCRIBED, _("Wants messages")),
            (ConsentState.UNSUBSCRIBED, _("Wants no messages")),
        ],
        widget=Cards(icons={ConsentState.SUBSCRIBED: "user-check", ConsentState.UNSUBSCRIBED: "bell-off"}),
    )
    channel = forms.ChoiceField(label=_("Channel"), choices=Channel.choices, widget=Cards())
    purposes = forms.MultipleChoiceField(
        label=_("For what"),
        choices=PURPOSES,
        widget=TickCards(),
        error_messages={"required": _("Choose at least one.")},
    )
    source = forms.CharField(
        label=_("How do you know?"),
        max_length=1000,
        error_messages={"required": _("Say how you know: it is kept as evidence.")},
    )
    at = forms.DateTimeField(
        label=_("When did the person decide?"), required=False, widget=LocalDateTime(), help_text=_("Empty: now.")
    )
    wording = forms.CharField(
        label=_("What did the person agree to?"),
        max_length=10_000,
        required=False,
        widget=forms.Textarea({"rows": 2}),
        help_text=_("The sentence that was read or said, word for word."),
    )

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        if values.get("state") == ConsentState.SUBSCRIBED and not values.get("wording", "").strip():
            self.add_error("wording", _("Consent needs its wording: without it you cannot prove it."))
        if (at := values.get("at")) and at > timezone.now():
            self.add_error("at", _("This lies in the future."))
        return values


class SuppressForm(forms.Form):
    source = forms.CharField(
        label=_("Why?"), max_length=1000, error_messages={"required": _("Say why: colleagues will ask.")}
    )
