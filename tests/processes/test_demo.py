"""The main job, as a new user does it: `pabal demo`, a browser, a campaign from first click to the phone, and an answer."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.conftest import ARGUMENTS, CHROMIUM
from tests.processes.test_up import Up, folder_of_its_own

playwright = pytest.importorskip("playwright.sync_api")
pytestmark = pytest.mark.xdist_group("up")


@pytest.fixture
def demo() -> Iterator[tuple[Up, str, dict[str, str]]]:
    """A running demo: the installation, its address, its log-in."""
    up = Up(folder_of_its_own() / "home")
    log = (up.home.parent / "demo.log").open("w+")
    process = subprocess.Popen(
        [sys.executable, "-m", "pabal", "demo"],
        env=up.env,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + 400
        while "Password" not in (said := (up.home.parent / "demo.log").read_text()):
            assert process.poll() is None, said
            assert time.monotonic() < deadline, said
            time.sleep(0.5)
        yield up, f"http://127.0.0.1:{up.ports['web']}", json.loads((up.home / "demo.json").read_text())
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(120) == 0
        log.close()
    assert up.wait_until_gone(90) == []
    shutil.rmtree(up.home.parent, ignore_errors=True)


@pytest.mark.skipif(not CHROMIUM, reason="no Chromium on this machine")
def test_a_new_user_sends_a_campaign_and_answers_it(demo: tuple[Up, str, dict[str, str]]) -> None:
    up, address, login = demo
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page: Any = browser.new_context(
            locale="en", base_url=address, viewport={"width": 1440, "height": 900}
        ).new_page()
        page.set_default_timeout(90_000)
        page.goto("/login")
        page.fill("[type=email], [name=username], [name=email]", login["email"])
        page.fill("[type=password]", login["password"])
        page.click("form button.button--primary")
        page.wait_for_url(f"{address}/")

        page.goto("/campaigns/new")
        page.fill("[name=name]", "My first campaign")
        page.click("form .button--primary")
        page.wait_for_url("**/campaigns/my-first-campaign/audience")
        page.get_by_label("VIP").first.check()
        page.click("#step .button--primary")

        page.wait_for_url("**/message")
        page.locator("[name=senders]").first.check()
        page.fill("#id_text", "{{ first_name|default('고객') }}님, 오늘만 30% https://shop.example/today")
        page.locator(".bubble", has_text="무료수신거부").wait_for()
        assert "(광고)" in page.locator(".bubble").inner_text()
        page.click("#step .button--primary")

        page.wait_for_url("**/sending")
        page.fill("[name=hours_from]", "00:00")
        page.fill("[name=hours_to]", "00:00")
        page.click("#step .button--primary")

        page.wait_for_url("**/review")
        try:
            page.locator("[data-dialog=launch]").wait_for(timeout=120_000)
        except playwright.TimeoutError:
            engine = (up.home / "logs" / "engine.log").read_text()[-3000:]
            raise AssertionError(page.locator("main").inner_text() + "\n" + engine) from None
        page.click("[data-dialog=launch]")
        number = re.sub(r"\D", "", page.locator("#launch label strong").inner_text())
        page.fill("#launch-count", number)
        page.click("#launch [type=submit]")
        page.wait_for_url("**/campaigns/my-first-campaign")
        page.locator("#live .badge", has_text="Done").wait_for(timeout=180_000)

        page.goto("/handset/")
        page.locator("#thread .bubble", has_text="오늘만 30%").last.wait_for()
        page.get_by_role("button", name="수신거부").first.click()
        page.locator("#thread .bubble--out", has_text="수신거부").wait_for()

        page.goto("/campaigns/my-first-campaign")
        page.locator(".stat", has_text="Unsubscribed").locator(".stat-value", has_text="1").wait_for()
        browser.close()
