"""A KakaoTalk message as people compose it, as it is stored, and as it is handed to an adapter.

One shape for both presets and every layout; which parts a layout has is in `limits.toml`, and `checks.problems` says what
is wrong. Strings may be templates (`{{ first_name|default('고객') }}`); images are named by our image id.

In JSON: `msgspec.json.encode(message)`, and `parse` for the way back. The page `docs/reference/kakao-messages.md` is made
from these structs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias

import msgspec

from pabal.errors import InvalidInput

Preset: TypeAlias = Literal["brand_message", "friendtalk"]
Layout: TypeAlias = Literal[
    "text", "image", "wide", "wide_item_list", "carousel_feed", "commerce", "carousel_commerce", "video"
]
ButtonKind: TypeAlias = Literal["WL", "AL", "BK", "MD", "AC", "BT", "BF", "BC"]
CouponKind: TypeAlias = Literal["won", "percent", "shipping", "free", "up"]

StringKind: TypeAlias = Literal["words", "link", "app_link", "name"]
"""`words`: read by the recipient; `link`: http(s); `app_link`: an app's own scheme; `name`: never personal."""


def part(en: str, ko: str, *, kind: StringKind | None = None) -> msgspec.Meta:
    """Describe a field: its label, and for a string what it is."""
    return msgspec.Meta(extra={"labels": {"en": en, "ko": ko}, **({"kind": kind} if kind else {})})


