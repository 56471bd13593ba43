"""Campaigns: drafts, their life cycle, and their numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import datetime, time
from typing import Annotated, Any

from django.db.models import Q
from django.http import HttpRequest
from ninja import Query, Schema
from pydantic import AwareDatetime, ConfigDict, Field

from pabal.accounts import audit
from pabal.accounts.access import actor
from pabal.accounts.keys import Scope
from pabal.api.operations import Area
from pabal.api.pagination import Page, PageQuery, paginate
from pabal.api.schemas import Input, Key, Milli, found
from pabal.audience.models import Channel, List, Purpose, Segment
from pabal.campaigns import actions, words
from pabal.campaigns.again import Missed, again
from pabal.campaigns.models import Campaign, CampaignState, FailOver, QuietHours, SmartCounts, Target
from pabal.reports.campaign import results
from pabal.reports.kakao import clicks_by_element, text_results

area = Area("Campaigns")

#: Fields that hold other rows, which requests name by key.
_KEYED: dict[str, Any] = {
    "include_lists": List,
    "exclude_lists": List,
    "include_segments": Segment,
    "exclude_segments": Segment,
}

#: A time of day at the recipient's place.
Clock = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$", description="HH:MM, at the recipient's place.")]


class Fields(Input):
    """What a draft holds. Lists and segments by key, senders by id, in the order of preference."""

    description: str = Field("", max_length=10_000)
    purpose: Purpose = Purpose.PROMOTIONAL
    all_profiles: bool = Field(False, description="Everyone, instead of some lists and segments.")
    include_lists: list[str] = Field(default_factory=list, max_length=1000)
    exclude_lists: list[str] = Field(default_factory=list, max_length=1000)
    include_segments: list[str] = Field(default_factory=list, max_length=100)
    exclude_segments: list[str] = Field(default_factory=list, max_length=100)
    senders: list[int] = Field(default_factory=list, max_length=100)
    text: str = Field("", max_length=20_000, description="With `{{ first_name|default('customer') }}` and the like.")
    subject: str = Field("", max_length=200, description="Title of an LMS, or of an MMS in Korea.")
    images: list[int] = Field(default_factory=list, max_length=3, description="Pictures by id: it goes out as MMS.")
    shorten_links: bool = True
    add_opt_out: bool = True
    add_sender_name: bool = True
    allow_lms: bool = True
    channel: Channel = Channel.TEXT
    kakao: dict[str, Any] | None = Field(None, description="The message of a KakaoTalk campaign; see its reference.")
    target: Target = Field(
        Target.FRIENDS, description="Whom KakaoTalk delivers to: I friends, M all who agreed, N others."
    )
    fallback: FailOver = Field(FailOver.OFF, description="Who sends a text when KakaoTalk does not reach somebody.")
    fallback_text: str = Field("", max_length=20_000)
    fallback_subject: str = Field("", max_length=200)
    fallback_senders: list[int] = Field(default_factory=list, max_length=100)
    reentry_minutes: int | None = Field(None, description="A person may get it again after so long; null: once.")
    starts_at: AwareDatetime | None = Field(None, description="Null: at once when launched.")
    per_minute: int | None = Field(None, description="Messages a minute over all senders; null: no limit.")
    urgent: bool = Field(False, description="Goes before other campaigns of the same senders.")
    timeout_minutes: int = Field(240, description="From the start; what is not sent by then is not sent.")
    smart_hours: int | None = Field(24, description="Skip who was messaged within so many hours; null: off.")
    smart_counts: SmartCounts = SmartCounts.BOTH
    quiet_hours: QuietHours = QuietHours.HOLD
    hours_from: Clock = "09:00"
    hours_to: Clock = "20:00"


class Named(Input):
    name: str = Field(min_length=1, max_length=200)
    key: str = Field("", max_length=64, description="Unique; made from the name when it is left out.")


class CampaignIn(Fields, Named):
    """A draft to be made."""


class CampaignOut(CampaignIn):
    """A campaign. `version` rises with each change of the draft; a review holds for one version."""

    model_config = ConfigDict(extra="ignore")

    id: int
    state: CampaignState
    state_reason: str = Field(description="Why it is in this state, as a sentence.")
    version: int
    created_at: datetime
    updated_at: datetime
    launched_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None

    @staticmethod
    def resolve_include_lists(row: Campaign) -> list[str]:
        return [list_.key for list_ in row.include_lists.all()]

    @staticmethod
    def resolve_exclude_lists(row: Campaign) -> list[str]:
        return [list_.key for list_ in row.exclude_lists.all()]

    @staticmethod
    def resolve_include_segments(row: Campaign) -> list[str]:
        return [segment.key for segment in row.include_segments.all()]

    @staticmethod
    def resolve_exclude_segments(row: Campaign) -> list[str]:
        return [segment.key for segment in row.exclude_segments.all()]

    @staticmethod
    def resolve_senders(row: Campaign) -> list[int]:
        through = Campaign.senders.through
        return list(through.objects.filter(campaign_id=row.pk).order_by("pk").values_list("sender_id", flat=True))

    @staticmethod
    def resolve_fallback_senders(row: Campaign) -> list[int]:
        through = Campaign.fallback_senders.through
        return list(through.objects.filter(campaign_id=row.pk).order_by("pk").values_list("sender_id", flat=True))

    @staticmethod
    def resolve_hours_from(row: Campaign) -> str:
        return f"{row.hours_from:%H:%M}"

    @staticmethod
    def resolve_hours_to(row: Campaign) -> str:
        return f"{row.hours_to:%H:%M}"

    @staticmethod
    def resolve_state_reason(row: Campaign) -> str:
        return words.state_reason(row.state_reason)


class CampaignPatch(Fields):
    """Only the fields that are sent are changed."""

    name: str = Field("", min_length=1, max_length=200)
    key: str = Field("", min_length=1, max_length=64)


class Search(PageQuery):
    state: CampaignState | None = None
    q: str = Field("", max_length=200, description="In name and key.")


class Launch(Input):
    expected_messages: int = Field(
        ge=0, description="The number of messages in the review that was approved; another number refuses the launch."
    )


class Again(Input):
    missed: Missed = Field(description="Whom to send to again.")


class ProblemOut(Schema):
    """Something that must be put right before a launch."""

    code: str
    message: str
    field: str
    blocks_review: bool


class ReasonCount(Schema):
    reason: str
    messages: int


class SkipCount(Schema):
    reason: str
    profiles: int


class ResultsOut(Schema):
    """What became of a campaign's messages; `planned = waiting + underway + delivered + failed + expired + cancelled +
    unknown`. `clicked`, `replied` and `unsubscribed` count messages."""

    planned: int
    waiting: int
    underway: int
    accepted: int
    delivered: int
    failed: int
    expired: int
    cancelled: int
    unknown: int
    clicked: int
    replied: int
    unsubscribed: int
    amount: Milli
    audience: int
    skips: list[SkipCount]
    failures: list[ReasonCount]


class ElementClicksOut(Schema):
    """Openings of a button, coupon, image or card of a KakaoTalk message; `people` counts messages."""

    element: str
    name: dict[str, str]
    clicks: int
    people: int


class CampaignResultsOut(ResultsOut):
    """The results of a campaign. Of a KakaoTalk campaign, `texts` are those of the texts in its place, counted and paid
    for apart, and `clicks` the openings by what was tapped."""

    texts: ResultsOut | None = None
    clicks: list[ElementClicksOut] = Field(default_factory=list)


@area.read("/campaigns", response=Page[CampaignOut])
def list_campaigns(request: HttpRequest, query: Annotated[Search, Query(...)]) -> dict[str, object]:
    """List campaigns, the newest first."""
    rows = Campaign.objects.filter(standing=False).prefetch_related(*_KEYED)
    if query.state:
        rows = rows.filter(state=query.state)
    if query.q:
        rows = rows.filter(Q(name__icontains=query.q) | Q(key__icontains=query.q))
    page, cursor = paginate(rows, query, kind="campaigns", descending=True)
    return {"data": page, "next_cursor": cursor}


@area.write("POST", "/campaigns", scope=Scope.CAMPAIGNS, response=CampaignOut, status=201)
def create_campaign(request: HttpRequest, body: CampaignIn) -> Campaign:
    """Make a draft."""
    values = _values(body.dict())
    campaign = actions.create(by=actor(request).person, **values)
    audit.record(actor(request), "campaign.create", campaign, body.dict(exclude_unset=True))
    return campaign


@area.read("/campaigns/{key}", response=CampaignOut)
def read_campaign(request: HttpRequest, key: Key) -> Campaign:
    """Read a campaign."""
    return actions.by_key(key)


@area.write("PATCH", "/campaigns/{key}", scope=Scope.CAMPAIGNS, response=CampaignOut)
def edit_campaign(request: HttpRequest, key: Key, body: CampaignPatch) -> Campaign:
    """Change a draft."""
    campaign = actions.by_key(key)
    sent = body.dict(exclude_unset=True)
    before = CampaignOut.from_orm(campaign).dict()
    actions.edit(campaign, by=actor(request).person, **_values(sent))
    audit.record(actor(request), "campaign.edit", campaign, audit.difference({n: before[n] for n in sent}, sent))
    return campaign


@area.write("DELETE", "/campaigns/{key}", scope=Scope.CAMPAIGNS, response=None, status=204)
def discard_campaign(request: HttpRequest, key: Key) -> None:
    """Throw a draft away, with its reviews."""
    campaign = actions.by_key(key)
    audit.record(actor(request), "campaign.discard", campaign)
    actions.discard(campaign, by=actor(request).person)


@area.write("POST", "/campaigns/{key}/duplicate", scope=Scope.CAMPAIGNS, response=CampaignOut, status=201)
def duplicate_campaign(request: HttpRequest, key: Key) -> Campaign:
    """Make a draft with the same audience, text and settings."""
    campaign = actions.by_key(key)
    copy = actions.duplicate(campaign, by=actor(request).person)
    audit.record(actor(request), "campaign.duplicate", copy, {"of": campaign.key})
    return copy


@area.write("POST", "/campaigns/{key}/again", scope=Scope.CAMPAIGNS, response=CampaignOut, status=201)
def send_again(request: HttpRequest, key: Key, body: Again) -> Campaign:
    """Make a draft for exactly the people that a finished campaign missed.

    Those whose message timed out (`expired`), or whose message's fate is unknown (`unknown`): they may have got it.
    """
    campaign = actions.by_key(key)
    draft = again(campaign, body.missed.value, by=actor(request).person)
    audit.record(actor(request), "campaign.again", draft, {"of": campaign.key, "missed": body.missed.value})
    return draft


@area.read("/campaigns/{key}/problems", response=list[ProblemOut])
def list_problems(request: HttpRequest, key: Key) -> Iterable[Any]:
    """Say what must be put right in a draft before it can be launched."""
    return actions.problems(actions.by_key(key))


@area.write("POST", "/campaigns/{key}/launch", scope=Scope.SEND, response=CampaignOut)
def launch_campaign(request: HttpRequest, key: Key, body: Launch) -> Campaign:
    """Send a campaign as reviewed, at once or at its time.

    Refused unless `expected_messages` is the number in the newest review of this version, which must be younger than an
    hour. Of two launches at once, one wins.
    """
    campaign = actions.by_key(key)
    actions.launch(campaign, by=actor(request).person, expected_messages=body.expected_messages)
    audit.record(actor(request), "campaign.launch", campaign, {"messages": body.expected_messages})
    return campaign


@area.write("POST", "/campaigns/{key}/pause", scope=Scope.SEND, response=CampaignOut)
def pause_campaign(request: HttpRequest, key: Key) -> Campaign:
    """Hand nothing more to carriers until it is resumed."""
    return _act(request, key, "pause", actions.pause)


@area.write("POST", "/campaigns/{key}/resume", scope=Scope.SEND, response=CampaignOut)
def resume_campaign(request: HttpRequest, key: Key) -> Campaign:
    """Go on from where it was paused or failed."""
    return _act(request, key, "resume", actions.resume)


@area.write("POST", "/campaigns/{key}/end", scope=Scope.SEND, response=CampaignOut)
def end_campaign(request: HttpRequest, key: Key) -> Campaign:
    """End it for good.

    What was not handed to a carrier is cancelled, and its money given back.
    """
    return _act(request, key, "end", actions.end)


@area.write("POST", "/campaigns/{key}/unschedule", scope=Scope.SEND, response=CampaignOut)
def unschedule_campaign(request: HttpRequest, key: Key) -> Campaign:
    """Take a scheduled campaign back to draft, before its time."""
    return _act(request, key, "unschedule", actions.unschedule)


@area.read("/campaigns/{key}/results", response=CampaignResultsOut)
def read_results(request: HttpRequest, key: Key) -> dict[str, Any]:
    """Read what became of a campaign's messages, as of now."""
    campaign = actions.by_key(key)
    found: dict[str, Any] = results(campaign, chart=False).as_dict()
    if campaign.channel == Channel.KAKAO:
        texts = text_results(campaign)
        found |= {"texts": texts.as_dict() if texts is not None else None}
        found |= {"clicks": [asdict(element) for element in clicks_by_element(campaign)]}
    return found


def _act(request: HttpRequest, key: str, verb: str, action: Callable[..., Campaign]) -> Campaign:
    campaign = actions.by_key(key)
    action(campaign, by=actor(request).person)
    audit.record(actor(request), f"campaign.{verb}", campaign)
    return campaign


def _values(sent: dict[str, Any]) -> dict[str, Any]:
    """What the actions take: rows instead of keys, plain strings instead of enums."""
    values = {n: getattr(v, "value", v) for n, v in sent.items()}
    for name in ("hours_from", "hours_to"):
        if name in values:
            values[name] = time.fromisoformat(values[name])
    for name, model in _KEYED.items():
        if name in values:
            rows = {row.key: row for row in model.objects.filter(key__in=values[name])}
            values[name] = [found(rows.get(key), model._meta.verbose_name or "", key) for key in values[name]]
    return values
