"""A shop's page on another origin, a real browser, the real edge and dispatcher: from the form to the handset and back."""

from __future__ import annotations

import http.server
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pabal.accounts.audit import Actor
from pabal.accounts.models import Role
from pabal.audience.models import Event, Profile
from pabal.audience.write_keys import create_write_key
from pabal.campaigns.models import Signup
from pabal.console.event_code import snippet
from pabal.delivery.models import Message
from tests.accounts.people import someone
from tests.browser.conftest import OpenConsole, chromium, open_console
from tests.delivery.sending import DispatcherProcess, dsn, shop, wait_for
from tests.signup.forms import PHONE, WORDING, consents, form

__all__ = ["chromium", "open_console"]

pytestmark = pytest.mark.django_db(transaction=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[str]:
    """`pabal edge` as a process of its own; its address."""
    port = free_port()
    environment = os.environ | {
        "PABAL_HOME": str(tmp_path),
        "DATABASE_URL": dsn(),
        "PABAL_EDGE_PORT": str(port),
        "PABAL_SECRET_KEY": os.environ.get("PABAL_SECRET_KEY", "tests-only"),
    }
    log = (tmp_path / "edge.log").open("wb")
    process = subprocess.Popen([sys.executable, "-m", "pabal", "edge"], env=environment, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"

    def well() -> bool:
        try:
            with urllib.request.urlopen(f"{address}/healthz", timeout=1) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    wait_for(well, timeout=60, every=0.2)
    yield address
    process.send_signal(signal.SIGTERM)
    process.wait(20)
    log.close()


class ShopSite:
    """The shop's pages, on an origin of their own."""

    def __init__(self) -> None:
        self.pages: dict[str, str] = {}
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                page = site.pages.get(self.path.partition("?")[0])
                self.send_response(200 if page else 404)
                self.send_header("content-type", "text/html; charset=utf-8")
                self.end_headers()
                self.wfile.write((page or "").encode())

            def log_message(self, *values: Any) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.origin = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def page(self, path: str, body: str) -> str:
        self.pages[path] = (
            f"<!doctype html><html lang=ko><meta charset=utf-8><title>달빛상점</title><body>{body}</body></html>"
        )
        return self.origin + path


@pytest.fixture
def site() -> Iterator[ShopSite]:
    made = ShopSite()
    yield made
    made.server.shutdown()


def test_from_the_shops_page_to_the_handset_and_back(
    chromium: Any, open_console: OpenConsole, edge: str, site: ShopSite, tmp_path: Path
) -> None:
    sender = shop(tmp_path).senders[0]
    form(tmp_path, sender=sender, origins=[site.origin])
    key = create_write_key(name="site", kind="browser", origins=[site.origin], by=Actor(name="tests"))
    address = site.page(
        "/join",
        snippet(key.key, edge)
        + '<script>pabal.track("Banner Seen", {banner: "가을"})</script><main><div data-pabal-form="summer"></div></main>',
    )
    page = chromium.new_context(locale="ko").new_page()
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.goto(address + "?utm=secret")
    page.get_by_label("휴대전화 번호").fill("010-12")
    page.get_by_role("button", name="신청하기").click()
    page.get_by_text("없는 번호입니다").or_(page.get_by_text("전화번호가 아닙니다")).wait_for()
    page.get_by_label("휴대전화 번호").fill("010-0000-1234")
    page.get_by_role("button", name="신청하기").click()
    page.get_by_text("동의해 주셔야 신청할 수 있습니다.").wait_for()
    page.get_by_label(re.compile("할인, 이벤트")).check()
    page.get_by_role("button", name="신청하기").click()
    page.get_by_text("확인 문자를 보냈습니다").wait_for()
    assert consents() == {}
    assert troubles == []
    signup = Signup.objects.get()
    assert signup.page == f"{site.origin}/join"

    wait_for(lambda: Event.objects.count() == 2)  # queued before the program was there, and the page itself
    assert "Banner Seen" in set(Event.objects.values_list("name", flat=True))
    visitor = page.evaluate("localStorage.getItem('pabal.anonymous')")
    assert set(Event.objects.values_list("anonymous_id", flat=True)) == {visitor} == {signup.anonymous_id}

    with DispatcherProcess(folder=tmp_path):
        text = Message.objects.get()
        handset = open_console(someone(Role.EDITOR), f"/handset/{PHONE}", language="ko")
        link = handset.locator(f'a[href*="/o/{signup.token}"]')
        wait_for(lambda: handset.reload() and link.count() > 0, timeout=40, every=1)
        profile = open_console(someone(Role.VIEWER), f"/profiles/{text.profile_id}", language="ko")
        assert profile.get_by_text(f"/o/{signup.token}").count() > 0, "the text is in the person's history"
    confirm = chromium.new_context(locale="ko").new_page()
    confirm.goto(link.get_attribute("href"))
    assert confirm.get_by_text(WORDING).is_visible()
    assert consents() == {}
    confirm.get_by_role("button", name="동의하고 받기").click()
    confirm.get_by_text("수신 동의가 완료되었습니다.").wait_for()
    assert consents() == {"promotional": "subscribed"}
    person = Profile.objects.get()
    assert set(Event.objects.values_list("profile_id", flat=True)) == {person.pk}, "what the visitor did is now theirs"


def test_another_site_cannot_use_the_form_nor_the_key(chromium: Any, edge: str, site: ShopSite, tmp_path: Path) -> None:
    form(tmp_path, origins=["https://shop.example"])
    key = create_write_key(name="site", kind="browser", origins=["https://shop.example"], by=Actor(name="tests"))
    address = site.page("/", snippet(key.key, edge) + '<div id="here" data-pabal-form="summer"></div>')
    page = chromium.new_context().new_page()
    warnings: list[str] = []
    page.on("console", lambda said: warnings.append(said.text))
    page.goto(address)
    wait_for(lambda: page.wait_for_timeout(50) or any("could not be loaded" in w for w in warnings))
    assert page.locator("#here form").count() == 0
    status = page.evaluate(
        """async (address) => (await fetch(address, {method: "POST", body: JSON.stringify({phone: "010-0000-1234", consent: 1}),
        headers: {"content-type": "text/plain"}})).status""",
        f"{edge}/v1/forms/summer",
    )
    assert status == 403
    assert not Signup.objects.exists()
    assert not Event.objects.exists()


def test_the_shops_own_form_gets_the_wording_and_works_without_javascript(
    chromium: Any, edge: str, site: ShopSite, tmp_path: Path
) -> None:
    form(tmp_path, double_opt_in=False)
    own = (
        f'<form data-pabal-form="summer" method="post" action="{edge}/v1/forms/summer"><input name="phone" aria-label="phone">'
        '<label><input type="checkbox" name="consent" value="1"><span data-pabal-wording></span></label>'
        f'<button type="submit">go</button></form><script async src="{edge}/v1/pabal.js"></script>'
    )
    address = site.page("/own", own)
    page = chromium.new_context(locale="ko").new_page()
    page.goto(address)
    page.get_by_label(WORDING).check()
    page.get_by_label("phone").fill("010-0000-1234")
    page.get_by_role("button").click()
    page.get_by_text("수신 동의가 기록되었습니다.").wait_for()
    assert consents() == {"promotional": "subscribed"}
    plain = chromium.new_context(locale="ko", java_script_enabled=False).new_page()
    plain.goto(address)
    plain.get_by_label("phone").fill("010-0000-1235")
    plain.get_by_role("checkbox").check()
    plain.get_by_role("button").click()
    plain.get_by_text("수신 동의가 기록되었습니다.").wait_for()
    assert plain.url == f"{edge}/v1/forms/summer"
    assert consents("+821000001235") == {"promotional": "subscribed"}


def test_what_cannot_be_sent_waits_and_counts_once(chromium: Any, edge: str, site: ShopSite) -> None:
    key = create_write_key(name="site", kind="browser", by=Actor(name="tests"))
    address = site.page("/", snippet(key.key, edge).replace("<script async", '<script data-page="off" async'))
    context = chromium.new_context()
    page = context.new_page()
    page.goto(address)
    page.wait_for_function("window.pabal && window.pabal.loaded")
    context.route("**/v1/batch", lambda route: route.abort())
    page.evaluate("pabal.track('Added', {n: 1})")
    page.wait_for_timeout(400)
    page.goto("about:blank")  # leaves: whether the beacon came through or not, it counts once
    context.unroute("**/v1/batch")
    page.goto(address)
    wait_for(lambda: page.wait_for_timeout(50) or Event.objects.count() == 1)
    page.goto(address)
    page.wait_for_timeout(500)
    assert Event.objects.count() == 1
