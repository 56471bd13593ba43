"""Profiles: who they are, what they agreed to, and what was sent to them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Query, Schema
from pydantic import AwareDatetime, Field

from pabal.accounts import audit
from pabal.accounts.access import actor
from pabal.accounts.audit import Subject
from pabal.accounts.keys import Scope
from pabal.api.messages import skip_label
from pabal.api.operations import Area
from pabal.api.pagination import Page, PageQuery, decode, decode_several, encode
from pabal.api.people import People, resolve
from pabal.api.schemas import Id, found
from pabal.audience import actions, queries
from pabal.audience.former_ids import profiles_named
from pabal.audience.merge import ids_of
from pabal.audience.models import (
    Channel,
    ConsentMethod,
    ConsentState,
    ConsentStatement,
    List,
    Profile,
    Purpose,
)
from pabal.delivery.forgetting import erase_people
from pabal.delivery.models import EventKind
from pabal.errors import InvalidInput
from pabal.reports.moments import RANKS, Blocked, ConsentChange, Did, Merged, Moment, Place, Reply, Sent, Skipped
from pabal.reports.profile import timeline

area = Area("Profiles")
Kind = Literal["event", "message", "skip", "consent", "reply", "block", "merge"]


class ConsentOut(Schema):
    """The present state for one channel and purpose. What is not listed was never asked."""

    channel: Channel
    purpose: Purpose
    state: ConsentState
    changed_at: datetime


class ProfileOut(Schema):
    """A person. `country`, `region` and `zones` follow from the phone."""

    id: int
    external_id: str | None
    phone: str = Field(description="E.164, or empty.")
    email: str
    first_name: str
    last_name: str
    locale: str
    time_zone: str
    country: str
    region: str
    zones: str
    properties: dict[str, Any]
    created_at: datetime
    updated_at: datetime


class FullProfileOut(ProfileOut):
    consents: list[ConsentOut]
    lists: list[str] = Field(description="Keys.")

    @staticmethod
    def resolve_consents(row: Profile) -> Any:
        return row.consents.order_by("channel", "purpose")

    @staticmethod
    def resolve_lists(row: Profile) -> list[str]:
        on = List.objects.filter(members__profile=row, members__removed_at=None, archived_at=None)
        return list(on.order_by("key").values_list("key", flat=True))


class Search(PageQuery):
    q: str = Field("", max_length=200, description="A phone or its last digits, a name, an id, an email address.")
    external_id: str | None = Field(
        None, max_length=1000, description="Exactly this one; one that was merged away finds who was kept."
    )
    phone: str | None = Field(None, max_length=40, description="Exactly this number.")


class ConsentIn(People):
    """Who decided what, where and when."""

    channel: Channel = Channel.TEXT
    purposes: list[Purpose] = Field(default_factory=lambda: [Purpose.PROMOTIONAL], min_length=1)
    state: ConsentState
    source: str = Field(min_length=1, max_length=1000, description="Where: “sign-up form”, “my page”, “call centre”.")
    wording: str = Field("", max_length=10_000, description="What they agreed to, word for word.")
    at: AwareDatetime | None = Field(None, description="When they decided; now when it is left out.")


class SuppressIn(People):
    reason: str = Field("manual", pattern="^(complaint|invalid_number|unreachable|manual)$")
    source: str = Field("", max_length=1000)


class Changed(Schema):
    """`changed`: people whose state is another one now. `unknown`: names that are nobody's, as they were sent."""

    changed: int
    unknown: list[str]


class HistoryQuery(PageQuery):
    kind: list[Kind] = Field(default_factory=list, description="Only these kinds; all of them when it is left out.")


class MomentOut(Schema):
    """One thing that happened: an event, a message, a skip, a change of consent, a reply, a block, a merge."""

    kind: Kind
    at: datetime
    details: dict[str, Any]


@area.read("/profiles", response=Page[ProfileOut])
def find_profiles(request: HttpRequest, query: Annotated[Search, Query(...)]) -> dict[str, object]:
    """Find people, the newest first; all of them without a search."""
    if query.external_id is not None:
        named = profiles_named([query.external_id])
        return {"data": Profile.objects.filter(pk__in=named.values()), "next_cursor": None}
    if query.phone is not None:
        return {"data": queries.find_by_phone(query.phone), "next_cursor": None}
    page = queries.find_profiles(query.q, cursor=decode("profiles", query.cursor), limit=query.limit)
    return {"data": page.profiles, "next_cursor": encode("profiles", page.cursor) if page.cursor else None}


@area.read("/profiles/{int:profile_id}", response=FullProfileOut)
def read_profile(request: HttpRequest, profile_id: Id) -> Profile:
    """Read a person, with consent and lists."""
    return _profile(profile_id)


@area.write("DELETE", "/profiles/{int:profile_id}", scope=Scope.PROFILES, response=None, status=204)
def erase_profile(request: HttpRequest, profile_id: Id) -> None:
    """Forget a person.

    Everything that says who they are is removed: fields, properties, events, the texts that they got and sent. Past results
    still add up, and whoever had refused stays refused: a keyed hash of the phone is kept, the phone is not.
    """
    row = _profile(profile_id)
    subject = Subject(type="profile", id=str(row.pk), label=f"#{row.pk}")
    forgotten = ids_of(row.pk)
    erase_people([row.pk], actor=str(actor(request)))
    for old_id in forgotten:
        audit.forget("profile", old_id)
    audit.record(actor(request), "profile.erase", subject)


