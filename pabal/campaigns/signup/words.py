"""What the public pages of a sign-up form say. The language is the form's, so these are no gettext texts."""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, dict[str, str]]] = {
    # The form, where its author wrote nothing
    "title": {"ko": "문자로 소식 받기", "en": "Get our news by text"},
    "button": {"ko": "신청하기", "en": "Sign up"},
    "phone": {"ko": "휴대전화 번호", "en": "Mobile number"},
    "name": {"ko": "이름", "en": "Name"},
    "optional": {"ko": "선택", "en": "optional"},
    "required": {"ko": "필수", "en": "required"},
    "trap": {"ko": "이 칸은 비워 두세요", "en": "Leave this empty"},
    "withdraw": {
        "ko": "동의하지 않을 수 있으며, 언제든지 무료로 수신을 거부할 수 있습니다.",
        "en": "Agreeing is up to you, and you can stop at any time, free of charge.",
    },
    # After it
    "thanks": {"ko": "신청해 주셔서 감사합니다.", "en": "Thank you for signing up."},
    "done": {"ko": "수신 동의가 기록되었습니다.", "en": "Your consent is recorded."},
    "check": {
        "ko": "휴대전화로 확인 문자를 보냈습니다. 문자에 있는 링크를 눌러 동의를 마쳐 주세요.",
        "en": "We sent a text to your phone. Open the link in it to confirm.",
    },
    # The page behind the confirmation's link
    "confirm_title": {"ko": "문자 수신 동의", "en": "Confirm your sign-up"},
    "confirm_ask": {
        "ko": "아래 내용에 동의하고 문자를 받으시겠습니까?",
        "en": "Do you agree to this, and want these texts?",
    },
    "confirm_number": {"ko": "받는 번호: {phone}", "en": "Number: {phone}"},
    "confirm_sender": {"ko": "보내는 곳: {sender}", "en": "Sender: {sender}"},
    "confirm_button": {"ko": "동의하고 받기", "en": "Yes, I agree"},
    "confirm_else": {
        "ko": "신청한 적이 없다면 이 화면을 닫아 주세요. 아무것도 보내지 않습니다.",
        "en": "You did not sign up? Close this page, and nothing will be sent.",
    },
    "confirmed": {"ko": "수신 동의가 완료되었습니다.", "en": "You are signed up."},
    "confirmed_more": {
        "ko": "{day}에 {sender}의 광고성 문자 수신에 동의하셨습니다. 언제든지 수신을 거부할 수 있습니다.",
        "en": "On {day} you agreed to texts from {sender}. You can stop them at any time.",
    },
    "refused": {"ko": "수신을 거부하셨습니다.", "en": "You declined."},
    "refused_more": {
        "ko": "다시 받으시려면 가입 양식을 새로 작성해 주세요.",
        "en": "To get these texts after all, fill in the form again.",
    },
    "expired": {"ko": "확인 기간이 지났습니다.", "en": "This link has expired."},
    "expired_more": {
        "ko": "가입 양식을 다시 작성하면 새 확인 문자를 보내 드립니다.",
        "en": "Fill in the form again, and we send a new one.",
    },
    "again": {"ko": "다시 신청하기", "en": "Sign up again"},
    "gone": {"ko": "없는 주소입니다.", "en": "This link leads nowhere."},
    "gone_more": {"ko": "주소가 잘못되었거나 기간이 지났습니다.", "en": "It was mistyped, or it is too old."},
    "closed": {"ko": "더 이상 신청을 받지 않습니다.", "en": "This form is closed."},
    "back": {"ko": "돌아가기", "en": "Back"},
    # What may be wrong
    "error_phone_empty": {"ko": "휴대전화 번호를 입력해 주세요.", "en": "Enter your mobile number."},
    "error_phone_not_a_number": {"ko": "전화번호가 아닙니다. 숫자로 입력해 주세요.", "en": "This is not a phone number."},
    "error_phone_too_short": {"ko": "번호의 자릿수가 부족합니다.", "en": "The number has too few digits."},
    "error_phone_too_long": {"ko": "번호의 자릿수가 너무 많습니다.", "en": "The number has too many digits."},
    "error_phone_unknown_country": {"ko": "없는 국가번호입니다.", "en": "There is no such country code."},
    "error_phone_invalid_number": {"ko": "없는 번호입니다. 다시 확인해 주세요.", "en": "There is no such number. Please check it."},
    "error_phone_not_mobile": {
        "ko": "문자를 받을 수 있는 휴대전화 번호를 입력해 주세요.",
        "en": "Enter a mobile number, which can get texts.",
    },
    "error_consent": {"ko": "동의해 주셔야 신청할 수 있습니다.", "en": "Tick the box to sign up."},
    "error_name": {"ko": "이름이 너무 깁니다.", "en": "The name is too long."},
    "error_many": {
        "ko": "요청이 너무 많습니다. 나중에 다시 시도해 주세요.",
        "en": "Too many requests. Please try again later.",
    },
    "error_later": {"ko": "잠시 후 다시 시도해 주세요.", "en": "Please try again in a moment."},
    "error_origin": {"ko": "이 사이트에서는 사용할 수 없는 양식입니다.", "en": "This form may not be used on this site."},
    # The answer to a reply that confirms
    "reply_confirmed": {
        "ko": "[{sender}] {day} 광고 문자 수신에 동의하셨습니다. 그만 받으시려면 '수신거부' 회신",
        "en": "{sender}: You are signed up. Reply STOP to unsubscribe, HELP for help.",
    },
}  # fmt: skip

#: What a new form suggests; `{brand}` is the sender's name.
SUGGESTED: Final[dict[str, dict[str, str]]] = {
    "wording": {
        "ko": "{brand}의 할인, 이벤트 등 광고성 정보를 문자로 받는 데 동의합니다.",
        "en": "I agree to get recurring marketing texts from {brand} at this number. Consent is no condition of any purchase. Message and data rates may apply.",
    },
    "night_wording": {
        "ko": "야간(21시~08시)에도 {brand}의 광고성 정보를 문자로 받는 데 동의합니다.",
        "en": "I also agree to get them at night (9 p.m. to 8 a.m.).",
    },
    "confirmation": {
        "ko": "문자 수신 동의를 확인해 주세요: {{ link }}",
        "en": "Confirm that you want our texts: {{ link }} Not you? Ignore this.",
    },
    "lead": {
        "ko": "할인과 새 소식을 가장 먼저 알려 드립니다.",
        "en": "Be the first to hear about offers and news.",
    },
}  # fmt: skip

#: A reply that says yes to a confirmation, beside the words that mean "start" anyway.
YES: Final = frozenset({
    "yes", "y", "yep", "yeah", "ok", "okay", "confirm", "confirmed", "agree", "i agree",
    "네", "넵", "넹", "예", "응", "확인", "동의합니다", "동의해요", "승인", "ㅇㅇ", "ㅇㅋ",
})  # fmt: skip


def said(key: str, language: str, **values: str) -> str:
    """One sentence of `WORDS`."""
    words = WORDS[key]
    return words.get(language, words["en"]).format(**values) if values else words.get(language, words["en"])


def phone_error(problem: str, language: str) -> str:
    """What is wrong with a phone number (a key of `audience.phones.PROBLEMS`), said to its owner."""
    key = f"error_phone_{problem}"
    return said(key if key in WORDS else "error_phone_not_a_number", language)
