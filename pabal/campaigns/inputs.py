"""What a plan is made from: a campaign as it stands at one moment, as plain values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pabal.audience.models import Channel, Segment
from pabal.campaigns.candidates import Audience
from pabal.campaigns.compose import content_of, route_of, senders_of
from pabal.campaigns.kakao import KakaoInput, kakao_input
from pabal.campaigns.models import Campaign, Plan, PlanMode, SmartCounts
from pabal.campaigns.people_sets import people_in, segment_versions
from pabal.content.compose import Content
from pabal.delivery.models import CampaignControl, Sender
from pabal.policy.hours import Window
from pabal.policy.laws import facts
from pabal.policy.verdict import Policy
from pabal.warehouse.compiler import Query


@dataclass(frozen=True, kw_only=True)
class PlanInput:
    """`now` is the moment planned for, `deadline` when what is not sent times out. `write`: messages are stored.
    `segments`: key → version of each segment that the audience is made of."""

    plan_id: int
    campaign_id: int
    write: bool
    now: datetime
    deadline: datetime
    content: Content
    segments: Mapping[str, int]
    senders: tuple[Sender, ...]
    policy: Policy
    audience: Audience
    per_minute: int | None
    urgent: bool = False
    kakao: KakaoInput | None = None


def policy_of(campaign: Campaign, senders: tuple[Sender, ...]) -> Policy:
    """The campaign's rules."""
    window = None
    if campaign.hours_from != campaign.hours_to:
        window = Window(opens=campaign.hours_from, closes=campaign.hours_to)
    return Policy(
        routes=tuple(route_of(sender) for sender in senders),
        purpose="informational" if campaign.purpose == "informational" else "promotional",
        kind="kakao" if campaign.channel == Channel.KAKAO else "mms" if campaign.images else "sms",
        smart_sending=None if campaign.smart_hours is None else timedelta(hours=campaign.smart_hours),
        smart_counts=SmartCounts(campaign.smart_counts).value,  # type: ignore[arg-type]
        quiet_hours="skip" if campaign.quiet_hours == "skip" else "hold",
        company=window,
    )


def _received_since(campaign: Campaign, now: datetime) -> datetime:
    """From when on a message of this campaign keeps a person from another one."""
    if campaign.reentry_minutes is None:
        return datetime(2000, 1, 1, tzinfo=UTC)
    return now - timedelta(minutes=campaign.reentry_minutes)


def _sets(segments: Iterable[Segment], now: datetime, prefix: str) -> tuple[Query, ...]:
    return tuple(people_in(segment, now=now, prefix=f"{prefix}{n}_") for n, segment in enumerate(segments))


def capped_countries() -> tuple[str, ...]:
    """Countries with a place that limits how many messages a phone may get in a day."""
    return tuple(sorted({name.partition("-")[0] for name, law in facts()["place"].items() if "cap_24h" in law}))


def load(plan: Plan) -> PlanInput:
    """The inputs of a plan, read in a few queries."""
    campaign = Campaign.objects.get(pk=plan.campaign_id)
    senders = senders_of(campaign)
    policy = policy_of(campaign, senders)
    now = plan.planned_for.astimezone(UTC)
    included = [] if campaign.all_profiles else list(campaign.include_segments.order_by("pk"))
    informational = CampaignControl.objects.filter(purpose="informational").order_by("-campaign_id")
    kakao = kakao_input(campaign) if campaign.channel == Channel.KAKAO else None
    return PlanInput(
        plan_id=plan.pk,
        campaign_id=campaign.pk,
        write=plan.mode == PlanMode.SEND,
        now=now,
        deadline=now + timedelta(minutes=campaign.timeout_minutes),
        content=content_of(campaign),
        segments=segment_versions(campaign),
        senders=senders,
        policy=policy,
        audience=Audience(
            campaign_id=campaign.pk,
            everybody=campaign.all_profiles,
            include=tuple(campaign.include_lists.values_list("pk", flat=True)),
            exclude=tuple(campaign.exclude_lists.values_list("pk", flat=True)),
            include_sets=_sets(included, now, "in"),
            exclude_sets=_sets(campaign.exclude_segments.order_by("pk"), now, "ex"),
            expected=None if any(s.size is None for s in included) else sum(s.size or 0 for s in included),
            purpose=policy.purpose,
            now=now,
            window=policy.smart_sending or timedelta(hours=24),
            counted=() if policy.smart_sending else capped_countries(),
            informational=tuple(informational.values_list("campaign_id", flat=True)[:10_000]),
            standing=tuple(Campaign.objects.filter(standing=True).values_list("pk", flat=True)),
            share=(campaign.share_salt, campaign.share_from, campaign.share_to),
            channel=campaign.channel,
            texts=kakao is not None and kakao.text is not None,
            received_since=_received_since(campaign, now),
        ),
        per_minute=campaign.per_minute,
        urgent=campaign.urgent,
        kakao=kakao,
    )
