"""The whole plan against a plain reading of the rules, person by person, over random little shops.

The oracle shares nothing with the plan but the numbers of the reasons: no SQL of the warehouse, no frames.
"""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from pabal.audience.models import Consent, ListMember, Profile, Suppression
from pabal.campaigns.models import Campaign, Skip
from pabal.delivery.models import EventKind, Message, MessageEvent
from pabal.policy.skips import SkipReason
from tests.campaigns.shop import NOON, Shop, hours

PHONES = [
    "",
    *(f"+82100000{i:04d}" for i in range(12)),
    *(f"+1212555010{i}" for i in range(4)),
    *(f"+1305555010{i}" for i in range(4)),
    "+33612345678",
]


@dataclass(frozen=True, kw_only=True)
class Attempt:
    phone: str
    at: datetime


def attempts() -> list[Attempt]:
    """What was tried or is still planned, read row by row from PostgreSQL."""
    events = defaultdict(dict)
    for event in MessageEvent.objects.all():
        events[event.message_id][event.kind] = event.at
    found = []
    for message in Message.objects.all():
        happened = events[message.pk]
        handed_over = [happened[k] for k in (EventKind.ACCEPTED, EventKind.UNKNOWN) if k in happened]
        given_up = EventKind.CANCELLED in happened or EventKind.EXPIRED in happened
        if handed_over or not given_up:
            found.append(Attempt(phone=message.phone, at=max([message.send_after, *handed_over])))
    return found


def opens(profile: Profile, now: datetime) -> datetime:
    """09:00 to 20:00 at the place; nothing in the law of Korea, New York or Florida is narrower on a weekday."""
    zone = ZoneInfo({"KR": "Asia/Seoul", "US": "America/New_York"}[profile.country])
    local = now.astimezone(zone)
    if 9 <= local.hour < 20:
        return now
    morning = local.replace(hour=9, minute=0, second=0, microsecond=0)
    return morning if local.hour < 9 else morning + timedelta(days=1)


def judge(campaign: Campaign, now: datetime, before: list[Attempt]) -> dict[int, str | datetime]:
    """profile → reason, or the moment it may be sent."""
    deadline = now + timedelta(minutes=campaign.timeout_minutes)
    included = set(
        ListMember.objects.filter(list__in=campaign.include_lists.all(), removed_at=None).values_list(
            "profile_id", flat=True
        )
    )
    excluded = set(
        ListMember.objects.filter(list__in=campaign.exclude_lists.all(), removed_at=None).values_list(
            "profile_id", flat=True
        )
    )
    blocked = set(Suppression.objects.filter(lifted_at=None).values_list("phone", flat=True))
    subscribed = set(
        Consent.objects.filter(channel="text", purpose="promotional", state="subscribed").values_list(
            "profile_id", flat=True
        )
    )
    taken: set[str] = set()
    verdicts: dict[int, str | datetime] = {}
    for profile in Profile.objects.order_by("id"):
        if not campaign.all_profiles and profile.pk not in included:
            continue
        recent = [a for a in before if a.phone == profile.phone]
        limit = timedelta(hours=campaign.smart_hours) if campaign.smart_hours else None
        if profile.pk not in subscribed:
            reason = "not_subscribed"
        elif profile.phone in blocked:
            reason = "suppressed"
        elif not profile.phone:
            reason = "no_usable_phone"
        elif profile.pk in excluded:
            reason = "excluded"
        elif profile.phone in taken:
            reason = "duplicate_phone"
        elif profile.country == "FR":
            reason = "country_not_supported"
        elif limit and any(a.at > now - limit for a in recent):
            reason = "recently_messaged"
        elif profile.region == "US-FL" and sum(a.at > now - hours(24) for a in recent) >= 3:
            reason = "state_cap"
        elif campaign.quiet_hours == "skip" and opens(profile, now) != now:
            reason = "outside_hours"
        elif opens(profile, now) >= deadline:
            reason = "deadline_passed"
        elif not profile.first_name.strip():
            reason = "empty_text"
        else:
            verdicts[profile.pk] = opens(profile, now)
            taken.add(profile.phone)
            continue
        if reason not in ("not_subscribed", "suppressed", "no_usable_phone", "excluded"):
            taken.add(profile.phone)  # it keeps the phone, even if another rule then skips it
        verdicts[profile.pk] = reason
    return verdicts


def populate(shop: Shop, chance: random.Random) -> None:
    people = [
        shop.person(
            chance.choice(PHONES), subscribed=chance.random() < 0.85, first_name=chance.choice(["민준", "Ann", ""])
        )
        for _ in range(60)
    ]
    for key in ("a", "b", "c"):
        members = shop.list_of(chance.sample(people, 25), key)
        gone = ListMember.objects.filter(list=members).values_list("profile_id", flat=True)[:5]
        ListMember.objects.filter(list=members, profile_id__in=list(gone)).update(removed_at=NOON)
    for phone in chance.sample(PHONES[1:], 3):
        Suppression.objects.create(phone=phone, reason="complaint", lifted_at=NOON if chance.random() < 0.3 else None)


@pytest.mark.parametrize("seed", range(8))
def test_the_plan_is_what_a_plain_reading_of_the_rules_says(shop: Shop, seed: int) -> None:
    from pabal.audience.models import List

    chance = random.Random(seed)
    populate(shop, chance)
    lists = {found.key: found for found in List.objects.all()}
    now = NOON + hours(chance.choice([0, 10, 13]))
    for round_number in range(3):
        before = attempts()
        campaign = shop.campaign(
            "{{ first_name }}",
            all_profiles=chance.random() < 0.5,
            include_lists=[lists["a"], lists["b"]],
            exclude_lists=[lists["c"]] if chance.random() < 0.7 else [],
            smart_hours=chance.choice([None, 1, 24]),
            quiet_hours=chance.choice(["hold", "skip"]),
            timeout_minutes=chance.choice([240, 24 * 60]),
        )
        expected = judge(campaign, now, before)
        reviewed = shop.plan(campaign, at=now)
        messages = {pk: moment for pk, moment in expected.items() if isinstance(moment, datetime)}
        assert reviewed.messages == len(messages), round_number
        assert reviewed.audience == len(expected) == reviewed.messages + reviewed.skipped
        if messages:
            shop.launch(campaign, at=now)
            actual: dict[int, str | datetime] = {m.profile_id: m.send_after for m in shop.messages(campaign)}
            actual |= {s.profile_id: SkipReason(s.reason).key for s in Skip.objects.filter(campaign_id=campaign.pk)}
            assert actual == expected, round_number
            for message in shop.messages(campaign):
                for kind in chance.choice([[], [1], [1, 2], [4], [5], [6], [3], [1, 3]]):
                    MessageEvent.objects.create(message_id=message.pk, kind=kind, at=message.send_after + hours(0.5))
        now += hours(chance.choice([0.2, 2, 20]))
