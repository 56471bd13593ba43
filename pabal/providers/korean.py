"""What Korean gateways share: how they write numbers, and that they carry EUC-KR alone."""

from __future__ import annotations

import phonenumbers


def national(phone: str) -> str:
    """`01012345678` for a Korean number in E.164 form; digits with the country code for others."""
    return "0" + phone.removeprefix("+82") if phone.startswith("+82") else phone.removeprefix("+")


def as_sender(address: str) -> str:
    """A sender's number as Korean gateways have it registered."""
    return national(address) if address.startswith("+") else address


def country_and_number(phone: str) -> tuple[str, str]:
    """(`1`, `4155550100`): the calling code of an E.164 number, and the rest."""
    number = phonenumbers.parse(phone)
    return str(number.country_code), phonenumbers.national_significant_number(number)


def is_korean(phone: str) -> bool:
    """Whether the number is in Korea."""
    return phone.startswith("+82")


def is_advertising(text: str) -> bool:
    """Whether the text carries the label of an advertisement (정보통신망법 시행령 §61(3)): `(광고)` at its very start."""
    return text.startswith("(광고)")
