from __future__ import annotations

from typing import Any

import pytest

from pabal.kakao import coupons, labels, limits, places
from pabal.kakao.checks import problems
from pabal.kakao.counting import length, newlines
from pabal.kakao.message import Coupon, KakaoMessage
from tests.kakao.samples import sample

#: What is entered, and the title, or None if it is refused. From Solapi's tests of titles (`bmsCoupon.test.ts`).
COUPONS: list[tuple[dict[str, Any], str | None]] = [
    ({"kind": "won", "amount": 0}, None),
    ({"kind": "won", "amount": 1}, "1원 할인 쿠폰"),
    ({"kind": "won", "amount": 99_999_999}, "99999999원 할인 쿠폰"),
    ({"kind": "won", "amount": 100_000_000}, None),
    ({"kind": "won"}, None),
    ({"kind": "won", "amount": 1000, "name": "x"}, None),
    ({"kind": "percent", "amount": 0}, None),
    ({"kind": "percent", "amount": 1}, "1% 할인 쿠폰"),
    ({"kind": "percent", "amount": 100}, "100% 할인 쿠폰"),
    ({"kind": "percent", "amount": 101}, None),
    ({"kind": "shipping"}, "배송비 할인 쿠폰"),
    ({"kind": "shipping", "amount": 1}, None),
    ({"kind": "free", "name": ""}, None),
    ({"kind": "free", "name": "첫구매"}, "첫구매 무료 쿠폰"),
    ({"kind": "free", "name": "일이삼사오육칠"}, "일이삼사오육칠 무료 쿠폰"),
    ({"kind": "free", "name": "일이삼사오육칠팔"}, None),
    ({"kind": "free", "name": "첫 구매"}, None),
    ({"kind": "up", "name": "포인트"}, "포인트 UP 쿠폰"),
    ({"kind": "up", "name": "일이삼사오육칠팔"}, None),
]


@pytest.mark.parametrize(("fields", "title"), COUPONS)
def test_a_coupon_has_exactly_one_of_the_five_titles(fields: dict[str, Any], title: str | None) -> None:
    coupon = Coupon(description="설명", mobile="https://a.kr", **fields)
    found = problems(KakaoMessage(text="x", coupon=coupon))
    if title is None:
        assert found
    else:
        assert found == ()
        assert coupons.title(coupon) == title
        assert coupons.PATTERN.fullmatch(title)


@pytest.mark.parametrize(
    ("links", "right"),
    [
        ({"mobile": "https://a.kr"}, True),
        ({"android": "alimtalk=coupon://abc"}, True),
        ({"ios": "alimtalk=coupon://abc"}, True),
        ({"android": "app://coupon"}, False),
        ({"pc": "https://a.kr"}, False),
        ({"mobile": "alimtalk=coupon://abc"}, False),
        ({}, False),
    ],
)
def test_a_coupon_leads_to_a_page_or_to_the_channel(links: dict[str, Any], right: bool) -> None:
    coupon = Coupon(kind="shipping", description="설명", **links)
    assert (problems(KakaoMessage(text="x", coupon=coupon)) == ()) is right


@pytest.mark.parametrize(
    ("text", "characters", "lines"),
    [("", 0, 0), ("가나 다", 4, 0), ("a\r\nb", 3, 1), ("a\rb\nc", 5, 2), ("🍁", 2, 0), ("é", 1, 0)],
    ids=ascii,
)
def test_texts_are_counted_as_the_gateways_count(text: str, characters: int, lines: int) -> None:
    assert (length(text), newlines(text)) == (characters, lines)


def test_links_have_stable_positions_and_names() -> None:
    found = places.links(sample("carousel_commerce"))
    assert [link.position for link in found] == list(range(1, len(found) + 1))
    named = {link.path: (link.element, link.name["ko"], link.name["en"]) for link in found}
    assert named == {
        "intro.mobile": ("intro", "인트로", "Intro card"),
        "cards.0.buttons.0.mobile": ("cards.0.buttons.0", "카드 1 · 구매하기", "Card 1 · 구매하기"),
        "cards.0.buttons.0.pc": ("cards.0.buttons.0", "카드 1 · 구매하기", "Card 1 · 구매하기"),
        "cards.0.buttons.1.mobile": ("cards.0.buttons.1", "카드 1 · 더 보기", "Card 1 · 더 보기"),
        "cards.0.coupon.mobile": ("cards.0.coupon", "카드 1 · 쿠폰", "Card 1 · Coupon"),
        "cards.1.buttons.0.mobile": ("cards.1.buttons.0", "카드 2 · 구매하기", "Card 2 · 구매하기"),
        "cards.1.buttons.0.pc": ("cards.1.buttons.0", "카드 2 · 구매하기", "Card 2 · 구매하기"),
        "cards.2.buttons.0.mobile": ("cards.2.buttons.0", "카드 3 · 구매하기", "Card 3 · 구매하기"),
        "cards.2.buttons.0.pc": ("cards.2.buttons.0", "카드 3 · 구매하기", "Card 3 · 구매하기"),
        "more.mobile": ("more", "더보기", "More"),
    }


@pytest.mark.parametrize("layout", limits.LAYOUTS)
def test_strings_can_be_taken_out_and_put_back(layout: Any) -> None:
    message = sample(layout)
    strings = {place.path: place.value for place in places.strings(message)}
    emptied = places.with_strings(message, dict.fromkeys(strings, "x"))
    assert places.with_strings(emptied, strings) == message
    assert {place.path for place in places.strings(emptied)} == set(strings)


def test_images_are_found_in_order() -> None:
    assert [place.path for place in places.images(sample("wide_item_list"))] == [
        "items.0.image",
        "items.1.image",
        "items.2.image",
        "items.3.image",
    ]


def test_a_field_is_called_by_its_place() -> None:
    assert labels.of_path("cards.1.buttons.0.name") == {
        "en": "Card 2 · Button 1 · Name",
        "ko": "카드 2 · 버튼 1 · 이름",
    }
    assert labels.of_path("nowhere") == {"en": "nowhere", "ko": "nowhere"}


def test_images_are_uploaded_for_the_place_they_have() -> None:
    assert limits.uploads(sample("wide_item_list")) == (
        (1, "kakao_wide_first"),
        (2, "kakao_wide_item"),
        (2, "kakao_wide_item"),
        (2, "kakao_wide_item"),
    )
    assert limits.uploads(sample("video")) == ((1, "kakao_video"),)
    assert limits.uploads(sample("text")) == ()
