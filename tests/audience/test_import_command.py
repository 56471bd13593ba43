"""`pabal import` on the command line, as a person or a script would use it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pabal import cli, config
from pabal.audience.models import ConsentStatement, Import, List
from tests.audience.people import consents, people

pytestmark = pytest.mark.django_db

TEXT = "고객명,연락처,등급\n김민수,010-1234-5678,VIP\n이서연,02-123-4567,GOLD\n"


def contacts(folder: Path, text: str = TEXT) -> str:
    path = folder / "회원.csv"
    path.write_text(text, "utf-8")
    return str(path)


def test_it_shows_what_it_understood_and_imports(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = cli.main(
        ["import", contacts(tmp_path), "--yes", "--list", "vip", "--map", "등급=grade", "--consent-wording", "동의합니다",
         "--consent-source", "가입", "--consent-at", "2026-03-01", "--consent-purpose", "promotional",
         "--consent-purpose", "night"]
    )  # fmt: skip
    output = capsys.readouterr().out
    assert code == 0, output
    assert people("phone", "first_name", "last_name", "properties") == [
        ("+821012345678", "민수", "김", {"grade": "VIP"})
    ]
    assert [state for _phone, _purpose, state in consents()] == ["subscribed", "subscribed"]
    assert ConsentStatement.objects.get().collected_at.isoformat() == "2026-02-28T15:00:00+00:00"
    assert List.objects.get(key="vip").size == 1
    refused = config.get().home_path / Import.objects.get().refused_path
    for expected in ("고객명", "김민수", "+821012345678", "not_mobile", str(refused)):
        assert expected in output


def test_it_imports_nothing_that_nobody_confirmed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["import", contacts(tmp_path)]) == 1
    assert "--yes" in capsys.readouterr().err
    assert not Import.objects.exists()


def test_it_asks_a_person_and_takes_no_for_an_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    answers = iter(["n", "y"])
    monkeypatch.setattr("builtins.input", lambda _question: next(answers))
    assert cli.main(["import", contacts(tmp_path)]) == 1
    assert not Import.objects.exists()
    assert cli.main(["import", contacts(tmp_path)]) == 0
    assert people("phone") == [("+821012345678",)]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--map", "없는열=phone"], "고객명, 연락처, 등급"),
        (["--map", "연락처=ignore"], ""),
        (["--country", "ZZ"], "ZZ"),
        (["--consent-wording", "동의"], "--consent-at"),
        (["--consent-wording", "동의", "--consent-at", "어제"], "어제"),
        (["--consent-wording", "동의", "--consent-at", "2026-03-01"], ""),
        (["--encoding", "klingon"], "klingon"),
    ],
)
def test_a_mistake_is_named_in_one_sentence_and_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str], said: str
) -> None:
    assert cli.main(["import", contacts(tmp_path), "--yes", *more]) == 1
    error = capsys.readouterr().err
    assert error.startswith("pabal: ")
    assert said in error
    assert len(error.splitlines()) == 1
    assert not Import.objects.exists()


def test_a_file_that_is_not_there_is_said_to_be_missing(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["import", "/nowhere/contacts.csv", "--yes"]) == 1
    assert "/nowhere/contacts.csv" in capsys.readouterr().err
