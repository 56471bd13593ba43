"""A sender's answers, written in a real browser: the counter follows the text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pabal.accounts.models import Role, User
from pabal.delivery.models import Sender
from tests.console import sent

pytestmark = pytest.mark.django_db(transaction=True)
OpenConsole = Callable[..., Any]


def test_an_answer_is_counted_while_it_is_written_and_saved(open_console: OpenConsole, tmp_path: Path) -> None:
    sender = sent.sender()
    admin = User.objects.create_user("admin@shop.example", name="지우", role=Role.ADMIN)
    page = open_console(admin, f"/senders/{sender.pk}", language="ko")
    assert not page.locator("[name=reply_stop]").is_visible()
    page.select_option("[name=mode_stop]", "own")
    page.locator("[name=reply_stop]").press_sequentially("[{sender}] {day} 거부 완료")
    page.locator("#size_stop p").filter(has_text=f"[{sender.name}] 20").wait_for()
    assert "90" in page.locator("#size_stop").inner_text()
    page.screenshot(path=str(tmp_path / "answers.png"), full_page=True)
    page.locator("form[action$=replies] button.button--primary").click()
    page.wait_for_load_state()
    assert Sender.objects.get(pk=sender.pk).replies == {"stop": "[{sender}] {day} 거부 완료"}
