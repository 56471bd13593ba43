"""Profiles in bulk: created or changed, put on a list, with the consent that they gave."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Schema
from pydantic import AwareDatetime, Field, WithJsonSchema

from pabal.accounts import audit
from pabal.accounts.access import actor
from pabal.accounts.audit import Actor
from pabal.accounts.keys import Scope
from pabal.api.people import MOST
from pabal.api.profiles import area, subject_of
from pabal.api.schemas import Input, found
from pabal.audience import actions, lists
from pabal.audience.models import Channel, ConsentMethod, ConsentState, ConsentStatement, List, Purpose
from pabal.audience.upsert import Upserted, upsert_profiles


class ProfileIn(Input):
    """What is left out stays; null empties. `properties` are merged into what is there, null removes one."""

    external_id: str | None = Field(None, description="Your own id: the best way to say who it is.")
    phone: str | None = Field(None, description="E.164, or in national form of `default_country`.")
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    locale: str | None = Field(None, description="E.g. ko, en-US.")
    time_zone: str | None = Field(None, description="IANA, when it is not that of the phone.")
    country: str | None = Field(None, description="ISO 3166; follows from the phone when it is left out.")
    properties: dict[str, Any] | None = None


def _row_schema() -> dict[str, Any]:
    plain = ProfileIn.model_json_schema()
    return {"type": "array", "items": plain, "minItems": 1, "maxItems": MOST}


class GivenConsent(Input):
    """What all of them agreed to. Without it nobody is subscribed: a number alone is not consent."""

    wording: str = Field(min_length=1, max_length=10_000, description="Word for word.")
    source: str = Field(min_length=1, max_length=1000, description="Where: “sign-up form”.")
    collected_at: AwareDatetime
    channels: list[Channel] = Field(default_factory=lambda: [Channel.TEXT], min_length=1)
    purposes: list[Purpose] = Field(default_factory=lambda: [Purpose.PROMOTIONAL], min_length=1)


class UpsertIn(Input):
    #: Rows are checked one by one by the action, so that a wrong one does not refuse the others.
    profiles: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=MOST), WithJsonSchema(_row_schema())]
    default_country: str = Field("", max_length=2, description="Of phones in national form; else the installation's.")
    list_key: str = Field("", max_length=64, description="Key of a list that all of them join.")
    consent: GivenConsent | None = None


class RowOut(Schema):
    """What became of the row at `index`. A refused one has a `code`, a `message` and perhaps the `field`."""

    index: int
    outcome: Literal["created", "updated", "unchanged", "refused"]
    profile_id: int | None
    code: str = ""
    message: str = ""
    field: str = ""


class UpsertOut(Schema):
    """Counts, and a result for each row in the order in which they were sent. `subscribed`: whose consent is new."""

    created: int
    updated: int
    unchanged: int
    refused: int
    subscribed: int
    results: list[RowOut]


@area.write("POST", "/profiles", scope=Scope.PROFILES, response=UpsertOut)
def write_profiles(request: HttpRequest, body: UpsertIn) -> UpsertOut:
    """Create or change up to 10,000 profiles.

    Who a row is: by `external_id`, else by phone, else by email. Rows in error are refused, the others written.
    """
    by = actor(request)
    list_ = found(List.objects.filter(key=body.list_key).first(), "list", body.list_key) if body.list_key else None
    results = upsert_profiles(body.profiles, default_country=body.default_country, source=str(by))
    ids = sorted({r.profile_id for r in results if r.profile_id is not None})
    if list_ is not None:
        lists.add_members(list_, ids)
    subscribed = _subscribe(ids, body.consent, by) if body.consent else 0
    counts = {name: sum(r.outcome == name for r in results) for name in ("created", "updated", "unchanged", "refused")}
    changes = counts | {"list": body.list_key, "subscribed": subscribed}
    audit.record(by, "profiles.upsert", subject_of(ids), {name: value for name, value in changes.items() if value})
    return UpsertOut(**counts, subscribed=subscribed, results=[_row(r) for r in results])


def _subscribe(ids: list[int], consent: GivenConsent, by: Actor) -> int:
    channels = [channel.value for channel in consent.channels]
    purposes = [purpose.value for purpose in consent.purposes]
    statement = ConsentStatement.objects.create(
        wording=consent.wording.strip(),
        source=consent.source.strip(),
        collected_at=min(consent.collected_at, datetime.now(UTC)),
        channels=channels,
        purposes=purposes,
        created_by=by.person,
    )
    return max(
        actions.set_consent(
            ids,
            channel=channel,
            purposes=purposes,
            state=ConsentState.SUBSCRIBED.value,
            method=ConsentMethod.API.value,
            source=consent.source,
            actor=str(by),
            at=statement.collected_at,
            statement=statement,
        )
        for channel in channels
    )


def _row(r: Upserted) -> RowOut:
    return RowOut(
        index=r.index,
        outcome=r.outcome,  # type: ignore[arg-type]
        profile_id=r.profile_id,
        code=r.code,
        message=r.message,
        field=r.field,
    )
