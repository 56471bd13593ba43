"""The reference names everything that the template language knows."""

from __future__ import annotations

from pathlib import Path

import pytest

from pabal.content.grammar import FILTERS, PROFILE_FIELDS, TESTS
from pabal.content.labels import ENCODINGS, KINDS, PROBLEMS, TEMPLATE_ERRORS
from pabal.content.particles import PARTICLES

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("page", ["reference/template-language.md", "ko/reference/template-language.md"])
def test_the_page_names_every_word_of_the_language(page: str) -> None:
    text = (DOCS / page).read_text("utf-8")
    words = [*PROFILE_FIELDS, *FILTERS, *TESTS, *PARTICLES, *TEMPLATE_ERRORS, *PROBLEMS]
    assert [word for word in words if f"`{word}`" not in text and f"`{word}(" not in text] == []


def test_the_page_names_every_encoding_and_kind() -> None:
    text = (DOCS / "reference/encodings.md").read_text("utf-8")
    assert [word for word in (*ENCODINGS, *KINDS) if f"`{word}`" not in text] == []
