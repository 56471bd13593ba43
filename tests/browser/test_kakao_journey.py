"""A KakaoTalk campaign from the composer to the phone, in a real browser: reviewed, confirmed, sent, tapped, counted."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from pabal.accounts.models import AuditEntry, Role
from pabal.campaigns.fallbacks import fail_over
from pabal.campaigns.models import Campaign, Plan, PlanMode
from pabal.campaigns.parts import texts_of
from pabal.delivery.models import Batch, Fallback, Message, ProviderAccount
from tests.accounts.people import someone
from tests.browser.conftest import OpenConsole, chromium, open_console
from tests.browser.test_signup import edge
from tests.campaigns.conftest import engine_folder, shop, synchroniser, warehouse
from tests.campaigns.shop import Shop
from tests.campaigns.test_kakao_campaigns import MESSAGE, agreed, channel_of
from tests.delivery.sending import DispatcherProcess, events, wait_for

__all__ = ["chromium", "edge", "engine_folder", "open_console", "shop", "synchroniser", "warehouse"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("browser")]
SHOTS = os.environ.get("KAKAO_SHOTS", "")
FRIEND, NO_KAKAOTALK = "+821000009801", "+821000009804"
TAPPED = {"User-Agent": "Mozilla/5.0 (Linux; Android 15) KAKAOTALK 25.10"}  # a headless browser is no person
PATIENCE = 180  # seconds: a busy machine starts a dispatcher slowly


def shot(page: Any, name: str) -> None:
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / f"{name}.png"), full_page=True)


@pytest.fixture
def draft(shop: Shop) -> Campaign:
    """A message with a button, to a friend of the channel and to somebody without KakaoTalk, who gets a text instead."""
    ProviderAccount.objects.update(settings={"failed": 0.0, "receipt_ms": 30, "receipt_jitter_ms": 20})
    for phone, name in ((FRIEND, "민지"), (NO_KAKAOTALK, "서준")):
        agreed(shop.person(phone, first_name=name))
    shop.synchroniser.run_once()
    return shop.campaign(
        "", channel="kakao", kakao=MESSAGE | {"preset": "friendtalk", "ad": False}, target="I", purpose="informational",
        senders=[channel_of(shop)], fallback="ours", fallback_text="봄 소식 https://shop.kr/s",
        fallback_senders=[shop.korean], timeout_minutes=2880, hours_from="00:00", hours_to="00:00",
    )  # fmt: skip


@pytest.mark.parametrize("language", ["ko"])
def test_from_the_composer_to_the_results(
    draft: Campaign, shop: Shop, open_console: OpenConsole, edge: str, tmp_path: Path, language: str
) -> None:
    page = open_console(someone(Role.ADMIN), f"/campaigns/{draft.key}/message", language=language)
    page.locator("#preview .kt-text", has_text="봄 할인").wait_for()
    page.get_by_role("button", name="다음").click()
    page.wait_for_url("**/sending")
    page.goto(f"/campaigns/{draft.key}/review")  # hours of any time of the day, which the form would refuse

    wait_for(lambda: Plan.objects.filter(mode=PlanMode.REVIEW).exists())
    shop.carry_out(Plan.objects.get(mode=PlanMode.REVIEW))
    page.locator("#review .kt-text").first.wait_for()
    said = page.locator("#review").inner_text()
    assert "민지님, 봄 할인" in said
    assert "채널 친구" in said
    shot(page, "kakao-review-ko")
    page.locator("[data-dialog=launch]").first.click()
    page.get_by_role("dialog").locator("input:not([type=hidden])").fill("2")
    page.get_by_role("dialog").get_by_role("button", name="보내기").click()
    wait_for(lambda: Plan.objects.filter(mode=PlanMode.SEND, campaign=draft).exists())
    shop.carry_out(Plan.objects.get(mode=PlanMode.SEND, campaign=draft))
    now = timezone.now()  # as if it were day: KakaoTalk is closed at night
    Batch.objects.filter(campaign_id=draft.pk).update(send_after=now, expires_at=now + timedelta(hours=2))
    Message.objects.filter(campaign_id=draft.pk).update(send_after=now)
    part = texts_of(draft)
    assert part is not None
    with DispatcherProcess(folder=tmp_path):
        wait_for(lambda: events(draft.pk)["delivered"] + events(draft.pk)["failed"] == 2, timeout=PATIENCE)
        fail_over()
        assert Fallback.objects.get(state="sent").phone == NO_KAKAOTALK
        wait_for(lambda: events(part.pk)["delivered"] == 1, timeout=PATIENCE)

    page.goto(f"/handset/{FRIEND}")
    button = page.locator(".kt-buttons a, a[data-element]").first
    button.wait_for()
    address = button.get_attribute("href")
    assert address
    answer = page.request.get(f"{edge}/{address.rsplit('/', 1)[1]}", max_redirects=0, headers=TAPPED)
    assert answer.status in (301, 302, 303, 307)
    assert answer.headers["location"].startswith("https://shop.kr/")
    shot(page, "kakao-handset-ko")
    wait_for(lambda: events(draft.pk)["clicked"] == 1)

    page.goto(f"/campaigns/{draft.key}")
    page.get_by_text("버튼·쿠폰·카드별 클릭").first.wait_for()
    said = page.locator("#live").inner_text()
    assert "보러 가기" in said
    assert "카카오톡으로 도달" in said
    assert "대체 문자로 도달" in said
    shot(page, "kakao-results-ko")
    page.goto(f"/campaigns/{draft.key}/recipients")
    page.get_by_text("대체 문자 도착").first.wait_for()
    for summary in page.locator("details.fold summary").all():
        summary.click()
    page.locator(".kt-chat--message").nth(1).wait_for()
    page.get_by_text("봄 소식").first.wait_for()
    shot(page, "kakao-recipients-ko")


def test_a_test_goes_to_a_colleague(draft: Campaign, open_console: OpenConsole) -> None:
    page = open_console(someone(Role.ADMIN), f"/campaigns/{draft.key}/message", language="ko")
    page.get_by_role("link", name="테스트 발송").click()
    page.locator("#name").fill("하늘")
    page.locator("#phone").fill("010-0000-9801")
    page.get_by_role("button", name="추가").click()
    page.get_by_role("checkbox", name="하늘").check()
    page.get_by_role("button", name="테스트 보내기").click()
    page.locator("td .badge", has_text="대기").wait_for()
    shot(page, "kakao-test-ko")
    assert Message.objects.get().text == "[테스트] 하늘님, 봄 할인"
    assert AuditEntry.objects.filter(action="campaign.test").count() == 1
    page.get_by_role("button", name="하늘").click()
    page.get_by_text("아직 등록된 동료가 없습니다").wait_for()
