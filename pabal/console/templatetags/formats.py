"""Filters: `{% load formats %}`, then `{{ count|number }}`, `{{ sent_at|when }}`. See `console/formats.py`."""

from __future__ import annotations

from datetime import date, datetime

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from pabal.console import formats

register = template.Library()

register.filter("number", formats.number)
register.filter("compact", formats.compact)
register.filter("money", formats.money)
register.filter("percent", formats.percent)
register.filter("share", formats.share)
register.filter("moment", formats.moment)
register.filter("day", formats.day)
register.filter("clock", formats.clock)
register.filter("duration", formats.duration)
register.filter("phone", formats.phone)
register.filter("country", formats.country)


@register.filter
def when(value: datetime | date | None) -> str | SafeString:
    """Relative time that the page keeps current, with the exact moment as its tooltip."""
    if not isinstance(value, datetime):
        return formats.day(value)
    return format_html(
        '<time datetime="{}" title="{}" data-relative>{}</time>',
        value.isoformat(),
        formats.full_moment(value),
        formats.relative(value),
    )


@register.filter
def exactly(value: datetime | None) -> str | SafeString:
    """Date and time, with the relative time beside it in a softer tone."""
    if value is None:
        return formats.DASH
    return format_html(
        '<time datetime="{}">{}</time> <span class="faint">{}</span>',
        value.isoformat(),
        formats.moment(value),
        formats.relative(value),
    )
