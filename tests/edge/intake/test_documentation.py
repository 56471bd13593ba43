"""The how-to's commands do what it says; the reference names every code."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

import pabal.edge.intake
from pabal.audience.models import Consent, Event, Profile
from tests.edge.intake.edge import SERVER_KEY, Edge

DOCS = Path(__file__).parents[3] / "docs"
BLOCK = re.compile(r"```(sh|json)\n(.*?)```", re.DOTALL)
CODE = re.compile(r'(?:Refused|Malformed|TooLarge|WrongKey|NotOurs)\(\s*"(\w+)"|code="(\w+)"|_note\([^"]*"(\w+)"')


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("page", ["how-to/send-events.md", "ko/how-to/send-events.md"])
def test_the_commands_of_the_how_to_answer_as_it_says(shop: Edge, page: str, tmp_path: Path) -> None:
    blocks = BLOCK.findall((DOCS / page).read_text())
    environment = os.environ | {"EDGE": shop.url, "WRITE_KEY": SERVER_KEY}
    ran = 0
    for (kind, command), (next_kind, expected) in zip(blocks, [*blocks[1:], ("", "")], strict=True):
        if kind != "sh" or "curl" not in command:
            continue
        done = subprocess.run(["bash", "-c", command], env=environment, cwd=tmp_path, capture_output=True, check=True)
        assert json.loads(done.stdout) == (json.loads(expected) if next_kind == "json" else {"success": True})
        ran += 1
    assert ran == 4
    assert (Profile.objects.count(), Event.objects.count(), Consent.objects.count()) == (2, 4, 1)


def test_the_reference_names_every_code() -> None:
    text = (DOCS / "reference" / "events-api.md").read_text()
    source = "\n".join(path.read_text() for path in Path(pabal.edge.intake.__path__[0]).glob("*.py"))
    codes = {code for match in CODE.findall(source) for code in match if code}
    assert {"no_identity", "wrong_key", "too_large", "bad_email"} <= codes
    assert [code for code in sorted(codes) if f"`{code}`" not in text] == []
