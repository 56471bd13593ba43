"""The KakaoTalk bubble in a browser: cards move by keyboard, the adult cover opens, nothing is wider than a phone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from pabal.console.kakao import Channel, bubble
from pabal.kakao import limits
from pabal.kakao.message import KakaoMessage
from tests.kakao.samples import sample

CSS = Path(__file__).parents[2] / "pabal" / "console" / "static" / "console" / "css"
STYLE = "".join((CSS / name).read_text("utf-8") for name in ("tokens.css", "base.css", "phone.css", "kakao.css"))


@pytest.fixture
def phone(chromium: Any) -> Any:
    """A page as wide as a small phone that shows one message."""
    page = chromium.new_page(viewport={"width": 320, "height": 700})

    def show(message: KakaoMessage) -> Any:
        html = bubble(message, channel=Channel(name="파발상점"))
        page.set_content(f'<style>{STYLE}</style><div class="kt-chat">{html}</div>')
        return page

    yield show
    page.close()


def test_the_cards_of_a_carousel_move_by_keyboard(phone: Any) -> None:
    page = phone(sample("carousel_feed"))
    track = page.locator(".kt-track")
    assert track.evaluate("e => e.scrollLeft") == 0
    track.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.querySelector('.kt-track').scrollLeft > 100")


def test_the_cover_of_a_message_for_adults_opens(phone: Any) -> None:
    page = phone(msgspec.structs.replace(sample("text"), adult=True))
    assert not page.locator(".kt-bubble").is_visible()
    page.get_by_text("확인하고 보기").click()
    assert page.locator(".kt-bubble").is_visible()
    assert not page.locator(".kt-adult").is_visible()


@pytest.mark.parametrize("layout", limits.LAYOUTS)
def test_no_layout_is_wider_than_a_phone(phone: Any, layout: Any) -> None:
    page = phone(sample(layout))
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
