"""The form of alert levels and of whom to tell."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from pabal.billing.models import MILLI
from pabal.reports.models import AlertSettings


def _percent(label: Any, hint: Any) -> forms.DecimalField:
    return forms.DecimalField(label=label, help_text=hint, min_value=0, max_value=100, max_digits=5, decimal_places=2)


class AlertForm(forms.Form):
    """0 switches a kind off. `balance_below` is shown in credits."""

    failed_percent = _percent(_("Failed, at least"), _("Of the messages whose outcome is known."))
    unsubscribed_percent = _percent(_("Unsubscribed, at least"), _("Of the delivered messages."))
    clicked_percent = _percent(_("Clicked, less than"), _("A day after the start, where the text has a link."))
    least_messages = forms.IntegerField(
        label=_("Judge from"),
        min_value=0,
        max_value=1_000_000,
        help_text=_("With fewer messages a rate says nothing."),
    )
    unknown_messages = forms.IntegerField(
        label=_("Fate unknown, at least"), min_value=0, max_value=1_000_000, help_text=_("In one campaign.")
    )
    balance_below = forms.DecimalField(
        label=_("Balance below"), min_value=0, max_value=10**12, max_digits=15, decimal_places=3
    )
    warehouse_lag_s = forms.IntegerField(label=_("Warehouse behind by"), min_value=0, max_value=86_400)
    no_dispatcher_s = forms.IntegerField(
        label=_("Messages due without a dispatcher for"), min_value=0, max_value=86_400
    )
    email = forms.CharField(
        label=_("E-mail to"),
        required=False,
        max_length=1000,
        help_text=_("Several addresses with commas between. The mail server is set with smtp_url."),
    )
    webhook_url = forms.CharField(
        label=_("Webhook"),
        required=False,
        max_length=1000,
        help_text=_("Each alert is posted there as JSON, for Slack bridges, pagers and the like."),
    )

    @staticmethod
    def initial_of(row: AlertSettings) -> dict[str, Any]:
        values = {name: getattr(row, name) for name in AlertForm.base_fields}
        return values | {"balance_below": row.balance_below / MILLI}

    def values(self) -> dict[str, Any]:
        """As `alerts.book.set_settings` takes them."""
        return self.cleaned_data | {"balance_below": int(self.cleaned_data["balance_below"] * MILLI)}
