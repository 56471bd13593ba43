"""The two halves of the consent centre."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from pabal.console.parts import Tab


def tabs(current: str) -> list[Tab]:
    return [
        Tab(label=pgettext("navigation", "Consent"), url=reverse("console:consent"), current=current == "consent"),
        Tab(label=_("Suppression list"), url=reverse("console:suppressions"), current=current == "suppressions"),
    ]