@area.read("/profiles/{int:profile_id}/history", response=Page[MomentOut])
def read_history(request: HttpRequest, profile_id: Id, query: Annotated[HistoryQuery, Query(...)]) -> dict[str, object]:
    """Read what happened with a person, the newest first.

    Events, messages and what became of them, skips and why, changes of consent, replies, blocks, merges; those of
    profiles that were merged into this one too.
    """
    name = f"history-{profile_id}"
    numbers = decode_several(name, query.cursor, 3)
    try:
        before = Place.of((numbers[0], numbers[1], numbers[2])) if numbers else None
    except ValueError:
        raise InvalidInput(
            _("This cursor is not one of this listing."), code="invalid_cursor", field="cursor"
        ) from None
    moments, last = timeline(_profile(profile_id), before=before, limit=query.limit, kinds=query.kind or RANKS)
    cursor = encode(name, *last.numbers) if last else None
    return {"data": [_moment(moment) for moment in moments], "next_cursor": cursor}


@area.write("POST", "/profiles/consent", scope=Scope.PROFILES, response=Changed)
def set_consent(request: HttpRequest, body: ConsentIn) -> Changed:
    """Set the consent of up to 10,000 people.

    An older decision never overrules a newer one: consent given before a refusal changes nothing. Every change is kept
    in the history with its source and wording.
    """
    people = resolve(body)
    by = actor(request)
    purposes = [purpose.value for purpose in body.purposes]
    statement = None
    if body.wording.strip():
        statement = ConsentStatement.objects.create(
            wording=body.wording.strip(),
            source=body.source,
            collected_at=body.at or datetime.now(UTC),
            channels=[body.channel.value],
            purposes=purposes,
            created_by=by.person,
        )
    changed = actions.set_consent(
        people.ids,
        channel=body.channel.value,
        purposes=purposes,
        state=body.state.value,
        method=ConsentMethod.API.value,
        source=body.source,
        actor=str(by),
        at=body.at,
        statement=statement,
    )
    changes = {"state": body.state.value, "channel": body.channel.value, "purposes": purposes, "people": changed}
    audit.record(by, "profiles.set_consent", subject_of(people.ids), changes | {"source": body.source})
    return Changed(changed=changed, unknown=people.unknown)


@area.write("POST", "/profiles/suppress", scope=Scope.PROFILES, response=Changed)
def suppress(request: HttpRequest, body: SuppressIn) -> Changed:
    """Stop everything to the phones of these people, whatever their consent says."""
    people = resolve(body)
    changed = actions.suppress(_phones(people.ids), reason=body.reason, source=body.source)
    audit.record(
        actor(request), "profiles.suppress", subject_of(people.ids), {"reason": body.reason, "people": changed}
    )
    return Changed(changed=changed, unknown=people.unknown)


@area.write("POST", "/profiles/unsuppress", scope=Scope.PROFILES, response=Changed)
def unsuppress(request: HttpRequest, body: People) -> Changed:
    """Let these people get messages again, if they agreed."""
    people = resolve(body)
    changed = actions.lift_suppression(_phones(people.ids))
    audit.record(actor(request), "profiles.unsuppress", subject_of(people.ids), {"people": changed})
    return Changed(changed=changed, unknown=people.unknown)


def _profile(profile_id: int) -> Profile:
    return found(Profile.objects.filter(pk=profile_id).first(), "profile", profile_id)


def _phones(ids: list[int]) -> list[str]:
    return list(Profile.objects.filter(pk__in=ids).exclude(phone="").values_list("phone", flat=True))


def subject_of(ids: list[int]) -> Subject:
    """One person by name in the trail, several by their number."""
    if len(ids) == 1 and (row := Profile.objects.filter(pk=ids[0]).first()):
        return Subject(type="profile", id=str(row.pk), label=str(row))
    return Subject(type="profiles", label=f"{len(ids):,}")


def _moment(moment: Moment) -> dict[str, Any]:
    match moment:
        case Did():
            details: dict[str, Any] = {"name": moment.name, "properties": moment.properties}
        case Merged():
            details = {"profile_id": moment.old_id, "by": moment.by}
        case Sent():
            message = moment.message
            details = {
                "message_id": message.pk,
                "campaign": moment.campaign.key if moment.campaign else None,
                "state": moment.state,
                "text": message.text,
                "parts": message.parts,
                "events": [
                    {"kind": EventKind(e.kind).name.lower(), "at": e.at, "reason": e.reason} for e in moment.events
                ],
                "clicks": [{"at": c.at, "target": c.target} for c in moment.clicks],
            }
        case Skipped():
            campaign = moment.campaign.key if moment.campaign else None
            details = {"campaign": campaign, "reason": moment.reason.key, "label": skip_label(moment.reason)}
        case ConsentChange():
            details = {
                "channel": moment.channel,
                "purposes": list(moment.purposes),
                "state": moment.state,
                "method": moment.method,
                "source": moment.source,
                "actor": moment.actor,
                "wording": moment.statement.wording if moment.statement else None,
                "moved_from": moment.moved_from,
            }
        case Reply():
            details = {
                "text": moment.inbound.text,
                "meaning": moment.inbound.meaning,
                "answer": moment.inbound.reply,
                "sender_id": moment.inbound.sender_id,
            }
        case Blocked():
            details = {"reason": moment.suppression.reason, "lifted": moment.lifted}
    return {"kind": moment.kind, "at": moment.at, "details": details}
