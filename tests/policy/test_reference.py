from __future__ import annotations

from pathlib import Path

from pabal.policy.reference import quiet_hours_page, skip_reasons_page

PAGES = Path(__file__).parents[2] / "docs" / "reference"


def test_the_pages_are_those_that_the_data_makes() -> None:
    for name, text in (("skip-reasons.md", skip_reasons_page()), ("quiet-hours.md", quiet_hours_page())):
        assert (PAGES / name).read_text("utf-8") == text, "run python -m pabal.reference"
