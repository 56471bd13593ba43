"""What can be wrong with a KakaoTalk message, and how it is said in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

Value = int | str


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong: where (`path` as in `places`), what (`code`), and the numbers that belong to it."""

    path: str
    code: str
    values: dict[str, Value] = {}


#: Sentences by code; the names in braces are keys of `values`.
WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "missing": {"en": "Fill this in.", "ko": "필수 항목입니다."},
    "not_in_layout": {
        "en": "This layout has no such part.",
        "ko": "이 메시지 유형에서는 사용할 수 없는 항목입니다.",
    },
    "too_long": {
        "en": "{length} characters; at most {limit}.",
        "ko": "{length}자입니다. 최대 {limit}자까지 입력할 수 있습니다.",
    },
    "too_many_newlines": {
        "en": "{newlines} line breaks; at most {limit}.",
        "ko": "줄바꿈이 {newlines}개입니다. 최대 {limit}개까지 사용할 수 있습니다.",
    },
    "too_few": {"en": "{count}; at least {limit} are needed.", "ko": "{count}개입니다. 최소 {limit}개가 필요합니다."},
    "too_many": {"en": "{count}; at most {limit}.", "ko": "{count}개입니다. 최대 {limit}개까지 넣을 수 있습니다."},
    "ad_always": {
        "en": "A Brand Message is always an advertisement.",
        "ko": "브랜드 메시지는 항상 광고성 메시지로 발송됩니다.",
    },
    "target_not_allowed": {
        "en": "This kind of message cannot be sent to target {target}.",
        "ko": "이 메시지 상품은 {target} 타겟으로 보낼 수 없습니다.",
    },
    "not_personal": {
        "en": "No personal values may stand here.",
        "ko": "개인화 변수를 사용할 수 없는 항목입니다.",
    },
    "link_invalid": {
        "en": "A link begins with http:// or https://, names a site and has no spaces.",
        "ko": "링크는 http:// 또는 https://로 시작하는 올바른 주소여야 하며 공백을 포함할 수 없습니다.",
    },
    "link_first": {
        "en": "If there are other links, the mobile link is needed.",
        "ko": "다른 링크를 쓰려면 모바일 링크를 먼저 입력해 주세요.",
    },
    "button_kind": {
        "en": "This layout takes no {kind} buttons; it takes {allowed}.",
        "ko": "이 메시지 유형에서는 {kind} 버튼을 쓸 수 없습니다. 사용 가능: {allowed}",
    },
    "channel_button_name": {
        "en": "The add-channel button is always called “{name}”.",
        "ko": "채널 추가 버튼의 이름은 ‘{name}’으로 고정됩니다.",
    },
    "channel_button_first": {
        "en": "The add-channel button must be the first.",
        "ko": "채널 추가 버튼은 첫 번째에 있어야 합니다.",
    },
    "channel_button_last": {
        "en": "The add-channel button must be the last.",
        "ko": "채널 추가 버튼은 마지막에 있어야 합니다.",
    },
    "channel_button_once": {
        "en": "There can be only one add-channel button.",
        "ko": "채널 추가 버튼은 하나만 넣을 수 있습니다.",
    },
    "channel_button_target": {
        "en": "The add-channel button works only for targets M and N.",
        "ko": "채널 추가 버튼은 M·N 타겟에서만 사용할 수 있습니다.",
    },
    "form_first": {
        "en": "A business form must be the first button.",
        "ko": "비즈니스폼 버튼은 첫 번째에 있어야 합니다.",
    },
    "form_name": {
        "en": "A business form is called one of: {names}.",
        "ko": "비즈니스폼 버튼 이름은 다음 중 하나여야 합니다: {names}",
    },
    "coupon_amount": {
        "en": "A whole number from {least} to {most}.",
        "ko": "{least}~{most} 사이의 정수를 입력해 주세요.",
    },
    "coupon_name": {
        "en": "1 to {limit} characters without spaces.",
        "ko": "공백 없이 1~{limit}자로 입력해 주세요.",
    },
    "coupon_link": {
        "en": "A coupon needs a mobile link, or a channel coupon (alimtalk=coupon://…).",
        "ko": "모바일 링크 또는 채널 쿠폰 링크(alimtalk=coupon://…)를 입력해 주세요.",
    },
    "number_range": {
        "en": "From {least} to {most}.",
        "ko": "{least}~{most} 사이여야 합니다.",
    },
    "discount_needs_rate": {
        "en": "A discounted price needs a rate or an amount.",
        "ko": "할인가에는 할인율 또는 할인 금액이 필요합니다.",
    },
    "discount_both": {
        "en": "Either a rate or an amount, not both.",
        "ko": "할인율과 할인 금액 중 하나만 입력해 주세요.",
    },
    "discount_without_price": {
        "en": "A discount needs the discounted price.",
        "ko": "할인율이나 할인 금액에는 할인가가 필요합니다.",
    },
    "discount_not_lower": {
        "en": "The discounted price is not below the price.",
        "ko": "할인가는 정상가보다 낮아야 합니다.",
    },
    "video_host": {
        "en": "Only addresses of films at {hosts} can be used.",
        "ko": "{hosts}에 올린 동영상 주소만 사용할 수 있습니다.",
    },
    "image_unknown": {"en": "There is no such image.", "ko": "이미지를 찾을 수 없습니다."},
    "image_format": {
        "en": "{format} images are not taken; only {allowed}.",
        "ko": "{format} 형식은 사용할 수 없습니다. {allowed}만 가능합니다.",
    },
    "image_bytes": {
        "en": "{size} bytes; at most {limit}.",
        "ko": "{size}바이트입니다. 최대 {limit}바이트까지 가능합니다.",
    },
    "image_width": {
        "en": "{width} pixels wide; at least {limit}.",
        "ko": "가로 {width}px입니다. {limit}px 이상이어야 합니다.",
    },
    "image_ratio": {
        "en": "Height by width is {ratio}; it must be between {least} and {most}.",
        "ko": "세로÷가로 비율이 {ratio}입니다. {least}~{most} 사이여야 합니다.",
    },
    "image_ratios_differ": {
        "en": "All images of this carousel must have one ratio.",
        "ko": "캐러셀의 모든 이미지 비율이 같아야 합니다.",
    },
}


def said(problem: Problem, language: str) -> str:
    """The problem as a sentence, in `ko` or `en`."""
    values = {key: f"{value:,}" if isinstance(value, int) else value for key, value in problem.values.items()}
    return WORDS[problem.code][language].format(**values)
