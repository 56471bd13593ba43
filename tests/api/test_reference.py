import pytest

from tests.api.reference import DOCS, PAGES, codes


@pytest.mark.parametrize("name", PAGES)
def test_the_reference_says_what_the_code_does(name: str) -> None:
    """Run `python -m tests.api.reference` when this fails."""
    assert (DOCS / name).read_text("utf-8") == PAGES[name]()


def test_every_error_says_something() -> None:
    assert not [code for code in codes() if not code.sentence]
