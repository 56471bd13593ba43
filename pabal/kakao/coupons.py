"""Titles of coupons. KakaoTalk takes five forms and no other; they are built from fields, never typed.

Source: NHN Cloud, Brand Message API v1.0, `coupon.title`; Solapi's `bmsCoupon.ts` for the exact patterns: no thousands
separator, no leading zero, no space in the seven characters.
"""

from __future__ import annotations

import re
from typing import Final

from pabal.kakao.message import Coupon

PATTERN: Final = re.compile(
    r"([1-9]\d{0,7})원 할인 쿠폰|([1-9]\d?|100)% 할인 쿠폰|배송비 할인 쿠폰|\S{1,7} 무료 쿠폰|\S{1,7} UP 쿠폰"
)
CHANNEL_COUPON: Final = "alimtalk=coupon://"


def title(coupon: Coupon) -> str:
    """The title of a coupon whose fields are right (`checks`); what is missing is left out."""
    match coupon.kind:
        case "won":
            return f"{coupon.amount or ''}원 할인 쿠폰"
        case "percent":
            return f"{coupon.amount or ''}% 할인 쿠폰"
        case "shipping":
            return "배송비 할인 쿠폰"
        case "free":
            return f"{coupon.name} 무료 쿠폰"
        case "up":
            return f"{coupon.name} UP 쿠폰"
