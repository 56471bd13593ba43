"""How a request names people: by our id, by the caller's, or by phone."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl
from django.utils.translation import gettext as _
from pydantic import Field

from pabal import config
from pabal.api.schemas import Input
from pabal.audience.former_ids import profiles_named
from pabal.audience.models import Profile
from pabal.audience.phones import normalise
from pabal.errors import InvalidInput

MOST = 10_000


class People(Input):
    """Up to 10,000 people, named in one way or several. A phone means everybody who has it."""

    profile_ids: list[int] = Field(default_factory=list, max_length=MOST)
    external_ids: list[str] = Field(default_factory=list, max_length=MOST)
    phones: list[str] = Field(default_factory=list, max_length=MOST, description="E.164, or of the default country.")


@dataclass(frozen=True, kw_only=True)
class Found:
    """Ids of the people that a request names, and the names that are nobody's, as they were sent."""

    ids: list[int]
    unknown: list[str]


def resolve(people: People) -> Found:
    """Whom a request names. Raises InvalidInput (`nobody_named`, `too_many`)."""
    count = len(people.profile_ids) + len(people.external_ids) + len(people.phones)
    if not count:
        raise InvalidInput(_("Name at least one person."), code="nobody_named")
    if count > MOST:
        raise InvalidInput(_("At most %(limit)s people in one request.") % {"limit": f"{MOST:,}"}, code="too_many")
    ids: set[int] = set()
    unknown: list[str] = []
    if people.profile_ids:
        known = set(Profile.objects.filter(pk__in=people.profile_ids).values_list("pk", flat=True))
        unknown += [str(pk) for pk in people.profile_ids if pk not in known]
        ids |= known
    if people.external_ids:
        named = profiles_named(people.external_ids)
        unknown += [name for name in people.external_ids if name not in named]
        ids |= set(named.values())
    if people.phones:
        numbers = normal_phones(people.phones)
        rows = Profile.objects.filter(phone__in=[n for n in numbers if n]).values_list("phone", "pk")
        known_phones = {phone for phone, _pk in rows}
        ids |= {pk for _phone, pk in rows}
        unknown += [sent for sent, n in zip(people.phones, numbers, strict=True) if n not in known_phones]
    return Found(ids=sorted(ids), unknown=unknown)


def normal_phones(phones: list[str]) -> list[str | None]:
    """Each phone in E.164, or None for what is no number."""
    options = config.get()
    found = normalise(
        pl.Series(phones, dtype=pl.String), options.default_country, allow_fictional=options.allow_fictional
    )
    numbers: list[str | None] = found.get_column("phone").to_list()
    return numbers
