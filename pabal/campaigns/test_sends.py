"""Test messages to colleagues: a campaign as it stands, labelled as a test, free of consent and caps, counted apart.

Each test goes through a standing campaign of its own, so what it says is frozen for it alone, and neither results nor smart
sending of the real campaign know of it. Blocked numbers get nothing; KakaoTalk's hours hold. See `campaigns.single`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast

import msgspec
import numpy as np
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from pabal.audience.models import Channel, Suppression
from pabal.audience.phones import normalise_one
from pabal.billing.actions import reserve
from pabal.campaigns.compose import content_of, facts_of, frame_of, senders_of
from pabal.campaigns.kakao import kakao_input, prepare_kakao
from pabal.campaigns.models import Campaign, CampaignState, Part, Plan, PlanChunk, PlanMode, PlanState
from pabal.campaigns.summary import ChunkSummary
from pabal.campaigns.test_models import TestPerson, TestSend
from pabal.campaigns.ways import Way, find_ways
from pabal.content.compose import Compiled, compile_content
from pabal.content.kakao import CompiledKakao, KakaoLink
from pabal.database import raw_cursor
from pabal.delivery.models import (
    Batch,
    BatchState,
    CampaignContent,
    CampaignControl,
    ControlState,
    Encoding,
    Link,
    Message,
    MessageKind,
    Sender,
)
from pabal.delivery.priorities import Priority
from pabal.delivery.short_links import short_links
from pabal.errors import InvalidInput, NotFound
from pabal.kakao.checks import string_limit
from pabal.kakao.counting import length
from pabal.kakao.message import KakaoMessage, dump
from pabal.policy.hours import HoursOptions, Place, next_opening
from pabal.policy.verdict import kakao_window

LABEL: Final = "[테스트] "
"""Stands before the author's words of a test message."""

NOBODY: Final = 0
"""The profile of test messages: they belong to none."""

MOST: Final = 20
"""Colleagues that one test may go to."""

PATIENCE: Final = timedelta(hours=14)

_KINDS = {"sms": MessageKind.SMS, "lms": MessageKind.LMS, "mms": MessageKind.MMS, "kakao": MessageKind.KAKAO}
_ENCODINGS = {"gsm7": Encoding.GSM7, "ucs2": Encoding.UCS2, "euckr": Encoding.EUCKR, "utf8": Encoding.UTF8}


@transaction.atomic
def add_person(*, name: str, phone: str, by: Any = None, country: str = "KR") -> TestPerson:
    """Put a colleague on the list. Raises InvalidInput (`name_missing`, `bad_phone`, `phone_taken`)."""
    if not name.strip():
        raise InvalidInput(_("Give the colleague a name."), code="name_missing", field="name")
    number, found_country, *_rest = normalise_one(phone, country)
    if not number:
        raise InvalidInput(_("This is no phone number that gets texts."), code="bad_phone", field="phone")
    try:
        with transaction.atomic():
            return TestPerson.objects.create(
                name=name.strip()[:100], phone=number, country=found_country or country, created_by=by
            )
    except IntegrityError:
        raise InvalidInput(_("This number is on the list already."), code="phone_taken", field="phone") from None


def remove_person(person_id: int) -> None:
    """Take a colleague off the list. Raises NotFound."""
    if not TestPerson.objects.filter(pk=person_id).delete()[0]:
        raise NotFound(_("There is no such colleague."), code="unknown_person")


@transaction.atomic
def send_test(
    campaign: Campaign, people: Sequence[TestPerson], *, by: Any = None, values: Mapping[str, Any] | None = None
) -> list[TestSend]:
    """Send the campaign as it stands to these colleagues, personal parts filled with `values` by column name.

    What each got, or the reason why there is none, in their order. Raises InvalidInput for what is wrong with the message
    or the number of people, Conflict (`insufficient_balance`).
    """
    if not 0 < len(people) <= MOST:
        message = _("Choose 1 to %(most)s colleagues.") % {"most": MOST}
        raise InvalidInput(message, code="out_of_range", field="people")
    now = timezone.now()
    suppressed = set(
        Suppression.objects.filter(phone__in=[p.phone for p in people], lifted_at=None).values_list("phone", flat=True)
    )
    ways, contents = _prepared(campaign, [person.country for person in people], now)
    part = _part(campaign, now)
    made: list[TestSend] = []
    for person in people:
        way, content = ways.get(person.country), contents.get(person.country)
        reason, message_id = "suppressed" if person.phone in suppressed else "", None
        if not reason and (way is None or content is None):
            reason = "country_not_supported"
        if not reason and way is not None and content is not None:
            message_id, reason = _send(part, person, way, content, dict(values or {}), now)
        made.append(
            TestSend(
                campaign=campaign, campaign_version=campaign.version, name=person.name, phone=person.phone,
                message_id=message_id, reason=reason, sent_by=by,
            )
        )  # fmt: skip
    _freeze(part, campaign, contents)
    TestSend.objects.bulk_create(made)
    with raw_cursor() as cursor:
        cursor.execute("SELECT pg_notify('pabal_dispatch', '')")
    return made


