"""Whatever `pabal.kakao` accepts, each adapter turns into a request that the gateway's published rules accept."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from pabal.kakao import limits, places
from pabal.kakao.checks import problems
from pabal.kakao.message import KakaoMessage, dump, parse
from pabal.providers.base import Outgoing
from pabal.providers.nhn_kakao_messages import brand_content, brand_recipient, friendtalk_recipient
from pabal.providers.solapi_kakao import kakao_message
from tests.kakao.samples import SAMPLES
from tests.kakao.strategies import messages
from tests.providers.kakao_servers import check_brand, check_friendtalk, check_solapi

LENIENT = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def outgoing(said: KakaoMessage, target: str) -> Outgoing:
    media = tuple(f"https://cdn.example/{n}.jpg" for n, _ in enumerate(places.images(said)))
    return Outgoing(
        reference=7, to="+821000000007", sender="@pabal", sender_key="K", text=said.text, kind="kakao",
        encoding="utf8", kakao=said, target=target, media=media,
    )  # fmt: skip


def changed(draw: Any, preset: Any, layout: Any) -> KakaoMessage:
    """A right message with some of its strings made anew: longer, shorter, with emoji, Korean links."""
    said = SAMPLES[layout](preset)
    for place in places.strings(said):
        if place.kind == "words" and draw(st.booleans()):
            text = draw(st.sampled_from(["가", "가나 다라", "a\nb", "🍁" * 9, "마" * 30, "x " * 38]))
            said = places.with_strings(said, {place.path: text})
        if place.kind == "link" and draw(st.booleans()):
            link = draw(
                st.sampled_from(["https://상점.kr/가을;겨울?q=(1)", "http://a.kr:8080/x,y!z'$", "https://a.kr/[1]"])
            )
            said = places.with_strings(said, {place.path: link})
    return said


@pytest.mark.parametrize("layout", limits.LAYOUTS)
@LENIENT
@given(data=st.data())
def test_what_is_accepted_becomes_a_valid_request(layout: Any, data: st.DataObject) -> None:
    preset = data.draw(st.sampled_from(limits.PRESETS))
    made = changed(data.draw, preset, layout) if data.draw(st.booleans()) else data.draw(messages())
    target = data.draw(st.sampled_from(limits.COMMON.targets[made.preset]))
    taken = 0
    if not problems(made, gateway="solapi", target=target, rendered=True):
        check_solapi(kakao_message(outgoing(made, target)))
        taken += 1
    if not problems(made, gateway="nhn_kakao", target=target, rendered=True):
        message = outgoing(made, target)
        check_brand({**brand_content(message), "recipientList": [brand_recipient(message)]})
        if made.preset == "friendtalk" and made.layout in {"text", "image", "wide", "wide_item_list", "carousel_feed"}:
            headers = httpx.Headers({"X-Convert-To-Brand-Message": "true", "X-NC-API-IDEMPOTENCY-KEY": "0" * 64})
            check_friendtalk({"senderKey": "K", "recipientList": [friendtalk_recipient(message)]}, headers)
        taken += 1
    assume(taken)
    assert parse(dump(made)) == made


@LENIENT
@given(messages())
def test_what_a_gateway_takes_kakaotalk_takes(made: KakaoMessage) -> None:
    for gateway in ("solapi", "nhn_kakao"):
        if not problems(made, gateway=gateway, rendered=True):
            assert not problems(made, rendered=True)
