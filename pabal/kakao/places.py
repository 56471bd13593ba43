"""Where things are in a message: its strings, its links that can be counted, its images. Each by a path.

A path names a field as in JSON, joined by dots: `text`, `buttons.0.mobile`, `cards.2.coupon.description`. All walks go in
the same fixed order, which is the order of the fields in `message`, depth first: an index into a walk is stable as long as
the message is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

import msgspec

from pabal.kakao.message import KakaoMessage, StringKind


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A string that is not empty. `personal` says whether it may be a template."""

    path: str
    kind: StringKind
    value: str

    @property
    def personal(self) -> bool:
        return self.kind != "name"


class LinkPlace(msgspec.Struct, frozen=True, kw_only=True):
    """An http(s) link whose clicks can be counted.

    `position` counts the message's links from 1. `element` is the thing that is tapped (`buttons.0`, `coupon`,
    `cards.1.image`): a button's mobile and PC links share it. `name` is what people call it, by language.
    """

    position: int
    path: str
    element: str
    name: dict[str, str]
    value: str


class ImagePlace(msgspec.Struct, frozen=True, kw_only=True):
    """An image at a place: `image` is our image id."""

    path: str
    image: int


def strings(message: KakaoMessage) -> tuple[Place, ...]:
    """Every string of the message that is not empty."""
    return tuple(
        Place(path=path, kind=kind, value=value) for path, kind, value in _walk(message, "") if kind and value != ""
    )


def links(message: KakaoMessage) -> tuple[LinkPlace, ...]:
    """Every http(s) link, with its stable position and its name."""
    found = [place for place in strings(message) if place.kind == "link"]
    return tuple(
        LinkPlace(
            position=position,
            path=place.path,
            element=element_of(place.path),
            name=name_of(message, element_of(place.path)),
            value=place.value,
        )
        for position, place in enumerate(found, start=1)
    )


def images(message: KakaoMessage) -> tuple[ImagePlace, ...]:
    """Every image. `Outgoing.media` of a KakaoTalk message holds the gateway's ids in this order."""
    return tuple(
        ImagePlace(path=path, image=value)
        for path, kind, value in _walk(message, "")
        if kind is None and path.rsplit(".", 1)[-1] == "image" and value is not None
    )


def with_strings(message: KakaoMessage, given: Mapping[str, str]) -> KakaoMessage:
    """The same message with other strings at these paths."""
    tree: dict[str, Any] = {}
    for path, value in given.items():
        *parents, leaf = path.split(".")
        at = tree
        for step in parents:
            at = at.setdefault(step, {})
        at[leaf] = value
    changed: KakaoMessage = _replaced(message, tree)
    return changed


def at(message: KakaoMessage, path: str) -> Any:
    """What stands at a path. Raises AttributeError or IndexError if there is no such place."""
    here: Any = message
    for step in path.split("."):
        here = here[int(step)] if isinstance(here, tuple) else getattr(here, step)
    return here


def element_of(path: str) -> str:
    """What is tapped when the link at `path` is followed."""
    parent, _, leaf = path.rpartition(".")
    return f"{parent}.image".lstrip(".") if leaf == "image_link" else parent


def name_of(message: KakaoMessage, element: str) -> dict[str, str]:
    """What people call an element: a button by its own name, others by what and where they are."""
    steps = element.split(".")
    if len(steps) >= 2 and steps[-2] == "buttons":
        own = {language: at(message, element).name or word for language, word in _WORDS["button"].items()}
    else:
        own = dict(_WORDS.get(steps[-1] if not steps[-1].isdigit() else steps[-2], {"en": element, "ko": element}))
        if steps[-1].isdigit():
            number = int(steps[-1]) + 1
            own = {language: f"{word} {number}" for language, word in own.items()}
    if steps[0] == "cards" and len(steps) > 2:
        number = int(steps[1]) + 1
        return {"en": f"Card {number} · {own['en']}", "ko": f"카드 {number} · {own['ko']}"}
    return own


_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "button": {"en": "Button", "ko": "버튼"},
    "coupon": {"en": "Coupon", "ko": "쿠폰"},
    "image": {"en": "Image", "ko": "이미지"},
    "video": {"en": "Video", "ko": "동영상"},
    "items": {"en": "Item", "ko": "아이템"},
    "intro": {"en": "Intro card", "ko": "인트로"},
    "more": {"en": "More", "ko": "더보기"},
}


@cache
def kinds(struct: type[msgspec.Struct]) -> tuple[tuple[str, StringKind | None], ...]:
    """The fields of a struct in order, each with the kind of its string, if it is one."""
    found = msgspec.inspect.type_info(struct)
    assert isinstance(found, msgspec.inspect.StructType)
    return tuple(
        (
            field.name,
            (field.type.extra or {}).get("kind") if isinstance(field.type, msgspec.inspect.Metadata) else None,
        )
        for field in found.fields
    )


def _walk(struct: msgspec.Struct, prefix: str) -> Iterator[tuple[str, StringKind | None, Any]]:
    for name, kind in kinds(type(struct)):
        value = getattr(struct, name)
        path = f"{prefix}{name}"
        if isinstance(value, msgspec.Struct):
            yield from _walk(value, f"{path}.")
        elif isinstance(value, tuple):
            for index, entry in enumerate(value):
                yield from _walk(entry, f"{path}.{index}.")
        else:
            yield path, kind, value


def _replaced(value: Any, tree: Any) -> Any:
    if isinstance(tree, str):
        return tree
    if isinstance(value, tuple):
        return tuple(_replaced(entry, tree[str(i)]) if str(i) in tree else entry for i, entry in enumerate(value))
    return msgspec.structs.replace(value, **{name: _replaced(getattr(value, name), tree[name]) for name in tree})
