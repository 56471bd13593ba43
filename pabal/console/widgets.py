"""Form widgets of the console. `{% field form.x %}` draws each in its own way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms


class Cards(forms.RadioSelect):
    """Radio buttons as cards: a title (the choice's label), a sentence and an icon for each value."""

    option_template_name = "console/components/choice.html"
    template_name = "console/components/choices.html"

    def __init__(self, *, notes: Mapping[str, Any] | None = None, icons: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self.notes, self.icons = notes or {}, icons or {}

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(name, value, *args, **kwargs)
        return {**option, "note": self.notes.get(str(value), ""), "icon": self.icons.get(str(value), "")}


class TickCards(forms.CheckboxSelectMultiple):
    """Several may be chosen: lists, segments. The same cards with ticks."""

    option_template_name = "console/components/choice.html"
    template_name = "console/components/choices.html"

    def __init__(self, *, notes: Mapping[str, Any] | None = None) -> None:
        super().__init__()
        self.notes = notes or {}

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(name, value, *args, **kwargs)
        return {**option, "note": self.notes.get(str(value), "")}


class Switch(forms.CheckboxInput):
    """On or off, with immediate meaning; the label stands left of it."""

    def __init__(self, attrs: Mapping[str, Any] | None = None) -> None:
        super().__init__({"role": "switch", **(attrs or {})})


class Drop(forms.FileInput):
    """A file, dropped or chosen. Give the `<form>` `data-upload` for a progress bar."""

    def __init__(self, *, accept: str = "", title: Any = "", note: Any = "", icon: str = "upload") -> None:
        super().__init__({"accept": accept} if accept else None)
        self.title, self.note, self.icon = title, note, icon


class LocalDateTime(forms.DateTimeInput):
    """The browser's own date and time picker; the value is in the viewer's zone."""

    input_type = "datetime-local"

    def __init__(self, attrs: Mapping[str, Any] | None = None) -> None:
        super().__init__(dict(attrs or {}), format="%Y-%m-%dT%H:%M")
