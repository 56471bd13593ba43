"""Everything that we hold about one person, for the person who asks for it (GDPR Art. 15, 개인정보 보호법 §35).

The audit trail is not part of it: it is about what colleagues did.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from pabal.audience.merge import ids_of
from pabal.audience.models import (
    Anonymous,
    Consent,
    ConsentEvent,
    Event,
    ListMember,
    Profile,
    ProfileMerge,
    Suppression,
)
from pabal.campaigns.models import Campaign, Skip
from pabal.delivery.models import Click, EventKind, Inbound, Message, MessageEvent, MessageKind
from pabal.policy.skips import SkipReason

FORMAT = "pabal-person-1"
_FIELDS = (
    "id", "external_id", "phone", "email", "first_name", "last_name", "locale", "time_zone", "country", "region",
    "zones", "properties", "created_at", "updated_at",
)  # fmt: skip


def person_record(profile: Profile) -> dict[str, Any]:
    """The record as plain data, each history in the order of time. Times are ISO 8601 in UTC."""
    ids = ids_of(profile.pk)
    campaigns = dict(Campaign.objects.values_list("pk", "key"))
    return {
        "format": FORMAT,
        "made_at": datetime.now(UTC),
        "profile": {name: getattr(profile, name) for name in _FIELDS},
        "merged_profiles": [
            {"id": row.old_id, "at": row.at} for row in ProfileMerge.objects.filter(new_id__in=ids).order_by("at")
        ],
        "consents": list(
            Consent.objects.filter(profile=profile)
            .order_by("channel", "purpose")
            .values("channel", "purpose", "state", "changed_at")
        ),
        "consent_history": [_consent(row) for row in _history(profile)],
        "suppression": _suppression(profile),
        "lists": [
            {"key": row.list.key, "name": row.list.name, "added_at": row.added_at, "removed_at": row.removed_at}
            for row in ListMember.objects.filter(profile=profile).select_related("list").order_by("added_at")
        ],
        "anonymous_ids": list(
            Anonymous.objects.filter(profile_id=profile.pk).order_by("at").values("anonymous_id", "at")
        ),
        "events": [
            {"name": row.name, "at": row.at, "received_at": row.received_at, "properties": json.loads(row.properties)}
            for row in Event.objects.filter(profile_id=profile.pk).order_by("at", "id").iterator()
        ],
        "messages": list(_messages(ids, campaigns)),
        "skips": [
            {"campaign": campaigns.get(row.campaign_id), "at": row.at, "reason": SkipReason(row.reason).key}
            for row in Skip.objects.filter(profile_id__in=ids).order_by("at", "id")
        ],
        "replies": [
            {"at": row.at, "to": row.sender.address, "text": row.text, "meaning": row.meaning, "answer": row.reply}
            for row in _replies(profile, ids)
        ],
    }


def as_json(record: dict[str, Any]) -> str:
    """The record as a file, indented, Korean as it is."""
    return json.dumps(record, ensure_ascii=False, indent=2, default=_plain) + "\n"


def _plain(value: Any) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else str(value)


def _history(profile: Profile) -> Iterator[ConsentEvent]:
    rows = ConsentEvent.objects.filter(profile=profile).select_related("statement").order_by("at", "id")
    return rows.iterator(chunk_size=2000)


def _consent(row: ConsentEvent) -> dict[str, Any]:
    names = ("channel", "purpose", "state", "at", "method", "source", "actor", "recorded_at", "moved_from")
    said: dict[str, Any] = {name: getattr(row, name) for name in names}
    return said | {
        "wording": row.statement.wording if row.statement else None,
        "collected_at": row.statement.collected_at if row.statement else None,
    }


def _suppression(profile: Profile) -> dict[str, Any] | None:
    row = Suppression.objects.filter(phone=profile.phone).first() if profile.phone else None
    return {"reason": row.reason, "source": row.source, "at": row.at, "lifted_at": row.lifted_at} if row else None


def _messages(ids: list[int], campaigns: dict[int, str]) -> Iterator[dict[str, Any]]:
    rows = list(Message.objects.filter(profile_id__in=ids).order_by("send_after", "id"))
    numbers = [row.pk for row in rows]
    events: dict[int, list[dict[str, Any]]] = {}
    for event in MessageEvent.objects.filter(message_id__in=numbers).order_by("at", "kind"):
        said = {"kind": EventKind(event.kind).name.lower(), "at": event.at, "reason": event.reason}
        events.setdefault(event.message_id, []).append(said)
    clicks: dict[int, list[dict[str, Any]]] = {}
    for click in Click.objects.filter(message_id__in=numbers).order_by("at"):
        said = {"at": click.at, "link": click.position, "user_agent": click.user_agent}
        clicks.setdefault(click.message_id, []).append(said)
    for row in rows:
        yield {
            "id": row.pk,
            "campaign": campaigns.get(row.campaign_id),
            "kind": MessageKind(row.kind).label,
            "phone": row.phone,
            "send_after": row.send_after,
            "subject": row.subject,
            "text": row.text,
            "events": events.get(row.pk, []),
            "clicks": clicks.get(row.pk, []),
        }


def _replies(profile: Profile, ids: list[int]) -> list[Inbound]:
    phones = {profile.phone, *Message.objects.filter(profile_id__in=ids).values_list("phone", flat=True).distinct()}
    rows = Inbound.objects.filter(phone__in=phones - {""}).select_related("sender").order_by("at", "id")
    return [row for row in rows if row.profile_id in (None, *ids)]
