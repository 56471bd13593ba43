"""The commands of the how-to, in the order in which a reader runs them, on the real engines."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from pabal.accounts.keys import Scope
from pabal.campaigns.models import Plan, PlanMode
from tests.accounts import people
from tests.api.conftest import caller
from tests.campaigns.conftest import engine_folder, shop, synchroniser, warehouse
from tests.campaigns.shop import Shop

__all__ = ["engine_folder", "shop", "synchroniser", "warehouse"]

DOCS = Path(__file__).parents[2] / "docs"
PAGES = [DOCS / "how-to" / "use-the-api.md", DOCS / "ko" / "how-to" / "use-the-api.md"]
CURL = re.compile(
    r"""curl -s (?:-X (?P<method>\w+) )?"\$PABAL(?P<path>[^"]+)"(?P<rest>(?:[^\n\\]|\\\n)*?)"""
    r"""(?: -d '(?P<body>[^']+)')?(?: -o [\w.-]+)?\n"""
)


def requests(page: Path) -> list[tuple[str, str, Any]]:
    """(method, path, body) of each command."""
    found = []
    for block in re.findall(r"```sh\n(.*?)```", page.read_text("utf-8"), re.DOTALL):
        for m in CURL.finditer(block):
            body = json.loads(m["body"]) if m["body"] else None
            found.append((m["method"] or ("POST" if body else "GET"), m["path"], body))
    return found


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("page", PAGES, ids=["en", "ko"])
def test_the_how_to_works(shop: Shop, page: Path) -> None:
    call = caller(people.key(*Scope.values))
    steps = requests(page)
    assert len(steps) == page.read_text("utf-8").count("curl -s ") >= 11
    plan = 0
    for method, path, body in steps:
        if path == "/campaigns":
            body |= {"senders": [shop.korean.pk], "timeout_minutes": 2_880}  # at night it waits for the morning
        response = call(method, path.replace("/plans/1", f"/plans/{plan}"), body)
        assert response.status_code < 300, (method, path, response.data)
        if path.endswith("/reviews"):
            plan = response.data["id"]
            shop.carry_out(Plan.objects.get(pk=plan))
        if path.endswith("/launch"):
            shop.carry_out(Plan.objects.get(mode=PlanMode.SEND))
        if path.endswith("/results"):
            assert response.data["planned"] == 1


def test_both_languages_show_the_same_commands() -> None:
    english, korean = (requests(page) for page in PAGES)
    assert english == korean
