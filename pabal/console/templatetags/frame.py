"""The frame around every page: `{% load frame %}` is only needed by the base templates, and for `crumbs`."""

from __future__ import annotations

from typing import Any

from django import template
from django.template.context import Context
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from pabal.console import navigation

register = template.Library()


@register.simple_tag(takes_context=True)
def nav_links(context: Context) -> dict[str, Any]:
    """The navigation for this request: `groups` (label, links) and `foot` (links)."""
    request = context.get("request")
    groups = [{"label": group.label, "links": navigation.links(group, request)} for group in navigation.GROUPS]
    return {"groups": [g for g in groups if g["links"]], "foot": navigation.links(navigation.FOOT, request)}


@register.simple_tag
def crumbs(*steps: Any) -> SafeString:
    """Breadcrumb: `{% crumbs _("Campaigns") "console:campaigns" campaign.name %}`.

    Label and address alternate; the last label stands alone and is the present page. An address is a URL or the name
    of a route without arguments.
    """
    pairs = [(steps[i], _address(steps[i + 1])) for i in range(0, len(steps) - 1, 2)]
    here = steps[-1] if len(steps) % 2 else None
    return SafeString(render_to_string("console/components/crumbs.html", {"pairs": pairs, "here": here}))


@register.simple_tag
def other_language() -> dict[str, str]:
    """The language that the switch leads to, in its own words."""
    korean = (get_language() or "").startswith("ko")
    return {"code": "en", "name": "English"} if korean else {"code": "ko", "name": "한국어"}


def _address(step: Any) -> str:
    text = str(step)
    if text.startswith("/"):
        return text
    try:
        return reverse(text)
    except NoReverseMatch:
        return ""
