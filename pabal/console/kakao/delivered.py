"""KakaoTalk messages as they were sent: the frozen message of a campaign, filled with one recipient's strings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.urls import reverse
from django.utils.safestring import SafeString

from pabal.console.kakao.bubble import Channel, Picture, bubble
from pabal.content.kakao import fill
from pabal.delivery.models import CampaignContent, Image, Sender
from pabal.kakao.message import KakaoMessage, parse
from pabal.kakao.places import images


def frozen(campaign_ids: Sequence[int]) -> dict[int, KakaoMessage]:
    """Campaign → its message as the plan froze it; those without one are left out."""
    rows = CampaignContent.objects.filter(campaign_id__in=set(campaign_ids), kakao__isnull=False)
    return {row.campaign_id: parse(row.kakao) for row in rows if row.kakao}


def delivered(
    message: KakaoMessage,
    text: str,
    slots: Sequence[str] | None,
    *,
    sender: Sender | None,
    at: datetime | None = None,
    live: bool = False,
    friend: bool = True,
) -> SafeString:
    """One recipient's bubble. `live`: its links open and count, and the channel can be blocked."""
    whole = fill(message, text, slots)
    channel = Channel(name=sender.name, optout=sender.opt_out_number) if sender else Channel(name="")
    return bubble(whole, channel=channel, pictures=pictures_of(whole), at=at, live=live, friend=friend)


def pictures_of(message: KakaoMessage) -> Mapping[int, Picture]:
    """The pictures of a message, as the console serves them."""
    found = Image.objects.defer("data").in_bulk({place.image for place in images(message)})
    return {
        pk: Picture(url=reverse("console:image", args=[pk]), width=row.width, height=row.height)
        for pk, row in found.items()
    }
