"""Calls of gateways: believed only with the gateway's signature, applied once, kept as they came."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from django.db import connection

from pabal import config
from pabal.audience.models import Consent, Profile
from pabal.delivery.hook_addresses import hook_path, hook_url
from pabal.delivery.hooks import Hooks
from pabal.delivery.models import HookCall, Inbound, Message, MessageEvent
from pabal.edge.app import app, lifespan
from pabal.providers.webhook import SIGNATURE, sign
from tests.delivery.sending import dsn, events, plan, query, shop
from tests.providers.gateways import ACCOUNT, TwilioServer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def database(monkeypatch: pytest.MonkeyPatch) -> None:
    """The edge opens its own connections: to the test database."""
    monkeypatch.setattr(config, "get", lambda: config.Config(database_url=dsn(), secret_key="tests-only"))


@pytest.fixture
def messages(tmp_path: Any) -> list[Message]:
    """Two messages that an adapter of ours took, under the ids `id-<message id>`."""
    store = shop(tmp_path)
    store.account.provider, store.account.secrets = "webhook", b""
    store.account.settings = {"url": "https://sms.example/send", "secret": "secret"}
    store.account.save()
    plan(store.senders[0], 2)
    found = list(Message.objects.order_by("id"))
    with connection.cursor() as cursor:
        for message in found:
            cursor.execute(
                "INSERT INTO message_event (message_id, kind, at, provider_ref) VALUES (%s, 1, now(), %s)",
                [message.pk, f"id-{message.pk}"],
            )
    return found


def account_of(message: Message) -> int:
    return int(query("SELECT account_id FROM sender WHERE id = %s", message.sender_id)[0][0])


def ask(act: Callable[[httpx.AsyncClient], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        async with (
            lifespan(app),
            httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://go") as client,
        ):
            return await act(client)

    return asyncio.run(run())


def report(account_id: int, said: dict[str, Any], *, secret: str = "secret", path: str = "") -> httpx.Response:
    body = json.dumps(said).encode()
    headers = {SIGNATURE: sign(secret, body, time.time())}
    answer = ask(lambda client: client.post(path or hook_path(account_id), content=body, headers=headers))
    assert isinstance(answer, httpx.Response)
    return answer


def test_a_receipt_is_applied_once_however_often_it_comes(messages: list[Message]) -> None:
    account_id = account_of(messages[0])
    said = {"receipts": [{"id": f"id-{messages[0].pk}", "status": "delivered"}]}
    assert [report(account_id, said).status_code for _ in range(3)] == [200, 200, 200]
    assert events() == {"accepted": 2, "delivered": 1}
    assert HookCall.objects.count() == 3
    kept = HookCall.objects.first()
    assert kept is not None
    assert json.loads(bytes(kept.body)) == said
    assert SIGNATURE.lower() in kept.headers


def test_a_fixed_secret_in_a_header_is_not_kept(messages: list[Message]) -> None:
    body = json.dumps({"receipts": []}).encode()
    headers = {SIGNATURE: sign("secret", body, time.time()), "X-Solapi-Secret": "s", "X-Toast-Webhook-Signature": "t"}
    path = hook_path(account_of(messages[0]))
    ask(lambda client: client.post(path, content=body, headers=headers))
    assert {"x-solapi-secret", "x-toast-webhook-signature"}.isdisjoint(HookCall.objects.get().headers)


def test_a_state_never_goes_backwards(messages: list[Message]) -> None:
    account_id = account_of(messages[0])
    for status in ("failed", "delivered"):
        report(account_id, {"receipts": [{"id": f"id-{messages[0].pk}", "status": status, "reason": "unreachable"}]})
    assert events() == {"accepted": 2, "failed": 1}


def test_a_receipt_that_is_early_waits(messages: list[Message]) -> None:
    MessageEvent.objects.all().delete()
    account_id = account_of(messages[0])
    said = {"receipts": [{"id": "x", "reference": messages[0].pk, "status": "delivered"}]}
    assert report(account_id, said).status_code == 200
    assert events() == {}
    assert query("SELECT count(*) FROM early_receipt")[0][0] == 1


def test_a_strangers_call_changes_nothing_and_is_kept_with_the_reason(messages: list[Message]) -> None:
    account_id = account_of(messages[0])
    said = {"receipts": [{"id": f"id-{messages[0].pk}", "status": "delivered"}]}
    assert report(account_id, said, secret="guessed").status_code == 403
    assert events() == {"accepted": 2}
    assert "not signed" in HookCall.objects.get().error


def test_an_address_that_was_not_given_out_is_unknown(messages: list[Message]) -> None:
    account_id = account_of(messages[0])
    assert report(account_id, {}, path=f"/v1/hooks/{account_id}/{'0' * 24}").status_code == 404
    assert report(account_id, {}, path=hook_path(999_999)).status_code == 404


def test_what_cannot_be_read_is_told(messages: list[Message]) -> None:
    assert report(account_of(messages[0]), {"receipts": "none"}).status_code == 400


def test_a_stop_ends_consent(messages: list[Message]) -> None:
    phone = Profile.objects.get(pk=messages[0].profile_id).phone
    inbound = [{"id": "mo-1", "from": phone, "to": "0212345678", "text": "수신거부"}]
    for _ in range(2):
        assert report(account_of(messages[0]), {"inbound": inbound}).status_code == 200
    assert Inbound.objects.count() == 1
    assert set(Consent.objects.filter(profile_id=messages[0].profile_id).values_list("state", flat=True)) == {
        "unsubscribed"
    }


def test_twilio_is_believed_by_its_own_signature(messages: list[Message]) -> None:
    account_id = account_of(messages[0])
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE provider_account SET provider = 'twilio', settings = %s WHERE id = %s",
            [json.dumps({"account_sid": ACCOUNT, "auth_token": "secret"}), account_id],
        )
    url = f"{hook_url(account_id)}?reference={messages[0].pk}"
    call = TwilioServer("secret").signed(url, {"MessageSid": "SM1", "MessageStatus": "delivered"})
    path = f"{hook_path(account_id)}?reference={messages[0].pk}"
    answer = ask(lambda client: client.post(path, content=call.body, headers=dict(call.headers)))
    assert answer.status_code == 204
    assert events() == {"accepted": 2, "delivered": 1}


def test_raw_calls_are_forgotten_after_a_month(messages: list[Message]) -> None:
    report(account_of(messages[0]), {"receipts": []})
    with connection.cursor() as cursor:
        cursor.execute("UPDATE hook_call SET received_at = now() - interval '31 days'")

    async def forget() -> None:
        async with lifespan(app):
            hooks: Hooks = app.state.hooks
            await hooks.forget()

    asyncio.run(forget())
    assert HookCall.objects.count() == 0
