"""The forms of the consent centre. They read and present; `audience.suppressions` saves."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from pabal.audience.suppressions import LARGEST_FILE, REASONS
from pabal.console.views.audience.moments import SUPPRESSIONS
from pabal.console.widgets import Drop

_CHOICES = [(reason, SUPPRESSIONS[reason]) for reason in REASONS]


class SuppressManyForm(forms.Form):
    """Numbers to block, typed or pasted."""

    phones = forms.CharField(
        label=_("Phone numbers"),
        max_length=200_000,
        widget=forms.Textarea({"rows": 6}),
        help_text=_("One a line, or separated by commas."),
        error_messages={"required": _("Write at least one.")},
    )
    reason = forms.ChoiceField(label=_("Reason"), choices=_CHOICES, initial="manual")
    source = forms.CharField(
        label=_("Why?"), max_length=1000, error_messages={"required": _("Say why: colleagues will ask.")}
    )


class SuppressFileForm(forms.Form):
    """Numbers to block, from a file."""

    file = forms.FileField(
        label=_("File"),
        widget=Drop(accept=".csv,.txt", title=_("Drop a CSV or text file here"), note=_("or choose one · up to 20 MB")),
        error_messages={"required": _("Choose a file.")},
    )
    reason = forms.ChoiceField(label=_("Reason"), choices=_CHOICES, initial="import")
    source = forms.CharField(
        label=_("Where is the list from?"),
        max_length=1000,
        error_messages={"required": _("Say why: colleagues will ask.")},
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > LARGEST_FILE:
            raise forms.ValidationError(_("The file is larger than 20 MB: use the command line."))
        return file


class EvidenceForm(forms.Form):
    """The days of an export: both are part of it."""

    start = forms.DateField(label=_("From"), widget=forms.DateInput({"type": "date"}))
    end = forms.DateField(label=_("Until"), widget=forms.DateInput({"type": "date"}))

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        if values.get("start") and values.get("end") and values["start"] > values["end"]:
            self.add_error("end", _("This lies before the beginning."))
        return values

    @property
    def moments(self) -> tuple[datetime, datetime]:
        """Midnight of the first day, and that after the last, in the reader's zone."""
        return _midnight(self.cleaned_data["start"]), _midnight(self.cleaned_data["end"] + timedelta(days=1))


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
