"""An action's refusal, shown beside the field it belongs to."""

from __future__ import annotations

from django import forms

from pabal.errors import PabalError


def put_error(form: forms.Form, error: PabalError) -> None:
    """Add the error to its field when the form has it, else to the form."""
    form.add_error(error.field if error.field in form.fields else None, str(error))
