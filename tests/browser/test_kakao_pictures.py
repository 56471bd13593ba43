"""The pictures of the guide to KakaoTalk campaigns: `KAKAO_PICTURES=docs/images pytest tests/browser/test_kakao_pictures.py`."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as Pillow
from PIL import ImageDraw

from pabal.accounts.audit import Actor
from pabal.accounts.models import Role
from pabal.audience.models import Profile
from pabal.billing.models import MILLI, Balance
from pabal.campaigns import actions
from pabal.campaigns.models import Campaign
from pabal.delivery import images
from pabal.delivery.channels import add_sandbox_channel
from tests.accounts.people import someone
from tests.browser.conftest import OpenConsole, chromium, open_console

__all__ = ["chromium", "open_console"]

FOLDER = os.environ.get("KAKAO_PICTURES", "")
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not FOLDER, reason="set KAKAO_PICTURES to the folder of the documentation's pictures"),
]
WORDS = {
    "ko": ("달빛상점", "가을 니트", "{{ first_name|default('고객') }}님, 가을 니트가 나왔어요.\n이번 주만 30% 할인해 드려요 🍂", "보러 가기", "매장 찾기", "가을 신상품"),
    "en": ("Moonlight", "Autumn knitwear", "{{ first_name|default('Customer') }}, the autumn knitwear is here.\n30% off this week only 🍂", "Have a look", "Find a shop", "New this fall"),
}  # fmt: skip
SENDING_STEP = "/campaigns/fall/sending"


def knitwear() -> bytes:
    """A drawing in warm colours, so that no photo of anybody is needed."""
    drawn = Pillow.new("RGB", (1600, 1000), "#e9d8c3")
    pen = ImageDraw.Draw(drawn)
    for row in range(-2, 12):
        for column in range(-2, 18):
            x, y = column * 100, row * 100 + (column % 2) * 50
            colour = ("#b5562f", "#d98b4f", "#8c3f2b")[(row + column) % 3]
            pen.polygon(
                [(x, y), (x + 50, y + 34), (x + 100, y), (x + 100, y + 40), (x + 50, y + 74), (x, y + 40)], fill=colour
            )
    out = io.BytesIO()
    drawn.save(out, "JPEG", quality=88)
    return out.getvalue()


def keep(page: Any, name: str) -> None:
    """A picture of what is seen, in few colours."""
    drawn = Pillow.open(io.BytesIO(page.screenshot(animations="disabled")))
    drawn.convert("RGB").quantize(128).save(Path(FOLDER) / f"{name}.png", optimize=True)


def draft(language: str) -> Campaign:
    shop, name, text, first, second, coupon = WORDS[language]
    channel = add_sandbox_channel(name=shop, by=Actor(name="tests"))
    Balance.objects.get_or_create(pk=1, defaults={"total": 3_000_000 * MILLI})
    person = ("지우", "김") if language == "ko" else ("Jiwoo", "Kim")
    Profile.objects.create(
        external_id="C1", phone="+821000000001", first_name=person[0], last_name=person[1], country="KR"
    )
    wide = Pillow.open(io.BytesIO(knitwear())).crop((0, 0, 1600, 800))
    out = io.BytesIO()
    wide.save(out, "JPEG", quality=88)
    image = images.keep(out.getvalue(), name="knit.jpg", by=None)
    kakao = {
        "preset": "brand_message", "layout": "image", "ad": True, "text": text, "image": image.pk,
        "buttons": [{"name": first, "mobile": "https://shop.example/knit"}, {"name": second, "mobile": "https://shop.example/shops"}],
        "coupon": {"kind": "percent", "amount": 30, "description": coupon, "mobile": "https://shop.example/c"},
    }  # fmt: skip
    return actions.create(
        by=None, name=name, key="fall", channel="kakao", senders=[channel], kakao=kakao, all_profiles=True
    )


@pytest.mark.parametrize("language", ["ko", "en"])
def test_the_pictures_of_the_guide(open_console: OpenConsole, language: str) -> None:
    draft(language)
    page = open_console(someone(Role.ADMIN), "/campaigns/new?channel=kakao", width=1200, language=language)
    page.set_viewport_size({"width": 1200, "height": 780})
    page.goto("/campaigns/fall/message")
    page.locator("#preview .kt-coupon").wait_for()
    page.wait_for_timeout(500)
    keep(page, f"kakao-composer-{language}")
    page.locator("[data-picture] input[type=file]").first.set_input_files(
        {"name": "knit.jpg", "mimeType": "image/jpeg", "buffer": knitwear()}
    )
    page.locator("#crop[open]").wait_for()
    page.locator("[data-box]").press("ArrowUp")
    keep(page, f"kakao-crop-{language}")
    page.keyboard.press("Escape")
    page.goto(SENDING_STEP)
    page.wait_for_timeout(400)
    keep(page, f"kakao-sending-{language}")
    page.goto("/channels/")
    keep(page, f"kakao-channels-{language}")
