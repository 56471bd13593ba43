"""The reference says everything that the code can say, and the life cycle as it is."""

from __future__ import annotations

import argparse
import ast
import re
from pathlib import Path

from django.utils import translation

from pabal.campaigns import commands, words
from pabal.campaigns.models import TRANSITIONS
from pabal.delivery.stops import Tripped, stop_label

ROOT = Path(__file__).parents[2]
REFERENCE = (ROOT / "docs/reference/campaigns.md").read_text("utf-8")


def test_every_problem_is_in_the_reference() -> None:
    tree = ast.parse((ROOT / "pabal/campaigns/problems.py").read_text("utf-8"))
    codes = set()
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        name = call.func.id if isinstance(call.func, ast.Name) else ""
        given = [k.value for k in call.keywords if k.arg == "code"] if name == "Problem" else []
        given += call.args[:1] if name == "_blocking" else []
        codes |= {node.value for node in given if isinstance(node, ast.Constant)}
    assert len(codes) >= 9
    assert [code for code in codes if f"| `{code}` |" not in REFERENCE] == []


def test_every_warning_and_reason_is_in_the_reference_and_has_words() -> None:
    from pabal.campaigns.summary import Warning

    for code in words.WARNINGS:
        assert f"| `{code}` |" in REFERENCE
        assert words.warning(Warning(code=code, details={"messages": 2, "missing": 5, "countries": {"CA": 1}})) != code
    for reason in ("insufficient_balance", "plan_failed", "nothing_to_send"):
        assert f"| `{reason}` |" in REFERENCE
        assert words.state_reason(reason) != reason


def test_every_reason_why_a_sender_stops_is_in_the_reference_in_both_languages() -> None:
    for reason in Tripped.values:
        labels = []
        for language in ("en", "ko"):
            with translation.override(language):
                labels.append(stop_label(reason))
        assert f"| `{reason}` | {labels[0]} | {labels[1]} |" in REFERENCE


def test_every_command_is_in_the_reference_with_its_options() -> None:
    subparsers = argparse.ArgumentParser().add_subparsers()
    commands.register(subparsers)
    for name, parser in subparsers.choices.items():
        line = re.search(rf"^\| `pabal {name}\b[^`]*`", REFERENCE, re.MULTILINE)
        assert line, name
        for action in parser._actions:
            if action.option_strings and action.dest != "help":
                assert action.option_strings[-1] in line[0]


def test_the_life_cycle_in_the_docs_is_that_of_the_code() -> None:
    table = (ROOT / "docs/explanation/plan.md").read_text("utf-8").split("## Life of a campaign")[1].split("##")[0]
    found: dict[str, set[str]] = {}
    state = ""
    for row in re.findall(r"^\| ([a-z]*) ?\| ([a-z, ]+) \|", table, re.MULTILINE):
        if row[1].strip() == "goes to":
            continue
        state = row[0] or state
        found.setdefault(state, set()).update(goal.strip() for goal in row[1].split(","))
    assert found == {str(k): {str(v) for v in goals} for k, goals in TRANSITIONS.items() if goals}


def test_every_verb_of_segments_is_in_the_reference_with_its_options() -> None:
    from pabal.campaigns import segment_commands

    page = (ROOT / "docs/reference/segments.md").read_text("utf-8")
    subparsers = argparse.ArgumentParser().add_subparsers()
    segment_commands.register(subparsers)
    (verbs,) = (a for a in subparsers.choices["segment"]._actions if isinstance(a, argparse._SubParsersAction))
    for name, parser in verbs.choices.items():
        line = re.search(rf"^\| `pabal segment {name}\b.*", page, re.MULTILINE)
        assert line, name
        for action in parser._actions:
            if action.option_strings and action.dest != "help":
                assert action.option_strings[-1] in line[0]


def test_every_column_of_the_members_file_is_in_the_reference() -> None:
    from django.utils import translation

    from pabal.campaigns import segment_csv

    page = (ROOT / "docs/reference/segments.md").read_text("utf-8")
    with translation.override("en"):
        assert [name for name in segment_csv.columns() if name not in page] == []
