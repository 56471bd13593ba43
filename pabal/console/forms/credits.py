"""Forms of the credits pages."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from pabal.providers.registry import PROVIDERS


class TopUpForm(forms.Form):
    """Credits that were bought. Amounts are in the installation's currency."""

    amount = forms.DecimalField(
        label=_("Amount"), min_value=1, max_value=10_000_000_000, max_digits=13, decimal_places=3
    )
    note = forms.CharField(
        label=_("Note"),
        max_length=200,
        required=False,
        help_text=_("For example the invoice number. It stays in the ledger."),
    )


class PriceForm(forms.Form):
    """A price from a day on. The earlier one stays in the history."""

    provider = forms.ChoiceField(label=_("Provider"))
    kind = forms.ChoiceField(label=_("Kind"), choices=[("sms", "SMS"), ("lms", "LMS"), ("mms", "MMS")])
    country = forms.CharField(
        label=_("Country"),
        max_length=2,
        required=False,
        help_text=_("Two letters, e.g. KR. Empty: all other countries."),
    )
    amount = forms.DecimalField(label=_("Price"), min_value=0, max_digits=10, decimal_places=3)
    bills_failed = forms.BooleanField(
        label=_("Failed messages cost, too"),
        required=False,
        initial=True,
        help_text=_("As the carrier's contract says."),
    )
    valid_from = forms.DateField(label=_("Valid from"), widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        provider = self.fields["provider"]
        assert isinstance(provider, forms.ChoiceField)
        provider.choices = [(name, name) for name in PROVIDERS]
        self.fields["valid_from"].initial = timezone.localdate()

    def clean_country(self) -> str:
        code: str = self.cleaned_data["country"].strip().upper()
        if code and not (len(code) == 2 and code.isalpha() and code.isascii()):
            raise forms.ValidationError(_("A country is two letters, e.g. KR."))
        return code
