"""Two profiles of one person, and everything that is held about one."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Schema
from pydantic import Field

from pabal.accounts import audit
from pabal.accounts.access import actor
from pabal.accounts.keys import Scope
from pabal.api.profiles import ProfileOut, area
from pabal.api.schemas import Id, Input, found
from pabal.audience.former_ids import profiles_named
from pabal.audience.merge import likely_same, merge_profiles, outcome
from pabal.audience.models import Profile
from pabal.errors import InvalidInput
from pabal.reports.person_record import person_record


class MergeIn(Input):
    """Both profiles by our ids, or both by yours."""

    keep: int | None = Field(None, description="The profile that stays.")
    gone: int | None = Field(None, description="The profile that goes up in it.")
    keep_external_id: str | None = None
    gone_external_id: str | None = None
    dry_run: bool = Field(False, description="Only say what would come of it.")


class ConsentAfter(Schema):
    channel: str
    purpose: str
    state: str


class MergeOut(Schema):
    """What a merge did, or would do. `lost`: fields and properties of the profile that goes which do not stand."""

    keep: int
    gone: int
    events: int = Field(description="How many events moved.")
    lists: int = Field(description="How many memberships moved.")
    values: dict[str, Any] = Field(description="The kept profile's fields and properties afterwards.")
    consents: list[ConsentAfter]
    lost: list[str]


@area.write("POST", "/profiles/merge", scope=Scope.PROFILES, response=MergeOut, may_change_nothing=True)
def merge_two_profiles(request: HttpRequest, body: MergeIn) -> MergeOut:
    """Merge two profiles of one person.

    What the kept profile says wins; the other fills the gaps. Of two decisions about consent the newer one counts, and
    of two at one moment the refusal. Events, lists and history move; messages stay reachable. This cannot be undone.
    """
    keep, gone = _named(body.keep, body.keep_external_id, "keep"), _named(body.gone, body.gone_external_id, "gone")
    if body.dry_run:
        done = outcome(keep, gone)
    else:
        by = actor(request)
        done = merge_profiles(keep, gone, by=str(by))
        what = {"merged": f"{done.gone} (#{gone})", "events": done.events, "lists": done.lists}
        audit.record(by, "profile.merge", done.keep, what)
    return MergeOut(
        keep=keep,
        gone=gone,
        events=done.events,
        lists=done.lists,
        values=done.values,
        consents=[ConsentAfter(channel=c.channel, purpose=c.purpose, state=c.result[0]) for c in done.consents],
        lost=[choice.name for choice in (*done.fields, *done.properties) if choice.lost],
    )


@area.read("/profiles/{int:profile_id}/duplicates", response=list[ProfileOut])
def read_duplicates(request: HttpRequest, profile_id: Id) -> list[Profile]:
    """Read who may be the same person.

    Profiles with the same phone or email address, the oldest first.
    """
    return likely_same(_profile(profile_id), limit=20)


@area.read("/profiles/{int:profile_id}/record", response=dict[str, Any])
def read_record(request: HttpRequest, profile_id: Id) -> dict[str, Any]:
    """Read everything that is held about a person.

    Profile, properties, consent and its history with wordings, lists, events, messages with what became of them,
    clicks, skips and replies: what a person may ask for by law. The reading is recorded in the audit trail.
    """
    row = _profile(profile_id)
    audit.record(actor(request), "profile.export", row)
    return person_record(row)


def _profile(profile_id: int) -> Profile:
    return found(Profile.objects.filter(pk=profile_id).first(), "profile", profile_id)


def _named(profile_id: int | None, external_id: str | None, field: str) -> int:
    if (profile_id is None) == (external_id is None):
        message = _("Choose two profiles by their number, or by external ID.")
        raise InvalidInput(message, code="nobody_named", field=field)
    if profile_id is not None:
        return profile_id
    name = str(external_id)
    named = profiles_named([name])
    if name not in named:
        raise found(None, "profile", name)
    return named[name]
