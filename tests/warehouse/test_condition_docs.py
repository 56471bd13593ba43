"""The reference shows every condition, operator, measure, unit and fault, and its examples are understood."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from pabal.warehouse.conditions import Condition, Group, dump, parse, tree

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("reference/conditions.md", "ko/reference/conditions.md")
WORDS = sorted(
    {
        word
        for literal in (tree.Kind, tree.Unit, tree.Field, tree.Operator, tree.Measure, tree.MeasureOperator, tree.What)
        for word in get_args(literal)
    }
    | {struct.__struct_config__.tag for struct in get_args(Condition)}
    | {
        field
        for struct in (*get_args(Condition), tree.Filter, tree.Window)
        for field in struct.__struct_encode_fields__
    }
    | {"subscribed", "unsubscribed", "never", "promotional", "informational", "night", "all", "any", "none"}
)
CODES = re.findall(r"code=\"(\w+)\"", "".join(p.read_text() for p in Path(tree.__file__).parent.glob("*.py")))


def examples(page: str) -> list[str]:
    return re.findall(r"```json\n(.*?)```", (DOCS / page).read_text(), re.DOTALL)


@pytest.mark.parametrize("page", PAGES)
def test_every_word_of_a_condition_is_in_the_reference(page: str) -> None:
    text = (DOCS / page).read_text()
    missing = [word for word in WORDS if f"`{word}`" not in text and f'"{word}"' not in text]
    assert missing == []


@pytest.mark.parametrize("page", PAGES)
def test_every_fault_is_in_the_reference(page: str) -> None:
    text = (DOCS / page).read_text()
    assert [
        code for code in {*CODES, "invalid_condition", "unknown_name", "segment_cycle"} if f"`{code}`" not in text
    ] == []


@pytest.mark.parametrize("page", PAGES)
def test_the_examples_are_understood_and_show_every_type(page: str) -> None:
    read = [parse(example) for example in examples(page)]
    assert all(parse(dump(condition)) == condition for condition in read)
    shown = {type(part) for condition in read for part in _parts(condition)}
    assert shown == set(get_args(Condition))


def _parts(condition: Condition) -> list[Condition]:
    return [condition, *(condition.conditions if isinstance(condition, Group) else ())]
