"""The last minute before the legal closing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from pabal.providers.base import Accepted, Rejected
from pabal.providers.gateway import Gateway
from pabal.providers.nhn import Nhn, NhnSettings
from pabal.providers.reasons import Reason
from pabal.providers.solapi import Solapi, SolapiSettings
from pabal.providers.twilio import Twilio, TwilioSettings
from tests.providers.conftest import outgoing

pytestmark = pytest.mark.anyio
TOO_LATE = Rejected(Reason.EXPIRED)


def silent(request: httpx.Request) -> httpx.Response:
    raise AssertionError(f"{request.url} was asked for a message that would come too late")


async def connected(provider: Gateway, answer: httpx.MockTransport) -> Gateway:
    provider.transport = answer
    await provider.connect()
    return provider


@pytest.mark.parametrize(
    "provider",
    [
        pytest.param(Solapi(SolapiSettings(api_key="k", api_secret="s")), id="solapi"),
        pytest.param(Nhn(NhnSettings(app_key="k", secret_key="s")), id="nhn"),
    ],
)
async def test_who_cannot_be_told_a_deadline_gets_nothing_in_the_last_minute(provider: Gateway) -> None:
    await connected(provider, httpx.MockTransport(silent))
    soon = datetime.now(UTC) + timedelta(seconds=50)
    assert await provider.send([outgoing(1, expires_at=soon)]) == [TOO_LATE]
    await provider.close()


async def test_who_is_told_the_deadline_gets_it_until_the_end() -> None:
    answer = httpx.MockTransport(lambda _request: httpx.Response(201, json={"sid": "SM1"}))
    provider = await connected(Twilio(TwilioSettings(account_sid="AC1", auth_token="t")), answer)
    soon = datetime.now(UTC) + timedelta(seconds=50)
    assert await provider.send([outgoing(1, sender="+12025550123", expires_at=soon)]) == [Accepted("SM1")]
    await provider.close()