def _prepared(
    campaign: Campaign, countries: Sequence[str], now: datetime
) -> tuple[dict[str, Way], dict[str, Compiled | CompiledKakao]]:
    senders = senders_of(campaign)
    if campaign.channel == Channel.KAKAO:
        kakao = kakao_input(campaign)
        kakao = _replaced(kakao, message=_labelled(kakao.message), text=None)
        made = prepare_kakao(kakao, senders, deadline=now + PATIENCE, now=now)
        return made.ways, dict(made.contents)
    content = _replaced(content_of(campaign), text=LABEL + campaign.text)
    ways, _unpriced = find_ways(senders, countries, allow_lms=content.allow_lms, on=now.date(), mms=content.mms)
    by_id: dict[int, Sender] = {sender.pk: sender for sender in senders}
    purpose: Any = "informational" if campaign.purpose == "informational" else "promotional"
    return ways, {
        country: compile_content(content, facts_of(by_id[way.sender_id]), country, short_links(), purpose)
        for country, way in ways.items()
    }


def _labelled(message: KakaoMessage) -> KakaoMessage:
    """The message with the label before its text, where there is room for it."""
    limit = string_limit(message, "text")
    if not message.text or limit is None or length(LABEL + message.text) > limit.most:
        return message
    return msgspec.structs.replace(message, text=LABEL + message.text)


def _replaced(value: Any, **changes: Any) -> Any:
    return replace(value, **changes)


def _part(campaign: Campaign, now: datetime) -> Campaign:
    number = TestSend.objects.filter(campaign=campaign).count() + 1
    part = Campaign.objects.create(
        key=f"test-{campaign.pk}-{number}-{int(now.timestamp())}",
        name=_("Test: %(name)s") % {"name": campaign.name[:180]},
        standing=True,
        state=CampaignState.SENDING,
        purpose="informational",
        smart_hours=None,
        part=Part.TEST,
        channel=campaign.channel,
    )
    CampaignControl.objects.create(
        campaign_id=part.pk, state=ControlState.RUNNING, channel=campaign.channel, purpose="informational"
    )
    Plan.objects.create(
        campaign=part, campaign_version=1, mode=PlanMode.SEND, state=PlanState.DONE, planned_for=now, started_at=now,
        finished_at=now,
    )  # fmt: skip
    return part


def _send(
    part: Campaign, person: TestPerson, way: Way, content: Any, values: dict[str, Any], now: datetime
) -> tuple[int | None, str]:
    with raw_cursor() as cursor:
        (message_id,) = cast(Any, cursor.execute("SELECT pabal_reserve_message_ids(1)").fetchone())
    frame = frame_of({"phone": person.phone, "first_name": person.name, **values}, content.variables)
    row = content.render_frame(frame, np.array([message_id], dtype=np.int64)).row(0, named=True)
    if row["problem"]:
        return None, str(row["problem"])
    if row["kind"] == "lms" and not way.lms:
        return None, "kind_not_supported"
    amount = {"lms": way.lms_amount, "mms": way.mms_amount}.get(row["kind"], way.sms_amount * row["parts"])
    reserve(part.pk, amount, messages=1)
    opens = _opens(now) if row["kind"] == "kakao" else now
    shared = {"campaign_id": part.pk, "sender_id": way.sender_id, "amount": amount, "parts": row["parts"]}
    Message.objects.create(
        id=message_id, profile_id=NOBODY, phone=person.phone, country=person.country, kind=_KINDS[row["kind"]],
        encoding=_ENCODINGS[row["encoding"]], send_after=opens, subject=row["subject"] or "", text=row["text"],
        slots=row.get("slots"), **shared,
    )  # fmt: skip
    Batch.objects.create(
        slot=0, first_id=message_id, last_id=message_id, messages=1, state=BatchState.QUEUED, priority=Priority.FIRST,
        send_after=opens, expires_at=opens + PATIENCE if row["kind"] != "kakao" else opens + timedelta(minutes=30),
        next_id=message_id, **shared,
    )  # fmt: skip
    plan = Plan.objects.get(campaign=part, mode=PlanMode.SEND)
    PlanChunk.objects.create(
        plan=plan, number=PlanChunk.objects.filter(plan=plan).count() + 1, last_profile_id=NOBODY,
        first_message_id=message_id, last_message_id=message_id,
        summary=msgspec.to_builtins(ChunkSummary(candidates=1, messages=1)),
    )  # fmt: skip
    return int(message_id), ""


def _opens(now: datetime) -> datetime:
    """When KakaoTalk takes it: now, or at its next opening."""
    options = HoursOptions(company=None, legal=False, seoul=kakao_window())
    return next_opening(Place(zones="Asia/Seoul", region="KR"), now.astimezone(UTC), options) or now


def _freeze(part: Campaign, campaign: Campaign, contents: Mapping[str, Compiled | CompiledKakao]) -> None:
    """What the test's messages share, and where their links lead."""
    frozen = next((c.frozen for c in contents.values() if isinstance(c, CompiledKakao)), None)
    CampaignContent.objects.create(
        campaign_id=part.pk, channel=campaign.channel, images=[] if frozen is not None else list(campaign.images),
        kakao=dump(frozen) if frozen is not None else None, target=campaign.target,
    )  # fmt: skip
    links = {link.position: link for content in contents.values() for link in content.links}
    Link.objects.bulk_create(
        [
            Link(
                campaign_id=part.pk, position=position, target=link.target_template,
                place=link.place if isinstance(link, KakaoLink) else "",
            )
            for position, link in links.items()
        ]
    )  # fmt: skip
