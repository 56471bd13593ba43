"""What the dispatcher may rely on, held against every provider."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest

from pabal.providers.base import Accepted, Outgoing, Provider, Rejected, Report, Unavailable
from pabal.providers.nhn import Nhn, NhnSettings
from pabal.providers.reasons import Reason
from pabal.providers.registry import PROVIDERS
from pabal.providers.sandbox import Sandbox, SandboxSettings
from pabal.providers.solapi import Solapi, SolapiSettings
from pabal.providers.twilio import Twilio, TwilioSettings
from pabal.providers.webhook import Webhook, WebhookSettings
from tests.providers.conftest import KOREAN, Ears, outgoing, smpp, until
from tests.providers.gateways import ACCOUNT, HOOK, AdapterServer, Edge, NhnServer, SolapiServer, TwilioServer
from tests.smsc.control import Smsc

pytestmark = pytest.mark.anyio


class Bench(NamedTuple):
    """A provider, and a phone that can write to us through it where it is two-way."""

    provider: Provider
    phone: Callable[[str, str, str], Awaitable[None]] | None


def _sandbox(make_smsc: Callable[..., Smsc]) -> Bench:
    carrier = Sandbox(SandboxSettings(receipt_ms=20, receipt_jitter_ms=10, failed=0))

    async def phone(from_: str, sender: str, text: str) -> None:
        await carrier.receive(from_=from_, sender=sender, text=text)

    return Bench(carrier, phone)


def _smpp(make_smsc: Callable[..., Smsc]) -> Bench:
    smsc = make_smsc(receipt_ms=20)

    async def phone(from_: str, sender: str, text: str) -> None:
        smsc.tell(inbound={"from": from_.removeprefix("+"), "to": sender, "text": text})

    return Bench(smpp(smsc), phone)


def _twilio(make_smsc: Callable[..., Smsc]) -> Bench:
    server = TwilioServer("secret")
    provider = Twilio(TwilioSettings(account_sid=ACCOUNT, auth_token="secret"))
    provider.transport, provider.hook_url, server.edge = server.transport(), HOOK, Edge(provider)
    return Bench(provider, server.phone)


def _webhook(make_smsc: Callable[..., Smsc]) -> Bench:
    server = AdapterServer("secret")
    provider = Webhook(WebhookSettings(url="https://sms.example/send", secret="secret"))
    provider.transport, provider.hook_url, server.edge = server.transport(), HOOK, Edge(provider)
    return Bench(provider, server.phone)


def _solapi(make_smsc: Callable[..., Smsc]) -> Bench:
    server = SolapiServer()
    provider = Solapi(SolapiSettings(api_key="KEY", api_secret="secret", hook_secret="hook"))
    provider.transport, server.edge = server.transport(), Edge(provider)
    return Bench(provider, None)


def _nhn(make_smsc: Callable[..., Smsc]) -> Bench:
    server = NhnServer()
    provider = Nhn(NhnSettings(app_key="APP", secret_key="secret", hook_signature="hook"))
    provider.transport, server.edge = server.transport(), Edge(provider)
    return Bench(provider, None)


BENCHES = {
    "sandbox": _sandbox,
    "smpp": _smpp,
    "twilio": _twilio,
    "webhook": _webhook,
    "solapi": _solapi,
    "nhn": _nhn,
}


@pytest.fixture(params=list(BENCHES))
async def bench(request: pytest.FixtureRequest, make_smsc: Callable[..., Smsc]) -> AsyncIterator[Bench]:
    made: Bench = BENCHES[request.param](make_smsc)
    yield made
    await made.provider.close()


def test_every_provider_is_held_to_this() -> None:
    """Those that carry texts; KakaoTalk messages alone are in `test_kakao_gateways`."""
    assert set(BENCHES) == {name for name, provider in PROVIDERS.items() if "sms" in provider.capabilities.kinds}


def test_names_are_unique_and_labelled() -> None:
    for name, provider in PROVIDERS.items():
        assert provider.name == name
        assert set(provider.labels) == {"en", "ko"}


async def test_nothing_yields_nothing(bench: Bench, ears: Ears) -> None:
    await bench.provider.open(ears)
    assert await bench.provider.send([]) == []


async def test_each_message_has_one_outcome_in_order(bench: Bench, ears: Ears) -> None:
    await bench.provider.open(ears)
    expired = datetime.now(UTC) - timedelta(seconds=1)
    messages = [outgoing(n, expires_at=expired if n % 3 == 0 else None) for n in range(30)]
    outcomes = await bench.provider.send(messages)
    assert [type(outcome) for outcome in outcomes] == [Rejected if n % 3 == 0 else Accepted for n in range(30)]
    assert {outcome.reason for outcome in outcomes if isinstance(outcome, Rejected)} == {Reason.EXPIRED}
    ids = [outcome.provider_id for outcome in outcomes if isinstance(outcome, Accepted)]
    assert len(set(ids)) == 20


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"text": "hello"}, id="plain"),
        pytest.param({"text": KOREAN * 6, "encoding": "ucs2", "parts": 3}, id="Korean in three parts"),
        pytest.param({"text": "", "sender": "PABAL"}, id="empty, from a brand name"),
        pytest.param({"text": "😀" * 300, "encoding": "ucs2", "sender": "+12025550123"}, id="emoji"),
    ],
)
async def test_an_accepted_message_has_a_receipt_under_its_id(
    bench: Bench, ears: Ears, fields: dict[str, object]
) -> None:
    await bench.provider.open(ears)
    [outcome] = await bench.provider.send([outgoing(5, **fields)])
    assert isinstance(outcome, Accepted)
    await until(lambda: ears.receipts)
    [receipt] = ears.receipts
    assert (receipt.provider_id, receipt.reference, receipt.outcome) == (outcome.provider_id, 5, "delivered")
    assert receipt.reason is None
    assert abs(receipt.at - datetime.now(UTC)) < timedelta(minutes=1)


async def test_windows_at_the_same_time_keep_apart(bench: Bench, ears: Ears) -> None:
    await bench.provider.open(ears)
    windows = [[outgoing(100 * w + n) for n in range(bench.provider.capabilities.max_window // 8)] for w in range(4)]
    answered = await asyncio.gather(*(bench.provider.send(window) for window in windows))
    assert [len(outcomes) for outcomes in answered] == [len(window) for window in windows]
    assert all(isinstance(outcome, Accepted) for outcomes in answered for outcome in outcomes)


async def test_reports_that_were_not_taken_come_again(bench: Bench) -> None:
    heard: list[Report] = []

    async def clumsy(reports: Sequence[Report]) -> None:
        heard.extend(reports)
        if len(heard) == 1:
            raise RuntimeError("dropped it")

    await bench.provider.open(clumsy)
    await bench.provider.send([outgoing()])
    await until(lambda: len(heard) == 2)


async def test_a_phone_writes_to_us(bench: Bench, ears: Ears) -> None:
    await bench.provider.open(ears)
    assert (bench.phone is not None) == bench.provider.capabilities.two_way
    if bench.phone is None:
        pytest.skip("one way")
    await bench.phone("+821000000001", "15881234", "수신거부")
    await until(lambda: ears.inbound)
    [inbound] = ears.inbound
    assert (inbound.from_, inbound.sender, inbound.text) == ("+821000000001", "15881234", "수신거부")
    assert inbound.provider_id


async def test_what_is_not_open_sends_nothing(bench: Bench, ears: Ears) -> None:
    message: Outgoing = outgoing()
    assert [type(outcome) for outcome in await bench.provider.send([message])] == [Unavailable]
    assert bench.provider.health().state == "closed"
    await bench.provider.open(ears)
    assert bench.provider.health().state == "open"
    await bench.provider.close()
    assert bench.provider.health().state == "closed"
    assert [type(outcome) for outcome in await bench.provider.send([message])] == [Unavailable]


async def test_it_can_be_opened_again(bench: Bench, ears: Ears) -> None:
    for _ in range(2):
        await bench.provider.open(ears)
        assert [type(outcome) for outcome in await bench.provider.send([outgoing()])] == [Accepted]
        await bench.provider.close()
