"""Form fields: `{% load fields %}`, then `{% field form.name %}` for each, `{% form_errors form %}` above them."""

from __future__ import annotations

from typing import Any

from django import forms, template
from django.forms import BoundField
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from pabal.console import widgets

register = template.Library()


@register.simple_tag
def field(
    bound: BoundField, label: Any = None, hint: Any = None, affix: Any = "", optional: bool = True, **attrs: Any
) -> str:
    """A field with its label, hint and error, tied together for screen readers.

    `affix` is a unit behind the control. `optional` marks fields that may stay empty. Other keywords become attributes
    of the control, `_` for `-`: `{% field form.text data_autogrow=True %}`.
    """
    if hint is not None:
        bound.help_text = str(hint)
    names = {name.rstrip("_").replace("_", "-"): value for name, value in attrs.items()}
    control = bound.as_widget(attrs=names or None)
    values = {"bound": bound, "label": bound.label if label is None else label, "control": control, "affix": affix}
    return _render(_kind(bound), **values, widget=bound.field.widget, optional=optional)


@register.simple_tag
def form_errors(form: forms.BaseForm) -> str:
    """What is wrong with the form as a whole, announced at once. Errors of single fields stand beside those."""
    errors = [str(e) for e in form.non_field_errors()]
    fields = [f for f in form if f.errors and not f.is_hidden]
    hidden = [str(e) for f in form.hidden_fields() for e in f.errors]
    return _render("form_errors", errors=[*errors, *hidden], fields=fields)


def _kind(bound: BoundField) -> str:
    widget = bound.field.widget
    if isinstance(widget, widgets.Switch):
        return "field_switch"
    if isinstance(widget, forms.CheckboxInput):
        return "field_check"
    if isinstance(widget, widgets.Drop):
        return "field_drop"
    if widget.use_fieldset:
        return "field_set"
    return "field"


def _render(name: str, /, **values: Any) -> SafeString:
    return SafeString(render_to_string(f"console/components/{name}.html", values))
