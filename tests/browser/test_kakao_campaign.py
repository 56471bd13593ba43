"""A KakaoTalk campaign as a marketer makes it, in a real browser: from the first click to the preview of every part."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as Pillow

from pabal.accounts.audit import Actor
from pabal.accounts.models import Role
from pabal.audience.models import Profile
from pabal.billing.models import MILLI, Balance
from pabal.campaigns import actions
from pabal.campaigns.models import Campaign
from pabal.delivery.channels import add_sandbox_channel
from tests.accounts.people import someone
from tests.browser.conftest import OpenConsole, chromium, open_console

__all__ = ["chromium", "open_console"]

pytestmark = pytest.mark.django_db(transaction=True)
AXE = os.environ.get("AXE", "")
SHOTS = os.environ.get("KAKAO_SHOTS", "")


def shot(page: Any, name: str, **how: Any) -> None:
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / f"{name}.png"), full_page=True, **how)


def photo(width: int = 1200, height: int = 900) -> bytes:
    out = io.BytesIO()
    Pillow.linear_gradient("L").resize((width, height)).convert("RGB").save(out, "JPEG")
    return out.getvalue()


@pytest.fixture
def draft() -> Campaign:
    Balance.objects.get_or_create(pk=1, defaults={"total": 1_000_000 * MILLI})
    channel = add_sandbox_channel(name="달빛상점", by=Actor(name="tests"))
    Profile.objects.create(external_id="C1", phone="+821000000001", first_name="지우", last_name="김", country="KR")
    return actions.create(by=None, name="가을 니트", key="fall", channel="kakao", senders=[channel])


def kept(draft: Campaign) -> dict[str, Any]:
    draft.refresh_from_db()
    return dict(draft.kakao or {})


def until(page: Any, draft: Campaign, right: Any) -> None:
    """Wait until what is kept is right."""
    for _ in range(60):
        if right(kept(draft)):
            return
        page.wait_for_timeout(100)
    raise AssertionError(kept(draft))


def test_a_message_with_picture_buttons_and_coupon(open_console: OpenConsole, draft: Campaign) -> None:
    page = open_console(someone(Role.EDITOR), "/campaigns/fall/message", language="ko")
    page.get_by_role("button", name="이미지", exact=True).click()
    page.locator("#composer[data-layout=image]").wait_for()
    page.locator("[data-picture] input[type=file]").first.set_input_files(
        {"name": "니트.jpg", "mimeType": "image/jpeg", "buffer": photo()}
    )
    page.locator("#crop[open]").wait_for()
    page.locator("[data-box]").press("ArrowUp")
    shot(page, "crop-ko")
    page.get_by_role("button", name="적용").click()
    page.locator(".picture--there img").wait_for()
    text = page.get_by_role("textbox", name="본문")
    text.fill("님, 가을 니트가 나왔어요")
    text.press("Home")
    page.get_by_role("button", name="본문에 변수 넣기").click()
    page.locator("#inserts:popover-open").get_by_role("button", name="이름", exact=True).click()
    page.locator("#preview .kt-text", has_text="지우").wait_for()
    page.get_by_role("button", name="버튼 추가").click()
    page.locator("#m-buttons-0-name").fill("보러 가기")
    page.locator("#m-buttons-0-mobile").fill("https://shop.example/knit")
    page.get_by_role("button", name="버튼 추가").click()
    page.locator("#m-buttons-1-name").fill("매장 찾기")
    page.locator("#m-buttons-1-mobile").fill("https://shop.example/stores")
    page.get_by_role("button", name="버튼 2 이동").press("ArrowUp")
    until(page, draft, lambda k: [b.get("name") for b in k.get("buttons", [])] == ["매장 찾기", "보러 가기"])
    page.get_by_role("button", name="쿠폰 추가").click()
    page.locator("#m-coupon-amount").fill("5000")
    page.locator("#m-coupon-description").fill("가을 신상품")
    page.locator("#m-coupon-mobile").fill("https://shop.example/c")
    page.locator("#preview .kt-coupon", has_text="5000원 할인 쿠폰").wait_for()
    until(page, draft, lambda k: k.get("coupon", {}).get("mobile") == "https://shop.example/c")
    assert kept(draft)["layout"] == "image"
    shot(page, "composer-ko")
    page.get_by_role("button", name="다음").click()
    page.wait_for_url("**/campaigns/fall/sending")


def test_cards_are_dragged_with_a_mouse(open_console: OpenConsole, draft: Campaign) -> None:
    actions.edit(
        draft,
        by=None,
        kakao={
            "preset": "brand_message",
            "layout": "text",
            "ad": True,
            "text": "x",
            "buttons": [{"name": "하나"}, {"name": "둘"}],
        },
    )
    page = open_console(someone(Role.EDITOR), "/campaigns/fall/message", language="ko")
    page.locator("[data-handle]").nth(1).scroll_into_view_if_needed()
    page.wait_for_timeout(300)
    handle = page.locator("[data-handle]").nth(1).bounding_box()
    first = page.locator("[data-entry]").first.bounding_box()
    page.mouse.move(handle["x"] + 8, handle["y"] + 8)
    page.mouse.down()
    page.mouse.move(first["x"] + 20, first["y"] + 30, steps=6)
    page.mouse.move(first["x"] + 20, first["y"] + 6, steps=3)
    page.mouse.up()
    until(page, draft, lambda k: [b.get("name") for b in k.get("buttons", [])] == ["둘", "하나"])


LAYOUTS = ["text", "image", "wide", "wide_item_list", "carousel_feed", "commerce", "carousel_commerce", "video"]


@pytest.mark.skipif(not AXE, reason="set AXE to the path of axe.min.js")
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_the_pages_have_no_barriers(open_console: OpenConsole, draft: Campaign, width: int, theme: str) -> None:
    """WCAG 2.2 A and AA by axe-core, each layout; nothing is wider than the screen."""
    page = open_console(someone(Role.ADMIN), "/campaigns/fall/message", language="ko", width=width)
    page.context.add_cookies([{"name": "theme", "value": theme, "url": page.url}])
    pages = ["/channels/", "/channels/new", "/campaigns/new", "/campaigns/fall/sending"]
    for name in [*LAYOUTS, *pages]:
        if name in LAYOUTS:
            page.goto("/campaigns/fall/message")
            page.locator(f"#layout-{name}").click()
            page.locator(f"#composer[data-layout={name}]").wait_for()
            for add in ("쿠폰 추가", "인트로 카드 추가", "더보기 카드 추가"):
                if (button := page.get_by_role("button", name=add)).count() and button.first.is_visible():
                    button.first.click()
                    page.wait_for_timeout(300)
        else:
            page.goto(name)
        page.wait_for_timeout(700)
        shot(page, f"{name.strip('/').replace('/', '-')}-{width}-{theme}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        page.evaluate(Path(AXE).read_text())
        tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
        found = page.evaluate(
            '(tags) => axe.run(document, {runOnly: tags, rules: {"label-content-name-mismatch": {enabled: false}}})',
            tags,
        )["violations"]
        assert not found, (
            name,
            [(v["id"], v["nodes"][0]["html"][:300], v["nodes"][0]["failureSummary"]) for v in found],
        )
