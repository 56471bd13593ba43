"""A campaign and its people in the terms of `content` and `policy`: the plan and the preview both come through here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, cast

import polars as pl

from pabal.audience.models import Profile
from pabal.campaigns.models import Campaign
from pabal.content.compose import Compiled, Content, Purpose, SenderFacts, ShortLinks, compile_content
from pabal.delivery.accounts import capabilities
from pabal.delivery.models import Sender
from pabal.policy.countries import MessageKind, Route, can_send, is_domestic

_PROPERTY = "properties."


def content_of(campaign: Campaign) -> Content:
    """What the author wrote."""
    return Content(
        text=campaign.text,
        subject=campaign.subject or None,
        shorten_links=campaign.shorten_links,
        opt_out=campaign.add_opt_out,
        sender_name=campaign.add_sender_name,
        allow_lms=campaign.allow_lms,
        mms=bool(campaign.images),
    )


def senders_of(campaign: Campaign) -> tuple[Sender, ...]:
    """The campaign's usable senders, in the order in which they were chosen."""
    chosen = Campaign.senders.through.objects.filter(campaign=campaign).order_by("pk").values_list("sender_id")
    senders = Sender.objects.select_related("account").filter(archived_at=None).in_bulk([pk for (pk,) in chosen])
    return tuple(senders[pk] for (pk,) in chosen if pk in senders)


def facts_of(sender: Sender) -> SenderFacts:
    """What the wording needs to know of a sender."""
    return SenderFacts(
        name=sender.name,
        kind=cast(Any, sender.kind),
        address=sender.address,
        country=sender.country,
        opt_out_number=sender.opt_out_number,
    )


def route_of(sender: Sender) -> Route:
    """What decides where a sender reaches. That it carries abroad is known by a price for the country (`ways`)."""
    able = capabilities(sender.account)
    return Route(
        kind=cast(Any, sender.kind),
        country=sender.country,
        international=True,
        kinds=able.kinds,
        encodings=able.encodings,
    )


def reaching(senders: Sequence[Sender], country: str, kind: MessageKind = "sms") -> list[Sender]:
    """The senders that carry this kind to the country: those of the country first, then in the campaign's order."""
    found = [sender for sender in senders if can_send(route_of(sender), country, kind)]
    return sorted(found, key=lambda sender: not is_domestic(sender.country, country))


def choose_sender(senders: Sequence[Sender], country: str, kind: MessageKind = "sms") -> Sender | None:
    """The campaign's sender for the country, or None."""
    return next(iter(reaching(senders, country, kind)), None)


@lru_cache(maxsize=256)
def compiled(content: Content, facts: SenderFacts, country: str, links: ShortLinks, purpose: Purpose) -> Compiled:
    """`compile_content`, remembered: a preview asks for the same with every letter typed. Raises TemplateError."""
    return compile_content(content, facts, country, links, purpose)


def values_of(profile: Profile) -> dict[str, Any]:
    """A profile's values by column name, as texts read them."""
    fields = ("external_id", "phone", "email", "first_name", "last_name", "locale", "time_zone", "country", "region")
    values: dict[str, Any] = {name: getattr(profile, name) for name in fields}
    return values | {f"{_PROPERTY}{name}": value for name, value in profile.properties.items()}


def frame_of(values: Mapping[str, Any], variables: Sequence[str]) -> pl.DataFrame:
    """One recipient as the frame that `Compiled.render_frame` takes."""
    columns: dict[str, pl.Series] = {}
    for name in variables:
        value = values.get(name)
        if isinstance(value, dict):
            value = str(value)
        if isinstance(value, list):
            value = [str(item) for item in value]
        columns[name] = pl.Series(name, [value], dtype=pl.String if value is None else None)
    return pl.DataFrame(columns) if columns else pl.DataFrame({"one": [1]})
