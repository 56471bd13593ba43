"""Why a row of a contact file is refused: the codes, in both languages. Documented in `docs/reference/import-refusals.md`."""

from __future__ import annotations

from pabal.audience.phones import PROBLEMS

#: Reason → words for the person who imports. The problems of phone numbers (`phones.PROBLEMS`) are reasons too.
REASONS: dict[str, dict[str, str]] = {
    "no_identity": {
        "en": "No phone number, customer ID or email address",
        "ko": "전화번호, 고객 ID, 이메일이 모두 비어 있습니다",
    },
    "unknown_country_name": {
        "en": "The country is not known; use its two-letter code",
        "ko": "알 수 없는 국가입니다. 두 글자 국가 코드로 적어 주세요",
    },
    "unknown_time_zone": {
        "en": "The time zone is not known; write it like Asia/Seoul",
        "ko": "알 수 없는 시간대입니다. Asia/Seoul과 같이 적어 주세요",
    },
    "unknown_language": {
        "en": "The language is not known; write it like ko or en-US",
        "ko": "알 수 없는 언어입니다. ko 또는 en-US와 같이 적어 주세요",
    },
    "bad_consent_date": {
        "en": "The date of consent cannot be read or lies in the future",
        "ko": "동의 일시를 읽을 수 없거나 미래의 날짜입니다",
    },
    "value_too_long": {
        "en": "The customer ID, name or email address is too long",
        "ko": "고객 ID, 이름 또는 이메일이 너무 깁니다",
    },
    "unreadable_encoding": {
        "en": "The line is neither UTF-8 nor CP949 text",
        "ko": "UTF-8이나 CP949로 읽을 수 없는 줄입니다",
    },
    "binary_data": {"en": "The line holds NUL bytes", "ko": "텍스트가 아닌 데이터(NUL)가 들어 있습니다"},
    "unclosed_quote": {"en": "A quotation mark is never closed", "ko": "따옴표가 닫히지 않았습니다"},
    "too_many_cells": {
        "en": "More cells than the header has columns",
        "ko": "제목 행의 열 수보다 값이 많습니다",
    },
    "line_too_long": {"en": "The line is longer than 1 MB", "ko": "한 줄이 1MB를 넘습니다"},
    "broken_line": {"en": "The line cannot be split into cells", "ko": "열로 나눌 수 없는 줄입니다"},
} | {code: words for code, words in PROBLEMS.items() if code != "empty"}


def reason_text(code: str, language: str) -> str:
    """The sentence for a reason in `language` (ko or en)."""
    words = REASONS.get(code, {})
    return words.get(language) or words.get("en", code)
