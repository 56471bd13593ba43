"""The composer's fields: `{% load composer %}`, then `{% kt_field c "buttons.0.name" %}` for each."""

from __future__ import annotations

from typing import Any

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from pabal.console.composer import shapes
from pabal.console.composer.drawing import Composer
from pabal.kakao import coupons, labels, places
from pabal.kakao.limits import COMMON

register = template.Library()
#: Links are counted only when they are too long.
_LINKS = frozenset({"mobile", "pc", "android", "ios", "image_link", "url", "amount"})


def ident(path: str) -> str:
    """A path as the id of its control."""
    return "m-" + path.replace(".", "-")


@register.filter
def control_id(path: str) -> str:
    return ident(path)


@register.simple_tag
def path(*steps: Any) -> str:
    """Steps joined to a path: `{% path "cards" forloop.counter0 "buttons" as p %}`."""
    return ".".join(str(step) for step in steps if str(step))


@register.simple_tag
def kt_field(
    c: Composer,
    path: str,
    rows: int = 0,
    label: Any = "",
    hint: Any = "",
    placeholder: Any = "",
    kind: str = "",
    **more: Any,
) -> str:
    """A field at a path: a line, or (`rows`) a text area; personal ones can be inserted into."""
    string = kind or _string_kind(c, path)
    values = {
        "c": c,
        "path": path,
        "id": ident(path),
        "label": label or c.label(path),
        "value": c.value(path),
        "rows": rows,
        "hint": hint,
        "placeholder": placeholder or ("https://" if string == "link" else ""),
        "link": string in ("link", "app_link"),
        "personal": string in ("words", "link", "app_link"),
        "required": c.required(path) or bool(more.get("required")),
        "number": string == "number",
        "affix": more.get("affix", ""),
        "wrong": path in c.faults,
        "focus": c.focus == path,
    }
    return SafeString(render_to_string("console/composer/field.html", values))


@register.simple_tag
def kt_foot(c: Composer, path: str, oob: bool = False) -> str:
    """Below a field or part: what is wrong with it, and how many characters it has."""
    most = c.most(path) if isinstance(c.value(path), str) and not path.endswith(".kind") else None
    count = c.counts.get(path, 0)
    values = {
        "id": ident(path),
        "errors": c.faults.get(path, ()),
        "most": most,
        "count": count,
        "over": most is not None and count > most,
        "shown": most is not None and (path.rpartition(".")[2] not in _LINKS or count > most),
        "oob": oob,
    }
    return SafeString(render_to_string("console/composer/foot.html", values))


@register.simple_tag
def kt_image(c: Composer, path: str, label: Any = "") -> str:
    """A picture at a path: dropped, chosen, cut, replaced, removed."""
    limit = c.image_limit(path)
    if limit is None:
        return ""
    low, high = limit.ratio
    values = {
        "c": c,
        "path": path,
        "id": ident(path),
        "label": label or c.label(path),
        "picture": c.picture(path),
        "number": c.value(path),
        "limit": limit,
        "size": limit.recommended[0],
        "shapes": shapes.offered(limit),
        "low": 1 / high,
        "high": 1 / low,
        "types": ",".join(f"image/{name}" for name in COMMON.image_formats),
        "least": COMMON.image_width,
        "megabytes": COMMON.image_bytes // 1_000_000,
    }
    return SafeString(render_to_string("console/composer/image.html", values))


def _string_kind(c: Composer, path: str) -> str:
    here: Any = c.message
    *parents, leaf = path.split(".")
    for step in parents:
        here = here[int(step)] if isinstance(here, tuple) else getattr(here, step)
    return dict(places.kinds(here.__class__)).get(leaf) or "number"


@register.simple_tag
def kt_words(table: str, key: str, language: str = "ko") -> str:
    """A name from `pabal.kakao.labels`: `{% kt_words "BUTTONS" kind c.language %}`."""
    return str(getattr(labels, table)[key][language])


@register.simple_tag
def kt_coupon(c: Composer, path: str) -> str:
    """The coupon at a path, or the button that adds one; nothing where the layout has none."""
    limit = c.limits.card_coupon if path.startswith("cards.") else c.limits.coupon
    if limit is None:
        return ""
    coupon = c.value(path) or None
    values = {
        "c": c,
        "at": path,
        "coupon": coupon,
        "title": coupons.title(coupon) if coupon else "",
        "kinds": [(kind, words[c.language]) for kind, words in labels.COUPONS.items()],
    }
    return SafeString(render_to_string("console/composer/coupon.html", values))
