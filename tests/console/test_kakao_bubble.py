"""The chat bubble says what will be sent, layout by layout."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
import pytest
from django.utils import translation

from pabal.console.kakao import Channel, Picture, bubble
from pabal.kakao import limits, places
from pabal.kakao.message import Button, KakaoMessage, Product
from tests.kakao.samples import sample

CHANNEL = Channel(name="파발상점", optout="080-123-4567")
PICTURES = {1: Picture(url="/i/1", width=800, height=400), 2: Picture(url="/i/2", width=500, height=500)}


def shown(message: KakaoMessage, **how: Any) -> str:
    return bubble(message, channel=CHANNEL, pictures=PICTURES, **how)


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("layout", limits.LAYOUTS)
def test_every_word_and_image_of_a_message_is_in_its_bubble(layout: Any, language: str) -> None:
    message = sample(layout)
    with translation.override(language):
        html = shown(message)
    for place in places.strings(message):
        leaf = place.path.rsplit(".", 1)[-1]
        if place.kind == "words" or (leaf == "name" and "buttons" in place.path):
            assert place.value in html, place.path
            assert f'data-path="{place.path}"' in html
    assert html.count("<img") == len(places.images(message))
    for link in places.links(message):
        assert f'data-element="{link.element}"' in html, link


@pytest.mark.parametrize("layout", limits.LAYOUTS)
def test_links_lead_somewhere_only_on_the_handset(layout: Any) -> None:
    message = sample(layout)
    assert "href" not in shown(message)
    live = shown(message, live=True)
    for link in places.links(message):
        if link.path.endswith(("mobile", "image_link")):
            assert f'href="{link.value}"' in live, link.path


def test_an_advertisement_says_so_and_shows_the_way_out() -> None:
    html = shown(sample("text"))
    assert "(광고)" in html
    assert "수신거부 | 홈 &gt; 채널차단" in html
    assert "무료수신거부 080-123-4567" in shown(sample("text"), friend=False)
    assert "(광고)" not in shown(KakaoMessage(preset="friendtalk", ad=False, text="안내"))


def test_what_a_person_wrote_cannot_become_markup() -> None:
    html = shown(KakaoMessage(text='<script>alert(1)</script> https://a.kr/?a="><b>', buttons=(Button(name="<i>"),)))
    assert "<script>" not in html
    assert "<i>" not in html
    assert "<b>" not in html


def test_prices_are_told_as_in_kakaotalk() -> None:
    def told(**fields: Any) -> str:
        product = Product(title="x", **fields)
        return shown(msgspec.structs.replace(sample("commerce"), product=product))

    assert "159,000원" in told(price=159_000)
    assert "<s class" not in told(price=159_000)
    rate = told(price=159_000, discount_price=127_200, discount_rate=20)
    assert '<span class="kt-cut">20%</span>' in rate
    assert "127,200원" in rate
    assert "<s class" in rate
    assert "10,000원 할인" in told(price=89_000, discount_price=79_000, discount_fixed=10_000)


def test_a_message_for_adults_is_covered() -> None:
    html = shown(msgspec.structs.replace(sample("text"), adult=True))
    assert html.index("연령 확인") < html.index("가을 정기 세일")
    assert "kt-adult" not in shown(sample("text"))


def test_an_unfinished_message_can_be_shown() -> None:
    for layout in limits.LAYOUTS:
        assert "kt" in bubble(KakaoMessage(layout=layout), channel=Channel(name=""))


def test_the_time_is_written_as_in_kakaotalk() -> None:
    assert "오후 2:30" in shown(sample("text"), at=datetime(2026, 11, 24, 14, 30))
    assert "오전 12:05" in shown(sample("text"), at=datetime(2026, 11, 24, 0, 5))
