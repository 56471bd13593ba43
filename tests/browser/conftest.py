"""A real browser on the running console: headless Chromium, and the web server in a thread against the test database."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from pabal.accounts.models import User

playwright = pytest.importorskip("playwright.sync_api", reason="the dev dependency playwright is not installed")

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser") or ""
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
OpenConsole = Callable[..., Any]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """The browser, started once a module: while it runs, no other event loop may run in this process. Tests are skipped where there is none (set CHROMIUM to its path)."""
    if not CHROMIUM:
        pytest.skip("no Chromium on this machine: install it, or set CHROMIUM to its path")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # Playwright runs an event loop in this thread
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()
    os.environ.pop("DJANGO_ALLOW_ASYNC_UNSAFE", None)


@pytest.fixture
def open_console(chromium: Any, live_server: Any) -> Iterator[OpenConsole]:
    """`open_console(user, path, width=1440, language="en")`: a page where the user is logged in.

    A test fails when one of its pages wrote an error to the browser's console.
    """
    contexts: list[Any] = []
    problems: list[str] = []

    def open_page(user: User, path: str = "/", *, width: int = 1440, language: str = "en") -> Any:
        client = Client()
        client.force_login(user)
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, locale=language, base_url=live_server.url, accept_downloads=True
        )
        contexts.append(context)
        cookies = {
            settings.SESSION_COOKIE_NAME: client.cookies[settings.SESSION_COOKIE_NAME].value,
            settings.LANGUAGE_COOKIE_NAME: language,
        }
        context.add_cookies([{"name": n, "value": v, "url": live_server.url} for n, v in cookies.items()])
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    unexpected = [problem for problem in problems if "422" not in problem]  # a refused form is no accident
    assert not unexpected, unexpected
