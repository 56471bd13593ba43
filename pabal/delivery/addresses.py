"""What a sender's address may look like, by kind and country.

Korea: pre-registered numbers of 8 to 11 digits with area code (전기통신사업법 §84-2), kept in national form without
hyphens. Elsewhere numbers are E.164; short codes are 3 to 8 digits; brand names up to 11 letters and digits (3GPP TS
23.038, alphanumeric address).
"""

from __future__ import annotations

import re

import phonenumbers
from django.utils.translation import gettext as _

from pabal.delivery.models import SenderKind
from pabal.errors import InvalidInput

_KOREAN = re.compile(r"0\d{8,10}|030\d{9}|1[5-8]\d{6}")
_BRAND = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 &._-]{1,11}")


def clean_address(address: str, kind: str, country: str) -> str:
    """The address as it is stored. Raises InvalidInput (`bad_address`, field `address`)."""
    text = address.strip()
    digits = re.sub(r"[\s().\-]", "", text)
    match kind:
        case SenderKind.BRAND_NAME:
            if _BRAND.fullmatch(text):
                return text
            raise _bad(_("A brand name has up to 11 Latin letters, digits and spaces, and at least one letter."))
        case SenderKind.SHORT_CODE:
            if re.fullmatch(r"\d{3,8}", digits):
                return digits
            raise _bad(_("A short code has 3 to 8 digits."))
    if country == "KR":
        national = "0" + digits.removeprefix("+82").removeprefix("0") if digits.startswith("+82") else digits
        if _KOREAN.fullmatch(national):
            return national
        raise _bad(_("Write a registered number with its area code, e.g. 02-1234-5678."))
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_possible_number(number):
        raise _bad(_("This is not a phone number of the chosen country."))
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def clean_opt_out_number(number: str) -> str:
    """Korea's free number for refusals, or empty. Raises InvalidInput (`bad_opt_out_number`)."""
    digits = re.sub(r"\D", "", number)
    if digits and not re.fullmatch(r"080\d{6,8}", digits):
        message = _("The free refusal number begins with 080, e.g. 080-123-4567.")
        raise InvalidInput(message, code="bad_opt_out_number", field="opt_out_number")
    return digits


def _bad(message: str) -> InvalidInput:
    return InvalidInput(message, code="bad_address", field="address")
