"""KakaoTalk messages in NHN Cloud's words: Brand Message in free form, and FriendTalk while it lives.

A Brand Message request has one content for up to 1,000 people; a FriendTalk request has a content for each of them.

Source: TOAST-DOCS/Alimtalk, `friendtalkupgrade-api-guide.md` (v1.0), `friendtalk-api-guide-v2.3.md`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pabal.kakao import coupons, places
from pabal.kakao.limits import COMMON
from pabal.kakao.links import sendable
from pabal.kakao.message import Button, Card, Coupon, KakaoMessage, Layout
from pabal.providers.base import Outgoing
from pabal.providers.korean import as_sender, national
from pabal.providers.solapi_kakao import BUBBLES, product

#: NHN's type of an uploaded image, by our purpose.
IMAGE_TYPES: Final[Mapping[str, str]] = {
    "kakao_image": "IMAGE",
    "kakao_wide": "WIDE_IMAGE",
    "kakao_wide_first": "MAIN_WIDE_ITEMLIST_IMAGE",
    "kakao_wide_item": "NORMAL_WIDE_ITEMLIST_IMAGE",
    "kakao_carousel_feed": "CAROUSEL_FEED_IMAGE",
    "kakao_carousel_commerce": "CAROUSEL_COMMERCE_IMAGE",
    "kakao_video": "IMAGE",
}

#: Layouts that FriendTalk v2.3 has.
FRIENDTALK_LAYOUTS: Final[frozenset[Layout]] = frozenset({"text", "image", "wide", "wide_item_list", "carousel_feed"})


def brand_content(message: Outgoing) -> dict[str, Any]:
    """What everybody in one request gets."""
    said = message.kakao
    assert said is not None
    pictures = _pictures(message, said)
    layout: Layout = "text" if said.layout == "image" and said.image is None else said.layout
    fields: dict[str, Any] = {"senderKey": message.sender_key, "chatBubbleType": BUBBLES[layout], "adult": said.adult}
    _put(fields, content=said.text, header=said.header, additionalContent=said.extra)
    if "image" in pictures:
        fields["image"] = _put({"imageUrl": pictures["image"]}, imageLink=sendable(said.image_link))
    if said.video is not None:
        fields["video"] = _put({"videoUrl": said.video.url}, thumbnailUrl=pictures.get("video.image", ""))
    if said.product is not None:
        fields["commerce"] = product(said.product)
    if said.cards:
        fields["carousel"] = {"list": [_card(card, f"cards.{n}", pictures) for n, card in enumerate(said.cards)]}
        if said.intro is not None:
            head = {
                "header": said.intro.header,
                "content": said.intro.text,
                "imageUrl": pictures.get("intro.image", ""),
            }
            fields["carousel"]["head"] = _links(head, said.intro)
        if said.more is not None:
            fields["carousel"]["tail"] = _links({}, said.more)
    return _common(fields, said, pictures)


def brand_recipient(message: Outgoing) -> dict[str, Any]:
    """One of the people of a Brand Message request."""
    said = message.kakao
    assert said is not None
    return {
        "recipientNo": national(message.to),
        "targeting": message.target if said.preset == "brand_message" else "I",
        "recipientGroupingKey": str(message.reference),
        "resendParameter": resend(message),
    }


def friendtalk_recipient(message: Outgoing) -> dict[str, Any]:
    """One of the people of a FriendTalk request, with the message."""
    said = message.kakao
    assert said is not None
    pictures = _pictures(message, said)
    fields: dict[str, Any] = {
        "recipientNo": national(message.to),
        "isAd": said.ad,
        "recipientGroupingKey": str(message.reference),
        "resendParameter": resend(message),
    }
    _put(
        fields,
        content=said.text,
        header=said.header,
        imageUrl=pictures.get("image", ""),
        imageLink=sendable(said.image_link),
    )
    if said.cards:
        cards = []
        for n, card in enumerate(said.cards):
            made = _card(card, f"cards.{n}", pictures)
            image = _put({"imageUrl": made.pop("imageUrl", "")}, imageLink=made.pop("imageLink", ""))
            attached: dict[str, Any] = {name: made.pop(name) for name in ("buttons", "coupon") if name in made}
            cards.append(made | {"attachment": attached | {"image": image}})
        fields["carousel"] = {"list": cards}
        if said.more is not None:
            fields["carousel"]["tail"] = _links({}, said.more)
    _common(fields, said, pictures)
    for ordering, button in enumerate(fields.get("buttons", ()), start=1):
        button["ordering"] = ordering
    return fields


def resend(message: Outgoing) -> dict[str, Any]:
    """The text that NHN sends in its place; without one, none (the console's own setting would send another)."""
    text = message.fallback
    if text is None:
        return {"isResend": False}
    fields: dict[str, Any] = {
        "isResend": True,
        "resendType": "SMS" if text.kind == "sms" else "LMS",
        "resendContent": text.text,
        "resendSendNo": as_sender(text.sender),
    }
    return _put(fields, resendTitle=text.subject if text.kind != "sms" else "")


def _common(fields: dict[str, Any], said: KakaoMessage, pictures: Mapping[str, str]) -> dict[str, Any]:
    if said.items:
        rows = [
            _links(_put({}, title=item.title, imageUrl=pictures.get(f"items.{n}.image", "")), item)
            for n, item in enumerate(said.items)
        ]
        fields["item"] = {"list": rows}
    if said.buttons:
        fields["buttons"] = [_button(button) for button in said.buttons]
    if said.coupon is not None:
        fields["coupon"] = _coupon(said.coupon)
    return fields


def _card(card: Card, at: str, pictures: Mapping[str, str]) -> dict[str, Any]:
    fields = _put(
        {},
        header=card.header,
        message=card.text,
        additionalContent=card.extra,
        imageUrl=pictures.get(f"{at}.image", ""),
        imageLink=sendable(card.image_link),
    )
    if card.product is not None:
        fields["commerce"] = product(card.product)
    fields["buttons"] = [_button(button) for button in card.buttons]
    if card.coupon is not None:
        fields["coupon"] = _coupon(card.coupon)
    return fields


def _button(button: Button) -> dict[str, Any]:
    name = COMMON.channel_button if button.kind == "AC" else button.name
    fields = _links({"name": name, "type": button.kind}, button)
    return _put(fields, chatExtra=button.extra, chatEvent=button.event, bizFormKey=button.form)


def _coupon(coupon: Coupon) -> dict[str, Any]:
    return _links({"title": coupons.title(coupon), "description": coupon.description}, coupon)


def _links(fields: dict[str, Any], part: Any) -> dict[str, Any]:
    return _put(
        fields,
        linkMo=sendable(part.mobile),
        linkPc=sendable(part.pc),
        schemeAndroid=part.android,
        schemeIos=part.ios,
    )


def _pictures(message: Outgoing, said: KakaoMessage) -> dict[str, str]:
    return dict(zip((place.path for place in places.images(said)), message.media, strict=True))


def _put(fields: dict[str, Any], **given: str) -> dict[str, Any]:
    """Add what is not empty."""
    fields.update({name: value for name, value in given.items() if value})
    return fields
