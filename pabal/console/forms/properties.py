"""The custom properties of a person, each with its kind: changed, added and removed in one form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from pabal.audience.models import Profile, Property
from pabal.console.forms.imports import KIND_LABELS

KINDS: list[tuple[str, Any]] = [*KIND_LABELS.items(), ("list", pgettext_lazy("kind", "list"))]
#: Rows for new properties on one form.
NEW = 2
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?")
_WRONG = {
    "number": _("This is not a number."),
    "boolean": _("Write yes or no."),
    "date": _("Write a date like 2026-03-01, or 2026-03-01 09:30."),
}
_YES = {"yes", "y", "true", "1", "예", "네", "참"}
_NO = {"no", "n", "false", "0", "아니요", "아니오", "거짓"}


def kind_of(value: Any) -> str:
    """text, number, boolean, date, list; empty for what no form can hold (an object)."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, list):
        return "" if any(isinstance(item, list | dict) for item in value) else "list"
    if isinstance(value, str):
        return "date" if _DATE.fullmatch(value) else "text"
    return ""


def written(value: Any) -> str:
    """A value as the form shows it, so that `read` gives it back."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "\n".join(str(item) for item in value) if isinstance(value, list) else str(value)


def read(kind: str, text: str) -> Any:
    """The value that a text means, None for nothing. Raises ValidationError."""
    text = text.strip()
    if not text:
        return None
    match kind:
        case "number":
            try:
                number = float(text.replace(",", ""))
                if number != number or abs(number) == float("inf"):
                    raise ValueError
            except ValueError:
                raise forms.ValidationError(_WRONG[kind]) from None
            return int(number) if number.is_integer() and abs(number) < 2**53 else number
        case "boolean":
            if text.lower() in _YES | _NO:
                return text.lower() in _YES
            raise forms.ValidationError(_WRONG[kind])
        case "date":
            try:
                if not _DATE.fullmatch(text):
                    raise ValueError
                datetime.fromisoformat(text)
            except ValueError:
                raise forms.ValidationError(_WRONG[kind]) from None
            return text
        case "list":
            return [item.strip() for item in re.split(r"[\n\r,]+", text) if item.strip()]
        case _:
            return text


class PropertiesForm(forms.Form):
    """`k0`, `p0`, … hold kind and value of `names`; `new_name0`, `new_kind0`, `new_value0`, … add some."""

    def __init__(self, profile: Profile, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.held: dict[str, Any] = dict(sorted(profile.properties.items()))
        self.names = [name for name, value in self.held.items() if kind_of(value)]
        self.fixed = [name for name in self.held if name not in self.names]
        for at, name in enumerate(self.names):
            kind = kind_of(self.held[name])
            self._add(f"p{at}", f"k{at}", name, kind, written(self.held[name]))
        for at in range(NEW):
            label = _("New property")
            attributes = {"list": "property-names", "autocomplete": "off"}
            self.fields[f"new_name{at}"] = forms.CharField(
                label=label, max_length=200, required=False, widget=forms.TextInput(attributes)
            )
            self._add(f"new_value{at}", f"new_kind{at}", _("Value"), "text", "")

    def _add(self, value: str, kind: str, label: Any, chosen: str, text: str) -> None:
        widget = forms.Textarea({"rows": 2, "data-autogrow": True}) if chosen == "list" else forms.TextInput()
        self.fields[value] = forms.CharField(
            label=label, required=False, max_length=10_000, initial=text, widget=widget
        )
        self.fields[kind] = forms.ChoiceField(label=_("Kind"), choices=KINDS, initial=chosen, required=False)

    @property
    def known(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        return [(self[f"p{at}"], self[f"k{at}"]) for at in range(len(self.names))]

    @property
    def new(self) -> list[tuple[forms.BoundField, forms.BoundField, forms.BoundField]]:
        return [(self[f"new_name{at}"], self[f"new_value{at}"], self[f"new_kind{at}"]) for at in range(NEW)]

    @property
    def suggested(self) -> list[str]:
        """Names that the catalogue knows and this person does not have."""
        return list(
            Property.objects.exclude(name__in=list(self.held)).order_by("name").values_list("name", flat=True)[:100]
        )

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        self.found: dict[str, Any] = {}
        for at, name in enumerate(self.names):
            value = self._read(values, f"p{at}", f"k{at}", kind_of(self.held[name]))
            if not _same(value, self.held[name]):
                self.found[name] = value
        for at in range(NEW):
            name = values.get(f"new_name{at}", "").strip()
            value = self._read(values, f"new_value{at}", f"new_kind{at}", "text")
            if value is not None and not name:
                self.add_error(f"new_name{at}", _("Name the property."))
            elif name and value is not None:
                self.found[name] = value
        return values

    def _read(self, values: Mapping[str, Any], value: str, kind: str, otherwise: str) -> Any:
        try:
            return read(values.get(kind) or otherwise, values.get(value) or "")
        except forms.ValidationError as error:
            self.add_error(value, error)
            return None

    def changes(self) -> dict[str, Any]:
        """Property → new value, None for what was emptied. What stays as it was is left out."""
        return self.found


def _same(value: Any, held: Any) -> bool:
    """Also when only the form's writing differs: a list of numbers comes back as a list of texts."""
    if isinstance(held, list) and isinstance(value, list):
        return [str(item) for item in held] == value
    return (type(value) is type(held) and value == held) or (
        not isinstance(value, bool)
        and not isinstance(held, bool)
        and isinstance(value, int | float)
        and isinstance(held, int | float)
        and value == held
    )
