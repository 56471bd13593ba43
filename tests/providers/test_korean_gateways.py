"""Solapi and NHN Cloud: requests and answers as their documents show them, and what each code means."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest

from pabal.errors import NotAllowed
from pabal.providers.base import Accepted, Outcome, Receipt, Rejected, Throttled, Unavailable, Uncertain
from pabal.providers.nhn import Nhn, NhnSettings
from pabal.providers.reasons import Reason
from pabal.providers.solapi import Solapi, SolapiSettings, authorization
from tests.providers.conftest import Ears, outgoing, until
from tests.providers.gateways import NhnServer, SolapiServer

pytestmark = pytest.mark.anyio


async def _solapi(ears: Ears) -> tuple[SolapiServer, Solapi]:
    server, provider = SolapiServer(), Solapi(SolapiSettings(api_key="KEY", api_secret="secret", hook_secret="hook"))
    provider.transport = server.transport()
    await provider.open(ears)
    return server, provider


async def _nhn(ears: Ears, **settings: object) -> tuple[NhnServer, Nhn]:
    server = NhnServer()
    values = {"app_key": "APP", "secret_key": "secret", "hook_signature": "hook", "poll_s": 0, **settings}
    provider = Nhn(NhnSettings(**values))  # type: ignore[arg-type]
    provider.transport = server.transport()
    await provider.open(ears)
    return server, provider


def test_solapis_authorization_is_the_one_of_its_documents() -> None:
    """Recomputed with OpenSSL: printf '2019-07-01T00:41:48Zjqsba2jxjnrjor' | openssl dgst -sha256 -hmac SECRET."""
    header = authorization("NCSAYU7YDBXYORXC", "SECRET", "2019-07-01T00:41:48Z", "jqsba2jxjnrjor")
    assert header.startswith("HMAC-SHA256 apiKey=NCSAYU7YDBXYORXC, date=2019-07-01T00:41:48Z, salt=jqsba2jxjnrjor, ")
    assert header.endswith("signature=669c9fb6acda414922dec17b603459be1dfb7dcb12f81c68e78cbd2f06ca9028")


async def test_a_long_text_goes_to_solapi_with_its_title(ears: Ears) -> None:
    server, provider = await _solapi(ears)
    await provider.send([outgoing(7, "본문", kind="lms", encoding="euckr", subject="제목", sender="+82212345678")])
    assert server.messages == [
        {
            "to": "01000000007",
            "from": "0212345678",
            "text": "본문",
            "type": "LMS",
            "customFields": {"reference": "7"},
            "autoTypeDetect": False,
            "subject": "제목",
        }
    ]


async def test_a_number_abroad_goes_to_solapi_with_its_country(ears: Ears) -> None:
    server, provider = await _solapi(ears)
    await provider.send([outgoing(1, "hi", to="+14155550100")])
    assert (server.messages[0]["country"], server.messages[0]["to"]) == ("1", "4155550100")


def _entry(code: str) -> httpx.Response:
    message = {"messageId": "M1", "statusCode": code, "customFields": {"reference": "1"}, "statusMessage": ""}
    return httpx.Response(200, json={"groupInfo": {}, "failedMessageList": [message]})


SOLAPI = [
    (_entry("2000"), Accepted("M1")),
    (_entry("1062"), Rejected(Reason.UNREGISTERED_SENDER, "1062")),
    (_entry("1061"), Rejected(Reason.BLOCKED, "1061")),
    (_entry("1029"), Rejected(Reason.CARRIER_VIOLATION, "1029")),
    (_entry("1999"), Rejected(Reason.UNKNOWN, "1999")),
    (_entry("1030"), Unavailable(30.0, "1030", reason=Reason.INSUFFICIENT_BALANCE)),
    (_entry("2024"), Uncertain("2024")),
    (httpx.Response(400, json={"errorCode": "NotEnoughBalance", "errorMessage": "잔액 부족"}),
     Unavailable(30.0, "NotEnoughBalance", "잔액 부족", Reason.INSUFFICIENT_BALANCE)),
    (httpx.Response(400, json={"errorCode": "ValidationError"}), Rejected(Reason.UNKNOWN, "ValidationError")),
    (httpx.Response(429), Throttled(1.0, "429")),
    (httpx.Response(500, text="?"), Uncertain("500", "HTTP 500: ?")),
    (httpx.ReadTimeout("slow"), Uncertain("no_answer", "ReadTimeout: slow")),
    (httpx.ConnectError("away"), Unavailable(2.0, "unreachable", "ConnectError: away")),
    (httpx.Response(200, json={"groupInfo": {}, "failedMessageList": []}),
     Uncertain("unreadable", '{"groupInfo":{},"failedMessageList":[]}')),
]  # fmt: skip


@pytest.mark.parametrize(("answer", "outcome"), SOLAPI)
async def test_an_answer_of_solapi_has_one_meaning(
    ears: Ears, answer: httpx.Response | Exception, outcome: Outcome
) -> None:
    server, provider = await _solapi(ears)
    server.say = lambda _body: answer
    assert await provider.send([outgoing(1)]) == [outcome]


@pytest.mark.parametrize(
    ("code", "outcome", "reason"),
    [
        ("4000", "delivered", None),
        ("3040", "expired", Reason.EXPIRED),
        ("3043", "failed", Reason.UNREACHABLE),
        ("3054", "failed", Reason.SPAM),
        ("2062", "failed", Reason.UNREGISTERED_SENDER),
        ("3999", "failed", Reason.UNKNOWN),
    ],
)
def test_a_result_of_solapi_is_a_receipt(code: str, outcome: str, reason: Reason | None) -> None:
    provider = Solapi(SolapiSettings(api_key="KEY", api_secret="secret", hook_secret="hook"))
    entry = {"messageId": "M1", "statusCode": code, "customFields": {"reference": "9"},
             "dateReceived": "2026-11-24T01:00:00.000Z"}  # fmt: skip
    [receipt] = provider.read_call(SolapiServer.report([entry]))
    assert isinstance(receipt, Receipt)
    assert (receipt.provider_id, receipt.reference, receipt.outcome, receipt.reason) == ("M1", 9, outcome, reason)
    assert receipt.at == datetime(2026, 11, 24, 1, tzinfo=UTC)


@pytest.mark.parametrize("code", ["2000", "3000"])
def test_what_is_under_way_at_solapi_is_no_receipt(code: str) -> None:
    provider = Solapi(SolapiSettings(api_key="KEY", api_secret="secret", hook_secret="hook"))
    assert provider.read_call(SolapiServer.report([{"messageId": "M1", "statusCode": code}])) == []


def test_a_call_without_the_webhooks_secret_is_refused() -> None:
    solapi = Solapi(SolapiSettings(api_key="KEY", api_secret="secret", hook_secret="hook"))
    with pytest.raises(NotAllowed):
        solapi.read_call(SolapiServer.report([], secret="guess"))
    nhn = Nhn(NhnSettings(app_key="APP", secret_key="secret", hook_signature="hook"))
    with pytest.raises(NotAllowed):
        nhn.read_call(NhnServer.report([], signature="guess"))


async def test_people_with_the_same_text_share_a_request_to_nhn(ears: Ears) -> None:
    server, provider = await _nhn(ears)
    texts = ["안녕", "안녕", "(광고) 반값\n무료수신거부 0801234567", "안녕"]
    outcomes = await provider.send([outgoing(n, text) for n, text in enumerate(texts, 1)])
    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    assert {(path, len(body["recipientList"])) for path, body in server.requests} == {
        ("sender/sms", 3),
        ("sender/ad-sms", 1),
    }


async def test_a_long_text_goes_to_nhn_as_mms_with_a_title(ears: Ears) -> None:
    server, provider = await _nhn(ears)
    await provider.send([outgoing(1, "(광고) 긴 글", kind="lms", subject="제목")])
    [(path, body)] = server.requests
    assert (path, body["title"]) == ("sender/ad-mms", "제목")


async def test_a_number_abroad_is_written_with_its_country(ears: Ears) -> None:
    server, provider = await _nhn(ears)
    await provider.send([outgoing(1, "hi", to="+14155550100")])
    assert server.requests[0][1]["recipientList"] == [
        {"internationalRecipientNo": "14155550100", "recipientGroupingKey": "1"}
    ]


def _header(code: int, **more: object) -> httpx.Response:
    return httpx.Response(
        200, json={"header": {"isSuccessful": False, "resultCode": code, "resultMessage": "no"}, **more}
    )


def _result(code: int) -> httpx.Response:
    result = {"recipientSeq": 1, "recipientGroupingKey": "1", "resultCode": code}
    header = {"isSuccessful": True, "resultCode": 0, "resultMessage": "SUCCESS"}
    return httpx.Response(
        200, json={"header": header, "body": {"data": {"requestId": "R", "sendResultList": [result]}}}
    )


NHN = [
    (_result(0), Accepted("R/1")),
    (_result(-2019), Rejected(Reason.INVALID_NUMBER, "-2019")),
    (_result(-6001), Rejected(Reason.BLOCKED, "-6001")),
    (_header(-2312), Rejected(Reason.UNREGISTERED_SENDER, "-2312")),
    (_header(-2023), Rejected(Reason.CARRIER_VIOLATION, "-2023")),
    (_header(-1008), Unavailable(30.0, "-1008", "no", Reason.ACCOUNT_SUSPENDED)),
    (_header(-2021), Throttled(1.0, "-2021")),
    (_header(-9999), Uncertain("-9999", "no")),
    (_header(-4000), Rejected(Reason.UNKNOWN, "-4000")),
    (httpx.Response(200, text="<html>"), Uncertain("unreadable", "<html>")),
    (httpx.Response(504, text="t"), Uncertain("504", "HTTP 504: t")),
    (httpx.RemoteProtocolError("gone"), Uncertain("no_answer", "RemoteProtocolError: gone")),
]


@pytest.mark.parametrize(("answer", "outcome"), NHN)
async def test_an_answer_of_nhn_has_one_meaning(
    ears: Ears, answer: httpx.Response | Exception, outcome: Outcome
) -> None:
    server, provider = await _nhn(ears)
    server.say = lambda _body: answer
    assert await provider.send([outgoing(1)]) == [outcome]


@pytest.mark.parametrize(
    ("code", "outcome", "reason"),
    [
        ("1000", "delivered", None),
        ("2000", "expired", Reason.EXPIRED),
        ("2003", "failed", Reason.UNREACHABLE),
        ("3001", "failed", Reason.INVALID_NUMBER),
        ("3012", "failed", Reason.SPAM),
        ("E999", "failed", Reason.UNKNOWN),
    ],
)
def test_a_result_of_nhn_is_a_receipt(code: str, outcome: str, reason: Reason | None) -> None:
    """The entry is the documents' own example, its misspelt key included."""
    provider = Nhn(NhnSettings(app_key="APP", secret_key="secret", hook_signature="hook"))
    entry = {
        "hookId": "20240429205809GcSUXthVA00",
        "requestId": "20240429205802y0Tl7Gbz0e0",
        "recipientSeq": 1,
        "receiveDate": "2024-04-29T20:58:04",
        "messageStatus": "COMPLETED",
        "recipientGropuingKey": "12",
        "resultCode": code,
    }
    [receipt] = provider.read_call(NhnServer.report([entry]))
    assert isinstance(receipt, Receipt)
    assert (receipt.provider_id, receipt.reference) == ("20240429205802y0Tl7Gbz0e0/1", 12)
    assert (receipt.outcome, receipt.reason) == (outcome, reason)
    assert receipt.at == datetime(2024, 4, 29, 11, 58, 4, tzinfo=UTC), "Seoul's time"


def test_other_events_of_nhn_are_no_receipts() -> None:
    provider = Nhn(NhnSettings(app_key="APP", secret_key="secret", hook_signature="hook"))
    assert provider.read_call(NhnServer.report([{"countryCode": "1"}], event="CONVERSION_BLOCK")) == []


async def test_what_nhn_took_is_found_by_our_key_and_the_rest_is_uncertain(ears: Ears) -> None:
    server, provider = await _nhn(ears)
    server.listed["5"] = {"requestId": "R", "recipientSeq": 2, "recipientGroupingKey": "5"}
    found = await provider.look_up([5, 6])
    assert found[5] == Accepted("R/2")
    assert isinstance(found[6], Uncertain)


async def test_results_are_asked_for_where_no_webhook_comes(ears: Ears) -> None:
    server, provider = await _nhn(ears, poll_s=0.05)
    server.results = [{"requestId": "R", "recipientSeq": 1, "recipientGroupingKey": "3", "resultCode": "1000",
                       "resultDate": "2026-11-24 10:15:08.0"}]  # fmt: skip
    await until(lambda: ears.receipts)
    assert (ears.receipts[0].provider_id, ears.receipts[0].reference) == ("R/1", 3)
    await provider.close()
