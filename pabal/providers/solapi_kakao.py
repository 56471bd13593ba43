"""KakaoTalk through Solapi: a Brand Message in free form (`BMS_FREE`), and what its codes mean.

FriendTalk (`CTA`, `CTI`) ended at Kakao on 2025-12-31 and Solapi has no conversion, so the FriendTalk preset goes out as a
Brand Message to friends.

Source: Solapi's SDK for Node.js (`src/models/base/kakao/`, `bms-free.e2e.test.ts`), its documents of status codes and storage.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pabal.kakao import coupons, places
from pabal.kakao.limits import COMMON
from pabal.kakao.links import sendable
from pabal.kakao.message import Button, Card, Coupon, KakaoMessage, Layout, Product
from pabal.providers.base import Outgoing
from pabal.providers.korean import national
from pabal.providers.reasons import Reason

BUBBLES: Final[Mapping[Layout, str]] = {
    "text": "TEXT",
    "image": "IMAGE",
    "wide": "WIDE",
    "wide_item_list": "WIDE_ITEM_LIST",
    "carousel_feed": "CAROUSEL_FEED",
    "commerce": "COMMERCE",
    "carousel_commerce": "CAROUSEL_COMMERCE",
    "video": "PREMIUM_VIDEO",
}

#: The type under which Solapi's storage takes an image, by our purpose.
FILE_TYPES: Final[Mapping[str, str]] = {
    "mms": "MMS",
    "kakao_image": "BMS",
    "kakao_wide": "BMS_WIDE",
    "kakao_wide_first": "BMS_WIDE_MAIN_ITEM_LIST",
    "kakao_wide_item": "BMS_WIDE_SUB_ITEM_LIST",
    "kakao_carousel_feed": "BMS_CAROUSEL_FEED_LIST",
    "kakao_carousel_commerce": "BMS_CAROUSEL_COMMERCE_LIST",
    "kakao_video": "KAKAO",
}

KAKAO_CODES: Final[dict[str, Reason]] = {
    "1033": Reason.CARRIER_VIOLATION,
    "1034": Reason.CARRIER_VIOLATION,  # no such image
    "1041": Reason.UNREGISTERED_SENDER,  # no such channel
    "1044": Reason.CARRIER_VIOLATION,  # buttons
    "1045": Reason.CARRIER_VIOLATION,
    "1048": Reason.CARRIER_VIOLATION,
    "1049": Reason.CARRIER_VIOLATION,
    "1050": Reason.CARRIER_VIOLATION,
    "1051": Reason.CARRIER_VIOLATION,
    "1053": Reason.CARRIER_VIOLATION,
    "3101": Reason.UNREGISTERED_SENDER,
    "3102": Reason.NOT_FRIEND,
    "3103": Reason.CARRIER_VIOLATION,
    "3104": Reason.NO_KAKAOTALK,
    "3105": Reason.CARRIER_VIOLATION,
    "3106": Reason.UNREGISTERED_SENDER,
    "3107": Reason.INACTIVE,
    "3108": Reason.OUTSIDE_HOURS,
}


def kakao_message(message: Outgoing) -> dict[str, Any]:
    """The message as Solapi takes it. We look after the text in its place, so Solapi sends none (`disableSms`)."""
    said = message.kakao
    assert said is not None
    pictures = dict(zip((place.path for place in places.images(said)), message.media, strict=True))
    layout: Layout = "text" if said.layout == "image" and said.image is None else said.layout
    fields: dict[str, Any] = {
        "to": national(message.to),
        "type": "BMS_FREE",
        "customFields": {"reference": str(message.reference)},
        "autoTypeDetect": False,
        "kakaoOptions": {
            "pfId": message.sender_key,
            "disableSms": True,
            "bms": {
                "targeting": message.target if said.preset == "brand_message" else "I",
                "chatBubbleType": BUBBLES[layout],
                **_bubble(said, pictures),
            },
        },
    }
    if said.text:
        fields["text"] = said.text
    return fields


def _bubble(said: KakaoMessage, pictures: Mapping[str, str]) -> dict[str, Any]:
    fields: dict[str, Any] = {"adult": said.adult}
    _put(fields, header=said.header, additionalContent=said.extra, imageLink=sendable(said.image_link))
    if "image" in pictures:
        fields["imageId"] = pictures["image"]
    if said.video is not None:
        fields["video"] = {"videoUrl": said.video.url}
        _put(fields["video"], imageId=pictures.get("video.image", ""), imageLink=sendable(said.video.image_link))
    if said.product is not None:
        fields["commerce"] = product(said.product)
    if said.items:
        rows = [
            _put(_links({}, item), title=item.title, imageId=pictures.get(f"items.{n}.image", ""))
            for n, item in enumerate(said.items)
        ]
        fields["mainWideItem"], fields["subWideItemList"] = rows[0], rows[1:]
    if said.cards:
        fields["carousel"] = _carousel(said, pictures)
    if said.buttons:
        fields["buttons"] = [_button(button) for button in said.buttons]
    if said.coupon is not None:
        fields["coupon"] = _coupon(said.coupon)
    return fields


def _carousel(said: KakaoMessage, pictures: Mapping[str, str]) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "list": [_card(card, pictures.get(f"cards.{n}.image", "")) for n, card in enumerate(said.cards)]
    }
    if said.intro is not None:
        head = {"header": said.intro.header, "content": said.intro.text, "imageId": pictures.get("intro.image", "")}
        fields["head"] = _links(head, said.intro)
    if said.more is not None:
        fields["tail"] = _links({}, said.more)
    return fields


def _card(card: Card, picture: str) -> dict[str, Any]:
    fields = _put(
        {},
        header=card.header,
        content=card.text,
        additionalContent=card.extra,
        imageId=picture,
        imageLink=sendable(card.image_link),
    )
    if card.product is not None:
        fields["commerce"] = product(card.product)
    fields["buttons"] = [_button(button) for button in card.buttons]
    if card.coupon is not None:
        fields["coupon"] = _coupon(card.coupon)
    return fields


def _button(button: Button) -> dict[str, Any]:
    fields: dict[str, Any] = {"linkType": button.kind}
    _put(fields, name=button.name or (COMMON.channel_button if button.kind == "AC" else ""))
    _put(_links(fields, button), chatExtra=button.extra, chatEvent=button.event, bizFormKey=button.form)
    return fields


def _coupon(coupon: Coupon) -> dict[str, Any]:
    return _links({"title": coupons.title(coupon), "description": coupon.description}, coupon)


def product(offered: Product) -> dict[str, Any]:
    """What a commerce message offers; Solapi and NHN Cloud name its fields alike."""
    told = {
        "discountPrice": offered.discount_price,
        "discountRate": offered.discount_rate,
        "discountFixed": offered.discount_fixed,
    }
    discount = {name: value for name, value in told.items() if value is not None}
    return {"title": offered.title, "regularPrice": offered.price, **discount}


def _links(fields: dict[str, Any], part: Any) -> dict[str, Any]:
    return _put(
        fields,
        linkMobile=sendable(part.mobile),
        linkPc=sendable(part.pc),
        linkAndroid=part.android,
        linkIos=part.ios,
    )


def _put(fields: dict[str, Any], **given: str) -> dict[str, Any]:
    """Add what is not empty."""
    fields.update({name: value for name, value in given.items() if value})
    return fields
