"""The first step of a campaign's draft: who gets it. `campaigns.actions` saves."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, pgettext_lazy

from pabal.audience.models import List, Purpose, Segment
from pabal.campaigns.models import Campaign
from pabal.console import formats, segment_words
from pabal.console.widgets import Cards, TickCards

#: The fields that hold lists or segments.
SETS = ("include_segments", "include_lists", "exclude_segments", "exclude_lists")


class AudienceForm(forms.Form):
    """Everyone, or segments and lists; minus segments and lists."""

    who = forms.ChoiceField(
        label=_("Recipients"),
        choices=[("lists", _("Segments and lists")), ("all", _("All profiles"))],
        widget=Cards(
            notes={"lists": _("Pick one or several."), "all": _("Consent is checked for each.")},
            icons={"lists": "filter", "all": "users"},
        ),
    )
    include_segments = forms.ModelMultipleChoiceField(
        label=_("Segments"),
        queryset=Segment.objects.none(),
        required=False,
        widget=TickCards(),
        help_text=_("Whoever fulfils the condition when the campaign starts."),
    )
    include_lists = forms.ModelMultipleChoiceField(
        label=_("Lists"), queryset=List.objects.none(), required=False, widget=TickCards()
    )
    exclude_segments = forms.ModelMultipleChoiceField(
        label=_("Leave out segments"),
        queryset=Segment.objects.none(),
        required=False,
        widget=TickCards(),
        help_text=_("These people get nothing, wherever else they are."),
    )
    exclude_lists = forms.ModelMultipleChoiceField(
        label=_("Leave out lists"),
        queryset=List.objects.none(),
        required=False,
        widget=TickCards(),
        help_text=_("These people get nothing, wherever else they are."),
    )
    purpose = forms.ChoiceField(
        label=_("Purpose"),
        choices=[(Purpose.PROMOTIONAL, _("Advertising")), (Purpose.INFORMATIONAL, _("Information"))],
        widget=Cards(
            notes={
                Purpose.PROMOTIONAL: _("Offers and news. Only to people who agreed; at legal hours; with a way out."),
                Purpose.INFORMATIONAL: _("Orders, deliveries, notices the person asked for. No advertising inside."),
            },
            icons={Purpose.PROMOTIONAL: "send", Purpose.INFORMATIONAL: "info"},
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in SETS:
            field = self.fields[name]
            assert isinstance(field, forms.ModelMultipleChoiceField)
            model: Any = Segment if name.endswith("segments") else List
            field.queryset = model.objects.filter(archived_at=None).order_by("-updated_at")
            assert isinstance(field.widget, TickCards)
            field.widget.notes = {str(row.pk): _note(row) for row in field.queryset}

    @property
    def any_set(self) -> bool:
        """Whether there is a list or segment to choose."""
        return any(self.fields[name].queryset for name in ("include_segments", "include_lists"))  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        if values.get("who") != "lists":
            return values
        if not values.get("include_lists") and not values.get("include_segments"):
            field = "include_segments" if Segment.objects.filter(archived_at=None).exists() else "include_lists"
            self.add_error(field, _("Choose at least one segment or list, or “All profiles”."))
        for kind in ("lists", "segments"):
            both = set(values.get(f"include_{kind}") or []) & set(values.get(f"exclude_{kind}") or [])
            if both:
                names = ", ".join(item.name for item in both)
                self.add_error(
                    f"exclude_{kind}",
                    _("%(names)s is also chosen above: nobody in it would get a message.") % {"names": names},
                )
        return values

    @staticmethod
    def initial_of(campaign: Campaign) -> dict[str, Any]:
        chosen = {name: list(getattr(campaign, name).values_list("pk", flat=True)) for name in SETS}
        return {"who": "all" if campaign.all_profiles else "lists", "purpose": campaign.purpose, **chosen}

    def changes(self) -> dict[str, Any]:
        values = self.cleaned_data
        everyone = values["who"] == "all"
        chosen = {name: [] if everyone and name.startswith("include") else list(values[name]) for name in SETS}
        return {"all_profiles": everyone, "purpose": values["purpose"], **chosen}


def _note(row: Segment | List) -> str:
    """How many there are and, of a segment, who they are."""
    words = row.description or segment_words.readable(row.condition) if isinstance(row, Segment) else ""
    return " · ".join(part for part in (str(_size(row.size)), Truncator(words).chars(90)) if part)


def _size(size: int | None) -> Any:
    if size is None:
        return pgettext_lazy("segment", "Not counted yet")
    return ngettext("%(n)s person", "%(n)s people", size) % {"n": formats.number(size)}
