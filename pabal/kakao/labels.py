"""Names of presets, layouts, buttons, coupons and fields for people, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from pabal.kakao.message import ButtonKind, CouponKind, KakaoMessage, Layout, Preset

Words = Mapping[str, str]

PRESETS: Final[Mapping[Preset, Words]] = {
    "brand_message": {"en": "Brand Message", "ko": "브랜드 메시지"},
    "friendtalk": {"en": "FriendTalk", "ko": "친구톡"},
}

LAYOUTS: Final[Mapping[Layout, Words]] = {
    "text": {"en": "Text", "ko": "텍스트"},
    "image": {"en": "Image", "ko": "이미지"},
    "wide": {"en": "Wide image", "ko": "와이드 이미지"},
    "wide_item_list": {"en": "Wide item list", "ko": "와이드 아이템 리스트"},
    "carousel_feed": {"en": "Carousel feed", "ko": "캐러셀 피드"},
    "commerce": {"en": "Commerce", "ko": "커머스"},
    "carousel_commerce": {"en": "Carousel commerce", "ko": "캐러셀 커머스"},
    "video": {"en": "Premium video", "ko": "프리미엄 동영상"},
}

BUTTONS: Final[Mapping[ButtonKind, Words]] = {
    "WL": {"en": "Web link", "ko": "웹 링크"},
    "AL": {"en": "App link", "ko": "앱 링크"},
    "BK": {"en": "Bot keyword", "ko": "봇 키워드"},
    "MD": {"en": "Message delivery", "ko": "메시지 전달"},
    "AC": {"en": "Add channel", "ko": "채널 추가"},
    "BT": {"en": "Chatbot", "ko": "챗봇 전환"},
    "BF": {"en": "Business form", "ko": "비즈니스폼"},
    "BC": {"en": "Consultation", "ko": "상담톡 전환"},
}

COUPONS: Final[Mapping[CouponKind, Words]] = {
    "won": {"en": "Amount off", "ko": "금액 할인"},
    "percent": {"en": "Percentage off", "ko": "할인율"},
    "shipping": {"en": "Shipping off", "ko": "배송비 할인"},
    "free": {"en": "Something free", "ko": "무료"},
    "up": {"en": "Upgrade", "ko": "UP"},
}

TARGETS: Final[Mapping[str, Words]] = {
    "I": {"en": "Channel friends", "ko": "채널 친구"},
    "M": {"en": "Everyone who agreed to marketing", "ko": "마케팅 수신 동의 고객"},
    "N": {"en": "Agreed to marketing, not friends", "ko": "마케팅 수신 동의 고객 중 비친구"},
}


def of_path(path: str) -> dict[str, str]:
    """What people call the field at a path: `cards.1.buttons.0.name` is “Card 2 · Button 1 · Name”."""
    here: Any = KakaoMessage
    named: dict[str, list[str]] = {"en": [], "ko": []}
    for step in path.split("."):
        if step.isdigit():
            for language, words in _ONE.get(_last(named), {}).items():
                named[language][-1] = f"{words} {int(step) + 1}"
            continue
        field = next((f for f in _fields(here) if f.name == step), None)
        if field is None:
            return {"en": path, "ko": path}
        words = (getattr(field.type, "extra", None) or {}).get("labels", {"en": step, "ko": step})
        for language, said in words.items():
            named[language].append(said)
        here = _struct_in(field.type)
    return {language: " · ".join(words) for language, words in named.items()}


_ONE: Final[Mapping[str, Words]] = {
    "Buttons": {"en": "Button", "ko": "버튼"},
    "Cards": {"en": "Card", "ko": "카드"},
    "List": {"en": "Item", "ko": "아이템"},
}


def _last(named: Mapping[str, list[str]]) -> str:
    return named["en"][-1] if named["en"] else ""


def _fields(struct: Any) -> tuple[msgspec.inspect.Field, ...]:
    info = msgspec.inspect.type_info(struct) if struct is not None else None
    return info.fields if isinstance(info, msgspec.inspect.StructType) else ()


def _struct_in(kind: Any) -> Any:
    """The struct that a field holds, alone, optional or many times; None if it holds none."""
    if isinstance(kind, msgspec.inspect.StructType):
        return kind.cls
    for inner in (getattr(kind, "type", None), getattr(kind, "item_type", None), *getattr(kind, "types", ())):
        if inner is not None and (found := _struct_in(inner)) is not None:
            return found
    return None
