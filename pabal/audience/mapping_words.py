"""The words by which columns are recognised, Korean and English."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

#: Fields a column can be mapped to, in the order in which they are offered, with their labels.
TARGETS: dict[str, Any] = {
    "phone": _("Phone"),
    "external_id": _("Customer ID"),
    "full_name": _("Full name"),
    "first_name": _("First name"),
    "last_name": _("Last name"),
    "email": _("Email"),
    "consent": _("Consent (yes or no)"),
    "consent_at": _("Date of consent"),
    "country": _("Country"),
    "time_zone": _("Time zone"),
    "locale": _("Language"),
    "property": _("Custom property"),
    "ignore": _("Do not import"),
}

#: Field → column names without spaces and punctuation, in lower case; the surest first.
HEADERS: dict[str, tuple[str, ...]] = {
    "phone": (
        "휴대폰", "휴대전화", "핸드폰", "휴대폰번호", "휴대전화번호", "핸드폰번호", "휴대번호", "전화번호", "연락처",
        "전화", "모바일", "수신번호", "수신자번호", "mobile", "mobilephone", "mobilenumber", "phone", "phonenumber",
        "cellphone", "cell", "tel", "telephone", "hp", "msisdn", "contactnumber", "recipient",
    ),
    "email": ("이메일", "이메일주소", "메일", "메일주소", "전자우편", "email", "emailaddress", "mail"),
    "external_id": (
        "회원번호", "고객번호", "고객id", "회원id", "회원아이디", "고객아이디", "아이디", "회원코드", "고객코드", "사용자id",
        "externalid", "customerid", "customerno", "customernumber", "memberid", "memberno", "userid", "id", "uid",
    ),
    "full_name": (
        "이름", "성명", "고객명", "회원명", "성함", "고객이름", "회원이름", "수신자명", "받는분", "name", "fullname",
        "customername", "contactname",
    ),
    "first_name": ("firstname", "givenname", "forename", "first", "이름만", "명"),
    "last_name": ("성", "성씨", "lastname", "surname", "familyname", "last"),
    "locale": ("언어", "사용언어", "locale", "language", "lang"),
    "time_zone": ("시간대", "표준시", "timezone", "tz"),
    "country": ("국가", "국가코드", "나라", "country", "countrycode"),
    "consent": (
        "수신동의", "수신동의여부", "광고수신동의", "광고수신동의여부", "마케팅수신동의", "마케팅수신동의여부",
        "마케팅동의", "마케팅동의여부", "문자수신동의", "문자수신동의여부", "sms수신동의", "sms수신동의여부", "sms수신여부",
        "sms수신", "문자수신여부", "동의여부", "수신여부", "consent", "smsconsent", "optin", "smsoptin", "marketingconsent",
        "acceptssms", "acceptsmarketing", "acceptssmsmarketing", "subscribed",
    ),
    "consent_at": (
        "수신동의일", "수신동의일시", "수신동의일자", "동의일", "동의일시", "동의일자", "동의날짜", "마케팅동의일",
        "마케팅수신동의일", "마케팅동의일시", "consentdate", "consentat", "consenttime", "optindate", "optinat", "optintime",
        "subscribedat", "consenttimestamp",
    ),
}  # fmt: skip

#: Words that mean a field only when they are all of a column's name: `last_purchase` is no family name.
EXACT = frozenset({"first", "last", "cell", "tel", "uid"})

_YES = (
    "y", "yes", "true", "t", "1", "o", "on", "ok", "opt-in", "optin", "opted in", "subscribed", "agree", "agreed",
    "accepted", "granted", "동의", "동의함", "수신", "수신함", "수신동의", "수신 동의", "예", "네", "허용", "ㅇ", "○",
)  # fmt: skip
_NO = (
    "n", "no", "false", "f", "0", "x", "off", "opt-out", "optout", "opted out", "unsubscribed", "disagree", "declined",
    "refused", "denied", "never_subscribed", "never subscribed", "미동의", "동의안함", "동의 안함", "동의하지않음",
    "동의하지 않음", "비동의", "거부", "수신거부", "수신 거부", "거절", "수신안함", "아니오", "아니요", "철회", "해지",
    "미수신", "ㄴ", "×",
)  # fmt: skip

#: Words of a consent column → whether they agree. Anything else agrees to nothing.
CONSENT_WORDS: dict[str, bool] = {**dict.fromkeys(_YES, True), **dict.fromkeys(_NO, False)}

#: What people type into a cell to say that there is nothing. Empty in every field; kept in properties.
NOTHING = (
    "-",
    "--",
    ".",
    "없음",
    "null",
    "none",
    "n/a",
    "na",
    "#n/a",
    "nan",
    "미입력",
    "해당없음",
    "해당 없음",
    "undefined",
)

#: Korean family names of two syllables; all others have one.
LONG_SURNAMES = ("남궁", "황보", "제갈", "선우", "사공", "서문", "독고", "동방", "어금", "망절", "강전", "소봉", "장곡")
