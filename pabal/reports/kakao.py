"""What is told of KakaoTalk campaigns beside what is told of all: texts in its place, clicks by button, and journeys."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import connection

from pabal.campaigns.models import Campaign
from pabal.campaigns.parts import texts_of
from pabal.delivery.models import EventKind, Fallback, Link, MessageEvent
from pabal.errors import InvalidInput
from pabal.kakao.message import parse
from pabal.kakao.places import element_of, name_of
from pabal.reports.campaign import Results, results

_CLICKS: Final = """
SELECT c.position, count(*), count(DISTINCT c.message_id)
FROM batch b JOIN click c ON c.message_id BETWEEN b.first_id AND b.last_id
WHERE b.campaign_id = %s GROUP BY c.position
"""
_PEOPLE: Final = """
SELECT count(DISTINCT c.message_id)
FROM batch b JOIN click c ON c.message_id BETWEEN b.first_id AND b.last_id
WHERE b.campaign_id = %s AND c.position = ANY(%s)
"""

#: Events in the order in which the first one found tells where a message stands.
_STANDING: Final = (
    (EventKind.DELIVERED, "delivered"),
    (EventKind.FAILED, "failed"),
    (EventKind.EXPIRED, "expired"),
    (EventKind.CANCELLED, "cancelled"),
    (EventKind.UNKNOWN, "unknown"),
    (EventKind.ACCEPTED, "underway"),
)


@dataclass(frozen=True, kw_only=True)
class ElementClicks:
    """Openings of one thing that can be tapped. `element` is its path (`buttons.0`, `cards.1.coupon`), `name` what people
    call it, by language. `people` counts messages."""

    element: str
    name: dict[str, str]
    clicks: int
    people: int


@dataclass(frozen=True, kw_only=True)
class Step:
    """One message of a journey. `channel`: kakao or text; `message_id` None while there is none (`state` then says why:
    waiting, unneeded or dropped, with its `reason`)."""

    channel: str
    message_id: int | None
    state: str
    reason: str = ""
    at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Journey:
    """What one person got: the KakaoTalk message, and the text planned in its place. `reached`: kakao, text or empty."""

    kakao: Step
    text: Step | None = None

    @property
    def reached(self) -> str:
        if self.kakao.state == "delivered":
            return "kakao"
        return "text" if self.text is not None and self.text.state == "delivered" else ""


def text_results(campaign: Campaign, *, chart: bool = False) -> Results | None:
    """The numbers of the texts in place of KakaoTalk; None where there are none. `planned` are those that were queued."""
    part = texts_of(campaign)
    return results(part, chart=chart) if part is not None else None


def clicks_by_element(campaign: Campaign) -> list[ElementClicks]:
    """Openings by button, coupon and card, in the order in which they stand in the message."""
    if campaign.kakao is None:
        return []
    try:
        message = parse(campaign.kakao)
    except InvalidInput:
        return []
    positions: dict[str, list[int]] = defaultdict(list)
    for position, place in (
        Link.objects.filter(campaign_id=campaign.pk).order_by("position").values_list("position", "place")
    ):
        positions[element_of(place)].append(position)
    with connection.cursor() as cursor:
        cursor.execute(_CLICKS, [campaign.pk])
        counted = {position: (clicks, people) for position, clicks, people in cursor.fetchall()}
        found = []
        for element, own in positions.items():
            people = sum(counted.get(position, (0, 0))[1] for position in own)
            if people and len(own) > 1:  # who opened it on the phone and on a PC is one
                cursor.execute(_PEOPLE, [campaign.pk, own])
                people = int((cursor.fetchone() or (0,))[0])
            clicks = sum(counted.get(position, (0, 0))[0] for position in own)
            found.append(ElementClicks(element=element, name=name_of(message, element), clicks=clicks, people=people))
    return found


def journeys(message_ids: Sequence[int]) -> dict[int, Journey]:
    """The journeys that these KakaoTalk messages began, by message id: a few queries, whatever their number."""
    fallbacks = {row.message_id: row for row in Fallback.objects.filter(message_id__in=list(message_ids))}
    texts = [row.text_message_id for row in fallbacks.values() if row.text_message_id is not None]
    events: dict[int, dict[int, MessageEvent]] = defaultdict(dict)
    for event in MessageEvent.objects.filter(message_id__in=[*message_ids, *texts]):
        events[event.message_id][event.kind] = event
    found: dict[int, Journey] = {}
    for message_id in message_ids:
        text = None
        if (row := fallbacks.get(message_id)) is not None:
            if row.text_message_id is not None:
                text = _step("text", row.text_message_id, events[row.text_message_id])
            else:
                text = Step(channel="text", message_id=None, state=row.state, reason=row.reason)
        found[message_id] = Journey(kakao=_step("kakao", message_id, events[message_id]), text=text)
    return found


def _step(channel: str, message_id: int, events: dict[int, MessageEvent]) -> Step:
    kind, state = next(((kind, state) for kind, state in _STANDING if kind in events), (None, "waiting"))
    if kind is None:
        return Step(channel=channel, message_id=message_id, state=state)
    event = events[kind]
    return Step(channel=channel, message_id=message_id, state=state, reason=event.reason, at=event.at)
