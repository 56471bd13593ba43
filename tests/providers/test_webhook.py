"""The generic adapter: its contract, its signatures, and what a broken answer means."""

from __future__ import annotations

import time

import httpx
import pytest

from pabal.errors import InvalidInput, NotAllowed, Unavailable
from pabal.providers.base import Accepted, Inbound, Outcome, Receipt, Rejected, Throttled, Uncertain
from pabal.providers.base import Unavailable as NotSent
from pabal.providers.gateway import Call
from pabal.providers.reasons import Reason
from pabal.providers.webhook import Webhook, WebhookSettings
from tests.providers.conftest import Ears, outgoing
from tests.providers.gateways import AdapterServer

pytestmark = pytest.mark.anyio


async def _open(ears: Ears, **settings: object) -> tuple[AdapterServer, Webhook]:
    server = AdapterServer("secret")
    provider = Webhook(WebhookSettings(url="https://sms.example/send", secret="secret", **settings))  # type: ignore[arg-type]
    provider.transport = server.transport()
    await provider.open(ears)
    return server, provider


async def test_it_can_be_asked_only_where_an_address_is_given(ears: Ears) -> None:
    _server, provider = await _open(ears)
    assert not provider.capabilities.can_look_up


async def test_what_was_taken_is_known_afterwards(ears: Ears) -> None:
    server, provider = await _open(ears, look_up_url="https://sms.example/what")
    server.say = lambda body: (
        httpx.ReadTimeout("lost") if 2 in [m["reference"] for m in body.get("messages", [])] else None
    )
    assert isinstance((await provider.send([outgoing(1)]))[0], Accepted)
    assert isinstance((await provider.send([outgoing(2)]))[0], Uncertain)
    server.taken[2] = "id-2"
    server.say = lambda _body: None
    assert set(await provider.look_up([1, 2, 3])) == {1, 2}


async def test_a_silent_adapter_cannot_be_asked(ears: Ears) -> None:
    server, provider = await _open(ears, look_up_url="https://sms.example/what")
    server.say = lambda _body: httpx.Response(500)
    with pytest.raises(Unavailable):
        await provider.look_up([1])


def _result(**fields: object) -> httpx.Response:
    return httpx.Response(200, json={"results": [{"reference": 1, **fields}]})


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (_result(status="accepted", id="a"), Accepted("a")),
        (_result(status="accepted"), Uncertain("no_id")),
        (_result(status="rejected", reason="blocked", code="B1"), Rejected(Reason.BLOCKED, "B1")),
        (_result(status="rejected", reason="whatever"), Rejected(Reason.UNKNOWN)),
        (_result(status="throttled", retry_after=3), Throttled(3.0)),
        (_result(status="unavailable", code="down"), NotSent(1.0, "down")),
        (httpx.Response(200, json={"results": []}), Uncertain("unreadable", '{"results":[]}')),
        (httpx.Response(200, text="ok"), Uncertain("unreadable", "ok")),
        (httpx.Response(422, text="bad"), Rejected(Reason.UNKNOWN, "422")),
        (httpx.Response(403, text="no"), NotSent(30.0, "403", "HTTP 403: no")),
        (httpx.WriteError("cut"), Uncertain("no_answer", "WriteError: cut")),
    ],
)
async def test_an_answer_has_one_meaning(ears: Ears, answer: httpx.Response | Exception, outcome: Outcome) -> None:
    server, provider = await _open(ears)
    server.say = lambda _body: answer
    assert await provider.send([outgoing(1)]) == [outcome]


def test_receipts_and_replies_are_read() -> None:
    provider = Webhook(WebhookSettings(url="https://sms.example/send", secret="secret"))
    call = AdapterServer("secret").signed(
        {
            "receipts": [
                {"id": "a", "status": "failed", "reason": "spam", "code": "S", "at": "2026-11-24T09:00:00+09:00"}
            ],
            "inbound": [{"id": "i", "from": "+821000000001", "to": "0212345678", "text": "수신거부"}],
        }
    )
    receipt, inbound = provider.read_call(call)
    assert isinstance(receipt, Receipt)
    assert (receipt.provider_id, receipt.outcome, receipt.reason, receipt.code) == ("a", "failed", Reason.SPAM, "S")
    assert receipt.at.isoformat() == "2026-11-24T09:00:00+09:00"
    assert isinstance(inbound, Inbound)
    assert inbound.text == "수신거부"


@pytest.mark.parametrize("trick", ["stranger", "replayed", "unsigned", "changed"])
def test_a_call_that_is_not_signed_now_with_our_secret_is_refused(trick: str) -> None:
    provider = Webhook(WebhookSettings(url="https://sms.example/send", secret="secret"))
    good = AdapterServer("secret").signed({"receipts": []})
    call = {
        "stranger": AdapterServer("other").signed({"receipts": []}),
        "replayed": AdapterServer("secret").signed({"receipts": []}, at=time.time() - 301),
        "unsigned": Call(url=good.url, headers={}, body=good.body),
        "changed": Call(url=good.url, headers=good.headers, body=b'{"receipts": [] }'),
    }[trick]
    with pytest.raises(NotAllowed):
        provider.read_call(call)


def test_a_call_that_cannot_be_read_is_told() -> None:
    provider = Webhook(WebhookSettings(url="https://sms.example/send", secret="secret"))
    with pytest.raises(InvalidInput):
        provider.read_call(AdapterServer("secret").signed({"receipts": [{"id": "a", "status": "lost"}]}))
