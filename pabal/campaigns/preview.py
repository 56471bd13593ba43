"""What one person would read: the same compilation and rendering as the plan, for one recipient.

The person is a profile, or values that somebody types. Nothing is stored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pabal.audience.models import Profile, Property
from pabal.campaigns.compose import choose_sender, compiled, facts_of, frame_of, values_of
from pabal.content.compose import Content, Purpose
from pabal.content.encoding import Measure, measure
from pabal.content.failures import TemplateError
from pabal.content.grammar import property_expression
from pabal.delivery.models import Sender
from pabal.delivery.short_links import short_links


@dataclass(frozen=True, kw_only=True)
class Preview:
    """One person's message. `problem` is a key of `content.labels.PROBLEMS`, or `no_sender` when none of the senders
    reaches the country, `no_mms` when none carries a picture there; `variables` are what the text reads, without links."""

    country: str
    sender: Sender | None
    text: str = ""
    subject: str = ""
    measure: Measure | None = None
    problem: str = ""
    error: TemplateError | None = None
    variables: tuple[str, ...] = ()
    links: tuple[str, ...] = ()


def preview(
    content: Content, senders: Sequence[Sender], values: Mapping[str, Any], *, country: str, purpose: Purpose
) -> Preview:
    """Render `content` for one person in `country`. Never raises for what the author wrote: it says what is wrong."""
    chosen = choose_sender(senders, country, "mms" if content.mms else "sms")
    sender = chosen or (senders[0] if senders else None)
    if sender is None:
        return Preview(country=country, sender=None, problem="no_sender")
    try:
        made = compiled(content, facts_of(sender), country, short_links(), purpose)
    except TemplateError as error:
        return Preview(country=country, sender=sender, error=error)
    row = made.render_frame(frame_of(values, made.variables)).row(0, named=True)
    text = row["text"] or ""
    return Preview(
        country=country,
        sender=sender,
        text=text,
        subject=row["subject"] or "",
        measure=measure(text, made.scheme, mms=content.mms),
        problem=_unreached(senders, country) if chosen is None else row["problem"] or "",
        variables=made.variables,
        links=tuple(link.target_template for link in made.links),
    )


def _unreached(senders: Sequence[Sender], country: str) -> str:
    """Whether not even a text arrives there, or only no picture."""
    return "no_sender" if choose_sender(senders, country) is None else "no_mms"


def preview_profile(content: Content, senders: Sequence[Sender], profile: Profile, *, purpose: Purpose) -> Preview:
    """What this profile would read."""
    return preview(content, senders, values_of(profile), country=profile.country or "KR", purpose=purpose)


@dataclass(frozen=True, kw_only=True)
class Insertable:
    """A value that the author can insert: `code` goes into the text, `example` shows what it looks like."""

    name: str
    label: Any
    code: str
    example: str = ""


def insertable_properties(limit: int = 100) -> list[Insertable]:
    """The custom properties that people have, by name."""
    return [
        Insertable(name=p.name, label=p.name, code="{{ " + property_expression(p.name) + " }}", example=p.example)
        for p in Property.objects.order_by("name")[:limit]
    ]
