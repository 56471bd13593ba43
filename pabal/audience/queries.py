"""Looking people up."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.db.models import Q
from django.db.models.expressions import RawSQL

from pabal import config
from pabal.audience.models import Profile
from pabal.audience.phones import normalise_one

#: The expressions of the indexes in migrations 0005 and 0008.
_PHONE_END = RawSQL("right(profile.phone, 4)", [])
_NAME = RawSQL("lower(profile.last_name || profile.first_name)", [])
_FIRST_NAME = RawSQL("lower(profile.first_name)", [])
EMAIL = RawSQL("lower(profile.email)", [])

LIMIT = 50
#: People with one beginning of an email address that are looked through.
_MOST_EMAILS = 5000


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """Profiles, the newest first; `cursor` asks for the next page and is None on the last one."""

    profiles: list[Profile]
    cursor: int | None


def find_profiles(
    search: str = "", *, list_id: int | None = None, cursor: int | None = None, limit: int = LIMIT
) -> Page:
    """People by what one would type: a phone or its last digits, a name, a customer id, an email address.

    With `list_id`, those on that list.

    A phone matches from its beginning, in national or international form, or by four or more of its last digits. Names
    and email addresses and customer ids match from their beginning. 1 M profiles: a few milliseconds.
    """
    found = Profile.objects.exclude(external_id=None, phone="", email="")  # shells of the forgotten
    text = " ".join(search.split())
    if text:
        found = found.annotate(phone_end=_PHONE_END, name=_NAME, given=_FIRST_NAME).filter(_matching(text))
    if list_id is not None:
        found = found.filter(memberships__list_id=list_id, memberships__removed_at=None)
    if cursor is not None:
        found = found.filter(pk__lt=cursor)
    profiles = list(found.order_by("-pk")[: limit + 1])
    more = len(profiles) > limit
    return Page(profiles=profiles[:limit], cursor=profiles[limit - 1].pk if more else None)


def find_by_phone(phone: str) -> list[Profile]:
    """Everybody with exactly this phone, the oldest first; a national number is one of the default country."""
    number = normalise_one(phone, config.get().default_country, allow_fictional=True)[0]
    return list(Profile.objects.filter(phone=number).order_by("pk")) if number else []


def _matching(text: str) -> Q:
    lower = text.lower()
    if "@" in text:
        return Q(pk__in=_with_email(lower))
    found = Q(external_id__startswith=text)
    digits = re.sub(r"[\s().+\-]", "", text)
    if digits.isdigit():
        if len(digits) >= 3:
            for prefix in _phone_prefixes(text, digits):
                found |= Q(phone__startswith=prefix)
        if len(digits) >= 4:
            found |= Q(phone_end=digits[-4:], phone__endswith=digits)
        return found
    compact = lower.replace(" ", "")
    found |= Q(name__startswith=compact) | Q(given__startswith=lower)
    first, _space, last = lower.rpartition(" ")
    if first:  # "Mary Lee"
        found |= Q(given=first, name__startswith=last)
    return found


def _with_email(beginning: str) -> list[int]:
    """Ids of people whose address begins so. Asked for on their own: otherwise the planner, who takes such a beginning to
    be frequent, reads everybody from the newest on."""
    found = Profile.objects.annotate(mail=EMAIL).filter(mail__startswith=beginning).exclude(email="")
    return list(found.values_list("pk", flat=True)[:_MOST_EMAILS])


def _phone_prefixes(text: str, digits: str) -> set[str]:
    if text.startswith("+"):
        return {f"+{digits}"}
    prefixes = {f"+{digits}"}
    country = config.get().default_country
    code = _calling_code(country)
    if digits.startswith("0") and code:
        prefixes.add(f"+{code}{digits[1:]}")
    elif code == 1:
        prefixes.add(f"+1{digits}")
    return prefixes


def _calling_code(country: str) -> int:
    import phonenumbers

    return int(phonenumbers.country_code_for_region(country))
