"""Consent in figures, and the suppression list."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Literal

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Query, Schema
from pydantic import Field

from pabal.accounts import audit
from pabal.accounts.access import actor
from pabal.accounts.audit import Subject
from pabal.accounts.keys import Scope
from pabal.api.operations import Area
from pabal.api.pagination import Page, PageQuery, decode_several, encode
from pabal.api.people import MOST, normal_phones
from pabal.api.schemas import Input
from pabal.audience import consent_figures, suppressions
from pabal.audience.models import Channel, ConsentSource, Purpose
from pabal.audience.suppressions import Place
from pabal.errors import InvalidInput

area = Area("Consent")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Reason = Literal["manual", "complaint", "invalid_number", "unreachable", "import"]


class StandingOut(Schema):
    """People by state, for one channel and purpose. Who is in neither was never asked."""

    channel: Channel
    purpose: Purpose
    subscribed: int
    unsubscribed: int


class GrowthQuery(Schema):
    channel: Channel = Channel.TEXT
    purpose: Purpose = Purpose.PROMOTIONAL
    days: int = Field(30, ge=1, le=730)


class DayOut(Schema):
    """A day in the installation's time zone: `gained` agreed, `lost` refused; `subscribed` at its end."""

    day: date
    gained: int
    lost: int
    subscribed: int


class SourceOut(Schema):
    """Where consent was given last: by how many `people`, and how many of them have `withdrawn` it since."""

    method: str
    source: str
    people: int
    withdrawn: int
    last_at: datetime
    counted_at: datetime = Field(alias="at")


class SourceQuery(Schema):
    channel: Channel = Channel.TEXT
    purpose: Purpose = Purpose.PROMOTIONAL
    limit: int = Field(20, ge=1, le=500)


class SuppressionOut(Schema):
    """A phone that gets nothing. `reason` is one of those that can be given, or `erased`."""

    phone: str
    reason: str
    source: str
    at: datetime
    lifted_at: datetime | None


class SuppressionQuery(PageQuery):
    q: str = Field("", max_length=100, description="The beginning or end of a number, or a part of the source.")
    reason: str = Field("", max_length=32)
    lifted: bool = Field(False, description="Those that were lifted instead of those that hold.")


class SuppressionsIn(Input):
    phones: list[str] = Field(min_length=1, max_length=MOST, description="E.164, or of the default country.")
    reason: Reason = "manual"
    source: str = Field("", max_length=1000, description="Where this is known from.")


class LiftIn(Input):
    phones: list[str] = Field(min_length=1, max_length=MOST, description="E.164, or of the default country.")


class SuppressedOut(Schema):
    """`changed`: phones whose state is another one now. `refused`: what is no phone number, as it was sent."""

    changed: int
    refused: list[str]


@area.read("/consent", response=list[StandingOut])
def read_consent(request: HttpRequest) -> list[consent_figures.Standing]:
    """Read how many people agreed and refused, by channel and purpose."""
    return consent_figures.standings()


@area.read("/consent/growth", response=list[DayOut])
def read_consent_growth(request: HttpRequest, query: Annotated[GrowthQuery, Query(...)]) -> list[consent_figures.Day]:
    """Read how consent grew, day by day, the oldest first."""
    channel, purpose = query.channel.value, query.purpose.value
    now = next((s for s in consent_figures.standings() if (s.channel, s.purpose) == (channel, purpose)), None)
    return consent_figures.growth(
        channel=channel,
        purpose=purpose,
        days=query.days,
        zone=str(timezone.get_current_timezone()),
        subscribed=now.subscribed if now else 0,
    )


@area.read("/consent/sources", response=list[SourceOut])
def read_consent_sources(request: HttpRequest, query: Annotated[SourceQuery, Query(...)]) -> list[ConsentSource]:
    """Read where consent comes from, most people first.

    Counted by the engine every five minutes; `counted_at` says when.
    """
    found = consent_figures.sources(channel=query.channel.value, purpose=query.purpose.value, limit=query.limit)
    return list(found)


@area.read("/suppressions", response=Page[SuppressionOut])
def list_suppressions(request: HttpRequest, query: Annotated[SuppressionQuery, Query(...)]) -> dict[str, object]:
    """List the phones that get nothing, the latest first."""
    name = f"suppressions-{query.lifted}"
    place = decode_several(name, query.cursor, 2)
    before = Place(at=EPOCH + timedelta(microseconds=place[0]), phone=f"+{place[1]}") if place else None
    page = suppressions.find(query.q, reason=query.reason, lifted=query.lifted, before=before, limit=query.limit)
    last = page.following
    cursor = encode(name, (last.at - EPOCH) // timedelta(microseconds=1), int(last.phone[1:])) if last else None
    return {"data": page.rows, "next_cursor": cursor}


@area.write("POST", "/suppressions", scope=Scope.PROFILES, response=SuppressedOut)
def add_suppressions(request: HttpRequest, body: SuppressionsIn) -> SuppressedOut:
    """Suppress up to 10,000 phones, of people we know or not.

    Nothing is sent to them any more, whatever anybody agreed to.
    """
    phones, refused = _phones(body.phones)
    changed = suppressions.add(phones, reason=body.reason, source=body.source)
    what = {"reason": body.reason, "source": body.source, "added": changed}
    audit.record(actor(request), "suppression.add", _subject(phones), what)
    return SuppressedOut(changed=changed, refused=refused)


@area.write("POST", "/suppressions/lift", scope=Scope.PROFILES, response=SuppressedOut)
def lift_suppressions(request: HttpRequest, body: LiftIn) -> SuppressedOut:
    """Let up to 10,000 phones get messages again, as far as their owners agreed."""
    phones, refused = _phones(body.phones)
    changed = suppressions.lift(phones)
    audit.record(actor(request), "suppression.lift", _subject(phones), {"phones": phones, "lifted": changed})
    return SuppressedOut(changed=changed, refused=refused)


def _phones(said: list[str]) -> tuple[list[str], list[str]]:
    pairs = list(zip(said, normal_phones(said), strict=True))
    phones = list(dict.fromkeys(phone for _word, phone in pairs if phone))
    if not phones:
        raise InvalidInput(_("None of these is a phone number."), code="invalid_number", field="phones")
    return phones, [word for word, phone in pairs if not phone]


def _subject(phones: list[str]) -> Subject:
    return Subject(type="suppression", label=phones[0] if len(phones) == 1 else f"{len(phones):,}")
