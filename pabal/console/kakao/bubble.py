"""The chat bubble of a KakaoTalk message, as HTML.

What stands in the bubble is in the reader's language, Korean, whatever language the console has; only what helps the
console's user (labels for screen readers, notes) is translated. Every part carries `data-path`, the place of its field
(`pabal.kakao.places`), and what can be tapped `data-element`, by which clicks are counted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from pabal.kakao import coupons
from pabal.kakao.limits import COMMON, of_message
from pabal.kakao.message import Button, Coupon, KakaoMessage, Product

SIDE_BY_SIDE: Final = frozenset({"wide", "wide_item_list", "commerce", "carousel_feed", "carousel_commerce", "video"})
WIDE: Final = frozenset({"wide", "wide_item_list", "video"})
_LINK: Final = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,!?)\]}]")


@dataclass(frozen=True, kw_only=True)
class Picture:
    """An image to show: where it is served, and its size in pixels (0: not known)."""

    url: str
    width: int = 0
    height: int = 0


@dataclass(frozen=True, kw_only=True)
class Channel:
    """Who writes. `picture` is an address, `optout` the 080 number that people who are not friends are shown."""

    name: str
    picture: str = ""
    optout: str = ""


@dataclass(frozen=True, kw_only=True)
class _Tap:
    """Something that can be tapped: `href` only where it really leads there, else `title` tells where it would."""

    element: str
    path: str
    label: str = ""
    href: str = ""
    title: str = ""
    tone: str = ""


@dataclass(frozen=True, kw_only=True)
class _Coupon:
    title: str
    description: str
    tap: _Tap


@dataclass(frozen=True, kw_only=True)
class _Price:
    """A product's prices in the reader's notation. `cut` is the rate or the amount off."""

    now: str
    before: str = ""
    cut: str = ""


@dataclass(frozen=True, kw_only=True)
class _Block:
    """What a bubble or a card is made of, from top to bottom; what is empty is not shown."""

    path: str = ""
    image: _Image | None = None
    header: str = ""
    text: SafeString = field(default_factory=lambda: mark_safe(""))
    product: str = ""
    price: _Price | None = None
    extra: str = ""
    items: tuple[_Row, ...] = ()
    buttons: tuple[_Tap, ...] = ()
    coupon: _Coupon | None = None


@dataclass(frozen=True, kw_only=True)
class _Image:
    path: str
    picture: Picture | None
    shape: str
    tap: _Tap
    film: bool = False


@dataclass(frozen=True, kw_only=True)
class _Row:
    title: str
    image: _Image
    path: str


def bubble(
    message: KakaoMessage,
    *,
    channel: Channel,
    pictures: Mapping[int, Picture] | None = None,
    at: datetime | None = None,
    live: bool = False,
    friend: bool = True,
    theme: str = "",
) -> SafeString:
    """The message in its chat bubble.

    `live` makes links lead where they lead and offers to block the channel (for the handset); in a preview nothing
    leads anywhere. `friend` False shows what people see who are not friends of the channel. `theme` (light, dark)
    overrides the page's.
    """
    made = _Maker(message=message, pictures=pictures or {}, live=live)
    context = {
        "message": message,
        "channel": channel,
        "initial": channel.name.strip()[:1] or "?",
        "block": made.whole(),
        "intro": made.intro(),
        "cards": made.cards(),
        "more": made.tap("more", "more.mobile", message.more.mobile) if message.more else None,
        "wide": message.layout in WIDE,
        "carousel": message.layout.startswith("carousel"),
        "at": at,
        "time": clock(at) if at else "",
        "live": live,
        "friend": friend,
        "theme": theme,
    }
    return SafeString(render_to_string("console/kakao/message.html", context))


@dataclass(frozen=True, kw_only=True)
class _Maker:
    message: KakaoMessage
    pictures: Mapping[int, Picture]
    live: bool

    def whole(self) -> _Block | None:
        message = self.message
        if message.layout.startswith("carousel"):
            return None
        image = None
        if message.layout == "video":
            video = message.video
            image = self.image("video.image", video.image if video else None, video.url if video else "", film=True)
        elif message.layout in {"image", "wide", "commerce"} and (message.image or self.needs("image")):
            image = self.image("image", message.image, message.image_link)
        return self.block(message, image, message.layout in SIDE_BY_SIDE)

    def intro(self) -> _Block | None:
        intro = self.message.intro
        if intro is None or self.message.layout != "carousel_commerce":
            return None
        image = self.image("intro.image", intro.image, intro.mobile, element="intro")
        return _Block(path="intro", image=image, header=intro.header, text=linked(intro.text, live=self.live))

    def cards(self) -> tuple[_Block, ...]:
        if not self.message.layout.startswith("carousel"):
            return ()
        return tuple(
            self.block(card, self.image(f"cards.{n}.image", card.image, card.image_link), True, f"cards.{n}.")
            for n, card in enumerate(self.message.cards)
        )

    def block(self, part: Any, image: _Image | None, side_by_side: bool, at: str = "") -> _Block:
        """A bubble or a card: they have the same parts under the same names."""
        product: Product | None = part.product
        made = _Block(
            path=at,
            image=image,
            header=part.header,
            text=linked(part.text, live=self.live),
            product=product.title if product else "",
            price=prices(product) if product else None,
            extra=part.extra,
            items=self.items() if not at else (),
            buttons=tuple(self.button(f"{at}buttons.{n}", button) for n, button in enumerate(part.buttons)),
            coupon=self.coupon(f"{at}coupon", part.coupon) if part.coupon else None,
        )
        return made

    def items(self) -> tuple[_Row, ...]:
        return tuple(
            _Row(
                title=item.title,
                path=f"items.{n}.title",
                image=self.image(f"items.{n}.image", item.image, item.mobile, element=f"items.{n}"),
            )
            for n, item in enumerate(self.message.items)
        )

    def image(self, path: str, image: int | None, link: str, *, film: bool = False, element: str = "") -> _Image:
        limit = of_message(self.message).image(path)
        width, height = limit.recommended[0] if limit else (2, 1)
        return _Image(
            path=path,
            picture=self.pictures.get(image) if image is not None else None,
            shape="square" if width == height else "wide" if width >= 2 * height else "photo",
            tap=self.tap(element or path, path, link),
            film=film,
        )

    def button(self, path: str, button: Button) -> _Tap:
        label = button.name or (COMMON.channel_button if button.kind == "AC" else "")
        link = button.mobile or button.android or button.ios or button.pc
        tap = self.tap(path, f"{path}.name", link)
        return _Tap(
            element=path,
            path=f"{path}.name",
            label=label,
            href=tap.href,
            title=tap.title,
            tone="channel" if button.kind == "AC" else "",
        )

    def coupon(self, path: str, coupon: Coupon) -> _Coupon:
        link = coupon.mobile or coupon.android or coupon.ios
        return _Coupon(
            title=coupons.title(coupon), description=coupon.description, tap=self.tap(path, f"{path}.description", link)
        )

    def tap(self, element: str, path: str, link: str) -> _Tap:
        leads = self.live and link.startswith(("http://", "https://"))
        return _Tap(element=element, path=path, href=link if leads else "", title="" if leads else link)

    def needs(self, path: str) -> bool:
        limit = of_message(self.message).image(path)
        return limit is not None and limit.required


def clock(at: datetime) -> str:
    """The time as KakaoTalk writes it, in the viewer's zone: 오후 2:30."""
    at = timezone.localtime(at) if timezone.is_aware(at) else at
    return f"{'오전' if at.hour < 12 else '오후'} {at.hour % 12 or 12}:{at.minute:02}"


def prices(product: Product) -> _Price:
    """How KakaoTalk tells prices: what is off, the price now, and the price before, struck out."""
    if product.discount_price is None:
        return _Price(now=f"{product.price:,}원")
    cut = ""
    if product.discount_rate is not None:
        cut = f"{product.discount_rate}%"
    elif product.discount_fixed is not None:
        cut = f"{product.discount_fixed:,}원 할인"
    return _Price(now=f"{product.discount_price:,}원", before=f"{product.price:,}원", cut=cut)


def linked(text: str, *, live: bool) -> SafeString:
    """The text with its addresses as links, which lead somewhere only if `live`."""
    parts: list[str] = []
    end = 0
    for found in _LINK.finditer(text):
        url = escape(found.group())
        parts.append(escape(text[end : found.start()]))
        parts.append(
            f'<a class="kt-link" href="{url}" target="_blank" rel="noopener noreferrer">{url}</a>'
            if live
            else f'<span class="kt-link">{url}</span>'
        )
        end = found.end()
    parts.append(escape(text[end:]))
    return mark_safe("".join(parts))
