"""Pictures on their way to a gateway: what it takes, and how they are handed over before the messages that show them."""

from __future__ import annotations

from typing import Literal, Protocol, TypeAlias, runtime_checkable

import msgspec

Format: TypeAlias = Literal["jpeg", "png", "gif"]


class MediaLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider takes in an MMS. `max_bytes`, `max_width` and `max_height` (pixels) hold for each picture, `total_bytes` for all of a message.

    With `gif` among the formats, motion is kept. `source` says who says so, and when it was looked up.
    """

    formats: frozenset[Format]
    max_bytes: int
    max_width: int
    max_height: int
    count: int = 1
    total_bytes: int
    source: str


class Upload(msgspec.Struct, frozen=True, kw_only=True):
    """A picture to hand over. `name` has an ending; `url` is where our edge serves it, for gateways that fetch it."""

    data: bytes
    name: str
    content_type: str
    width: int
    height: int
    url: str = ""


@runtime_checkable
class Uploads(Protocol):
    """A provider that must have a picture before the messages that show it."""

    async def upload(self, image: Upload, purpose: str) -> str:
        """Hand over a picture; what the gateway calls it (an id or an address), for `Outgoing.media`.

        `purpose`: "mms", or the upload purpose of a KakaoTalk layout. Repeating it is harmless. Raises
        `pabal.errors.Unavailable` (try again), `NotAllowed` (the credentials) or `InvalidInput` (this picture, for good).
        """
        ...
