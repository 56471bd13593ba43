"""Twilio: its requests against its published description, its signatures against its own library, its codes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from pabal.errors import NotAllowed, Unavailable
from pabal.providers.base import Accepted, Inbound, Outcome, Receipt, Rejected, Throttled, Uncertain
from pabal.providers.base import Unavailable as NotSent
from pabal.providers.reasons import Reason
from pabal.providers.twilio import Twilio, TwilioSettings
from tests.providers.conftest import Ears, outgoing
from tests.providers.gateways import ACCOUNT, HOOK, TwilioServer

pytestmark = pytest.mark.anyio


async def _open(ears: Ears, **settings: object) -> tuple[TwilioServer, Twilio]:
    server = TwilioServer("secret")
    provider = Twilio(TwilioSettings(account_sid=ACCOUNT, auth_token="secret", **settings))  # type: ignore[arg-type]
    provider.transport, provider.hook_url = server.transport(), HOOK
    await provider.open(ears)
    return server, provider


async def test_a_message_is_a_form_that_twilio_describes(ears: Ears) -> None:
    server, provider = await _open(ears)
    soon = datetime.now(UTC) + timedelta(minutes=10)
    await provider.send([outgoing(42, "안녕 😀", sender="+12025550123", expires_at=soon)])
    [form] = server.forms
    assert 590 <= int(form.pop("ValidityPeriod")) <= 600
    assert form == {
        "To": "+821000000042",
        "From": "+12025550123",
        "Body": "안녕 😀",
        "StatusCallback": f"{HOOK}?reference=42",
    }


async def test_a_messaging_service_chooses_the_sender(ears: Ears) -> None:
    server, provider = await _open(ears, messaging_service="MG" + "0" * 32)
    await provider.send([outgoing(1)])
    assert "From" not in server.forms[0]
    assert server.forms[0]["MessagingServiceSid"] == "MG" + "0" * 32


async def test_a_deadline_far_away_is_cut_to_what_twilio_allows(ears: Ears) -> None:
    server, provider = await _open(ears)
    await provider.send([outgoing(1, expires_at=datetime.now(UTC) + timedelta(days=3))])
    assert server.forms[0]["ValidityPeriod"] == "36000"


def _error(code: int, status: int = 400, **headers: str) -> httpx.Response:
    return httpx.Response(status, json={"code": code, "message": "no", "status": status}, headers=headers)


ANSWERS = [
    pytest.param(_error(21211), Rejected(Reason.INVALID_NUMBER, "21211"), id="not a number"),
    pytest.param(_error(21610), Rejected(Reason.BLOCKED, "21610"), id="has unsubscribed at Twilio"),
    pytest.param(_error(21606), Rejected(Reason.UNREGISTERED_SENDER, "21606"), id="not our number"),
    pytest.param(_error(77777), Rejected(Reason.UNKNOWN, "77777"), id="a code that we do not know"),
    pytest.param(_error(21611), Throttled(1.0, "21611"), id="the sender's queue is full"),
    pytest.param(_error(20429, 429, **{"retry-after": "7"}), Throttled(7.0, "429"), id="too many requests"),
    pytest.param(
        _error(30002), NotSent(30.0, "30002", "no", Reason.ACCOUNT_SUSPENDED), id="account suspended: kept, not failed"
    ),
    pytest.param(httpx.ReadTimeout("slow"), Uncertain("no_answer", "ReadTimeout: slow"), id="no answer"),
    pytest.param(httpx.ReadError("cut"), Uncertain("no_answer", "ReadError: cut"), id="cut off"),
    pytest.param(httpx.ConnectError("away"), NotSent(2.0, "unreachable", "ConnectError: away"), id="not reached"),
    pytest.param(httpx.Response(502, text="bad"), Uncertain("502", "HTTP 502: bad"), id="a proxy's error"),
    pytest.param(httpx.Response(201, text="{"), Uncertain("unreadable", "{"), id="taken, but unreadable"),
    pytest.param(httpx.Response(201, json={"sid": "SM9"}), Accepted("SM9"), id="taken"),
]


@pytest.mark.parametrize(("answer", "outcome"), ANSWERS)
async def test_an_answer_has_one_meaning(ears: Ears, answer: httpx.Response | Exception, outcome: Outcome) -> None:
    server, provider = await _open(ears)
    server.say = lambda _form: answer
    assert await provider.send([outgoing()]) == [outcome]
    assert len(server.forms) == 1, "a request is never repeated"


async def test_refused_credentials_are_told_when_it_is_opened(ears: Ears) -> None:
    provider = Twilio(TwilioSettings(account_sid=ACCOUNT, auth_token="wrong"))
    provider.transport = httpx.MockTransport(lambda _request: httpx.Response(401, json={"code": 20003}))
    with pytest.raises(NotAllowed):
        await provider.open(ears)
    assert provider.health().state == "closed"


async def test_an_unreachable_twilio_is_told_when_it_is_opened(ears: Ears) -> None:
    def away(_request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectTimeout("away")

    provider = Twilio(TwilioSettings(account_sid=ACCOUNT, auth_token="secret"))
    provider.transport = httpx.MockTransport(away)
    with pytest.raises(Unavailable):
        await provider.open(ears)


@pytest.mark.parametrize(
    ("fields", "outcome", "reason"),
    [
        ({"MessageStatus": "delivered"}, "delivered", None),
        ({"MessageStatus": "undelivered", "ErrorCode": "30003"}, "failed", Reason.UNREACHABLE),
        ({"MessageStatus": "undelivered", "ErrorCode": "30005"}, "failed", Reason.INVALID_NUMBER),
        ({"MessageStatus": "failed", "ErrorCode": "30007"}, "failed", Reason.SPAM),
        ({"MessageStatus": "failed", "ErrorCode": "30036"}, "expired", Reason.EXPIRED),
        ({"MessageStatus": "failed", "ErrorCode": "31999"}, "failed", Reason.UNKNOWN),
    ],
)
def test_a_status_callback_is_a_receipt(fields: dict[str, str], outcome: str, reason: Reason | None) -> None:
    server, provider = TwilioServer("secret"), Twilio(TwilioSettings(account_sid=ACCOUNT, auth_token="secret"))
    call = server.signed(f"{HOOK}?reference=42", {"MessageSid": "SM1", "To": "+14155550100", **fields})
    [receipt] = provider.read_call(call)
    assert isinstance(receipt, Receipt)
    assert (receipt.provider_id, receipt.reference, receipt.outcome) == ("SM1", 42, outcome)
    assert receipt.reason == reason


@pytest.mark.parametrize("status", ["queued", "sending", "sent", "accepted"])
def test_what_is_under_way_is_no_receipt(status: str) -> None:
    server, provider = TwilioServer("secret"), Twilio(TwilioSettings(account_sid=ACCOUNT, auth_token="secret"))
    assert provider.read_call(server.signed(HOOK, {"MessageSid": "SM1", "MessageStatus": status})) == []


def test_a_text_to_us_is_read() -> None:
    server, provider = TwilioServer("secret"), Twilio(TwilioSettings(account_sid=ACCOUNT, auth_token="secret"))
    fields = {
        "MessageSid": "SM2",
        "SmsStatus": "received",
        "From": "+14155550100",
        "To": "+12025550123",
        "Body": "STOP",
    }
    [inbound] = provider.read_call(server.signed(HOOK, fields))
    assert isinstance(inbound, Inbound)
    assert (inbound.from_, inbound.sender, inbound.text) == ("+14155550100", "+12025550123", "STOP")


@pytest.mark.parametrize("tampered", ["url", "body", "signature", "none"])
def test_a_call_that_twilio_did_not_sign_is_refused(tampered: str) -> None:
    server, provider = TwilioServer("secret"), Twilio(TwilioSettings(account_sid=ACCOUNT, auth_token="secret"))
    call = server.signed(HOOK, {"MessageSid": "SM1", "MessageStatus": "delivered"})
    changed = {
        "url": lambda: type(call)(url=call.url + "?reference=1", headers=call.headers, body=call.body),
        "body": lambda: type(call)(url=call.url, headers=call.headers, body=call.body + b"&ErrorCode=1"),
        "signature": lambda: TwilioServer("other").signed(HOOK, {"MessageSid": "SM1", "MessageStatus": "delivered"}),
        "none": lambda: type(call)(url=call.url, headers={}, body=call.body),
    }
    with pytest.raises(NotAllowed):
        provider.read_call(changed[tampered]())
