"""Another layout or preset: what the new one can hold is kept, and what it cannot is named.

What a layout held is put on a *shelf* when one leaves it, and taken from there when one comes back: pictures and cards
that only some layouts have are not lost by looking at the others.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pabal.console.composer.reading import Tree
from pabal.kakao import labels
from pabal.kakao.limits import LAYOUTS, PRESETS, LayoutLimits, of

Shelf = dict[str, Tree]

#: Values that say what a part is, not what it holds: they are not missed.
_FORM: Final = frozenset({"kind", "preset", "layout", "ad", "adult"})
_WHOLE: Final = ("header", "text", "extra", "image", "image_link", "buttons", "coupon")


@dataclass(frozen=True, kw_only=True)
class Switched:
    """`dropped`: paths of what the new layout has no place for."""

    tree: Tree
    shelf: Shelf
    dropped: tuple[str, ...]

    def dropped_in(self, language: str) -> list[str]:
        """What people call it."""
        return list(dict.fromkeys(labels.of_path(path)[language] for path in self.dropped))


def switch(tree: Tree, preset: str, layout: str, shelf: Mapping[str, Tree], gateway: str = "") -> Switched:
    """The message in another preset or layout. Names that are not known change nothing."""
    if preset not in PRESETS or layout not in LAYOUTS:
        return Switched(tree=tree, shelf=dict(shelf), dropped=())
    limits = of(preset, layout, gateway)
    before = str(tree.get("layout", "text"))
    kept: Shelf = {**shelf, before: copy.deepcopy(tree)}
    had = kept.get(layout, {}) if layout != before else {}
    made: Tree = {
        "preset": preset,
        "layout": layout,
        "ad": True if preset == "brand_message" else bool(tree.get("ad", True)),
        "adult": bool(tree.get("adult", False)),
    }
    common = _common(tree)
    for name in ("header", "text", "extra"):
        if (limit := limits.string(name)) and limit.most and (value := common.get(name) or had.get(name)):
            made[name] = value
    if limits.image("image"):
        made |= _picture(common, had)
        if (link := limits.string("image_link")) is None or not link.most:
            made.pop("image_link", None)
    if limits.product:
        made["product"] = common.get("product") or had.get("product") or {}
    if limits.video:
        made["video"] = tree.get("video") or had.get("video") or {}
    if limits.items:
        items = tree.get("items") or had.get("items") or [{"image": common["image"]} if common.get("image") else {}]
        made["items"] = [*items, *({} for _ in range(len(items), limits.items.least))][: limits.items.most]
    for name in ("intro", "more"):
        if getattr(limits, name) and (part := tree.get(name) or had.get(name)):
            made[name] = part
    if limits.buttons:
        buttons = common.get("buttons") or had.get("buttons") or []
        allowed = [b for b in buttons if b.get("kind", "WL") in limits.buttons.allowed]
        made["buttons"] = allowed[: limits.buttons.count(coupon=bool(common.get("coupon")))]
    if limits.coupon and (coupon := common.get("coupon") or had.get("coupon")):
        made["coupon"] = coupon
    if limits.cards:
        made["cards"] = _cards(tree, common, had, limits)
    made = {name: value for name, value in made.items() if value not in ("", None, [])}
    return Switched(tree=made, shelf=kept, dropped=tuple(_dropped(tree, made)))


def _common(tree: Tree) -> Tree:
    """What stands for the message as a whole: its own parts, else those of its first card or item."""
    first = (tree.get("cards") or [{}])[0]
    found = {name: tree.get(name) or first.get(name) for name in _WHOLE}
    found["product"] = tree.get("product") or first.get("product")
    if not found["image"]:
        item = (tree.get("items") or [{}])[0]
        found["image"] = item.get("image") or (tree.get("video") or {}).get("image")
    return {name: value for name, value in found.items() if value}


def _picture(common: Tree, had: Tree) -> Tree:
    """The picture that this layout had before, else the one that is there now."""
    image = had.get("image") or common.get("image")
    link = common.get("image_link") or had.get("image_link")
    return {name: value for name, value in (("image", image), ("image_link", link)) if value}


def _cards(tree: Tree, common: Tree, had: Tree, limits: LayoutLimits) -> list[Tree]:
    given = tree.get("cards") or had.get("cards") or [common]
    counts = limits.card_count(intro=bool(tree.get("intro")) and limits.intro)
    assert counts is not None
    cards: list[Tree] = []
    for each in given[: counts.most]:
        wanted = ("product", "extra") if limits.card_product else ("header", "text")
        card = {name: each[name] for name in (*wanted, "image", "image_link", "coupon") if each.get(name)}
        if limits.card_product:
            card.setdefault("product", {})
        if limits.card_buttons:
            fitting = [b for b in each.get("buttons", []) if b.get("kind", "WL") in limits.card_buttons.allowed]
            card["buttons"] = fitting[: limits.card_buttons.most]
        cards.append(card)
    least = counts.least if counts else 0
    while len(cards) < least:
        cards.append({"product": {}} if limits.card_product else {})
    for card in cards:
        if limits.card_buttons and not card.get("buttons"):
            card["buttons"] = [{"kind": "WL"}]
    return cards


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, below in value.items():
            if name not in _FORM:
                yield from _leaves(below, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for place, below in enumerate(value):
            yield from _leaves(below, f"{path}.{place}")
    elif value not in ("", None, False):
        yield path, value


def _dropped(before: Tree, after: Tree) -> Iterator[str]:
    there = {str(value) for _path, value in _leaves(after)}
    for path, value in _leaves(before):
        if str(value) in there:
            continue
        steps = path.split(".")
        if len(steps) > 1 and steps[1].isdigit():
            yield ".".join(steps[:2]) if steps[0] != "cards" or len(steps) <= 2 else ".".join(steps[:3])
        else:
            yield steps[0]
