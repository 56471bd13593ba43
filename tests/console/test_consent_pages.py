"""The consent centre: counts, growth, sources, evidence, and the suppression list."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from pabal.accounts.models import AuditEntry, Role
from pabal.audience import consent_figures
from pabal.audience.actions import set_consent, suppress
from pabal.audience.erasure import erase_profile
from pabal.audience.merge import merge_profiles
from pabal.audience.models import ConsentStatement, Suppression
from tests.console.audience import actions, logged_in, person, said

pytestmark = pytest.mark.django_db
KIM, LEE = "+821000000001", "+821000000002"


@pytest.fixture
def editor(client: Client) -> Client:
    return logged_in(client, Role.EDITOR)


def agree(*phones: str, state: str = "subscribed", source: str = "My page") -> None:
    wording = ConsentStatement.objects.create(
        wording="Offers by text",
        source=source,
        collected_at=timezone.now(),
        channels=["text"],
        purposes=["promotional"],
    )
    set_consent(
        phones=phones, channel="text", purposes=["promotional"], state=state, method="api", source=source,
        statement=wording,
    )  # fmt: skip


def test_the_centre_counts_people_and_says_where_consent_came_from(editor: Client) -> None:
    for number in range(4):
        person(phone=f"+82100000000{number}")
    agree(*(f"+82100000000{number}" for number in range(3)), source="Checkout")
    agree("+821000000000", state="unsubscribed", source="Call")
    consent_figures.count_sources()
    page = said(editor.get("/consent/?days=90"))
    for text in ("Checkout", "33.3%", "3 agreed, 1 refused", "Latest changes"):
        assert text in page
    standing = consent_figures.standings()[0]
    assert (standing.subscribed, standing.unsubscribed) == (2, 1)


def test_an_empty_centre_says_what_will_be_here(editor: Client) -> None:
    assert "Nobody was asked yet" in said(editor.get("/consent/"))


def test_the_evidence_sheet_has_wording_time_way_place_and_person(editor: Client) -> None:
    who, other = person(external_id="c-1"), person(phone=LEE)
    agree(LEE)
    merge_profiles(who.pk, other.pk)
    page = said(editor.get(f"/profiles/{who.pk}/evidence"))
    for text in ("Offers by text", "My page", "c-1", f"recorded for profile {other.pk}", "data-print"):
        assert text in page


def test_evidence_of_some_days_is_downloaded_and_that_is_kept(editor: Client) -> None:
    person()
    agree(KIM, source="=cmd()")
    today = timezone.localdate()
    form = {"start": today.isoformat(), "end": today.isoformat()}
    data = b"".join(editor.post("/consent/evidence.csv", form).streaming_content)
    row = next(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))
    assert (row["phone"], row["state"], row["wording"], row["source"]) == (
        KIM,
        "subscribed",
        "Offers by text",
        "'=cmd()",
    )
    yesterday = (today - timedelta(days=1)).isoformat()
    nothing = b"".join(editor.post("/consent/evidence.csv", {"start": yesterday, "end": yesterday}).streaming_content)
    assert nothing.count(b"\n") == 1
    assert actions() == ["consent.export", "consent.export"]
    assert editor.post("/consent/evidence.csv", {"start": "x"}).status_code == 422


def test_numbers_are_blocked_in_bulk_and_what_is_none_is_said(editor: Client) -> None:
    form = {"phones": "010-0000-0001, +82 10 0000 0002\nhello\n", "reason": "complaint", "source": "Call centre"}
    page = said(editor.post("/consent/suppressions/add", form, follow=True))
    assert "2 numbers blocked." in page
    assert "line 2: hello" in page
    assert set(Suppression.objects.values_list("phone", "reason")) == {(KIM, "complaint"), (LEE, "complaint")}
    assert actions() == ["suppression.add"]


@pytest.mark.parametrize(
    "data",
    [
        "이름,휴대폰\n김,010-0000-0001\n이,010-0000-0002\n".encode("cp949"),
        "name;phone\nKim;01000000001\nLee;+821000000002\n".encode("utf-8-sig"),
        b"010-0000-0001\n010-0000-0002\n",
        b"a,b\nx,010-0000-0001\ny,010-0000-0002\n",
    ],
)
def test_a_file_is_imported_whatever_its_columns(editor: Client, data: bytes) -> None:
    form = {"file": SimpleUploadedFile("list.csv", data), "reason": "import", "source": "Last provider"}
    page = said(editor.post("/consent/suppressions/import", form, follow=True))
    assert "2 numbers blocked." in page
    assert set(Suppression.objects.values_list("phone", flat=True)) == {KIM, LEE}


def test_a_file_without_numbers_is_refused_beside_the_field(editor: Client) -> None:
    form = {"file": SimpleUploadedFile("list.csv", b"a,b\nc,d\n"), "reason": "import", "source": "x"}
    answer = editor.post("/consent/suppressions/import", form)
    assert answer.status_code == 422
    assert "No column of this file has phone numbers." in said(answer)
    assert "data-dialog-open" in said(answer)


def test_the_list_is_searched_filtered_paged_and_lifted(editor: Client) -> None:
    suppress([f"+8210000{n:05d}" for n in range(100, 160)], reason="manual", source="Seed")
    suppress([LEE], reason="complaint", source="Call")
    first = said(editor.get("/consent/suppressions"))
    address = first.split('href="?before=')[1].split('"')[0].replace("&amp;", "&")
    second = said(editor.get(f"/consent/suppressions?before={address}"))
    assert first.count('name="phone"') + second.count('name="phone"') == 61
    assert "010-0000-0002" in said(editor.get("/consent/suppressions?q=0002&reason=complaint"))
    assert "No number fits" in said(editor.get("/consent/suppressions?q=9999"))
    editor.post("/consent/suppressions/lift", {"phone": [LEE]})
    assert Suppression.objects.get(phone=LEE).lifted_at is not None
    assert "010-0000-0002" in said(editor.get("/consent/suppressions?show=lifted"))
    assert AuditEntry.objects.get(action="suppression.lift").label == LEE


def test_the_list_is_exported(editor: Client) -> None:
    suppress([KIM], reason="manual", source="x")
    data = b"".join(editor.post("/consent/suppressions/export").streaming_content).decode("utf-8-sig")
    assert [row["phone"] for row in csv.DictReader(io.StringIO(data))] == [KIM]


def test_refusals_of_forgotten_people_are_counted_without_numbers(editor: Client) -> None:
    who = person()
    set_consent([who.pk], channel="text", purposes=["promotional"], state="unsubscribed", method="reply")
    erase_profile(who.pk)
    page = said(editor.get("/consent/suppressions"))
    assert "1 refusal of a forgotten person is kept as a hash" in page
    assert "0000-0001" not in page


def test_viewers_change_nothing(client: Client) -> None:
    viewer = logged_in(client, Role.VIEWER)
    assert viewer.get("/consent/").status_code == viewer.get("/consent/suppressions").status_code == 200
    for path in ("evidence.csv", "suppressions/add", "suppressions/import", "suppressions/lift", "suppressions/export"):
        assert viewer.post(f"/consent/{path}").status_code == 403
