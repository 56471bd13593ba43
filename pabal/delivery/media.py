"""Pictures of a campaign on their way: made to fit the carrier, handed to the gateway once, remembered.

    campaign_content.images → fitted_image (made in a thread the first time) → image_upload → `Outgoing.media`

Whoever needs them waits here before the messages are handed over. When a gateway does not take a picture, the messages
stay queued, with the reason on the sender's page; they are never sent without it.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

from pabal.content.image_fitting import Limits, fit
from pabal.content.images import ImageError, Picture
from pabal.delivery.image_addresses import ENDINGS, content_type, image_url
from pabal.delivery.images import limits_of
from pabal.delivery.recorder import Pool
from pabal.errors import PabalError, Unavailable
from pabal.kakao.limits import of_message
from pabal.kakao.message import parse
from pabal.kakao.places import images
from pabal.providers.base import Provider
from pabal.providers.uploads import Upload, Uploads

#: An upload is renewed when it would not last this long any more.
STILL_GOOD: Final = timedelta(hours=1)
AGAIN_S: Final = 10.0
"""How long a refused upload is not tried again."""

CONTENT: Final = "SELECT channel, images, kakao, target FROM campaign_content WHERE campaign_id = %s"
KNOWN: Final = """
SELECT provider_id, expires_at FROM image_upload
WHERE account_id = %s AND image_id = %s AND purpose = %s AND fingerprint = %s
"""
REMEMBER: Final = """
INSERT INTO image_upload (account_id, image_id, purpose, fingerprint, provider_id, expires_at)
VALUES (%(account)s, %(image)s, %(purpose)s, %(fingerprint)s, %(id)s, %(expires)s)
ON CONFLICT (account_id, image_id, purpose) DO UPDATE SET fingerprint = EXCLUDED.fingerprint,
    provider_id = EXCLUDED.provider_id, expires_at = EXCLUDED.expires_at, created_at = now()
