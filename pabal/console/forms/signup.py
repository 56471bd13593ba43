"""The form with which a sign-up form is made. It reads and presents; `campaigns.signup.forms` saves."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from pabal.audience.models import List
from pabal.campaigns.models import FormLanguage, SignupForm
from pabal.campaigns.signup.forms import values_of
from pabal.campaigns.signup.words import SUGGESTED
from pabal.console.widgets import Switch
from pabal.delivery.models import Sender


class SignupFormForm(forms.Form):
    """Everything about a sign-up form but its key, which stays."""

    name = forms.CharField(
        label=_("Name"),
        max_length=200,
        help_text=_("Only you and your colleagues see it."),
        error_messages={"required": _("Give the form a name.")},
    )
    language = forms.ChoiceField(label=_("Language of the form"), choices=FormLanguage.choices)
    title = forms.CharField(label=_("Heading"), max_length=200, required=False)
    lead = forms.CharField(
        label=_("Text below the heading"), max_length=2000, required=False, widget=forms.Textarea({"rows": 2})
    )
    ask_name = forms.BooleanField(label=_("Also ask for the name"), required=False, widget=Switch())
    button = forms.CharField(label=_("Button"), max_length=60, required=False)
    wording = forms.CharField(
        label=_("What people agree to"),
        max_length=5000,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("Name who sends, what, and by which channel. It is kept as evidence, word for word."),
        error_messages={"required": _("Say what people agree to.")},
    )
    night = forms.BooleanField(
        label=_("Ask for the night, too"),
        required=False,
        widget=Switch(),
        help_text=_("In Korea, advertising between 21:00 and 08:00 needs a consent of its own. The box is not ticked."),
    )
    night_wording = forms.CharField(
        label=_("What people agree to for the night"),
        max_length=5000,
        required=False,
        widget=forms.Textarea({"rows": 2}),
    )
    double_opt_in = forms.BooleanField(
        label=_("Confirm by text (double opt-in)"),
        required=False,
        widget=Switch(),
        help_text=_("Nobody can sign up somebody else: consent counts once the phone’s owner has confirmed."),
    )
    sender = forms.ModelChoiceField(
        label=_("Sender of the confirmation"), queryset=Sender.objects.none(), required=False, empty_label=None
    )
    confirmation = forms.CharField(
        label=_("Confirmation text"),
        max_length=2000,
        required=False,
        widget=forms.Textarea({"rows": 2}),
        help_text=_("{{ link }} becomes the address where people confirm. No advertising in here."),
    )
    thanks = forms.CharField(
        label=_("Thank-you text"), max_length=2000, required=False, widget=forms.Textarea({"rows": 2})
    )
    redirect_url = forms.CharField(
        label=_("Or lead to this page"),
        max_length=2000,
        required=False,
        widget=forms.URLInput({"placeholder": "https://shop.example/thanks"}),
    )
    list = forms.ModelChoiceField(
        label=_("Put people on this list"), queryset=List.objects.none(), required=False, empty_label=_("No list")
    )
    origins = forms.CharField(
        label=_("Sites that may hold the form"),
        required=False,
        widget=forms.Textarea({"rows": 2, "placeholder": "https://shop.example"}),
        help_text=_("One a line. Empty: any site."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        lists, senders = self.fields["list"], self.fields["sender"]
        assert isinstance(lists, forms.ModelChoiceField)
        assert isinstance(senders, forms.ModelChoiceField)
        lists.queryset = List.objects.filter(archived_at=None).order_by("name")
        senders.queryset = Sender.objects.filter(archived_at=None).order_by("id")

    def clean_origins(self) -> list[str]:  # type: ignore[valid-type]
        return [line.strip() for line in self.cleaned_data["origins"].replace(",", "\n").splitlines() if line.strip()]

    def said(self) -> dict[str, Any]:
        """The fields as `campaigns.signup.forms` takes them."""
        values = dict(self.cleaned_data)
        if not values.pop("night"):
            values["night_wording"] = ""
        return values

    @staticmethod
    def initial_of(form: SignupForm) -> dict[str, Any]:
        values = values_of(form)
        return values | {"night": bool(values["night_wording"]), "origins": "\n".join(form.origins)}

    @staticmethod
    def suggested(language: str) -> dict[str, Any]:
        """What a new form begins with: wordings that name the first sender."""
        senders = list(Sender.objects.filter(archived_at=None).order_by("id")[:100])
        senders.sort(key=lambda sender: (sender.country == "KR") != (language == "ko"))
        sender = senders[0] if senders else None
        brand = sender.name if sender else ("우리 쇼핑몰" if language == "ko" else "our shop")
        words = {name: texts[language].replace("{brand}", brand) for name, texts in SUGGESTED.items()}
        return words | {
            "language": language,
            "double_opt_in": True,
            "night": language == "ko",
            "sender": sender.pk if sender else None,
        }


class NewSignupFormForm(SignupFormForm):
    """With a key, which never changes."""

    key = forms.SlugField(
        label=_("Key"),
        max_length=64,
        required=False,
        help_text=_("Stands in the form’s address. Made from the name if you leave it empty."),
    )
