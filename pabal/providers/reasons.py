"""Why a message was not delivered, in words that every provider shares.

A provider maps its own codes to these through a literal table that names its source. A code that is not in the table
stays `UNKNOWN`, and the raw code is kept beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Reason(StrEnum):
    """Why a message failed. The values are stored and appear in the API; never change one."""

    INVALID_NUMBER = "invalid_number"
    UNREACHABLE = "unreachable"
    BLOCKED = "blocked"
    CARRIER_VIOLATION = "carrier_violation"
    INCAPABLE = "incapable"
    INSUFFICIENT_BALANCE = "insufficient_balance"
    ACCOUNT_SUSPENDED = "account_suspended"
    SPAM = "spam"
    DUPLICATE = "duplicate"
    TOO_LONG = "too_long"
    UNREGISTERED_SENDER = "unregistered_sender"
    EXPIRED = "expired"
    NOT_FRIEND = "not_friend"
    NO_KAKAOTALK = "no_kakaotalk"
    INACTIVE = "inactive"
    OUTSIDE_HOURS = "outside_hours"
    UNKNOWN = "unknown"


LABELS: Final[Mapping[Reason, Mapping[str, str]]] = {
    Reason.INVALID_NUMBER: {"en": "Invalid number", "ko": "없는 번호"},
    Reason.UNREACHABLE: {"en": "Phone unreachable", "ko": "연결할 수 없는 휴대폰"},
    Reason.BLOCKED: {"en": "Blocked by the recipient or carrier", "ko": "수신자 또는 통신사 차단"},
    Reason.CARRIER_VIOLATION: {"en": "Against the carrier's rules", "ko": "통신사 정책 위반"},
    Reason.INCAPABLE: {"en": "Phone cannot receive this kind", "ko": "수신할 수 없는 단말기"},
    Reason.INSUFFICIENT_BALANCE: {"en": "Balance at the carrier used up", "ko": "발송사 잔액 부족"},
    Reason.ACCOUNT_SUSPENDED: {"en": "Account suspended at the carrier", "ko": "발송사 계정 정지"},
    Reason.SPAM: {"en": "Filtered as spam", "ko": "스팸 차단"},
    Reason.DUPLICATE: {"en": "Refused as a duplicate", "ko": "중복 발송 거부"},
    Reason.TOO_LONG: {"en": "Text too long", "ko": "글자 수 초과"},
    Reason.UNREGISTERED_SENDER: {"en": "Sender not registered", "ko": "등록되지 않은 발신번호"},
    Reason.EXPIRED: {"en": "Expired before delivery", "ko": "유효 시간 초과"},
    Reason.NOT_FRIEND: {
        "en": "Not among those the KakaoTalk target reaches",
        "ko": "카카오톡 발송 대상이 아님 (친구 여부)",
    },
    Reason.NO_KAKAOTALK: {"en": "No KakaoTalk on this number", "ko": "카카오톡 미사용 번호"},
    Reason.INACTIVE: {"en": "KakaoTalk unused for 72 hours, or blocked", "ko": "72시간 동안 카카오톡 미사용 또는 차단"},
    Reason.OUTSIDE_HOURS: {"en": "Outside KakaoTalk's hours", "ko": "카카오톡 발송 가능 시간 아님"},
    Reason.UNKNOWN: {"en": "Reason unknown", "ko": "원인 미상"},
}
