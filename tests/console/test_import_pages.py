"""The import wizard's pages, step by step, and what an import leaves behind."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from pabal import config
from pabal.accounts.models import Role
from pabal.audience import import_actions, importing, lists
from pabal.audience.models import Consent, ConsentEvent, ConsentStatement, Import, List, Profile
from pabal.campaigns import actions as campaigns
from tests.console.audience import actions, logged_in, said

pytestmark = pytest.mark.django_db

PEOPLE = "고객명,휴대폰번호,등급,마케팅수신동의\n김민지,010-0000-0001,VIP,Y\n이도윤,02-123-4567,실버,Y\n박서준,010-0000-0003,,N\n"
STATEMENT = {
    "agreed": "yes",
    "channels": ["text"],
    "purposes": ["promotional"],
    "collected_at": "2026-01-05T10:00",
    "source": "Sign-up form",
    "wording": "I agree to offers by text.",
}


@pytest.fixture
def editor(client: Client) -> Client:
    return logged_in(client, Role.EDITOR)


def upload(client: Client, text: str = PEOPLE, name: str = "people.csv", **query: str) -> Import:
    client.post("/imports/new", {"file": SimpleUploadedFile(name, text.encode())}, query_params=query)
    return Import.objects.latest("id")


def test_an_upload_is_mapped_by_guess_and_its_first_rows_are_shown_as_they_will_be_stored(editor: Client) -> None:
    row = upload(editor)
    page = said(editor.get(f"/imports/{row.pk}/columns"))
    assert '<option value="phone" selected>' in page
    choices = {
        "default_country": "KR",
        "t0": "full_name",
        "t1": "phone",
        "t2": "property:text",
        "n2": "등급",
        "t3": "consent",
    }
    preview = said(editor.post(f"/imports/{row.pk}/preview", choices))
    assert "+821000000001" in preview
    assert "Of the first 3 rows, 2 can be stored and 1 are refused" in preview
    assert "Not a mobile number" in preview
    assert not Profile.objects.exists()


@pytest.mark.parametrize(
    ("choice", "sentence"),
    [
        ({"t0": "phone", "t1": "phone"}, "“고객명” is this already"),
        ({"t0": "full_name", "t1": "ignore"}, "Say which column is the phone number"),
    ],
    ids=["the same field twice", "nothing that says who a row is"],
)
def test_a_mapping_that_cannot_work_is_refused(editor: Client, choice: dict[str, str], sentence: str) -> None:
    row = upload(editor)
    form = {"default_country": "KR", "t2": "ignore", "t3": "ignore", **choice}
    answer = editor.post(f"/imports/{row.pk}/columns", form)
    assert answer.status_code == 422
    assert sentence in said(answer)
    assert sentence in said(editor.post(f"/imports/{row.pk}/preview", form))


def test_an_import_must_say_whether_people_agreed(editor: Client) -> None:
    row = upload(editor)
    answer = editor.post(f"/imports/{row.pk}/consent", {"to_list": "none"})
    assert answer.status_code == 422
    assert "Say whether these people agreed." in said(answer)


@pytest.mark.parametrize("missing", ["channels", "purposes", "collected_at", "source", "wording"])
def test_a_consent_statement_says_to_what_when_and_where(editor: Client, missing: str) -> None:
    row = upload(editor)
    form = {"to_list": "none", **STATEMENT}
    del form[missing]
    answer = editor.post(f"/imports/{row.pk}/consent", form)
    assert answer.status_code == 422
    assert f'id="id_{missing}_error"' in said(answer)
    assert not ConsentStatement.objects.exists()


def test_night_alone_is_no_consent(editor: Client) -> None:
    row = upload(editor)
    answer = editor.post(f"/imports/{row.pk}/consent", {"to_list": "none", **STATEMENT, "purposes": ["night"]})
    assert "Consent for the night needs consent to advertising too." in said(answer)


@pytest.mark.django_db(transaction=True)
def test_an_import_makes_its_list_keeps_the_statement_and_leaves_a_trail(editor: Client) -> None:
    row = upload(editor)
    editor.post(f"/imports/{row.pk}/consent", {"to_list": "new", "list_name": "Spring", **STATEMENT})
    assert "I agree to offers by text." in said(editor.get(f"/imports/{row.pk}/check"))
    editor.post(f"/imports/{row.pk}/check")
    assert "every 1s" in said(editor.get(f"/imports/{row.pk}"))
    importing.run(row.pk)

    page = said(editor.get(f"/imports/{row.pk}", headers={"HX-Request": "true"}))
    assert "every 1s" not in page
    assert "Not a mobile number" in page
    assert "/lists/spring" in page
    assert List.objects.get(key="spring").size == 2
    states = dict(Consent.objects.values_list("profile__first_name", "state"))
    assert states == {"민지": "subscribed", "서준": "unsubscribed"}
    event = ConsentEvent.objects.get(profile__first_name="민지")
    assert (event.method, event.source) == ("import", "Sign-up form")
    assert event.statement.wording == "I agree to offers by text."

    refused = editor.get(f"/imports/{row.pk}/refused")
    lines = list(csv.DictReader(io.StringIO(b"".join(refused.streaming_content).decode("utf-8-sig"))))  # type: ignore[attr-defined]
    assert [(line["거부 코드"], line["휴대폰번호"]) for line in lines] == [("not_mobile", "02-123-4567")]
    assert actions() == [
        "import.upload", "list.create", "import.state_consent", "import.start", "import.download_refused",
    ]  # fmt: skip


def test_an_upload_that_is_thrown_away_or_forgotten_leaves_no_empty_list(editor: Client) -> None:
    row = upload(editor)
    editor.post(f"/imports/{row.pk}/consent", {"to_list": "new", "list_name": "Spring", **STATEMENT})
    editor.post(f"/imports/{row.pk}/consent", {"to_list": "none", **STATEMENT})
    assert not List.objects.exists()
    editor.post(f"/imports/{row.pk}/consent", {"to_list": "new", "list_name": "Summer", **STATEMENT})
    kept = lists.create_list("Winter")
    row.refresh_from_db()
    assert import_actions.discard_abandoned(timezone.now() - timedelta(days=7)) == 0
    assert import_actions.discard_abandoned(timezone.now()) == 1
    assert list(List.objects.all()) == [kept]
    assert not (config.get().home_path / row.path).exists()


def test_the_list_of_an_upload_stays_when_something_else_uses_it(editor: Client) -> None:
    row = upload(editor)
    editor.post(f"/imports/{row.pk}/consent", {"to_list": "new", "list_name": "Spring", **STATEMENT})
    made = List.objects.get()
    campaigns.create(by=None, name="Sale", include_lists=[made])
    row.refresh_from_db()
    import_actions.discard_import(row)
    assert list(List.objects.all()) == [made]


def test_people_who_have_not_agreed_are_said_so_and_an_earlier_statement_goes(editor: Client) -> None:
    row = upload(editor)
    editor.post(f"/imports/{row.pk}/consent", {"to_list": "none", **STATEMENT})
    editor.post(f"/imports/{row.pk}/consent", {"to_list": "none", "agreed": "no"})
    assert "Nobody is subscribed" in said(editor.get(f"/imports/{row.pk}/check"))
    row.refresh_from_db()
    assert row.statement is None
    assert not ConsentStatement.objects.exists()


def test_an_import_for_a_list_offers_that_list(editor: Client) -> None:
    made = lists.create_list("Spring")
    row = upload(editor, list=made.key)
    assert row.list == made
    page = said(editor.get(f"/imports/{row.pk}/consent"))
    assert f'<option value="{made.pk}" selected>Spring' in page


def test_a_failed_import_says_why_and_goes_on(editor: Client) -> None:
    row = upload(editor)
    error = {"code": "disk_full", "message": "The disk is full."}
    Import.objects.update(state="failed", error=error, rows_done=2, rows_total=3)
    page = said(editor.get(f"/imports/{row.pk}"))
    assert "The disk is full." in page
    assert "2 of 3 rows are stored" in page
    editor.post(f"/imports/{row.pk}/resume")
    row.refresh_from_db()
    assert (row.state, row.error) == ("queued", None)


def test_a_started_import_cannot_be_changed(editor: Client) -> None:
    row = upload(editor)
    Import.objects.update(state="done")
    assert editor.get(f"/imports/{row.pk}/columns").headers["Location"] == f"/imports/{row.pk}"
    editor.post(f"/imports/{row.pk}/discard")
    assert Import.objects.filter(pk=row.pk).exists()


def test_the_file_can_be_read_in_another_encoding(editor: Client) -> None:
    editor.post("/imports/new", {"file": SimpleUploadedFile("gb.csv", "电话,名\n01000000001,李\n".encode("gb18030"))})
    row = Import.objects.get()
    editor.post(f"/imports/{row.pk}/read-again", {"encoding": "gb18030"})
    row.refresh_from_db()
    assert row.facts["columns"] == ["电话", "名"]
