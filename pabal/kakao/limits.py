"""What each layout allows, read from `limits.toml`."""

from __future__ import annotations

import datetime
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any, Final, Literal, get_args

import msgspec

from pabal.kakao import places
from pabal.kakao.message import ButtonKind, KakaoMessage, Layout, Preset

PRESETS: Final[tuple[Preset, ...]] = get_args(Preset)
LAYOUTS: Final[tuple[Layout, ...]] = get_args(Layout)


class StringLimit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Characters and newlines (None: as many as fit) of one string. `most` 0: this layout has no such string."""

    most: int
    newlines: int | None = None
    required: bool = False


class ImageLimit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One image. `ratio` is height by width, least and most; `recommended` sizes in pixels, the best first; `purpose`
    is what it is uploaded for."""

    purpose: str
    ratio: tuple[float, float]
    recommended: tuple[tuple[int, int], ...]
    required: bool = False


class ButtonLimit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The buttons of a message or card. `name` in characters; `channel` is where the add-channel button must stand."""

    most: int
    name: int
    kinds: tuple[ButtonKind, ...]
    least: int = 0
    most_with_coupon: int | None = None
    channel: Literal["first", "last"] | None = None
    without: tuple[ButtonKind, ...] = ()

    @property
    def allowed(self) -> tuple[ButtonKind, ...]:
        return tuple(kind for kind in self.kinds if kind not in self.without)

    def count(self, *, coupon: bool) -> int:
        """How many there may be, with or without a coupon."""
        return self.most if self.most_with_coupon is None or not coupon else self.most_with_coupon


class CouponLimit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A coupon: characters of its description."""

    description: int


class Count(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many items or cards."""

    least: int
    most: int


class LayoutLimits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The parts of one layout and their limits; None and False: it has no such part."""

    strings: dict[str, StringLimit] = {}
    images: dict[str, ImageLimit] = {}
    buttons: ButtonLimit | None = None
    coupon: CouponLimit | None = None
    items: Count | None = None
    cards: Count | None = None
    cards_with_intro: Count | None = None
    card_buttons: ButtonLimit | None = None
    card_coupon: CouponLimit | None = None
    card_product: bool = False
    product: bool = False
    video: bool = False
    intro: bool = False
    more: bool = False
    same_ratio: bool = False

    def string(self, path: str) -> StringLimit | None:
        """The limit of the string at a path; None if the layout has none there. Buttons and coupons are apart."""
        return self.strings.get(path) or self.strings.get(_anywhere(path))

    def image(self, path: str) -> ImageLimit | None:
        """The limit of the image at a path; None if the layout has none there."""
        return self.images.get(path) or self.images.get(_anywhere(path))

    def card_count(self, *, intro: bool) -> Count | None:
        """How many cards a carousel may have, with or without an intro card."""
        return self.cards_with_intro if intro and self.cards_with_intro else self.cards


class Common(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Limits that hold for every layout. Pairs are least and most; `opens` and `closes` are in Korea's time."""

    link: int
    video_url: int
    video_hosts: tuple[str, ...]
    won: tuple[int, int]
    percent: tuple[int, int]
    coupon_name: int
    price: tuple[int, int]
    discount_rate: tuple[int, int]
    discount_fixed: tuple[int, int]
    channel_button: str
    form_names: tuple[str, ...]
    opens: datetime.time
    closes: datetime.time
    image_bytes: int
    image_formats: tuple[str, ...]
    image_width: int
    targets: dict[Preset, tuple[str, ...]]
    least_friends: int


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Where limits come from, and when it was read."""

    id: str
    title: str
    where: str
    read: datetime.date


@cache
def of(preset: Preset, layout: Layout, gateway: str = "") -> LayoutLimits:
    """The limits of a layout, narrowed by a gateway (a provider's name) if there is one."""
    data = _data()
    table = data["brand_message"][layout]
    if preset != "brand_message":
        table = _merged(table, data[preset].get(layout, {}))
    return msgspec.convert(_merged(table, data["gateways"].get(gateway, {}).get(layout, {})), LayoutLimits)


def of_message(message: KakaoMessage, gateway: str = "") -> LayoutLimits:
    """The limits that hold for this message."""
    return of(message.preset, message.layout, gateway)


def uploads(message: KakaoMessage) -> tuple[tuple[int, str], ...]:
    """Our image ids with what each is uploaded for (`Uploads.upload`), in the order of `places.images`, which is that of
    `Outgoing.media`. Images that the layout has no place for are left out: `checks` refuses them."""
    of = of_message(message)
    found = ((place.image, of.image(place.path)) for place in places.images(message))
    return tuple((image, limit.purpose) for image, limit in found if limit is not None)


def _anywhere(path: str) -> str:
    return ".".join("*" if step.isdigit() else step for step in path.split("."))


def _merged(table: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(table)
    for key, value in changes.items():
        merged[key] = _merged(merged.get(key, {}), value) if isinstance(value, Mapping) else value
    return merged


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads(resources.files("pabal.kakao").joinpath("limits.toml").read_text("utf-8"))


COMMON: Final = msgspec.convert(_data()["common"], Common)
SOURCES: Final = msgspec.convert(_data()["sources"], tuple[Source, ...])
