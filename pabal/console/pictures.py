"""Pictures as pages show them: in the composer, on the phone, in the library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from pabal.content.images import ImageError
from pabal.delivery.accounts import capabilities
from pabal.delivery.images import fitted, limits_of
from pabal.delivery.models import CampaignContent, Image, Sender


@dataclass(frozen=True, kw_only=True)
class Pictured:
    """A picture with its address. `note` says its kind, sides and size in words."""

    id: int
    name: str
    url: str
    width: int
    height: int
    frames: int
    size: int
    note: str

    def as_json(self) -> dict[str, Any]:
        """For scripts of the page."""
        return {
            "id": self.id, "name": self.name, "url": self.url, "width": self.width, "height": self.height,
            "frames": self.frames, "size": self.size, "note": self.note,
        }  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class OnTheWay:
    """Pictures as one sender's carrier gets them. `problem`: why they cannot go that way."""

    urls: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    problem: str = ""


def pictured(image: Image) -> Pictured:
    """A picture of the library."""
    return Pictured(
        id=image.pk,
        name=image.name,
        url=reverse("console:image", args=[image.pk]),
        width=image.width,
        height=image.height,
        frames=image.frames,
        size=image.size,
        note=_note(image.format, image.width, image.height, image.frames, image.size),
    )


def chosen(ids: Sequence[int]) -> list[Pictured]:
    """Pictures by id, in that order; those that are gone are left out."""
    rows = Image.objects.defer("data").in_bulk(list(ids))
    return [pictured(rows[pk]) for pk in ids if pk in rows]


def on_the_way(ids: Sequence[int], sender: Sender | None) -> OnTheWay:
    """The pictures exactly as the sender's carrier gets them; made now if nobody asked before."""
    if not ids or sender is None:
        return OnTheWay()
    media = capabilities(sender.account).media
    if media is None:
        return OnTheWay(problem=_("The sender “%(name)s” cannot carry pictures.") % {"name": sender.name})
    if len(ids) > media.count:
        message = _("The carrier of “%(name)s” takes %(most)s in one message.")
        return OnTheWay(problem=message % {"name": sender.name, "most": _pictures(media.count)})
    try:
        rows = [fitted(pk, limits_of(media, len(ids))) for pk in ids]
    except ImageError as error:
        return OnTheWay(problem=error.message_in("ko" if (get_language() or "").startswith("ko") else "en"))
    return OnTheWay(
        urls=tuple(reverse("console:image_fitted", args=[row.image_id, row.pk]) for row in rows),
        notes=tuple(_note(row.format, row.width, row.height, row.frames, row.size) for row in rows),
    )


def as_sent(campaign_id: int, sender: Sender | None) -> tuple[str, ...]:
    """The addresses of the pictures that a campaign's messages carry from this sender; none where it has none."""
    content = CampaignContent.objects.filter(campaign_id=campaign_id).first()
    return on_the_way(content.images, sender).urls if content is not None and sender is not None else ()


def _pictures(count: int) -> str:
    return _("one picture") if count == 1 else _("%(n)s pictures") % {"n": count}


def _note(format: str, width: int, height: int, frames: int, size: int) -> str:
    kind = format.upper()
    if frames > 1:
        kind = _("moving %(kind)s") % {"kind": kind}
    return f"{kind} · {width:,}×{height:,} · {size / 1000:,.0f} KB"
