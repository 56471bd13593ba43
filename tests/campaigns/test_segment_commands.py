"""`pabal segment …`, as typed."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation

from pabal import cli
from pabal.accounts.models import AuditEntry
from pabal.audience.models import List, Segment
from pabal.campaigns import list_making, tasks
from tests.campaigns.segments import called, country, engine, group
from tests.campaigns.shop import Shop


@pytest.fixture
def run(shop: Shop, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Runs a command beside an engine; returns (exit code, output, errors)."""
    for module in ("questions", "segment_csv", "segment_commands"):
        monkeypatch.setattr(f"pabal.campaigns.{module}.engine_runs", lambda: True)  # it holds no leader's lock here

    def command(*arguments: str) -> tuple[int, str, str]:
        code = cli.main(["segment", *arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    with translation.override("en"), engine(shop.synchroniser, shop.dsn), monkeypatch.context() as patch:
        patch.setattr(translation, "activate", lambda _language: None)  # the command line speaks the company's
        yield command


def test_a_segment_from_file_to_archive(run: Any, shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.people(3)
    shop.person("+12125550101", first_name="Ann")
    shop.synchroniser.run_once()
    file = tmp_path / "kr.json"
    file.write_text(json.dumps(country("KR")))
    assert run("create", "kr", "--name", "한국", "--json", str(file)) == (0, "kr\n", "")
    code, out, _ = run("count", "kr")
    assert code == 0
    assert [line.split() for line in out.splitlines()] == [["People", "3"], ["Reachable", "by", "text", "3"]]
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(group("all", country("US"), called("Ann")))))
    code, out, _ = run("count", "--json", "-")
    assert [line.split() for line in out.splitlines()][2:] == [["1", "1", "-3"], ["2", "1", "+0"]]
    assert "kr" in run("list")[1]
    code, out, _ = run("show", "kr")
    assert '"value": "KR"' in out
    code, out, _ = run("members", "kr", "--limit", "2")
    assert len(out.splitlines()) == 3
    assert run("members", "kr", "--csv", str(tmp_path / "kr.csv"))[0] == 0
    assert len((tmp_path / "kr.csv").read_text("utf-8-sig").splitlines()) == 4
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(country("US"))))
    assert run("change", "kr", "--json", "-")[1] == "kr: Version 2\n"
    assert run("archive", "kr")[0] == 0
    assert run("archive", "kr") == (1, "", "pabal: The segment is archived already.\n")
    assert run("restore", "kr")[0] == 0
    actions = set(AuditEntry.objects.values_list("action", flat=True))
    assert actions == {f"segment.{verb}" for verb in ("create", "edit", "export", "archive", "restore")}


def test_a_list_from_a_segment(run: Any, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.people(3)
    Segment.objects.create(key="kr", name="kr", condition=country("KR"))
    monkeypatch.setattr(  # the engine's job, done at once
        tasks, "enqueue_list", lambda pk: list_making.fill(pk, shop.synchroniser)
    )
    assert run("list-from", "kr", "may") == (0, "may: 3 (+3)\n", "")
    assert run("list-from", "kr", "may") == (0, "may: 3 (+0)\n", "")
    assert List.objects.get(key="may").size == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["show", "nothing"], "There is no segment nothing."),
        (["count"], "Name a segment, or give a condition with --json."),
        (["create", "x", "--json", "/nowhere/x.json"], "/nowhere/x.json cannot be read: No such file or directory"),
    ],
)
def test_what_is_wrong_is_one_sentence(run: Any, arguments: list[str], said: str) -> None:
    assert run(*arguments) == (1, "", f"pabal: {said}\n")
