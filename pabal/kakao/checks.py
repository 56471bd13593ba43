"""What is wrong with a KakaoTalk message: nothing, or a list of problems, each with its place.

A message is checked as it was written, where a string with personal values (`{{ … }}`) can only be judged once it is
rendered, and again as rendered for a person (`rendered=True`), where everything is judged.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from pabal.kakao import places
from pabal.kakao.counting import length, newlines
from pabal.kakao.image_checks import ImageFacts, image_problems
from pabal.kakao.limits import COMMON, Count, LayoutLimits, StringLimit, of_message
from pabal.kakao.message import KakaoMessage
from pabal.kakao.part_checks import button_problems, coupon_problems, product_problems, video_problems
from pabal.kakao.problems import Problem

LINK: Final = re.compile(r"https?://(localhost|[^\s/?#.]+(\.[^\s/?#.]+)+)([/?#:]\S*)?", re.IGNORECASE)

_LINK_BEGINS: Final = re.compile(r"\{\{|\{%|https?://", re.IGNORECASE)
_LONG: Final = StringLimit(most=COMMON.link, newlines=0)


def problems(
    message: KakaoMessage,
    *,
    gateway: str = "",
    target: str = "",
    rendered: bool = False,
    images: Mapping[int, ImageFacts] | None = None,
) -> tuple[Problem, ...]:
    """Everything that is wrong with the message, in the order of its fields.

    `gateway` is the provider that will carry it (some take less), `target` I, M or N; `images` are the facts of the
    images it names, by id: without them images are not judged.
    """
    limits = of_message(message, gateway)
    found = [
        *_flags(message, target),
        *_structure(message, limits, target),
        *_strings(message, limits, rendered),
        *_links(message),
    ]
    for path, product, coupon in (
        ("", message.product, message.coupon),
        *((f"cards.{n}.", card.product, card.coupon) for n, card in enumerate(message.cards)),
    ):
        if product is not None:
            found.extend(product_problems(f"{path}product", product))
        if coupon is not None:
            found.extend(coupon_problems(f"{path}coupon", coupon))
    if message.video is not None:
        found.extend(video_problems(message.video))
    if images is not None:
        found.extend(image_problems(message, limits, images))
    return tuple(found)


def string_limit(message: KakaoMessage, path: str, gateway: str = "") -> StringLimit | None:
    """The limit of the string at a path of this message, wherever it stands; None if its layout has none there."""
    return _string_limit(of_message(message, gateway), path)


def is_template(value: str) -> bool:
    """Whether a string has personal values in it."""
    return "{{" in value or "{%" in value


def _string_limit(limits: LayoutLimits, path: str) -> StringLimit | None:
    steps = path.split(".")
    card = steps[0] == "cards"
    if "buttons" in steps:
        buttons = limits.card_buttons if card else limits.buttons
        if buttons is None:
            return None
        return StringLimit(most=buttons.name, newlines=0) if steps[-1] == "name" else _LONG
    if "coupon" in steps:
        coupon = limits.card_coupon if card else limits.coupon
        if coupon is None:
            return None
        if steps[-1] == "description":
            return StringLimit(most=coupon.description, newlines=0, required=True)
        return StringLimit(most=COMMON.coupon_name, newlines=0) if steps[-1] == "name" else _LONG
    limit = limits.string(path)
    return limit if limit is not None and limit.most else None


def _flags(message: KakaoMessage, target: str) -> Iterator[Problem]:
    if message.preset == "brand_message" and not message.ad:
        yield Problem(path="ad", code="ad_always")
    if target and target not in COMMON.targets[message.preset]:
        yield Problem(path="target", code="target_not_allowed", values={"target": target})


def _structure(message: KakaoMessage, limits: LayoutLimits, target: str) -> Iterator[Problem]:
    """Parts that the layout has not, parts that it must have, and how many of each."""
    for name, allowed in (
        ("video", limits.video),
        ("product", limits.product),
        ("intro", limits.intro),
        ("more", limits.more),
        ("coupon", limits.coupon is not None),
    ):
        there = getattr(message, name) is not None
        if there and not allowed:
            yield Problem(path=name, code="not_in_layout")
        if not there and allowed and name in {"video", "product"}:
            yield Problem(path=name, code="missing")
    yield from _counted("items", len(message.items), limits.items)
    yield from _counted("cards", len(message.cards), limits.card_count(intro=message.intro is not None))
    yield from button_problems("buttons", message.buttons, limits.buttons, message.coupon is not None, target)
    for index, card in enumerate(message.cards):
        path = f"cards.{index}"
        yield from button_problems(
            f"{path}.buttons", card.buttons, limits.card_buttons, card.coupon is not None, target
        )
        if card.coupon is not None and limits.card_coupon is None:
            yield Problem(path=f"{path}.coupon", code="not_in_layout")
        if (card.product is not None) != limits.card_product:
            yield Problem(path=f"{path}.product", code="missing" if limits.card_product else "not_in_layout")
    for place in places.images(message):
        if limits.image(place.path) is None:
            yield Problem(path=place.path, code="not_in_layout")
    yield from _required_images(message, limits)


def _counted(path: str, count: int, allowed: Count | None) -> Iterator[Problem]:
    if allowed is None:
        if count:
            yield Problem(path=path, code="not_in_layout")
    elif count < allowed.least:
        yield Problem(path=path, code="too_few", values={"count": count, "limit": allowed.least})
    elif count > allowed.most:
        yield Problem(path=path, code="too_many", values={"count": count, "limit": allowed.most})


def _required_images(message: KakaoMessage, limits: LayoutLimits) -> Iterator[Problem]:
    there = {place.path for place in places.images(message)}
    for path in _spelled_out(limits.images, message):
        limit = limits.image(path)
        if limit is not None and limit.required and path not in there:
            yield Problem(path=path, code="missing")


def _strings(message: KakaoMessage, limits: LayoutLimits, rendered: bool) -> Iterator[Problem]:
    missing_parts = _absent(message, limits)
    there = {place.path: place for place in places.strings(message)}
    for place in there.values():
        if any(place.path == part or place.path.startswith(f"{part}.") for part in missing_parts):
            continue
        limit = _string_limit(limits, place.path)
        if limit is None:
            yield Problem(path=place.path, code="not_in_layout")
            continue
        if is_template(place.value) and not rendered:
            if not place.personal:
                yield Problem(path=place.path, code="not_personal")
            elif place.kind == "link" and not _LINK_BEGINS.match(place.value):
                yield Problem(path=place.path, code="link_invalid")
            continue
        yield from string_problems(place.path, place.value, limit, link=place.kind == "link")
    for path in _spelled_out(limits.strings, message):
        limit = limits.string(path)
        if limit is not None and limit.required and (path not in there or not there[path].value.strip()):
            yield Problem(path=path, code="missing")


def string_problems(path: str, value: str, limit: StringLimit, *, link: bool = False) -> Iterator[Problem]:
    """What is wrong with one finished string."""
    if (count := length(value)) > limit.most:
        yield Problem(path=path, code="too_long", values={"length": count, "limit": limit.most})
    if limit.newlines is not None and (lines := newlines(value)) > limit.newlines:
        yield Problem(path=path, code="too_many_newlines", values={"newlines": lines, "limit": limit.newlines})
    if link and not LINK.fullmatch(value):
        yield Problem(path=path, code="link_invalid")


def _links(message: KakaoMessage) -> Iterator[Problem]:
    """Where a mobile link is needed because others stand beside it."""
    if message.intro is not None and not message.intro.mobile:
        intro = message.intro
        if intro.pc or intro.android or intro.ios:
            yield Problem(path="intro.mobile", code="link_first")


def _absent(message: KakaoMessage, limits: LayoutLimits) -> tuple[str, ...]:
    """Paths of whole parts that are there though the layout has none: said once, not for each of their strings."""
    whole = (
        ("video", limits.video),
        ("product", limits.product),
        ("intro", limits.intro),
        ("more", limits.more),
        ("coupon", limits.coupon),
        ("items", limits.items),
        ("cards", limits.cards),
        ("buttons", limits.buttons),
    )
    cards = (
        ("coupon", limits.card_coupon),
        ("product", limits.card_product),
        ("buttons", limits.card_buttons),
    )
    return (
        *(name for name, allowed in whole if not allowed),
        *(f"cards.{n}.{name}" for n in range(len(message.cards)) for name, allowed in cards if not allowed),
    )


def _spelled_out(table: Iterable[str], message: KakaoMessage) -> Iterator[str]:
    """The paths of a table of limits as they are in this message: * for each item or card; not below absent parts."""
    for pattern in table:
        first, _, rest = pattern.partition(".")
        there = getattr(message, first)
        if isinstance(there, tuple) and rest.startswith("*."):
            for index in range(len(there)):
                path = f"{first}.{index}.{rest[2:]}"
                if path not in table and _stands(message, path):
                    yield path
        elif _stands(message, pattern):
            yield pattern


def _stands(message: KakaoMessage, path: str) -> bool:
    """Whether the part that holds this field is there."""
    parent, _, _ = path.rpartition(".")
    try:
        return not parent or places.at(message, parent) is not None
    except (IndexError, AttributeError):
        return False
