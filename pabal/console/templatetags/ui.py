"""Components: `{% load ui %}`. `docs/explanation/design-system.md` shows each with a snippet; /styleguide shows them live."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from django import template
from django.template.context import Context
from django.template.loader import render_to_string
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

from pabal.console import statuses
from pabal.console.parts import Bubble, Entry, Page, Tab

register = template.Library()
ICONS = Path(__file__).parent.parent / "static" / "console" / "icons"
WEB_ADDRESS = re.compile(r"(https?://[^\s<>\"']+[^\s<>\"'.,!?;:)\]}])")
CALLOUT_ICONS = {
    "info": "info",
    "good": "circle-check",
    "warn": "triangle-alert",
    "bad": "circle-alert",
    "quiet": "info",
}


@cache
def _drawing(name: str) -> str:
    source = (ICONS / f"{name}.svg").read_text(encoding="utf-8").strip()
    return source.removeprefix("<svg")


@register.simple_tag
def icon(name: str, size: str = "") -> SafeString:
    """An icon by its Lucide name, drawn inline in the text's colour; decorative. `size`: small, large or nothing."""
    kind = f"icon icon--{size}" if size else "icon"
    return mark_safe(f'<svg class="{kind}" aria-hidden="true"{_drawing(name)}')


@register.simple_tag
def badge(status: Any, label: Any = None, tone: str = "") -> SafeString:
    """The badge of a campaign, message or consent status; `label` and `tone` override the table in `statuses.py`."""
    look = statuses.look(status)
    return format_html(
        '<span class="badge badge--{}{}">{}{}</span>',
        tone or look.tone,
        " badge--live" if look.live else "",
        icon(look.icon),
        label or look.label,
    )


@register.simple_block_tag
def card(content: str, title: Any = "", note: Any = "", flush: bool = False, id: str = "") -> str:
    """A white box with a heading. `flush` leaves the padding out, for tables."""
    return _render("card", content=content, title=title, note=note, flush=flush, id=id)


@register.simple_block_tag
def callout(content: str, tone: str = "info", title: Any = "", role: str = "") -> str:
    """A paragraph that stands out: info, good, warn, bad or quiet. `role="alert"` announces it at once."""
    return _render("callout", content=content, tone=tone, title=title, role=role, icon=CALLOUT_ICONS[tone])


@register.simple_block_tag
def empty_state(content: str, icon: str = "inbox", title: Any = "", text: Any = "", level: int = 2) -> str:
    """Nothing here yet: what would be here, and the next step (buttons inside)."""
    return _render("empty_state", content=content.strip(), icon=icon, title=title, text=text, level=level)


@register.simple_block_tag
def dialog(content: str, id: str, title: Any, wide: bool = False, open: bool = False) -> str:
    """A modal; open it with `<button data-dialog="ID">`. Inside: `dialog-body`, then `dialog-foot`."""
    return _render("dialog", content=content, id=id, title=title, wide=wide, open=open)


@register.simple_tag(takes_context=True)
def confirm(
    context: Context,
    id: str,
    title: Any,
    text: Any,
    action: str,
    button: Any,
    count: int | None = None,
    tone: str = "primary",
    name: str = "confirm",
) -> str:
    """A modal that posts to `action` once confirmed. With `count`, the person types that number first (field `name`)."""
    values = {"id": id, "title": title, "text": text, "action": action, "button": button, "count": count}
    return _render("confirm", **values, tone=tone, name=name, csrf_token=context.get("csrf_token", ""))


@register.simple_tag
def stat(
    label: Any, value: Any, unit: Any = "", note: Any = "", icon: str = "", url: str = "", tone: str = "", id: str = ""
) -> str:
    """A number with its name. `value` is already formatted; `tone` (good, warn, bad) colours the note."""
    return _render("stat", label=label, value=value, unit=unit, note=note, icon=icon, url=url, tone=tone, id=id)


@register.simple_tag
def progress(done: Any, total: Any, label: Any = "", note: Any = "", live: bool = True, id: str = "progress") -> str:
    """How far something is. Give None as `total` while it is unknown. The text is announced politely when `live`."""
    return _render("progress", done=done, total=total, label=label, note=note, live=live, id=id)


@register.simple_tag
def tabs(items: Iterable[Tab], label: Any = "") -> str:
    """Tabs as links, one page each."""
    return _render("tabs", items=items, label=label)


@register.simple_tag
def steps(labels: Iterable[Any], current: int, label: Any = "") -> str:
    """Where one is in a wizard. `current` counts from 1. A label may be `(label, url)` to lead back."""
    rows = []
    for place, item in enumerate(labels, 1):
        text, url = item if isinstance(item, (tuple, list)) else (item, "")
        rows.append({"text": text, "url": url if place < current else "", "done": place < current, "place": place})
    return _render("steps", rows=rows, current=current, label=label)


@register.simple_tag
def pages(page: Page) -> str:
    """Older and newer, by cursor."""
    return _render("pages", page=page)


@register.simple_tag
def search_field(name: str = "q", value: Any = "", label: Any = "", placeholder: Any = "") -> str:
    """A search box for a filter form (`<form class="filters" role="search">`)."""
    return _render("search_field", name=name, value=value or "", label=label, placeholder=placeholder or label)


@register.simple_tag
def copyable(text: Any, label: Any = "") -> str:
    """A line of code with a button that copies it."""
    return _render("copyable", text=text, label=label)


@register.simple_tag
def timeline(entries: Iterable[Entry]) -> str:
    """A history, newest first or oldest first as given."""
    return _render("timeline", entries=list(entries))


@register.simple_tag
def skeleton(lines: int = 3) -> str:
    """Grey lines where content is on its way, so that nothing jumps when it comes."""
    return _render("skeleton", lines=range(lines))


@register.simple_tag
def phone(
    sender: Any, bubbles: Iterable[Bubble], theme: str = "", short: bool = False, empty: Any = "", id: str = ""
) -> str:
    """A phone with messages as the recipient sees them. `theme` (light, dark) overrides the page's."""
    return _render("phone", sender=sender, bubbles=list(bubbles), theme=theme, short=short, empty=empty, id=id)


@register.filter
def links(text: Any) -> SafeString:
    """Text with its web addresses made links, everything else escaped."""
    pieces = []
    for index, piece in enumerate(WEB_ADDRESS.split(str(text))):
        if index % 2:
            pieces.append(format_html('<a href="{0}" target="_blank" rel="noopener nofollow">{0}</a>', piece))
        else:
            pieces.append(conditional_escape(piece))
    return mark_safe("".join(pieces))


def _render(name: str, /, **values: Any) -> SafeString:
    return SafeString(render_to_string(f"console/components/{name}.html", values))
