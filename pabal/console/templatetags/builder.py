"""The segment builder's template tags: `{% load builder %}`, used by `console/segments/` alone."""

from __future__ import annotations

import json
from typing import Any

from django import template
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext

from pabal.console.segments.nodes import additions as new_conditions
from pabal.console.segments.sentences import Control, Hidden, Token

register = template.Library()

#: The menu that adds a condition: type, icon, name, what it is for.
MENU = (
    ("event", "zap", _("What they did"), _("Orders, visits, carts: how often, how much, when")),
    ("property", "user", _("Who they are"), _("City, birthday, grade, language…")),
    ("consent", "shield-check", _("Consent"), _("Agreed or refused, and when")),
    ("message", "send", _("Messages they got"), _("Delivered, clicked, converted")),
    ("list", "list", _("On a list"), _("Or on none of some lists")),
    ("segment", "filter", _("In another segment"), _("Build on what is there")),
    ("sequence", "arrow-right", _("One thing after another"), _("Looked, then bought within a day")),
    ("group", "braces", _("A group"), _("All, any or none of several conditions")),
)


@register.filter
def token(value: Token) -> str:
    """What a piece of a sentence is: text, control, values, hidden."""
    match value:
        case str():
            return "text"
        case Control():
            return "control"
        case Hidden():
            return "hidden"
    return "values"


@register.simple_tag
def additions(groups: bool) -> list[dict[str, Any]]:
    """The items of the menu; without groups where nesting ends."""
    drafts = new_conditions()
    return [
        {"icon": icon, "label": label, "note": note, "json": json.dumps(drafts[kind])}
        for kind, icon, label, note in MENU
        if groups or kind != "group"
    ]


@register.simple_tag
def group_words(root: bool) -> tuple[str, str]:
    """The words before and after the choice of all, any or none."""
    pattern = pgettext("pattern", "People who meet {match}") if root else pgettext("pattern", "who meet {match}")
    before, _slot, after = pattern.partition("{match}")
    return before.strip(), after.strip()
