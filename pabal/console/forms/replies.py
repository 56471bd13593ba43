"""What a sender answers to STOP, START and HELP: for each the default, words of its own, or nothing."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from pabal.delivery.models import Sender
from pabal.delivery.replies import LONGEST, MEANINGS

DEFAULT, OWN, NONE = "default", "own", "none"
CHOICES: Final = [(DEFAULT, _("Our default")), (OWN, _("A text of your own")), (NONE, _("No answer"))]
LABELS: Final = {
    "stop": _("After a refusal (STOP)"),
    "start": _("After a new consent (START)"),
    "help": _("To a call for help (HELP)"),
}
HINTS: Final = {
    "stop": _(
        "Confirm only; advertising is not allowed here. Korea: say who, what and on which day, "
        "and always tell the person within 14 days."
    ),
    "start": _("Confirm, and say how to refuse."),
    "help": _("Your name, and how to reach you."),
}


class RepliesForm(forms.Form):
    """Two fields for each: `mode_stop`, `reply_stop`, … An own text that is empty is the default."""

    def __init__(self, sender: Sender, data: Any = None, *, disabled: bool = False) -> None:
        initial: dict[str, str] = {}
        for meaning in MEANINGS:
            own = sender.replies.get(meaning)
            initial[f"mode_{meaning}"] = DEFAULT if own is None else OWN if own else NONE
            initial[f"reply_{meaning}"] = own or ""
        super().__init__(data, initial=initial, auto_id="replies_%s")
        for meaning in MEANINGS:
            self.fields[f"mode_{meaning}"] = forms.ChoiceField(label=LABELS[meaning], choices=CHOICES)
            self.fields[f"reply_{meaning}"] = forms.CharField(
                label=_("Text"),
                max_length=LONGEST,
                required=False,
                widget=forms.Textarea({"rows": 3}),
                help_text=HINTS[meaning],
            )
        for field in self.fields.values():
            field.disabled = disabled

    @property
    def replies(self) -> dict[str, str]:
        """As `delivery.replies.clean` takes them."""
        found: dict[str, str] = {}
        for meaning in MEANINGS:
            text = self.cleaned_data[f"reply_{meaning}"].strip()
            match self.cleaned_data[f"mode_{meaning}"]:
                case "none":
                    found[meaning] = ""
                case "own" if text:
                    found[meaning] = text
        return found
