"""Why a candidate gets no message. The numbers are stored: never renumber, never reuse."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

Language = Literal["en", "ko"]
Words = dict[Language, str]


class SkipReason(IntEnum):
    """Reasons in the order in which the rules are asked; the first that fails names the skip."""

    NOT_SUBSCRIBED = 1
    SUPPRESSED = 2
    NO_USABLE_PHONE = 3
    EXCLUDED = 4
    DUPLICATE_PHONE = 5
    ALREADY_RECEIVED = 6
    COUNTRY_NOT_SUPPORTED = 7
    KIND_NOT_SUPPORTED = 8
    ENCODING_NOT_SUPPORTED = 17
    RECENTLY_MESSAGED = 9
    STATE_CAP = 10
    OUTSIDE_HOURS = 11
    DEADLINE_PASSED = 12
    EMPTY_TEXT = 13
    OVER_LENGTH = 14
    UNSENDABLE_CHARACTERS = 15
    RENDER_ERROR = 16

    @property
    def key(self) -> str:
        """The name used in the API, exports and documentation, e.g. `not_subscribed`."""
        return self.name.lower()

    @classmethod
    def from_key(cls, key: str) -> SkipReason:
        """The reason called `key`. Raises `KeyError` when there is none."""
        return cls[key.upper()]


TEXT_REASONS = frozenset(
    {
        SkipReason.EMPTY_TEXT,
        SkipReason.OVER_LENGTH,
        SkipReason.UNSENDABLE_CHARACTERS,
        SkipReason.RENDER_ERROR,
    }
)


@dataclass(frozen=True, kw_only=True)
class SkipWords:
    """What a person reads about a reason: a label for tables, why, and what to do, each in English and Korean."""

    label: Words
    why: Words
    remedy: Words


def _words(label: tuple[str, str], why: tuple[str, str], remedy: tuple[str, str]) -> SkipWords:
    return SkipWords(
        label={"en": label[0], "ko": label[1]},
        why={"en": why[0], "ko": why[1]},
        remedy={"en": remedy[0], "ko": remedy[1]},
    )


SKIP_WORDS: dict[SkipReason, SkipWords] = {
    SkipReason.NOT_SUBSCRIBED: _words(
        ("Not subscribed", "수신 동의 없음"),
        (
            "There is no consent to promotional text messages, or it was withdrawn.",
            "광고성 문자 수신에 동의하지 않았거나 동의를 철회한 고객입니다.",
        ),
        (
            "Ask for consent on your sign-up form, or record consent you already hold by importing it with a statement.",
            "가입 화면에서 수신 동의를 받거나, 이미 받은 동의는 동의 내역과 함께 가져와 기록하세요.",
        ),
    ),
    SkipReason.SUPPRESSED: _words(
        ("Suppressed", "발송 차단"),
        (
            "The number is on the suppression list: a complaint, a number out of service, or blocked by hand.",
            "신고, 결번, 직접 차단 등으로 발송 차단 목록에 있는 번호입니다.",
        ),
        (
            "Lift the suppression on the profile's page if you know that the reason no longer holds.",
            "차단 사유가 해소되었다면 고객 상세 화면에서 차단을 해제하세요.",
        ),
    ),
    SkipReason.NO_USABLE_PHONE: _words(
        ("No usable phone", "사용할 수 없는 번호"),
        (
            "The profile has no phone number, or it is not a mobile number.",
            "전화번호가 없거나 휴대전화 번호가 아닙니다.",
        ),
        (
            "Correct the number on the profile, or import it again.",
            "고객 정보에서 번호를 고치거나 다시 가져오세요.",
        ),
    ),
    SkipReason.EXCLUDED: _words(
        ("Excluded", "제외 대상"),
        (
            "The profile is in a list or segment that this campaign leaves out.",
            "이 캠페인에서 제외한 리스트나 세그먼트에 속한 고객입니다.",
        ),
        (
            "Change the campaign's exclusions if this was not meant.",
            "의도한 것이 아니라면 캠페인의 제외 대상을 수정하세요.",
        ),
    ),
    SkipReason.DUPLICATE_PHONE: _words(
        ("Duplicate phone", "중복 번호"),
        (
            "Another profile in the audience has the same number and gets the message.",
            "같은 번호를 쓰는 다른 고객에게 이미 발송되는 대상입니다.",
        ),
        ("Merge the two profiles if they are one person.", "같은 사람이라면 두 고객을 병합하세요."),
    ),
    SkipReason.ALREADY_RECEIVED: _words(
        ("Already received", "이미 받은 고객"),
        (
            "This campaign was already sent to the profile, and re-entry is not allowed yet.",
            "이 캠페인을 이미 받았고 아직 다시 받을 수 없는 고객입니다.",
        ),
        (
            "Allow re-entry after an interval, or make a new campaign.",
            "재수신 간격을 설정하거나 새 캠페인을 만드세요.",
        ),
    ),
    SkipReason.COUNTRY_NOT_SUPPORTED: _words(
        ("Country not supported", "지원하지 않는 국가"),
        (
            "The campaign's sender cannot reach numbers of this country.",
            "캠페인의 발신번호로는 이 국가에 보낼 수 없습니다.",
        ),
        (
            "Add a sender for the country, or leave the country out of the audience.",
            "해당 국가용 발신번호를 추가하거나 대상에서 이 국가를 제외하세요.",
        ),
    ),
    SkipReason.KIND_NOT_SUPPORTED: _words(
        ("Kind not supported", "지원하지 않는 메시지 유형"),
        (
            "This kind of message (LMS or MMS) does not exist there, or the sender cannot send it.",
            "이 국가에서 지원하지 않거나 발신번호로 보낼 수 없는 메시지 유형(LMS, MMS)입니다.",
        ),
        ("Send an SMS instead, or use another sender.", "SMS로 바꾸거나 다른 발신번호를 사용하세요."),
    ),
    SkipReason.ENCODING_NOT_SUPPORTED: _words(
        ("Encoding not supported", "지원하지 않는 문자 인코딩"),
        (
            "Phones there need an encoding that the sender's account does not take: Korea reads EUC-KR only.",
            "발신번호의 계정이 이 국가에 필요한 인코딩을 지원하지 않습니다. 국내 문자는 EUC-KR로만 보낼 수 있습니다.",
        ),
        (
            "Switch EUC-KR on in the account's settings if the carrier takes it, or use a sender of another account.",
            "통신사가 지원한다면 계정 설정에서 EUC-KR을 켜고, 아니면 다른 계정의 발신번호를 사용하세요.",
        ),
    ),
    SkipReason.RECENTLY_MESSAGED: _words(
        ("Recently messaged", "최근 발송 고객"),
        (
            "Smart sending: the profile was messaged within the chosen window.",
            "스마트 발송: 설정한 기간 안에 이미 메시지를 받은 고객입니다.",
        ),
        (
            "Send later, shorten the window, or switch smart sending off for this campaign.",
            "나중에 보내거나, 기간을 줄이거나, 이 캠페인의 스마트 발송을 끄세요.",
        ),
    ),
    SkipReason.STATE_CAP: _words(
        ("State limit reached", "주(州)별 발송 한도 초과"),
        (
            "The state allows at most three promotional messages to one number in 24 hours (Florida, Oklahoma, Maryland).",
            "플로리다, 오클라호마, 메릴랜드주는 한 번호에 24시간 동안 광고 3건까지만 허용합니다.",
        ),
        ("Send it again a day later.", "하루 뒤에 다시 보내세요."),
    ),
    SkipReason.OUTSIDE_HOURS: _words(
        ("Outside sending hours", "발송 가능 시간 아님"),
        (
            "It is night or a day of rest at the recipient's place, and the campaign skips such recipients.",
            "수신자 지역이 야간이나 휴일이며, 캠페인이 이런 고객을 건너뛰도록 설정되어 있습니다.",
        ),
        (
            "Send at another hour, or let the campaign hold messages until the next opening.",
            "다른 시간에 보내거나, 다음 발송 가능 시간까지 보류하도록 설정하세요.",
        ),
    ),
    SkipReason.DEADLINE_PASSED: _words(
        ("Too late", "발송 제한 시간 초과"),
        (
            "The recipient's sending hours begin only after the campaign's time-out.",
            "수신자 지역의 발송 가능 시간이 캠페인 제한 시간 뒤에 시작됩니다.",
        ),
        (
            "Extend the time-out, start at another hour, or split the campaign by time zone.",
            "제한 시간을 늘리거나, 다른 시간에 시작하거나, 시간대별로 캠페인을 나누세요.",
        ),
    ),
    SkipReason.EMPTY_TEXT: _words(
        ("Empty text", "빈 메시지"),
        ("Nothing is left of the text after personalisation.", "개인화하고 나면 본문이 비어 있습니다."),
        ("Add fixed words or a fallback to the text.", "고정 문구나 기본값을 본문에 넣으세요."),
    ),
    SkipReason.OVER_LENGTH: _words(
        ("Too long", "길이 초과"),
        (
            "After personalisation the text is longer than this kind of message can be.",
            "개인화한 본문이 이 메시지 유형의 최대 길이를 넘습니다.",
        ),
        (
            "Shorten the text, or send it as a longer kind (LMS).",
            "본문을 줄이거나 더 긴 유형(LMS)으로 보내세요.",
        ),
    ),
    SkipReason.UNSENDABLE_CHARACTERS: _words(
        ("Characters cannot be sent", "보낼 수 없는 문자 포함"),
        (
            "The text has characters that the recipient's carriers cannot show, such as emoji in Korea.",
            "국내 문자에서 지원하지 않는 이모지 등 통신사가 표시할 수 없는 문자가 있습니다.",
        ),
        (
            "Replace them; the editor names them. Check personalised values too.",
            "편집 화면에 표시된 문자를 바꾸고, 개인화 값도 확인하세요.",
        ),
    ),
    SkipReason.RENDER_ERROR: _words(
        ("Text could not be made", "본문 생성 오류"),
        (
            "The template failed for this profile, for example because a value has the wrong type.",
            "값의 형식이 맞지 않는 등 이 고객의 본문을 만들지 못했습니다.",
        ),
        (
            "Preview the campaign as this profile to see the error, then correct the template or the value.",
            "이 고객으로 미리보기하여 오류를 확인하고 본문이나 값을 고치세요.",
        ),
    ),
}
