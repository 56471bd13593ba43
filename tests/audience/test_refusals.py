"""Every reason for refusing a row is said in both languages and stands in the reference."""

from __future__ import annotations

import re
from pathlib import Path

from pabal.audience.refusals import REASONS, reason_text

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "import-refusals.md"


def test_the_reference_lists_each_reason_as_people_read_it() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| (.+?) \| .+ \|$", REFERENCE.read_text("utf-8"), re.MULTILINE)
    assert {code: {"en": en, "ko": ko} for code, en, ko in rows} == REASONS


def test_an_unknown_reason_is_shown_as_its_code() -> None:
    assert reason_text("from_the_future", "ko") == "from_the_future"
