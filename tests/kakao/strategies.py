"""Messages of every layout, right and wrong, near their limits."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from pabal.kakao import limits
from pabal.kakao.message import Button, Card, Coupon, Intro, Item, KakaoMessage, Links, Product, Video

FIRST = st.integers(min_value=1, max_value=2)


def words(most: int) -> st.SearchStrategy[str]:
    """Texts that are often just as long as allowed."""
    lengths = [1, 2, max(most // 2, 1), most - 1, most, most + 1]
    return st.tuples(st.sampled_from(lengths), st.sampled_from(["가", "a,%<", "🍁", "가 \n"])).map(
        lambda made: (made[1] * made[0])[: made[0]]
    )


LINKS = st.sampled_from(
    [
        "https://shop.example.com/a?b=c&d=%20#e",
        "http://상점.kr/가을,겨울",
        "https://shop.example.com/" + "x" * 970,
        "ftp://shop.example.com",
        "",
    ]
)
APPS = st.sampled_from(["", "shop://a", "alimtalk=coupon://1234"])
BUTTONS = st.builds(
    Button,
    kind=st.sampled_from(["WL", "WL", "WL", "AL", "BK", "MD", "AC", "BT", "BF", "BC"]),
    name=words(8) | words(14) | st.sampled_from(["채널 추가", "톡에서 예약하기", ""]),
    mobile=LINKS,
    pc=st.just("") | LINKS,
    android=APPS,
    ios=APPS,
    form=st.sampled_from(["", "f"]),
)
RIGHT_BUTTONS = st.builds(Button, name=words(6).map(lambda t: t.replace("\n", "x")), mobile=st.just("https://a.kr/x,y"))
COUPONS = st.builds(
    Coupon,
    kind=st.sampled_from(["won", "percent", "shipping", "free", "up"]),
    amount=st.none() | st.sampled_from([0, 1, 50, 100, 101, 99_999_999, 100_000_000]),
    name=st.just("") | words(7),
    description=words(12),
    mobile=LINKS,
    android=APPS,
)
PRICES = st.none() | st.sampled_from([-1, 0, 1, 100, 999_999, 99_999_999])
PRODUCTS = st.builds(
    Product,
    title=words(30),
    price=st.sampled_from([0, 100, 99_999_999]),
    discount_price=PRICES,
    discount_rate=st.none() | st.sampled_from([0, 10, 100, 101]),
    discount_fixed=st.none() | st.sampled_from([0, 999_999]),
)
RIGHT_PRODUCTS = st.builds(Product, title=st.just("상품"), price=st.just(1000))
LINKED = st.builds(Links, mobile=LINKS, pc=LINKS, ios=APPS)
CARDS = st.builds(
    Card,
    header=st.just("") | words(20),
    text=st.just("") | words(180),
    image=FIRST,
    image_link=LINKS,
    product=st.none() | PRODUCTS | RIGHT_PRODUCTS,
    extra=st.just("") | words(34),
    buttons=st.lists(RIGHT_BUTTONS | BUTTONS, max_size=3).map(tuple),
    coupon=st.none() | COUPONS,
)


def messages() -> st.SearchStrategy[KakaoMessage]:
    """Messages with the parts of their layout, and sometimes others."""
    return st.sampled_from(limits.LAYOUTS).flatmap(_of)


def _of(layout: Any) -> st.SearchStrategy[KakaoMessage]:
    has = limits.of("brand_message", layout)
    none: Any = st.none()

    def when(there: bool, strategy: Any) -> Any:
        return strategy if there else none

    return st.builds(
        KakaoMessage,
        preset=st.sampled_from(limits.PRESETS),
        layout=st.just(layout),
        adult=st.booleans(),
        header=words(20) if "header" in has.strings else st.just(""),
        text=words(76) if "text" in has.strings else st.just(""),
        extra=st.just("") | words(34) if "extra" in has.strings else st.just(""),
        image=when("image" in has.images, FIRST),
        image_link=st.just("") | LINKS if "image_link" in has.strings else st.just(""),
        video=when(has.video, st.builds(Video, url=st.just("https://tv.kakao.com/v/1"), image=st.none() | FIRST)),
        items=_many(has.items, st.builds(Item, title=words(25), image=FIRST, mobile=LINKS)),
        product=when(has.product, RIGHT_PRODUCTS | PRODUCTS),
        intro=when(
            has.intro, st.none() | st.builds(Intro, header=words(20), text=words(50), image=FIRST, mobile=LINKS)
        ),
        cards=_many(has.cards, CARDS),
        more=when(has.more, st.none() | LINKED),
        buttons=st.lists(RIGHT_BUTTONS | BUTTONS, max_size=3).map(tuple) if has.buttons else st.just(()),
        coupon=when(has.coupon is not None, st.none() | COUPONS),
    )


def _many(count: limits.Count | None, one: Any) -> Any:
    if count is None:
        return st.just(())
    return st.lists(one, min_size=count.least, max_size=count.most).map(tuple)
