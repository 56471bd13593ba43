"""Changing one person by hand. Sets of people are changed by `upsert`, or by an import."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl
from django.db import transaction
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from pabal import config
from pabal.audience import erased_phones, people_sql
from pabal.audience.cleaning import Reading, clean
from pabal.audience.file_facts import LINE, Chunk, Cursor
from pabal.audience.mapping import Target
from pabal.audience.models import Profile
from pabal.audience.refusals import reason_text
from pabal.audience.upsert import FIELDS
from pabal.database import raw_cursor
from pabal.errors import Conflict, InvalidInput, NotFound

#: What follows from the phone.
PLACE = ("country", "region", "zones")
_FIELD_OF = {
    "unknown_country_name": "country",
    "unknown_time_zone": "time_zone",
    "unknown_language": "locale",
    "no_identity": "phone",
}


@transaction.atomic
def edit_profile(profile_id: int, fields: Mapping[str, str], *, properties: Mapping[str, Any] | None = None) -> Profile:
    """Change fields of a person (`upsert.FIELDS`; an empty text empties the field) and set properties (None removes one).

    Raises InvalidInput with the field at fault, Conflict `external_id_taken`, NotFound.
    """
    with raw_cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [people_sql.PEOPLE_LOCK])
    profile = Profile.objects.select_for_update().filter(pk=profile_id).first()
    if profile is None:
        raise NotFound(_("There is no such person."), code="no_such_profile")
    said_before = profile.phone
    said = {name: str(fields.get(name, getattr(profile, name) or "")).strip() for name in FIELDS}
    read = _read(said, keep_phone=said["phone"] == profile.phone)
    if said["phone"] == profile.phone:
        read |= {name: getattr(profile, name) for name in ("phone", *PLACE)}
        if not profile.phone:
            read["country"] = _read(said, keep_phone=False)["country"]
    _check_free(profile, read["external_id"])
    for name, value in read.items():
        setattr(profile, name, value)
    for name, value in (properties or {}).items():
        if value is None:
            profile.properties.pop(name, None)
        else:
            profile.properties[name] = value
    profile.updated_at = timezone.now()
    changed_phone = profile.phone != said_before
    profile.save(update_fields=[*read, "properties", "updated_at"])
    if changed_phone:
        with raw_cursor() as cursor:
            erased_phones.block_returning(cursor, [profile.phone])
    return profile


def _read(said: Mapping[str, str], *, keep_phone: bool) -> dict[str, Any]:
    """The fields as they are stored, by the same rules as an import's."""
    columns = dict(said)
    if keep_phone:  # it was read when it was written; it still says who this is
        columns |= {"phone": "", "external_id": said["external_id"] or said["phone"]}
    frame = pl.DataFrame({**{name: [text] for name, text in columns.items()}, LINE: [0]})
    settings = config.get()
    reading = Reading(
        mapped={name: Target(field=name) for name in FIELDS},
        default_country=settings.default_country,
        zone=settings.time_zone,
        allow_fictional=settings.allow_fictional,
    )
    cleaned = clean(Chunk(frame=frame, refused=(), end=Cursor(offset=0, line=0)), reading)
    for refusal in cleaned.refused:
        text = reason_text(refusal.reason, (get_language() or "en")[:2])
        raise InvalidInput(
            text, code=refusal.reason, field=_FIELD_OF.get(refusal.reason, _at_fault(refusal.reason, said))
        )
    person = cleaned.people.row(0, named=True)
    if said["email"] and not person["email"]:
        raise InvalidInput(_("This is not an email address."), code="bad_email", field="email")
    read = {name: person[name] or "" for name in (*FIELDS, "region", "zones")}
    return read | {"external_id": person["external_id"] if said["external_id"] else None}


def _at_fault(reason: str, said: Mapping[str, str]) -> str:
    if reason == "value_too_long":
        return max(("external_id", "email", "first_name", "last_name"), key=lambda name: len(said[name]))
    return "phone"


def _check_free(profile: Profile, external_id: str | None) -> None:
    if external_id and Profile.objects.filter(external_id=external_id).exclude(pk=profile.pk).exists():
        raise Conflict(_("Somebody else has this customer ID."), code="external_id_taken", field="external_id")
