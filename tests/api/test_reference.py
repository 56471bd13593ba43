import ast

import pytest

from tests.api.reference import DOCS, PAGES, codes


@pytest.mark.parametrize("name", PAGES)
def test_the_reference_says_what_the_code_does(name: str) -> None:
    """Run `python -m tests.api.reference` when this fails."""
    assert (DOCS / name).read_text("utf-8") == PAGES[name]()


def test_every_error_says_something() -> None:
    assert not [code for code in codes() if not code.sentence]


def test_no_two_schemas_share_a_name() -> None:
    """OpenAPI would show one of them for both."""
    names: dict[str, set[str]] = {}
    for path in sorted((DOCS.parents[1] / "pabal" / "api").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef):
                names.setdefault(node.name, set()).add(path.stem)
    queries = {"Search"}  # parts of the address have no name there
    assert not {name: found for name, found in names.items() if len(found) > 1 and name not in queries}
