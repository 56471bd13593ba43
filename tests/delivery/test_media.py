"""Pictures reach the gateway once, before the messages that show them; without them nothing is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.utils import timezone
from psycopg_pool import AsyncConnectionPool

from pabal.content.image_fitting import Limits
from pabal.delivery import images, queries
from pabal.delivery.media import Media
from pabal.delivery.models import CampaignContent, FittedImage, Image, ImageUpload, Message, MessageKind
from pabal.errors import InvalidInput, Unavailable
from pabal.providers.sandbox import Sandbox, SandboxSettings
from pabal.providers.uploads import Upload
from tests.delivery.sending import DispatcherProcess, dsn, events, open_batches, plan, query, shop, wait_for
from tests.pictures import gif_file, photo_file

pytestmark = pytest.mark.django_db(transaction=True)
Pool = AsyncConnectionPool[psycopg.AsyncConnection[Any]]


class Gateway(Sandbox):
    """The sandbox, counting what it gets; it refuses while `broken` is set."""

    def __init__(self) -> None:
        super().__init__(SandboxSettings())
        self.uploads: list[Upload] = []
        self.broken: Exception | None = None

    async def upload(self, image: Upload, purpose: str) -> str:
        self.uploads.append(image)
        if self.broken is not None:
            raise self.broken
        return f"file-{len(self.uploads)}"


def picture(data: bytes | None = None) -> Image:
    return images.keep(data or photo_file(1600, 1200), name="spring.jpg", by=None)


def with_pool(act: Callable[[Pool], Awaitable[None]]) -> None:
    async def run() -> None:
        pool: Pool = AsyncConnectionPool(dsn(), min_size=1, max_size=4, open=False, kwargs={"autocommit": True})
        await pool.open()
        try:
            await act(pool)
        finally:
            await pool.close()

    asyncio.run(run())


def test_a_picture_is_kept_once_however_often_it_is_uploaded() -> None:
    first, again = picture(), images.keep(photo_file(1600, 1200), name="another-name.jpg", by=None)
    assert first.pk == again.pk
    assert Image.objects.count() == 1
    assert images.library() == [first]


def test_a_picture_is_uploaded_once_for_an_account_and_again_when_the_gateway_forgot_it(tmp_path: Path) -> None:
    image, account = picture(), shop(tmp_path).account
    gateway = Gateway()

    async def act(pool: Pool) -> None:
        limits = images.limits_of(gateway.capabilities.media)  # type: ignore[arg-type]
        media = Media(account.pk)
        both = await asyncio.gather(
            *(media.uploaded(pool, gateway, [image.pk], "mms", limits) for _ in range(5)),
        )
        assert set(both) == {("file-1",)}, "five windows at the same moment upload it once"
        assert await Media(account.pk).uploaded(pool, gateway, [image.pk], "mms", limits) == ("file-1",)
        await asyncio.to_thread(
            lambda: ImageUpload.objects.update(expires_at=timezone.now() + timedelta(minutes=5))  # will not last
        )
        assert await Media(account.pk).uploaded(pool, gateway, [image.pk], "mms", limits) == ("file-2",)

    with_pool(act)
    assert len(gateway.uploads) == 2
    assert len(gateway.uploads[0].data) <= 600_000
    fitted = FittedImage.objects.get()
    assert bytes(fitted.data) == gateway.uploads[0].data, "what the console shows is what is sent"
    assert f"/v1/images/f{fitted.pk}-" in gateway.uploads[0].url


def test_a_refused_picture_says_why_and_is_not_pressed_on_the_gateway(tmp_path: Path) -> None:
    image, account = picture(), shop(tmp_path).account
    gateway = Gateway()
    gateway.broken = InvalidInput("The gateway refuses the picture: 300 KB", code="upload_refused")

    async def act(pool: Pool) -> None:
        media = Media(account.pk)
        for _ in range(3):
            with pytest.raises(Unavailable, match="300 KB"):
                await media.uploaded(pool, gateway, [image.pk], "mms", None)
        assert "300 KB" in media.trouble

    with_pool(act)
    assert len(gateway.uploads) == 1
    assert not ImageUpload.objects.exists()


def test_a_picture_that_was_edited_away_is_said() -> None:
    async def act(pool: Pool) -> None:
        media = Media(1)
        limits = Limits(formats=frozenset({"jpeg"}), max_bytes=100_000, max_width=500, max_height=500)
        with pytest.raises(Unavailable, match="gone"):
            await media.uploaded(pool, Gateway(), [99], "mms", limits)

    with_pool(act)


def test_a_campaign_with_a_picture_is_sent_and_the_picture_goes_first(tmp_path: Path) -> None:
    store = shop(tmp_path, throughput=5_000)
    plan(store.senders[0], 200)
    Message.objects.update(kind=MessageKind.MMS)
    image = picture(gif_file())
    CampaignContent.objects.create(campaign_id=1, images=[image.pk])
    with DispatcherProcess(folder=tmp_path) as dispatcher:
        wait_for(lambda: events()["delivered"] == 200)
        assert dispatcher.stop() == 0, dispatcher.log()
    assert {line["kind"] for line in store.carried()} == {"mms"}
    upload = ImageUpload.objects.get()
    assert (upload.account_id, upload.image_id, upload.purpose) == (store.account.pk, image.pk, "mms")
    assert FittedImage.objects.get().format == "gif", "the sandbox takes moving pictures"


def test_messages_whose_picture_cannot_be_had_stay_queued_with_the_reason(tmp_path: Path) -> None:
    store = shop(tmp_path, throughput=5_000)
    plan(store.senders[0], 20)
    Message.objects.update(kind=MessageKind.MMS)
    with DispatcherProcess(folder=tmp_path) as dispatcher:
        wait_for(lambda: "pictures of this campaign are gone" in queries.loads(store.senders)[0].link.detail)
        assert not store.carried()
        assert open_batches() == 1
        image = picture()
        CampaignContent.objects.create(campaign_id=1, images=[image.pk])
        assert dispatcher.stop() == 0, dispatcher.log()
    with DispatcherProcess(folder=tmp_path):
        wait_for(lambda: events()["delivered"] == 20)
    assert query("SELECT count(*) FROM message_event WHERE kind IN (3, 6)") == [(0,)], "nothing was lost"
