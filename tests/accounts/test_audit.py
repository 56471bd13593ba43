"""The trail itself: what is kept, how it is shown, and that every action has words."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client
from django.utils import translation

from pabal.accounts import audit
from pabal.accounts.audit import Actor, Subject, record
from pabal.accounts.models import AuditEntry, Role
from pabal.console import audit_words
from tests.accounts.people import key, someone

ROOT = Path(audit.__file__).parents[1]
#: What stands for the verb where it is put together: `f"campaign.{verb}"`.
VERBS = {"campaign.": ("pause", "resume", "end", "unschedule"), "profile.": ("create", "edit")}


def actions() -> Iterator[str]:
    """Every action that the source records."""
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not (isinstance(node, ast.Call) and len(node.args) >= 2):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            match node.args[1]:
                case ast.Constant(value=str(action)) if name == "record":
                    yield action
                case ast.JoinedStr(values=[ast.Constant(value=str(beginning)), *_rest]) if name == "record":
                    yield from (beginning + verb for verb in VERBS[beginning])


def test_every_action_that_is_recorded_has_words() -> None:
    found = set(actions())
    assert "campaign.launch" in found
    assert found - set(audit_words.ACTIONS) == set()
    assert {action.split(".")[0] for action in audit_words.ACTIONS} >= {a.split(".")[0] for a in found}


@pytest.mark.django_db
def test_secrets_are_left_out_whoever_hands_them_in() -> None:
    changes = {"password": ["old", "new"], "api_token": "t", "settings": {"host": "h", "secret key": "s"}, "raw": b"x"}
    entry = record(Actor(name="test"), "user.edit", Subject(type="user"), changes)
    assert entry.changes == {
        "password": "•••",
        "api_token": "•••",
        "settings": {"host": "h", "secret key": "•••"},
        "raw": "•••",
    }


@pytest.mark.django_db
def test_long_texts_are_shortened_and_rows_become_words() -> None:
    person = someone()
    entry = record(Actor(user=person), "user.edit", person, {"text": "가" * 600, "person": person, "ids": range(200)})
    assert len(entry.changes["text"]) == 500
    assert entry.changes["person"] == "admin person"
    assert len(entry.changes["ids"]) == 50
    assert (entry.object_type, entry.object_id, entry.label) == ("user", str(person.pk), "admin person")


def test_difference_names_what_changed() -> None:
    assert audit.difference({"a": 1, "b": 2}, {"a": 1, "b": 3, "c": 4}) == {"b": [2, 3], "c": [None, 4]}


@pytest.mark.django_db
def test_watching_sees_the_entries_of_its_block_alone() -> None:
    record(Actor(), "user.edit", Subject(type="user"))
    with audit.watch() as outer:
        with audit.watch() as inner:
            record(Actor(), "user.edit", Subject(type="user"))
        record(Actor(), "user.edit", Subject(type="user"))
    record(Actor(), "user.edit", Subject(type="user"))
    assert (len(inner), len(outer)) == (1, 2)


@pytest.mark.django_db
def test_the_page_filters_by_person_object_action_and_words(client: Client) -> None:
    admin, editor = someone(), someone(Role.EDITOR)
    key("read")
    record(Actor(user=editor), "campaign.edit", Subject(type="campaign", id="7", label="Spring"), {"text": ["a", "b"]})
    record(Actor(user=admin), "campaign.launch", Subject(type="campaign", id="7", label="Spring"))
    record(Actor(name="command line"), "user.create", Subject(type="user", id="9", label="이서연"))
    client.force_login(admin)

    def shown(query: str) -> list[str]:
        return [row["entry"].action for row in client.get(f"/settings/audit?{query}").context["entries"]]

    assert shown("") == ["user.create", "campaign.launch", "campaign.edit", "api_key.create"]
    assert shown(f"who=user:{editor.pk}") == ["campaign.edit"]
    assert shown("who=system:") == ["user.create", "api_key.create"]
    assert shown("object=campaign&id=7") == ["campaign.launch", "campaign.edit"]
    assert shown("action=campaign.launch") == ["campaign.launch"]
    assert shown("q=spring") == ["campaign.launch", "campaign.edit"]
    assert shown("who=key:abc&before=x&after=y") == shown("")
    page = client.get("/settings/audit?object=campaign").content.decode()
    assert "<del>" in page
    assert "<ins>" in page


@pytest.mark.django_db
def test_the_page_walks_to_older_entries_and_back(client: Client) -> None:
    client.force_login(someone())
    AuditEntry.objects.bulk_create(
        [
            AuditEntry(actor="t", action="user.edit", object_type="user", object_id=str(n), label=str(n))
            for n in range(120)
        ]
    )

    def labels(url: str) -> tuple[list[int], str, str]:
        context = client.get(url).context
        page = context["page"]
        return [int(row["entry"].label) for row in context["entries"]], page.previous_url, page.next_url

    first, none, older = labels("/settings/audit")
    second, _newer, older = labels("/settings/audit" + older)
    third, newer, end = labels("/settings/audit" + older)
    assert first + second + third == list(range(119, -1, -1))
    assert none == end == ""
    assert labels("/settings/audit" + newer)[0] == second


@pytest.mark.django_db
def test_words_are_in_the_readers_language() -> None:
    with translation.override("ko"):
        assert str(audit_words.action_label("api_key.revoke")) == "API 키 폐기"
    with translation.override("en"):
        assert str(audit_words.action_label("api_key.revoke")) == "revoked an API key"