class Button(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A button below a message or a card. `mobile`, `pc`: WL; `android`, `ios`: AL; the rest are for bots and forms."""

    kind: Annotated[ButtonKind, part("Kind", "종류")] = "WL"
    name: Annotated[str, part("Name", "이름", kind="name")] = ""
    mobile: Annotated[str, part("Mobile link", "모바일 링크", kind="link")] = ""
    pc: Annotated[str, part("PC link", "PC 링크", kind="link")] = ""
    android: Annotated[str, part("Android app link", "Android 앱 링크", kind="app_link")] = ""
    ios: Annotated[str, part("iOS app link", "iOS 앱 링크", kind="app_link")] = ""
    extra: Annotated[str, part("Data for the bot or agent", "봇·상담사에게 전달할 값", kind="words")] = ""
    event: Annotated[str, part("Bot event", "봇 이벤트", kind="name")] = ""
    form: Annotated[str, part("Business form", "비즈니스폼 키", kind="name")] = ""


class Coupon(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A coupon, its title built from fields (`coupons.title`): `amount` for won and percent, `name` for free and up.

    One of the links is needed: http(s) in `mobile`, or a channel coupon (`alimtalk=coupon://…`) in `android` or `ios`.
    """

    kind: Annotated[CouponKind, part("Kind", "종류")] = "won"
    amount: Annotated[int | None, part("Amount", "할인 값")] = None
    name: Annotated[str, part("What is free or upgraded", "혜택 이름", kind="name")] = ""
    description: Annotated[str, part("Description", "설명", kind="words")] = ""
    mobile: Annotated[str, part("Mobile link", "모바일 링크", kind="link")] = ""
    pc: Annotated[str, part("PC link", "PC 링크", kind="link")] = ""
    android: Annotated[str, part("Android link", "Android 링크", kind="app_link")] = ""
    ios: Annotated[str, part("iOS link", "iOS 링크", kind="app_link")] = ""


class Links(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where the “more” card at the end of a carousel leads."""

    mobile: Annotated[str, part("Mobile link", "모바일 링크", kind="link")] = ""
    pc: Annotated[str, part("PC link", "PC 링크", kind="link")] = ""
    android: Annotated[str, part("Android app link", "Android 앱 링크", kind="app_link")] = ""
    ios: Annotated[str, part("iOS app link", "iOS 앱 링크", kind="app_link")] = ""


class Item(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A row of a wide item list; the first is the large one."""

    title: Annotated[str, part("Title", "제목", kind="words")] = ""
    image: Annotated[int | None, part("Image", "이미지")] = None
    mobile: Annotated[str, part("Mobile link", "모바일 링크", kind="link")] = ""
    pc: Annotated[str, part("PC link", "PC 링크", kind="link")] = ""
    android: Annotated[str, part("Android app link", "Android 앱 링크", kind="app_link")] = ""
    ios: Annotated[str, part("iOS app link", "iOS 앱 링크", kind="app_link")] = ""


class Product(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a commerce message or card offers. Prices in won; a `discount_price` needs a `discount_rate` (percent) or a
    `discount_fixed` (won), never both."""

    title: Annotated[str, part("Product name", "상품명", kind="words")] = ""
    price: Annotated[int, part("Price", "정상가")] = 0
    discount_price: Annotated[int | None, part("Discounted price", "할인가")] = None
    discount_rate: Annotated[int | None, part("Discount (%)", "할인율(%)")] = None
    discount_fixed: Annotated[int | None, part("Discount (won)", "할인 금액(원)")] = None


class Video(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A film on KakaoTV. Without an image its own thumbnail is shown."""

    url: Annotated[str, part("KakaoTV address", "카카오TV 주소", kind="name")] = ""
    image: Annotated[int | None, part("Thumbnail", "썸네일")] = None
    image_link: Annotated[str, part("Link of the thumbnail", "썸네일 링크", kind="link")] = ""


class Intro(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The card before the products of a commerce carousel. If any link is given, `mobile` is."""

    header: Annotated[str, part("Header", "헤더", kind="words")] = ""
    text: Annotated[str, part("Text", "본문", kind="words")] = ""
    image: Annotated[int | None, part("Image", "이미지")] = None
    mobile: Annotated[str, part("Mobile link", "모바일 링크", kind="link")] = ""
    pc: Annotated[str, part("PC link", "PC 링크", kind="link")] = ""
    android: Annotated[str, part("Android app link", "Android 앱 링크", kind="app_link")] = ""
    ios: Annotated[str, part("iOS app link", "iOS 앱 링크", kind="app_link")] = ""


class Card(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One of a carousel: header and text in a feed, product and extra in a commerce carousel."""

    header: Annotated[str, part("Header", "헤더", kind="words")] = ""
    text: Annotated[str, part("Text", "본문", kind="words")] = ""
    image: Annotated[int | None, part("Image", "이미지")] = None
    image_link: Annotated[str, part("Link of the image", "이미지 링크", kind="link")] = ""
    product: Annotated[Product | None, part("Product", "상품")] = None
    extra: Annotated[str, part("Additional line", "부가 정보", kind="words")] = ""
    buttons: Annotated[tuple[Button, ...], part("Buttons", "버튼")] = ()
    coupon: Annotated[Coupon | None, part("Coupon", "쿠폰")] = None


class KakaoMessage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A whole message. Which fields count depends on `layout`; the others must be empty (`limits.toml`)."""

    preset: Annotated[Preset, part("Message type", "메시지 상품")] = "brand_message"
    layout: Annotated[Layout, part("Layout", "메시지 유형")] = "text"
    ad: Annotated[bool, part("Advertising", "광고 표시")] = True
    adult: Annotated[bool, part("Adults only", "성인용 메시지")] = False
    header: Annotated[str, part("Header", "헤더", kind="words")] = ""
    text: Annotated[str, part("Text", "본문", kind="words")] = ""
    extra: Annotated[str, part("Additional line", "부가 정보", kind="words")] = ""
    image: Annotated[int | None, part("Image", "이미지")] = None
    image_link: Annotated[str, part("Link of the image", "이미지 링크", kind="link")] = ""
    video: Annotated[Video | None, part("Video", "동영상")] = None
    items: Annotated[tuple[Item, ...], part("List", "리스트")] = ()
    product: Annotated[Product | None, part("Product", "상품")] = None
    intro: Annotated[Intro | None, part("Intro card", "캐러셀 인트로")] = None
    cards: Annotated[tuple[Card, ...], part("Cards", "캐러셀 카드")] = ()
    more: Annotated[Links | None, part("“More” card", "더보기")] = None
    buttons: Annotated[tuple[Button, ...], part("Buttons", "버튼")] = ()
    coupon: Annotated[Coupon | None, part("Coupon", "쿠폰")] = None


def parse(data: Mapping[str, Any]) -> KakaoMessage:
    """The message in plain JSON data. Raises `InvalidInput` (code `kakao_unreadable`) that names the field."""
    try:
        return msgspec.convert(data, KakaoMessage)
    except msgspec.ValidationError as error:
        said, _, path = str(error).partition(" - at `$")
        raise InvalidInput(
            f"The KakaoTalk message cannot be read: {error}",
            code="kakao_unreadable",
            field=path.rstrip("`").replace("[", ".").replace("]", "").lstrip(".") or None,
            details={"detail": said},
        ) from error


def dump(message: KakaoMessage) -> dict[str, Any]:
    """The message as plain JSON data; what is empty is left out."""
    data: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(message))
    return {"preset": message.preset, "layout": message.layout, "ad": message.ad, **data}
