"""The sample shop's KakaoTalk channel, and a campaign that is being written: picture, buttons, coupon, a text instead."""

from __future__ import annotations

import io

from PIL import Image as Pillow
from PIL import ImageDraw

from pabal.accounts.audit import Actor
from pabal.accounts.models import User
from pabal.audience.models import Channel, List
from pabal.campaigns import actions as campaigns
from pabal.campaigns.models import Campaign, FailOver
from pabal.delivery import images
from pabal.delivery.channels import add_sandbox_channel
from pabal.delivery.models import Sender, SenderKind

KEY = "kakao-autumn"
COLOURS = ("#b5562f", "#d98b4f", "#8c3f2b")


def fill(user: User, text_sender: Sender, everyone: List) -> Campaign:
    """The channel and the draft, once."""
    if campaign := Campaign.objects.filter(key=KEY).first():
        return campaign
    channel = Sender.objects.filter(kind=SenderKind.KAKAO_CHANNEL).first() or add_sandbox_channel(
        name="파발상점", by=Actor(user=user)
    )
    picture = images.keep(knitwear(), name="가을 니트.jpg", by=user)
    kakao = {
        "preset": "brand_message",
        "layout": "image",
        "ad": True,
        "text": "{{ first_name|default('고객') }}님, 가을 니트가 도착했어요 🍂\n이번 주말까지 20% 할인해 드립니다.",
        "image": picture.pk,
        "image_link": "https://shop.example/knit",
        "buttons": [
            {"kind": "WL", "name": "니트 보러 가기", "mobile": "https://shop.example/knit?c={{ external_id }}"},
            {"kind": "WL", "name": "매장 찾기", "mobile": "https://shop.example/stores"},
        ],
        "coupon": {"kind": "percent", "amount": 20, "description": "가을 신상품", "mobile": "https://shop.example/c"},
    }
    return campaigns.create(
        by=user, key=KEY, name="가을 니트 카카오톡", channel=Channel.KAKAO, senders=[channel], include_lists=[everyone],
        kakao=kakao, fallback=FailOver.OURS, fallback_senders=[text_sender], hours_from="08:00", hours_to="20:50",
        fallback_text="{{ first_name|default('고객') }}님, 가을 니트 20% 할인 중이에요. https://shop.example/knit",
    )  # fmt: skip


def knitwear() -> bytes:
    """A knitted pattern in warm colours, 800 × 400, as JPEG."""
    drawn = Pillow.new("RGB", (1600, 800), "#e9d8c3")
    pen = ImageDraw.Draw(drawn)
    for row in range(-2, 10):
        for column in range(-2, 18):
            x, y = column * 100, row * 100 + (column % 2) * 50
            wool = [(x, y), (x + 50, y + 34), (x + 100, y), (x + 100, y + 40), (x + 50, y + 74), (x, y + 40)]
            pen.polygon(wool, fill=COLOURS[(row + column) % 3])
    out = io.BytesIO()
    drawn.resize((800, 400), Pillow.Resampling.LANCZOS).save(out, "JPEG", quality=88)
    return out.getvalue()
