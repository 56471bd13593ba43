"""KakaoTalk through Solapi and NHN Cloud: requests as their documents have them, whatever breaks, and what codes mean."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from pabal.errors import InvalidInput, NotAllowed
from pabal.kakao import limits, places
from pabal.kakao.message import Button, KakaoMessage
from pabal.providers.base import Accepted, Fallback, Outgoing, Receipt, Rejected, Unavailable, Uncertain
from pabal.providers.gateway import Call
from pabal.providers.nhn_kakao import NhnKakao, NhnKakaoSettings
from pabal.providers.reasons import Reason
from pabal.providers.solapi import Solapi, SolapiSettings
from pabal.providers.uploads import Upload
from tests.kakao.samples import sample
from tests.providers.conftest import Ears
from tests.providers.gateways import SolapiServer
from tests.providers.kakao_servers import NhnKakaoServer, SolapiKakao

pytestmark = pytest.mark.anyio
PICTURE = Upload(data=b"picture", name="a.jpg", content_type="image/jpeg", width=800, height=400)


def kakao(reference: int, said: KakaoMessage, **fields: Any) -> Outgoing:
    """A KakaoTalk message to a number that never rings."""
    media = tuple(f"https://mud-kage.kakao.com/dn/{n}/img.jpg" for n, _ in enumerate(places.images(said)))
    made = {"to": f"+8210{reference:08d}", "sender": "@pabal", "sender_key": "KEY", "media": media, "encoding": "utf8"}
    return Outgoing(reference=reference, kind="kakao", kakao=said, text=said.text, **{**made, **fields})


async def _solapi(ears: Ears) -> tuple[SolapiKakao, Solapi]:
    server, provider = SolapiKakao(), Solapi(SolapiSettings(api_key="KEY", api_secret="secret", hook_secret="hook"))
    provider.transport = server.transport()
    await provider.open(ears)
    return server, provider


async def _nhn(ears: Ears, **settings: Any) -> tuple[NhnKakaoServer, NhnKakao]:
    values = {"app_key": "APP", "secret_key": "secret", "hook_signature": "hook", "poll_s": 0, **settings}
    server, provider = NhnKakaoServer(), NhnKakao(NhnKakaoSettings(**values))
    provider.transport = server.transport()
    await provider.open(ears)
    return server, provider


def _without(message: KakaoMessage, gateway: str) -> KakaoMessage:
    """The sample, in what the gateway takes."""
    if gateway == "solapi" and message.layout in {"wide", "video"}:
        return places.with_strings(message, {"text": "한 줄", "coupon.description": "고객"})
    return message


@pytest.mark.parametrize("layout", limits.LAYOUTS)
@pytest.mark.parametrize("preset", limits.PRESETS)
async def test_every_layout_is_taken_by_both(ears: Ears, preset: Any, layout: Any) -> None:
    message = sample(layout, preset)
    solapi, provider = await _solapi(ears)
    outcomes = await provider.send([kakao(n, _without(message, "solapi")) for n in range(1, 4)])
    assert [type(outcome) for outcome in outcomes] == [Accepted] * 3
    assert len(solapi.sent) == 3
    for settings in ({}, {"friendtalk": "friendtalk"}):
        nhn, other = await _nhn(ears, **settings)
        outcomes = await other.send([kakao(n, message) for n in range(1, 4)])
        assert [type(outcome) for outcome in outcomes] == [Accepted] * 3
        assert len(nhn.requests) == 1


async def test_a_message_goes_to_solapi_as_its_sdk_would_send_it(ears: Ears) -> None:
    """The shape of `bms-free.e2e.test.ts`: TEXT with all its fields."""
    server, provider = await _solapi(ears)
    await provider.send([kakao(7, sample("text"), target="M")])
    message = {name: value for name, value in server.sent[0].items() if name not in {"messageId", "statusCode"}}
    assert message == {
        "to": "01000000007",
        "type": "BMS_FREE",
        "text": sample("text").text,
        "autoTypeDetect": False,
        "customFields": {"reference": "7"},
        "kakaoOptions": {
            "pfId": "KEY",
            "disableSms": True,
            "bms": {
                "targeting": "M",
                "chatBubbleType": "TEXT",
                "adult": False,
                "buttons": [
                    {
                        "name": "구매하기",
                        "linkType": "WL",
                        "linkMobile": "https://shop.example.com/1",
                        "linkPc": "https://shop.example.com/pc/1",
                    },
                    {"name": "더 보기", "linkType": "WL", "linkMobile": "https://shop.example.com/2"},
                ],
                "coupon": {
                    "title": "5000원 할인 쿠폰",
                    "description": "첫 구매 고객",
                    "linkMobile": "https://shop.example.com/c",
                },
            },
        },
    }


async def test_a_message_goes_to_nhn_as_its_guide_shows_it(ears: Ears) -> None:
    """The request body of “Carousel Commerce Delivery Request”."""
    server, provider = await _nhn(ears)
    text = Fallback(sender="0212345678", text="(광고)파발 무료수신거부 0801234567", kind="lms", subject="세일")
    await provider.send([kakao(7, sample("carousel_commerce"), target="N", fallback=text)])
    (path, body), card = server.requests[0], server.requests[0][1]["carousel"]["list"][0]
    assert path == "freestyle-messages"
    assert body["recipientList"] == [
        {
            "recipientNo": "01000000007",
            "targeting": "N",
            "recipientGroupingKey": "7",
            "resendParameter": {
                "isResend": True,
                "resendType": "LMS",
                "resendTitle": "세일",
                "resendContent": "(광고)파발 무료수신거부 0801234567",
                "resendSendNo": "0212345678",
            },
        }
    ]
    assert set(body["carousel"]) == {"head", "list", "tail"}
    assert card["commerce"] == {
        "title": "러닝화 클라우드 5",
        "regularPrice": 159000,
        "discountPrice": 127200,
        "discountRate": 20,
    }
    assert card["buttons"][1] == {"name": "더 보기", "type": "WL", "linkMo": "https://shop.example.com/2"}


async def test_nhn_gets_one_request_for_each_content(ears: Ears) -> None:
    server, provider = await _nhn(ears)
    said = [KakaoMessage(text="가"), KakaoMessage(text="나")]
    outcomes = await provider.send([kakao(n, said[n % 2]) for n in range(1, 2101)])
    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    assert sorted(len(body["recipientList"]) for _, body in server.requests) == [50, 50, 1000, 1000]
    assert len({outcome.provider_id for outcome in outcomes if isinstance(outcome, Accepted)}) == 2100


async def test_friendtalk_carries_a_content_for_each_while_it_lives(ears: Ears) -> None:
    server, provider = await _nhn(ears, friendtalk="friendtalk")
    messages = [kakao(n, KakaoMessage(preset="friendtalk", text=f"{n}번 고객님")) for n in range(1, 101)]
    outcomes = await provider.send(messages)
    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    assert [path for path, _ in server.requests] == ["messages"]


@pytest.mark.parametrize("at", ["create", "add"])
async def test_what_breaks_before_solapis_group_is_sent_was_surely_not_sent(ears: Ears, at: str) -> None:
    server, provider = await _solapi(ears)

    def say(request: httpx.Request) -> Exception | None:
        step = {"POST": "create", "PUT": "add"}.get(request.method)
        return httpx.ReadError("reset") if step == at and not request.url.path.endswith("send") else None

    server.say = say
    assert await provider.send([kakao(1, sample("text"))]) == [Unavailable(2.0, "no_answer", "ReadError: reset")]
    assert server.sent == []


async def test_solapi_is_asked_whether_a_group_was_sent_that_was_not_answered_for(ears: Ears) -> None:
    server, provider = await _solapi(ears)
    server.say = lambda r: httpx.ReadError("reset") if r.url.path.endswith("/send") else None
    outcome = (await provider.send([kakao(1, sample("text"))]))[0]
    assert isinstance(outcome, Accepted)
    assert len(server.sent) == 1


async def test_a_group_that_solapi_refuses_to_send_is_deleted(ears: Ears) -> None:
    server, provider = await _solapi(ears)

    def say(request: httpx.Request) -> httpx.Response | None:
        if not request.url.path.endswith("/send"):
            return None
        next(iter(server.groups.values()))["status"] = "PENDING"
        return httpx.Response(400, json={"errorCode": "NotEnoughBalance", "errorMessage": "잔액 부족"})

    server.say = say
    outcome = (await provider.send([kakao(1, sample("text"))]))[0]
    assert outcome == Unavailable(30.0, "NotEnoughBalance", "잔액 부족", Reason.INSUFFICIENT_BALANCE)
    assert [group["status"] for group in server.groups.values()] == ["DELETED"]


async def test_after_a_crash_solapis_groups_are_found_by_our_ids(ears: Ears) -> None:
    server, provider = await _solapi(ears)
    accepted = await provider.send([kakao(n, sample("text")) for n in range(10, 13)])
    await provider.send([kakao(n, sample("text")) for n in range(20, 23)])
    list(server.groups.values())[1]["status"] = "PENDING"  # we died before it was sent
    found = await provider.look_up([10, 11, 20, 21, 30])
    assert found == {
        10: accepted[0],
        11: accepted[1],
        30: Uncertain("not_found", "Solapi does not list it (yet)"),
    }
    assert [group["status"] for group in server.groups.values()] == ["SENDING", "DELETED"]


async def test_after_a_crash_nhn_is_asked_by_our_id(ears: Ears) -> None:
    server, provider = await _nhn(ears)
    server.listed["7"] = {"requestId": "R", "recipientSeq": 3, "recipientGroupingKey": "7"}
    found = await provider.look_up([7, 8])
    assert found == {7: Accepted("R/3"), 8: Uncertain("not_found", "NHN Cloud does not list it (yet)")}


def _refusal(code: int) -> httpx.Response:
    return httpx.Response(200, json={"header": {"isSuccessful": False, "resultCode": code, "resultMessage": "no"}})


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (_refusal(-1000), Unavailable(30.0, "-1000", "no", Reason.ACCOUNT_SUSPENDED)),
        (_refusal(-2024), Rejected(Reason.TOO_LONG, "-2024")),
        (_refusal(-7777), Rejected(Reason.UNKNOWN, "-7777")),
        (_refusal(-1005), Uncertain("-1005", "no")),
        (httpx.Response(500, text="oops"), Uncertain("500", "HTTP 500: oops")),
        (httpx.Response(200, text="{}"), Uncertain("200", "{}")),
    ],
    ids=["account", "too long", "unheard of", "repeated", "5xx", "unreadable"],
)
async def test_what_nhns_answers_mean(ears: Ears, answer: httpx.Response, outcome: object) -> None:
    server, provider = await _nhn(ears)
    server.say = lambda _request: answer
    assert await provider.send([kakao(1, sample("text"))]) == [outcome]


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("3102", Reason.NOT_FRIEND),
        ("3104", Reason.NO_KAKAOTALK),
        ("3107", Reason.INACTIVE),
        ("3108", Reason.OUTSIDE_HOURS),
        ("3101", Reason.UNREGISTERED_SENDER),
    ],
)
async def test_what_solapis_codes_mean(ears: Ears, code: str, reason: Reason) -> None:
    _, provider = await _solapi(ears)
    entry = {"messageId": "M1", "statusCode": code, "customFields": {"reference": "7"}, "type": "BMS_FREE"}
    receipt = provider.read_call(SolapiServer.report([entry]))[0]
    assert isinstance(receipt, Receipt)
    assert (receipt.reference, receipt.outcome, receipt.reason, receipt.code) == (7, "failed", reason, code)


def _hook(entry: dict[str, Any], signature: str = "hook") -> Call:
    body = {"hooksId": "1", "productName": "KakaoTalk Bizmessage", "event": "MESSAGE_RESULT_UPDATE", "hooks": [entry]}
    return Call(
        url="https://go.example/x",
        headers={"x-toast-webhook-signature": signature},
        body=json.dumps(body).encode(),
    )


@pytest.mark.parametrize(
    ("code", "outcome", "reason"),
    [
        ("1000", "delivered", None),
        ("3005", "unknown", Reason.UNKNOWN),
        ("3018", "failed", Reason.INACTIVE),
        ("3019", "failed", Reason.NO_KAKAOTALK),
        ("3020", "failed", Reason.BLOCKED),
        ("3022", "failed", Reason.OUTSIDE_HOURS),
        ("9999", "failed", Reason.UNKNOWN),
    ],
)
async def test_what_nhns_results_mean(ears: Ears, code: str, outcome: str, reason: Reason | None) -> None:
    _, provider = await _nhn(ears)
    entry = {
        "kakaoMessageType": "FRIENDTALK_NORMAL",
        "requestId": "R",
        "recipientSeq": 3,
        "receiveDate": "2026-11-24 10:00:00",
        "resultCode": code,
        "recipientGroupingKey": "7",
        "isAddedChannel": False,
        "hookId": "h",
    }
    receipt = provider.read_call(_hook(entry))[0]
    assert isinstance(receipt, Receipt)
    assert (receipt.provider_id, receipt.reference, receipt.outcome, receipt.reason) == ("R/3", 7, outcome, reason)
    assert receipt.billed == ("kakao_other" if outcome == "delivered" else "")
    assert receipt.at == datetime(2026, 11, 24, 1, tzinfo=UTC)


async def test_a_call_that_is_not_nhns_is_refused(ears: Ears) -> None:
    _, provider = await _nhn(ears)
    with pytest.raises(NotAllowed):
        provider.read_call(_hook({}, signature="other"))
    with pytest.raises(InvalidInput):
        provider.read_call(Call(url="", headers={"x-toast-webhook-signature": "hook"}, body=b"no"))


@pytest.mark.parametrize(
    "purpose", sorted({i.purpose for n in limits.LAYOUTS for i in limits.of("brand_message", n).images.values()})
)
async def test_images_are_uploaded_for_their_layout(ears: Ears, purpose: str) -> None:
    solapi, provider = await _solapi(ears)
    assert len(await provider.upload(PICTURE, purpose)) == 32
    assert solapi.files[0]["type"] in {
        "BMS", "BMS_WIDE", "BMS_WIDE_MAIN_ITEM_LIST", "BMS_WIDE_SUB_ITEM_LIST", "BMS_CAROUSEL_FEED_LIST",
        "BMS_CAROUSEL_COMMERCE_LIST", "KAKAO",
    }  # fmt: skip
    nhn, other = await _nhn(ears)
    assert (await other.upload(PICTURE, purpose)).startswith("https://")
    assert b"picture" in nhn.uploads[0]


async def test_an_image_that_nhn_refuses_is_invalid(ears: Ears) -> None:
    server, provider = await _nhn(ears)
    server.say = lambda _request: _refusal(-8011)
    with pytest.raises(InvalidInput):
        await provider.upload(PICTURE, "kakao_wide")


async def test_a_link_with_korean_in_it_is_encoded(ears: Ears) -> None:
    server, provider = await _nhn(ears)
    said = KakaoMessage(text="x", buttons=(Button(name="보기", mobile="https://상점.kr/가을,겨울?q=a b"),))
    await provider.send([kakao(1, said)])
    assert server.requests[0][1]["buttons"][0]["linkMo"] == (
        "https://xn--hg4bs7k.kr/%EA%B0%80%EC%9D%84%2C%EA%B2%A8%EC%9A%B8?q=a%20b"
    )
