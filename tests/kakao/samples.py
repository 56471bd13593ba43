"""A right message of every layout, as a Korean shop would write it."""

from __future__ import annotations

from pabal.kakao.image_checks import ImageFacts
from pabal.kakao.message import (
    Button,
    Card,
    Coupon,
    Intro,
    Item,
    KakaoMessage,
    Layout,
    Links,
    Preset,
    Product,
    Video,
)

HALF, SQUARE = 1, 2
IMAGES = {
    HALF: ImageFacts(format="jpeg", width=800, height=400, size=100_000),
    SQUARE: ImageFacts(format="png", width=500, height=500, size=100_000),
}

BUY = Button(name="구매하기", mobile="https://shop.example.com/1", pc="https://shop.example.com/pc/1")
SEE = Button(name="더 보기", mobile="https://shop.example.com/2")
COUPON = Coupon(kind="won", amount=5000, description="첫 구매 고객", mobile="https://shop.example.com/c")
SHOES = Product(title="러닝화 클라우드 5", price=159_000, discount_price=127_200, discount_rate=20)
BAG = Product(title="데일리 백팩 20L", price=89_000, discount_price=79_000, discount_fixed=10_000)


def sample(layout: Layout, preset: Preset = "brand_message") -> KakaoMessage:
    """A message with every part that its layout has."""
    return SAMPLES[layout](preset)


def _text(preset: Preset) -> KakaoMessage:
    return KakaoMessage(
        preset=preset,
        text="가을 정기 세일이 시작됐어요 🍁\n최대 40% 할인, 이번 주말까지만!\n\n인기 상품은 빨리 품절되니 서둘러 주세요.",
        buttons=(BUY, SEE),
        coupon=COUPON,
    )


def _image(preset: Preset) -> KakaoMessage:
    return KakaoMessage(
        preset=preset,
        layout="image",
        text="김파발 님을 위한 가을 신상이 도착했어요.\n오늘만 무료 배송!",
        image=HALF,
        image_link="https://shop.example.com/new",
        buttons=(BUY, SEE),
        coupon=Coupon(kind="shipping", description="오늘 주문까지", mobile="https://shop.example.com/c"),
    )


def _wide(preset: Preset) -> KakaoMessage:
    return KakaoMessage(
        preset=preset,
        layout="wide",
        text="가을을 걷는 가장 가벼운 방법\n클라우드 5 출시",
        image=HALF,
        buttons=(BUY,),
        coupon=Coupon(kind="free", name="양말", description="러닝화를 사면 드립니다", android="alimtalk=coupon://1"),
    )


def _wide_item_list(preset: Preset) -> KakaoMessage:
    titles = ("이번 주 베스트 러닝화", "클라우드 5 · 159,000원", "트레일 프로 · 189,000원", "스피드 라이트 · 139,000원")
    return KakaoMessage(
        preset=preset,
        layout="wide_item_list",
        header="이번 주 베스트",
        items=tuple(
            Item(title=title, image=SQUARE if n else HALF, mobile=f"https://shop.example.com/i/{n}")
            for n, title in enumerate(titles)
        ),
        buttons=(BUY, SEE),
        coupon=Coupon(
            kind="percent", amount=15, description="러닝화 전 품목에 쓰세요", mobile="https://shop.example.com/c"
        ),
    )


def _carousel_feed(preset: Preset) -> KakaoMessage:
    return KakaoMessage(
        preset=preset,
        layout="carousel_feed",
        cards=tuple(
            Card(
                header=f"{name} 코디",
                text=f"{name}에 어울리는 옷을 골라 봤어요.\n지금 둘러보세요.",
                image=HALF,
                image_link="https://shop.example.com/look",
                buttons=(BUY, SEE) if n == 0 else (BUY,),
                coupon=COUPON if n == 0 else None,
            )
            for n, name in enumerate(("가을 출근길", "주말 나들이", "저녁 약속"))
        ),
        more=Links(mobile="https://shop.example.com/all"),
    )


def _commerce(preset: Preset) -> KakaoMessage:
    return KakaoMessage(
        preset=preset,
        layout="commerce",
        image=HALF,
        product=SHOES,
        extra="무료 배송 · 오늘 출발",
        buttons=(BUY, SEE),
        coupon=Coupon(kind="up", name="포인트", description="두 배 적립", mobile="https://shop.example.com/c"),
    )


def _carousel_commerce(preset: Preset) -> KakaoMessage:
    return KakaoMessage(
        preset=preset,
        layout="carousel_commerce",
        intro=Intro(
            header="러너를 위한 가을",
            text="달리기 좋은 계절,\n꼭 필요한 것만 모았어요",
            image=HALF,
            mobile="https://shop.example.com",
        ),
        cards=(
            Card(image=HALF, product=SHOES, extra="오늘 출발", buttons=(BUY, SEE), coupon=COUPON),
            Card(image=HALF, product=BAG, buttons=(BUY,)),
            Card(image=HALF, product=Product(title="기능성 티셔츠", price=39_000), buttons=(BUY,)),
        ),
        more=Links(mobile="https://shop.example.com/all"),
    )


def _video(preset: Preset) -> KakaoMessage:
    return KakaoMessage(
        preset=preset,
        layout="video",
        header="클라우드 5 공개",
        text="가벼움을 영상으로 만나 보세요",
        video=Video(url="https://tv.kakao.com/v/123456789", image=HALF),
        buttons=(BUY,),
        coupon=Coupon(kind="won", amount=5000, description="영상 시청 고객", mobile="https://shop.example.com/c"),
    )


SAMPLES = {
    "text": _text,
    "image": _image,
    "wide": _wide,
    "wide_item_list": _wide_item_list,
    "carousel_feed": _carousel_feed,
    "commerce": _commerce,
    "carousel_commerce": _carousel_commerce,
    "video": _video,
}
