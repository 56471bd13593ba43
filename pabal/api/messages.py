"""Messages and skips: what became of each candidate."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest, StreamingHttpResponse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from ninja import Query, Schema
from pydantic import Field

from pabal.accounts import audit
from pabal.accounts.access import actor
from pabal.api.operations import Area
from pabal.api.pagination import Page, PageQuery, decode, decode_several, encode
from pabal.api.schemas import Id, Key, Milli, found
from pabal.campaigns import actions
from pabal.campaigns.models import Campaign
from pabal.delivery.event_reasons import reason_label
from pabal.delivery.models import Encoding, EventKind, Message, MessageKind
from pabal.errors import InvalidInput
from pabal.policy.skips import SKIP_WORDS, SkipReason
from pabal.reports import export, recipients
from pabal.reports.recipients import Group, Recipient, Skipped, State

area = Area("Messages")


class EventOut(Schema):
    """Something that happened to a message. `reason` is ours and stable, `code` the carrier's own."""

    kind: str = Field(description="accepted, delivered, failed, expired, cancelled, unknown, clicked, replied, …")
    at: datetime
    reason: str
    reason_label: str
    code: str
    provider_ref: str | None


class MessageOut(Schema):
    """One text to one phone, and what happened to it."""

    id: int
    campaign: str
    profile_id: int
    external_id: str | None
    sender_id: int
    phone: str
    country: str
    kind: str
    encoding: str
    parts: int
    amount: Milli
    send_after: datetime
    subject: str
    text: str
    state: State
    reason: str
    changed_at: datetime | None
    events: list[EventOut]


class SkipOut(Schema):
    """A candidate that got no message, and why."""

    profile_id: int
    external_id: str | None
    phone: str | None
    reason: str
    label: str
    at: datetime


class MessageQuery(PageQuery):
    show: Group = Field(Group.ALL, description="Only these: `failed`, `clicked`, …")


class SkipQuery(PageQuery):
    reason: str | None = Field(None, max_length=32, description="E.g. `not_subscribed`.")


CSV = {
    "responses": {
        200: {"description": "CSV in UTF-8", "content": {"text/csv": {"schema": {"type": "string"}}}},
    }
}


@area.read("/campaigns/{key}/messages", response=Page[MessageOut])
def list_messages(request: HttpRequest, key: Key, query: Annotated[MessageQuery, Query(...)]) -> dict[str, object]:
    """List the messages of a campaign with their events, in the order of planning."""
    campaign = actions.by_key(key)
    kind = f"messages-{campaign.pk}-{query.show}"
    page = recipients.page(campaign.pk, query.show, after=decode(kind, query.cursor), limit=query.limit)
    rows = [message_out(r, campaign.key) for r in recipients.recipients(page.ids)]
    return {"data": rows, "next_cursor": encode(kind, page.ids[-1]) if page.later and page.ids else None}


@area.read("/messages/{int:message_id}", response=MessageOut)
def read_message(request: HttpRequest, message_id: Id) -> MessageOut:
    """Read a message with its events."""
    message = found(Message.objects.filter(pk=message_id).first(), "message", message_id)
    keys = dict(Campaign.objects.filter(pk=message.campaign_id).values_list("pk", "key"))
    return message_out(recipients.recipients([message.pk])[0], keys.get(message.campaign_id, ""))


@area.read("/campaigns/{key}/skips", response=Page[SkipOut])
def list_skips(request: HttpRequest, key: Key, query: Annotated[SkipQuery, Query(...)]) -> dict[str, object]:
    """List who got no message, by reason."""
    campaign = actions.by_key(key)
    reason = _reason(query.reason)
    kind = f"skips-{campaign.pk}-{query.reason or ''}"
    place = decode_several(kind, query.cursor, 2)
    after = (place[0], place[1]) if place else None
    rows, _earlier, later = recipients.skips(campaign.pk, reason=reason, after=after, limit=query.limit)
    last = rows[-1].skip if later and rows else None
    return {
        "data": [_skip_out(row) for row in rows],
        "next_cursor": encode(kind, last.reason, last.pk) if last else None,
    }


@area.read("/campaigns/{key}/messages.csv", response=None, openapi_extra=CSV)
def export_messages(
    request: HttpRequest, key: Key, show: Group = Group.ALL, skipped: bool = True
) -> StreamingHttpResponse:
    """Download every candidate of a campaign as CSV: messages, then who was skipped and why."""
    campaign = actions.by_key(key)
    audit.record(actor(request), "campaign.export", campaign, {"show": show.value})
    lines = export.as_csv(export.rows(campaign, group=show, skipped=skipped))
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{campaign.key}.csv"'
    return response


def message_out(r: Recipient, campaign: str) -> MessageOut:
    """A message as the API shows it."""
    m = r.message
    return MessageOut(
        id=m.pk,
        campaign=campaign,
        profile_id=m.profile_id,
        external_id=r.profile.external_id if r.profile else None,
        sender_id=m.sender_id,
        phone=m.phone,
        country=m.country,
        kind=MessageKind(m.kind).name.lower(),
        encoding=Encoding(m.encoding).name.lower(),
        parts=m.parts,
        amount=m.amount,
        send_after=m.send_after,
        subject=m.subject,
        text=m.text,
        state=r.state,
        reason=r.reason,
        changed_at=r.changed_at,
        events=[
            EventOut(
                kind=EventKind(e.kind).name.lower(),
                at=e.at,
                reason=e.reason,
                reason_label=reason_label(e.reason) if e.reason else "",
                code=e.code,
                provider_ref=e.provider_ref,
            )
            for e in sorted(r.events.values(), key=lambda e: (e.at, e.kind))
        ],
    )


def skip_label(reason: SkipReason) -> str:
    """What a person reads for a reason, in the active language."""
    return SKIP_WORDS[reason].label["ko" if (get_language() or "").startswith("ko") else "en"]


def _skip_out(row: Skipped) -> dict[str, Any]:
    reason = SkipReason(row.skip.reason)
    return {
        "profile_id": row.skip.profile_id,
        "external_id": row.profile.external_id if row.profile else None,
        "phone": row.profile.phone if row.profile else None,
        "reason": reason.key,
        "label": skip_label(reason),
        "at": row.skip.at,
    }


def _reason(key: str | None) -> int | None:
    if key is None:
        return None
    try:
        return int(SkipReason.from_key(key))
    except KeyError:
        keys = ", ".join(reason.key for reason in SkipReason)
        message = _("There is no such reason. One of: %(values)s.") % {"values": keys}
        raise InvalidInput(message, code="unknown_skip_reason", field="reason") from None
