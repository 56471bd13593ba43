"""What people read about contents, in Korean and English: encodings, kinds, problems and template errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Language = Literal["en", "ko"]
Label = Mapping[Language, str]

ENCODINGS: dict[str, Label] = {
    "gsm7": {"en": "GSM-7", "ko": "GSM-7"},
    "ucs2": {"en": "Unicode (UCS-2)", "ko": "유니코드(UCS-2)"},
    "euckr": {"en": "Korean (EUC-KR)", "ko": "한국어(EUC-KR)"},
}

UNITS: dict[str, Label] = {
    "gsm7": {"en": "characters", "ko": "자"},
    "ucs2": {"en": "characters", "ko": "자"},
    "euckr": {"en": "bytes", "ko": "바이트"},
}

KINDS: dict[str, Label] = {
    "sms": {"en": "SMS", "ko": "단문(SMS)"},
    "lms": {"en": "LMS", "ko": "장문(LMS)"},
    "mms": {"en": "MMS", "ko": "사진(MMS)"},
}

PROBLEMS: dict[str, Label] = {
    "empty_text": {"en": "Nothing is left of the text", "ko": "본문이 비어 있음"},
    "over_length": {"en": "The text is too long", "ko": "본문이 너무 김"},
    "unsendable_characters": {
        "en": "Characters that Korean networks cannot carry",
        "ko": "국내 통신사에서 보낼 수 없는 문자 포함",
    },
    "render_error": {"en": "The text cannot be personalised", "ko": "개인화 처리 오류"},
}
"""Why a content has no message for somebody, by the code in the column `problem`."""

TEMPLATE_ERRORS: dict[str, Label] = {
    "template_too_long": {
        "en": "The text has {length} characters; {limit} are allowed.",
        "ko": "본문이 {length}자입니다. {limit}자까지 쓸 수 있습니다.",
    },
    "unclosed_tag": {
        "en": "“{found}” is never closed with “{expected}”.",
        "ko": "‘{found}’가 ‘{expected}’로 닫히지 않았습니다.",
    },
    "unexpected_character": {"en": "“{found}” has no meaning here.", "ko": "여기에는 ‘{found}’를 쓸 수 없습니다."},
    "template_syntax": {
        "en": "This cannot be understood: {detail}.",
        "ko": "문법이 올바르지 않습니다. ({detail})",
    },
    "unclosed_block": {
        "en": "“{found}” needs an “{expected}” further down.",
        "ko": "‘{found}’ 뒤에 ‘{expected}’가 필요합니다.",
    },
    "unopened_block": {"en": "“{found}” closes nothing.", "ko": "‘{found}’에 짝이 되는 시작 태그가 없습니다."},
    "tag_not_allowed": {
        "en": "“{found}” is not available. Allowed are if, elif, else, for and set.",
        "ko": "‘{found}’ 태그는 쓸 수 없습니다. if, elif, else, for, set만 쓸 수 있습니다.",
    },
    "unknown_filter": {"en": "There is no filter “{found}”.", "ko": "‘{found}’ 필터가 없습니다."},
    "unknown_test": {"en": "There is no test “{found}”.", "ko": "‘{found}’ 조건이 없습니다."},
    "unknown_particle": {
        "en": "“{found}” is not a particle; write for example particle('은/는').",
        "ko": "‘{found}’는 지원하지 않는 조사입니다. 예: particle('은/는')",
    },
    "call_not_allowed": {"en": "“{found}” cannot be called.", "ko": "‘{found}’는 호출할 수 없습니다."},
    "multiplication_not_allowed": {
        "en": "Multiply only once, by at most {limit}, and where the result is shown.",
        "ko": "곱하기는 결과를 표시하는 곳에서 한 번만, {limit} 이하의 수로 할 수 있습니다.",
    },
    "list_not_allowed": {
        "en": "A list may hold only texts and numbers.",
        "ko": "목록에는 글자와 숫자만 넣을 수 있습니다.",
    },
    "key_not_literal": {
        "en": "Name one property after “{found}”, for example {found}['grade'].",
        "ko": "‘{found}’ 뒤에는 속성 이름을 하나 적어 주세요. 예: {found}['등급']",
    },
    "name_reserved": {"en": "“{found}” cannot be used as a name.", "ko": "‘{found}’는 이름으로 쓸 수 없습니다."},
    "nothing_to_show": {"en": "There is nothing between the braces.", "ko": "중괄호 안이 비어 있습니다."},
    "too_many_links": {
        "en": "The text has {count} different links; {limit} can be tracked.",
        "ko": "서로 다른 링크가 {count}개입니다. {limit}개까지 추적할 수 있습니다.",
    },
    "render_failed": {"en": "The text cannot be personalised: {detail}.", "ko": "개인화에 실패했습니다. ({detail})"},
    "render_endless": {
        "en": "The text takes too long to build. Does it repeat something?",
        "ko": "본문을 만드는 데 너무 오래 걸립니다. 반복되는 부분이 있는지 확인해 주세요.",
    },
    "output_too_long": {
        "en": "The finished text has {length} characters; {limit} are allowed.",
        "ko": "완성된 본문이 {length}자입니다. {limit}자까지 쓸 수 있습니다.",
    },
}
"""Sentences by the code of a `TemplateError`; words in braces come from the error."""

_PLACE: Label = {"en": "Line {line}, column {column}: ", "ko": "{line}번째 줄 {column}번째 글자: "}


def template_error(
    code: str, language: Language, words: Mapping[str, str], line: int | None = None, column: int | None = None
) -> str:
    """The sentence of a template error, with its place if there is one."""
    place = _PLACE[language].format(line=line, column=column) if line is not None else ""
    return place + TEMPLATE_ERRORS[code][language].format(**words)
