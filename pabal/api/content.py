"""Content: how long a text is on the wire, and what one person would read."""

from __future__ import annotations

from typing import Any, Literal

from django.http import HttpRequest
from django.utils.translation import get_language
from ninja import Schema
from pydantic import Field

from pabal.accounts.keys import Scope
from pabal.api.operations import Area
from pabal.api.schemas import Country, Input, found
from pabal.audience.models import Profile, Purpose
from pabal.campaigns.preview import Preview, preview, preview_profile
from pabal.content import labels
from pabal.content.compose import Content, scheme_of
from pabal.content.encoding import Measure, measure
from pabal.delivery.models import Sender

area = Area("Content")


class MeasureIn(Input):
    text: str = Field(max_length=20_000)
    country: Country = Field(description="Where it is received: Korea counts bytes of EUC-KR, others GSM-7 or UCS-2.")


class ForcingOut(Schema):
    """A character that makes the message dearer, or that a Korean network cannot carry."""

    character: str
    count: int
    name: str
    replacement: str | None


class MeasureOut(Schema):
    """The length of a text. `units`: septets (gsm7), UTF-16 units (ucs2) or bytes (euckr)."""

    encoding: Literal["gsm7", "ucs2", "euckr"]
    kind: Literal["sms", "lms", "mms"]
    characters: int
    units: int
    parts: int
    per_part: int
    left: int
    over_length: bool
    forcing: list[ForcingOut]


class PreviewIn(Input):
    """A content and a reader: a profile, or typed values."""

    text: str = Field(max_length=20_000)
    subject: str = Field("", max_length=200)
    senders: list[int] = Field(max_length=50, description="Ids; the first that reaches the country is used.")
    purpose: Purpose = Purpose.PROMOTIONAL
    shorten_links: bool = True
    add_opt_out: bool = True
    add_sender_name: bool = True
    allow_lms: bool = True
    images: list[int] = Field(default_factory=list, max_length=3, description="Pictures by id: it is an MMS.")
    profile_id: int | None = Field(None, ge=1, le=2**63 - 1)
    values: dict[str, str | int | float | bool | None] = Field(
        default_factory=dict, description="Instead of a profile: `first_name`, `properties.city`, …"
    )
    country: Country = "KR"


class PreviewOut(Schema):
    """One person's message. `problem` says why it would be skipped, `error` what is wrong with the template."""

    country: str
    sender_id: int | None
    subject: str
    text: str
    measure: MeasureOut | None
    problem: str | None
    error: dict[str, Any] | None
    variables: list[str]
    links: list[str]


@area.write("POST", "/content/measure", scope=Scope.READ, response=MeasureOut, audited=False)
def measure_text(request: HttpRequest, body: MeasureIn) -> MeasureOut:
    """Measure a finished text: encoding, units, parts.

    Counts the text as it is given, without opt-out wording and shortened links; a preview adds those.
    """
    return measured(measure(body.text, scheme_of(body.country)))


@area.write("POST", "/content/preview", scope=Scope.READ, response=PreviewOut, audited=False)
def preview_content(request: HttpRequest, body: PreviewIn) -> PreviewOut:
    """Show what one person would read, from the same code that sends."""
    content = Content(
        text=body.text,
        subject=body.subject or None,
        shorten_links=body.shorten_links,
        opt_out=body.add_opt_out,
        sender_name=body.add_sender_name,
        allow_lms=body.allow_lms,
        mms=bool(body.images),
    )
    rows = {s.pk: s for s in Sender.objects.filter(pk__in=body.senders, archived_at=None)}
    senders = [found(rows.get(pk), "sender", pk) for pk in body.senders]
    purpose: Any = body.purpose.value
    if body.profile_id is not None:
        profile = found(Profile.objects.filter(pk=body.profile_id).first(), "profile", body.profile_id)
        return _out(preview_profile(content, senders, profile, purpose=purpose))
    return _out(preview(content, senders, body.values, country=body.country, purpose=purpose))


def measured(m: Measure) -> MeasureOut:
    """A measure as the API shows it."""
    return MeasureOut.model_validate(m, from_attributes=True)


def _out(made: Preview) -> PreviewOut:
    language: labels.Language = "ko" if (get_language() or "").startswith("ko") else "en"
    error = made.error
    return PreviewOut(
        country=made.country,
        sender_id=made.sender.pk if made.sender else None,
        subject=made.subject,
        text=made.text,
        measure=measured(made.measure) if made.measure else None,
        problem=made.problem or None,
        error={"code": error.code, "message": error.message_in(language), **error.details} if error else None,
        variables=list(made.variables),
        links=list(made.links),
    )
