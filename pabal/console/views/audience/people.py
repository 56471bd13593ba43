"""People as rows of a table, with what they agreed to; and where they are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.utils import timezone

from pabal.audience.models import Channel, Consent, Profile, Purpose, Suppression


@dataclass(frozen=True, kw_only=True)
class PersonRow:
    """A person in a table. `consent` is about advertising by text: subscribed, unsubscribed, never_asked or suppressed."""

    profile: Profile
    consent: str


def rows_of(profiles: Iterable[Profile]) -> list[PersonRow]:
    """The people with their consent, in two queries."""
    people = list(profiles)
    ids = [profile.pk for profile in people]
    states = dict(
        Consent.objects.filter(profile__in=ids, channel=Channel.TEXT, purpose=Purpose.PROMOTIONAL).values_list(
            "profile_id", "state"
        )
    )
    phones = [profile.phone for profile in people if profile.phone]
    blocked = set(
        Suppression.objects.filter(phone__in=phones, lifted_at=None).values_list("phone", flat=True) if phones else ()
    )
    return [
        PersonRow(
            profile=profile,
            consent="suppressed" if profile.phone in blocked else states.get(profile.pk, "never_asked"),
        )
        for profile in people
    ]


def local_times(profile: Profile) -> tuple[str, str]:
    """What time it is where the person is, and the zone's name: `10:05`, or `10:05–13:05` where the place is uncertain.

    Both are empty when nothing is known.
    """
    names = [profile.time_zone] if profile.time_zone else profile.zones.split(",") if profile.zones else []
    now = timezone.now()
    found: dict[str, datetime] = {}
    for name in names:
        try:
            found[name] = now.astimezone(ZoneInfo(name))
        except (ZoneInfoNotFoundError, ValueError):
            continue
    if not found:
        return "", ""
    clocks = sorted({at.replace(tzinfo=None) for at in found.values()})
    first, last = f"{clocks[0]:%H:%M}", f"{clocks[-1]:%H:%M}"
    name = next(iter(found)) if len(found) == 1 else ""
    return (first if first == last else f"{first}–{last}"), name
