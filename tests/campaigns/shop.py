"""A small shop on the real engines: senders, prices, people, and its warehouse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone

from pabal.audience.models import Consent, List, ListMember, Profile, Suppression
from pabal.billing.models import Balance, Price
from pabal.campaigns import actions, planning
from pabal.campaigns.models import Campaign, Plan, PlanMode
from pabal.campaigns.summary import PlanSummary
from pabal.delivery.models import Message, ProviderAccount, Sender
from pabal.warehouse.sync import Synchroniser

#: 14:00 in Korea, on a Tuesday: open there, and at night in New York.
NOON = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)


@dataclass(kw_only=True)
class Shop:
    """Korean and American senders on one sandbox account, with prices; `synchroniser` keeps its warehouse."""

    synchroniser: Synchroniser
    dsn: str
    korean: Sender
    american: Sender

    def person(self, phone: str = "", *, subscribed: bool = True, night: bool = False, **fields: Any) -> Profile:
        """A profile with its consent. Country, region and zones follow from the phone as the import would write them."""
        place: dict[str, Any] = {}
        if phone.startswith("+82"):
            place = {"country": "KR", "region": "KR", "zones": "Asia/Seoul"}
        elif phone.startswith("+1212"):
            place = {"country": "US", "region": "US-NY", "zones": "America/New_York"}
        elif phone.startswith("+1305"):
            place = {"country": "US", "region": "US-FL", "zones": "America/New_York"}
        elif phone.startswith("+33"):
            place = {"country": "FR", "region": "FR", "zones": "Europe/Paris"}
        profile = Profile.objects.create(phone=phone, **(place | fields))
        purposes = ["promotional"] * subscribed + ["night"] * night
        for purpose in purposes:
            Consent.objects.create(
                profile=profile, channel="text", purpose=purpose, state="subscribed", changed_at=timezone.now()
            )
        return profile

    def people(self, count: int, **fields: Any) -> list[Profile]:
        """Many Koreans who agreed."""
        place = {"country": "KR", "region": "KR", "zones": "Asia/Seoul"}
        profiles = Profile.objects.bulk_create(
            [Profile(**({"phone": f"+82100000{i:04d}"} | place | fields)) for i in range(count)]
        )
        Consent.objects.bulk_create(
            [
                Consent(profile=p, channel="text", purpose="promotional", state="subscribed", changed_at=timezone.now())
                for p in profiles
            ]
        )
        return profiles

    def list_of(self, profiles: Sequence[Profile], key: str = "buyers") -> List:
        found = List.objects.create(key=key, name=key, size=len(profiles))
        ListMember.objects.bulk_create([ListMember(list=found, profile=p) for p in profiles])
        return found

    def campaign(self, text: str = "봄 할인 시작", **fields: Any) -> Campaign:
        """A draft for everybody from both senders, smart sending off, unless `fields` say otherwise."""
        given: dict[str, Any] = {"all_profiles": "include_lists" not in fields, "smart_hours": None}
        senders = fields.pop("senders", [self.korean, self.american])
        given |= fields
        return actions.create(by=None, name="Spring", text=text, senders=senders, **given)

    def plan(self, campaign: Campaign, *, at: datetime = NOON) -> PlanSummary:
        """A review made for the moment `at`."""
        plan = Plan.objects.create(
            campaign=campaign, campaign_version=campaign.version, mode=PlanMode.REVIEW, planned_for=at
        )
        return self.carry_out(plan)

    def carry_out(self, plan: Plan) -> PlanSummary:
        assert planning.carry_out(plan.pk, self.synchroniser, dsn=self.dsn, pause=0.01)
        plan.refresh_from_db()
        assert plan.error is None, plan.error
        return PlanSummary.from_json(plan.summary)

    def launch(self, campaign: Campaign, *, at: datetime = NOON) -> PlanSummary:
        """Review, launch and plan, as if it were `at`."""
        reviewed = self.plan(campaign, at=at)
        actions.launch(campaign, by=None, expected_messages=reviewed.messages)
        plan = Plan.objects.get(campaign=campaign, mode=PlanMode.SEND)
        Plan.objects.filter(pk=plan.pk).update(planned_for=at)
        summary = self.carry_out(plan)
        campaign.refresh_from_db()
        return summary

    def messages(self, campaign: Campaign) -> list[Message]:
        return list(Message.objects.filter(campaign_id=campaign.pk).order_by("id"))


def open_shop(synchroniser: Synchroniser, dsn: str) -> Shop:
    """The shop's rows, and plenty of credits."""
    account = ProviderAccount.objects.create(name="sandbox", provider="sandbox")
    korean = Sender.objects.create(
        account=account, address="0212345678", name="파발", kind="long_code", country="KR", throughput=100,
        opt_out_number="0801234567", slots=2,
    )  # fmt: skip
    american = Sender.objects.create(
        account=account, address="+12025550100", name="Pabal", kind="long_code", country="US", throughput=10
    )
    for country, kind, amount in (("KR", "sms", 12_000), ("KR", "lms", 39_000), ("US", "sms", 10_000)):
        Price.objects.create(provider="sandbox", kind=kind, country=country, amount=amount, valid_from="2020-01-01")
    Balance.objects.update_or_create(pk=1, defaults={"total": 10_000_000_000, "reserved": 0})
    return Shop(synchroniser=synchroniser, dsn=dsn, korean=korean, american=american)


def suppress(phone: str) -> Suppression:
    return Suppression.objects.create(phone=phone, reason="complaint")


def hours(count: float) -> timedelta:
    return timedelta(hours=count)