"""
FITTED: Final = """
SELECT id, format, width, height, data FROM fitted_image WHERE image_id = %s AND limits = %s
"""
IMAGE: Final = "SELECT id, format, width, height, data, frames, name FROM image WHERE id = %s"
KEEP: Final = """
INSERT INTO fitted_image (image_id, limits, format, width, height, frames, size, data)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (image_id, limits) DO NOTHING
"""

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Shared:
    """What all messages of a campaign share (`CampaignContent`)."""

    channel: str = "text"
    images: tuple[int, ...] = ()
    kakao: dict[str, Any] | None = field(default=None, repr=False)
    target: str = "I"


class Media:
    """The pictures of one account, uploaded when first needed. `trouble`: why the last one was not taken, for people."""

    def __init__(self, account_id: int) -> None:
        self.trouble = ""
        self._account_id = account_id
        self._shared: dict[int, Shared] = {}
        self._known: dict[tuple[int, str, str], tuple[str, datetime | None]] = {}
        self._one_at_a_time = asyncio.Lock()
        self._refused_until = 0.0

    async def shared(self, pool: Pool, campaign_id: int) -> Shared:
        """What the campaign's messages share; read once. Raises `psycopg.Error`."""
        if campaign_id not in self._shared:
            async with pool.connection() as connection:
                row = await (await connection.execute(CONTENT, [campaign_id])).fetchone()
            if row is None:
                return Shared()
            if len(self._shared) > 1000:
                self._shared.clear()
            self._shared[campaign_id] = Shared(channel=row[0], images=tuple(row[1]), kakao=row[2], target=row[3])
        return self._shared[campaign_id]

    async def mms(self, pool: Pool, campaign_id: int, provider: Provider) -> tuple[str, ...]:
        """The gateway's names of the campaign's pictures, for `Outgoing.media`. Raises as `uploaded`."""
        shared = await self.shared(pool, campaign_id)
        media = provider.capabilities.media
        if not shared.images:
            raise self._failed("The pictures of this campaign are gone.")
        if media is None:
            raise self._failed("This account carries no pictures.")
        return await self.uploaded(pool, provider, shared.images, "mms", limits_of(media, len(shared.images)))

    async def kakao(self, pool: Pool, shared: Shared, provider: Provider) -> tuple[str, ...]:
        """The gateway's names of a KakaoTalk message's pictures, in the order of `kakao.places.images`. Raises as
        `uploaded`."""
        message = parse(shared.kakao or {})
        limits = of_message(message)
        names: list[str] = []
        for place in images(message):
            limit = limits.image(place.path)
            purpose = limit.purpose if limit is not None else "kakao"
            names += await self.uploaded(pool, provider, [place.image], purpose, None)
        return tuple(names)

    async def uploaded(
        self, pool: Pool, provider: Provider, images: Sequence[int], purpose: str, limits: Limits | None
    ) -> tuple[str, ...]:
        """The gateway's names of these pictures, in their order; uploads what it does not have (any more).

        `limits` None: they go as they are in the library. Raises `pabal.errors.Unavailable` with the reason when the
        gateway does not take one: nothing may be sent then, and the next try is worth it after `AGAIN_S`.
        """
        async with self._one_at_a_time:
            names = [await self._one(pool, provider, image, purpose, limits) for image in images]
        self.trouble = ""
        return tuple(names)

    async def _one(self, pool: Pool, provider: Provider, image_id: int, purpose: str, limits: Limits | None) -> str:
        key = (image_id, purpose, limits.key if limits else "")
        if (known := self._known.get(key)) is not None and _lasts(known[1]):
            return known[0]
        if asyncio.get_running_loop().time() < self._refused_until:
            raise self._refusal()
        upload = await self._upload(pool, image_id, limits)
        fingerprint = hashlib.sha256(upload.data + upload.url.encode()).hexdigest()
        async with pool.connection() as connection:
            found = await connection.execute(KNOWN, [self._account_id, image_id, purpose, fingerprint])
            row = await found.fetchone()
        if row is not None and _lasts(row[1]):
            self._known[key] = (row[0], row[1])
            return str(row[0])
        name, expires = await self._hand_over(provider, upload, purpose)
        async with pool.connection() as connection:
            values = {"account": self._account_id, "image": image_id, "purpose": purpose, "fingerprint": fingerprint}
            await connection.execute(REMEMBER, {**values, "id": name, "expires": expires})
        self._known[key] = (name, expires)
        return name

    async def _hand_over(self, provider: Provider, upload: Upload, purpose: str) -> tuple[str, datetime | None]:
        if not isinstance(provider, Uploads):
            raise self._failed("This account takes no pictures.")
        try:
            name = await provider.upload(upload, purpose)
        except PabalError as error:
            raise self._failed(f"{upload.name}: {error}") from error
        except Exception as error:
            log.exception("an upload failed", extra={"account": self._account_id})
            raise self._failed(f"{upload.name}: {type(error).__name__}") from error
        days = provider.capabilities.uploads_days
        log.info("picture uploaded", extra={"account": self._account_id, "picture": upload.name, "purpose": purpose})
        return name, None if days is None else datetime.now(UTC) + timedelta(days=days)

    async def _upload(self, pool: Pool, image_id: int, limits: Limits | None) -> Upload:
        """The bytes to hand over; they are made to fit in a thread, and kept."""
        async with pool.connection() as connection:
            row = None
            if limits is not None:
                row = await (await connection.execute(FITTED, [image_id, limits.key])).fetchone()
            if row is not None:
                return _as_upload("f", row)
            original = await (await connection.execute(IMAGE, [image_id])).fetchone()
        if original is None:
            raise self._failed("The picture is gone.")
        if limits is None:
            return _as_upload("i", original)
        _id, format, width, height, data, frames, _name = original
        picture = Picture(format=format, width=width, height=height, frames=frames, data=bytes(data))
        try:
            made = await asyncio.to_thread(fit, picture, limits)
        except ImageError as error:
            raise self._failed(str(error)) from error
        values = [image_id, limits.key, made.format, made.width, made.height, made.frames, made.size, made.data]
        async with pool.connection() as connection:
            await connection.execute(KEEP, values)
            row = await (await connection.execute(FITTED, [image_id, limits.key])).fetchone()
        assert row is not None
        return _as_upload("f", row)

    def _failed(self, why: str) -> Unavailable:
        self.trouble = why
        self._refused_until = asyncio.get_running_loop().time() + AGAIN_S
        return self._refusal()

    def _refusal(self) -> Unavailable:
        return Unavailable(f"The gateway does not take the pictures: {self.trouble}", code="upload_failed")


def _as_upload(table: Literal["i", "f"], row: Any) -> Upload:
    row_id, format, width, height, data = row[:5]
    return Upload(
        data=bytes(data),
        name=f"pabal-{table}{row_id}.{ENDINGS[format]}",
        content_type=content_type(format),
        width=width,
        height=height,
        url=image_url(table, row_id, format),
    )


def _lasts(expires: datetime | None) -> bool:
    return expires is None or expires > datetime.now(UTC) + STILL_GOOD
