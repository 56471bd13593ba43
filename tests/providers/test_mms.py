"""Pictures: handed to each gateway as it wants them, before the messages that show them."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest

from pabal.errors import InvalidInput, NotAllowed, Unavailable
from pabal.providers.base import Accepted
from pabal.providers.nhn import Nhn, NhnSettings
from pabal.providers.registry import PROVIDERS
from pabal.providers.sandbox import Sandbox, SandboxSettings
from pabal.providers.solapi import Solapi, SolapiSettings
from pabal.providers.twilio import Twilio, TwilioSettings
from pabal.providers.uploads import Upload, Uploads
from pabal.providers.webhook import Webhook, WebhookSettings
from tests.pictures import photo_file
from tests.providers.conftest import Ears, outgoing
from tests.providers.gateways import ACCOUNT, HOOK, AdapterServer, NhnServer, SolapiServer, TwilioServer

pytestmark = pytest.mark.anyio

URL = "https://go.shop.example/v1/images/f12-3f9c.jpg"


def picture(name: str = "pabal-f12.jpg") -> Upload:
    return Upload(data=photo_file(400, 300), name=name, content_type="image/jpeg", width=400, height=300, url=URL)


@pytest.mark.parametrize("name", sorted(PROVIDERS))
def test_who_says_mms_takes_pictures_and_says_how_large(name: str) -> None:
    provider = PROVIDERS[name]
    media = provider.capabilities.media
    assert ("mms" in provider.capabilities.kinds) == (media is not None)
    if media is None:
        return
    assert hasattr(provider, "upload")
    assert "jpeg" in media.formats
    assert media.max_bytes <= media.total_bytes <= media.max_bytes * media.count
    assert "20" in media.source or "account" in media.source or "general" in media.source


def test_smpp_carries_no_pictures() -> None:
    assert PROVIDERS["smpp"].capabilities.media is None
    assert not hasattr(PROVIDERS["smpp"], "upload")


async def test_solapi_stores_the_picture_and_the_message_names_it(ears: Ears) -> None:
    server = SolapiServer()
    provider = Solapi(SolapiSettings(api_key="KEY", api_secret="secret"))
    provider.transport = server.transport()
    await provider.open(ears)
    file_id = await provider.upload(picture(), "mms")
    [stored] = server.uploads
    assert (stored["type"], stored["name"]) == ("MMS", "pabal-f12.jpg")
    assert base64.b64decode(stored["file"]) == photo_file(400, 300)
    [outcome] = await provider.send([outgoing(1, "가을", kind="mms", subject="제목", media=(file_id,))])
    assert isinstance(outcome, Accepted)
    [message] = server.messages
    assert (message["type"], message["imageId"], message["subject"]) == ("MMS", file_id, "제목")
    await provider.close()


async def test_nhn_takes_three_pictures_for_all_people_of_a_request(ears: Ears) -> None:
    server = NhnServer()
    provider = Nhn(NhnSettings(app_key="APP", secret_key="secret", poll_s=0))
    provider.transport = server.transport()
    await provider.open(ears)
    media = tuple([await provider.upload(picture(f"pabal-f{n}.jpg"), "mms") for n in range(3)])
    text = "(광고) 가을 할인"
    outcomes = await provider.send([outgoing(n, text, kind="mms", subject="제목", media=media) for n in (1, 2)])
    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    [(path, body)] = server.requests
    assert (path, body["attachFileIdList"], len(body["recipientList"])) == ("sender/ad-mms", [1, 2, 3], 2)
    assert base64.b64decode(server.uploads[0]["fileBody"]) == photo_file(400, 300)
    await provider.close()


async def test_twilio_fetches_the_picture_from_us(ears: Ears) -> None:
    server = TwilioServer("secret")
    provider = Twilio(TwilioSettings(account_sid=ACCOUNT, auth_token="secret", messaging_service="MG" + "0" * 32))
    requests: list[httpx.Request] = []
    answer = server._answer

    async def noted(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return await answer(request)  # checks it against Twilio's OpenAPI document

    provider.transport, provider.hook_url = httpx.MockTransport(noted), HOOK
    await provider.open(ears)
    names = (await provider.upload(picture(), "mms"), "https://go.shop.example/v1/images/f13-11.gif")
    [outcome] = await provider.send([outgoing(1, "Sale", kind="mms", sender="+12025550123", media=names)])
    assert isinstance(outcome, Accepted)
    form = parse_qsl(requests[-1].content.decode())
    assert [value for name, value in form if name == "MediaUrl"] == [
        URL,
        "https://go.shop.example/v1/images/f13-11.gif",
    ]
    assert ("MessagingServiceSid", "MG" + "0" * 32) in form
    await provider.close()


async def test_an_adapter_of_ones_own_gets_addresses(ears: Ears) -> None:
    server = AdapterServer("secret")
    bodies: list[dict[str, Any]] = []
    server.say = bodies.append  # type: ignore[assignment]
    provider = Webhook(WebhookSettings(url="https://sms.example/send", secret="secret", mms=True, mms_kb=250))
    provider.transport, provider.hook_url = server.transport(), HOOK
    await provider.open(ears)
    name = await provider.upload(picture(), "mms")
    await provider.send([outgoing(1, "Sale", kind="mms", media=(name,))])
    assert bodies[-1]["messages"][0]["media"] == [URL]
    media = provider.capabilities.media
    assert media is not None
    assert (media.max_bytes, media.formats) == (250_000, frozenset({"jpeg"}))
    assert Webhook(WebhookSettings(url="https://x", secret="s")).capabilities.media is None
    await provider.close()


async def test_the_sandbox_takes_pictures(ears: Ears) -> None:
    provider = Sandbox(SandboxSettings())
    assert isinstance(provider, Uploads)
    assert "mms" in await provider.upload(picture(), "mms")


ANSWERS = [
    pytest.param(httpx.Response(401, text="no"), NotAllowed, id="the credentials are refused"),
    pytest.param(httpx.Response(400, json={"errorMessage": "too large"}), InvalidInput, id="the picture is refused"),
    pytest.param(httpx.Response(200, json={}), InvalidInput, id="taken, but without a name"),
    pytest.param(httpx.Response(502, text="bad"), Unavailable, id="out of order: try again"),
    pytest.param(httpx.Response(429, text="slow down"), Unavailable, id="too fast: try again"),
    pytest.param(httpx.ReadTimeout("slow"), Unavailable, id="no answer: repeating an upload is harmless"),
]


@pytest.mark.parametrize(("answer", "error"), ANSWERS)
@pytest.mark.parametrize("name", ["solapi", "nhn"])
async def test_an_upload_that_fails_says_whether_to_try_again(
    ears: Ears, name: str, answer: httpx.Response | Exception, error: type[Exception]
) -> None:
    server: SolapiServer | NhnServer
    provider: Solapi | Nhn
    if name == "solapi":
        server, provider = SolapiServer(), Solapi(SolapiSettings(api_key="KEY", api_secret="secret"))
    else:
        server, provider = NhnServer(), Nhn(NhnSettings(app_key="APP", secret_key="secret", poll_s=0))
    server.say = lambda _body: answer
    provider.transport = server.transport()
    await provider.open(ears)
    with pytest.raises(error):
        await provider.upload(picture(), "mms")
    await provider.close()
