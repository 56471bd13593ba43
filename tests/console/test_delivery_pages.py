"""Senders, the handset and the recipients of a campaign, through the real addresses."""

from __future__ import annotations

import csv
import io
import re
import socket
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone, translation

from pabal.accounts.models import AuditEntry, Role, User
from pabal.audience.models import Consent, Profile
from pabal.campaigns.models import Campaign
from pabal.delivery.credentials import unseal
from pabal.delivery.models import Batch, Inbound, Message, ProviderAccount, Sender
from pabal.reports import spreadsheet
from tests.console import sent

pytestmark = pytest.mark.django_db
SENDER = {
    "name": "달빛상점", "kind": "long_code", "country": "KR", "address": "02-1234-5678", "throughput": "10",
    "opt_out_number": "080-123-4567",
}  # fmt: skip


def someone(role: Role) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(User.objects.create_user(f"{role}@shop.example", name="Jiwoo", role=role))
    return client


@pytest.fixture
def admin() -> Client:
    return someone(Role.ADMIN)


@pytest.fixture
def viewer() -> Client:
    return someone(Role.VIEWER)


def html(response: Any) -> str:
    return str(response.content.decode())


def csv_rows(client: Client, campaign: Campaign) -> list[dict[str, str]]:
    response = client.get(f"/campaigns/{campaign.key}/recipients.csv")
    content = b"".join(response.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    return list(csv.DictReader(io.StringIO(content)))


# ── senders ──


def test_the_first_sender_takes_one_click(admin: Client) -> None:
    assert "Try with the sandbox" in html(admin.get("/senders/"))
    admin.post("/senders/sandbox")
    page = html(admin.get("/senders/"))
    assert "My shop" in page
    assert Sender.objects.get().account.provider == "sandbox"


def test_a_sender_is_added_with_its_number_as_it_is_stored(admin: Client) -> None:
    account = sent.sender().account
    admin.post("/senders/new", {**SENDER, "account_id": account.pk, "address": "+82 2-777-8888"})
    made = Sender.objects.get(address="027778888")
    assert made.opt_out_number == "0801234567"
    assert AuditEntry.objects.filter(action="sender.create", object_id=str(made.pk)).exists()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"address": "12"}, "address"),
        ({"address": "0212345678"}, "address"),  # taken
        ({"kind": "brand_name", "address": "달빛상점"}, "address"),
        ({"opt_out_number": "02-123-4567"}, "opt_out_number"),
        ({"throughput": "0"}, "throughput"),
    ],
)
def test_a_mistake_stands_beside_its_field(admin: Client, changes: dict[str, str], field: str) -> None:
    account = sent.sender().account
    answer = admin.post("/senders/new", {**SENDER, "account_id": account.pk, **changes})
    assert answer.status_code == 422
    assert f'id="id_{field}_error"' in html(answer)
    assert Sender.objects.count() == 1


def test_a_sender_is_stopped_with_a_reason_and_started_again(admin: Client) -> None:
    sender = sent.sender()
    admin.post(f"/senders/{sender.pk}/act/stop", {"reason": "re-registration"})
    assert "re-registration" in html(admin.get("/senders/"))
    admin.post(f"/senders/{sender.pk}/act/start")
    sender.refresh_from_db()
    assert (sender.state, sender.state_reason) == ("active", "")


def test_a_sender_with_waiting_messages_is_not_archived(admin: Client) -> None:
    sender = sent.sender()
    sent.campaign(of=sender)
    admin.post(f"/senders/{sender.pk}/act/archive")
    assert Sender.objects.get().archived_at is None
    Batch.objects.update(state="done")
    admin.post(f"/senders/{sender.pk}/act/archive")
    assert Sender.objects.get().archived_at is not None


def test_a_viewer_sees_senders_and_changes_nothing(viewer: Client) -> None:
    sender = sent.sender()
    assert "달빛상점" in html(viewer.get("/senders/"))
    assert "disabled" in html(viewer.get(f"/senders/{sender.pk}"))
    for address in (f"/senders/{sender.pk}", f"/senders/{sender.pk}/act/stop", "/senders/sandbox", "/senders/new"):
        assert viewer.post(address, SENDER).status_code == 403, address
    assert viewer.get(f"/senders/accounts/{sender.account_id}").status_code == 403


# ── accounts ──

SMPP = {"name": "Carrier", "set_host": "127.0.0.1", "set_port": "2775", "set_system_id": "us", "set_password": "s3cret"}


def test_the_form_of_an_account_is_what_the_provider_declares(admin: Client) -> None:
    page = html(admin.get("/senders/accounts/new?provider=smpp"))
    assert 'name="set_system_id"' in page
    assert "System ID" in page
    korean = html(admin.get("/senders/accounts/new?provider=smpp", headers={"accept-language": "ko"}))
    assert "시스템 ID" in korean


def test_a_secret_is_sealed_and_never_shown_again(admin: Client) -> None:
    admin.post("/senders/accounts/new?provider=smpp", SMPP)
    account = ProviderAccount.objects.get()
    assert "password" not in account.settings
    assert b"s3cret" not in bytes(account.secrets)
    assert "s3cret" not in html(admin.get(f"/senders/accounts/{account.pk}"))
    admin.post(f"/senders/accounts/{account.pk}", {**SMPP, "set_password": "", "set_host": "127.0.0.2"})
    account.refresh_from_db()
    assert account.settings["host"] == "127.0.0.2"
    assert unseal(bytes(account.secrets)) == {"password": "s3cret"}
    assert "s3cret" not in str(list(AuditEntry.objects.values_list("changes", flat=True)))


def test_a_missing_setting_stands_beside_its_field(admin: Client) -> None:
    answer = admin.post("/senders/accounts/new?provider=smpp", {**SMPP, "set_host": ""})
    assert answer.status_code == 422
    assert 'id="id_set_host_error"' in html(answer)


def test_trying_a_connection_says_that_nobody_answers(admin: Client) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    answer = admin.post("/senders/accounts/try/smpp", {**SMPP, "set_port": str(port)}, headers={"hx-request": "true"})
    assert "The connection does not work" in html(answer)
    assert not ProviderAccount.objects.exists()


def test_trying_a_connection_that_works_says_so(admin: Client) -> None:
    answer = admin.post("/senders/accounts/try/sandbox", {"name": "x"}, headers={"hx-request": "true"})
    assert "The connection works" in html(answer)


# ── handset ──


def test_the_handset_shows_what_was_delivered_and_only_that(admin: Client) -> None:
    sent.campaign()
    page = html(admin.get("/handset/"))
    assert "니트 1000" in page
    assert "니트 1002" not in page  # accepted, not delivered yet
    failed = html(admin.get("/handset/+821000001001"))
    assert "Not delivered" in failed
    assert "Phone unreachable" in failed


def test_stop_on_the_handset_ends_consent_and_says_so(admin: Client) -> None:
    sent.campaign()
    answer = admin.post("/handset/+821000001000/answer", {"text": "수신거부"}, headers={"hx-request": "true"})
    assert "has ended" in answer.headers["HX-Trigger"]
    assert "수신거부" in html(answer)
    owner = Profile.objects.get(phone="+821000001000")
    assert Consent.objects.get(profile=owner, purpose="promotional").state == "unsubscribed"
    assert Inbound.objects.get().meaning == "stop"


@pytest.mark.django_db(transaction=True)  # two moments of the database
def test_start_gives_consent_again(admin: Client) -> None:
    sent.campaign()
    for word in ("STOP", "START"):
        admin.post("/handset/+821000001000/answer", {"text": word}, headers={"hx-request": "true"})
    owner = Profile.objects.get(phone="+821000001000")
    assert Consent.objects.get(profile=owner, purpose="promotional").state == "subscribed"


def test_a_poll_answers_nothing_until_something_changed(admin: Client) -> None:
    sent.campaign()
    mark = re.search(r"/thread\?app=(\w*)&amp;mark=(\w+)", html(admin.get("/handset/+821000001000")))
    assert mark
    poll = f"/handset/+821000001000/thread?app={mark[1]}&mark={mark[2]}"
    assert admin.get(poll).status_code == 204
    admin.post("/handset/+821000001000/answer", {"text": "thanks"})
    assert "thanks" in html(admin.get(poll))


def test_a_viewer_may_look_at_a_phone_but_not_answer_for_its_owner(viewer: Client) -> None:
    sent.campaign()
    assert "phone-reply" not in html(viewer.get("/handset/"))
    assert viewer.post("/handset/+821000001000/answer", {"text": "STOP"}).status_code == 403
    assert not Inbound.objects.exists()


def test_phones_of_other_carriers_are_not_simulated(admin: Client) -> None:
    sent.campaign(of=sent.sender("smpp"))
    assert "니트" not in html(admin.get("/handset/"))


# ── recipients ──


@pytest.mark.parametrize(
    ("show", "numbers"),
    [
        ("all", [1000, 1001, 1002, 1003, 1004, 1005]),
        ("delivered", [1000]),
        ("clicked", [1000]),
        ("failed", [1001]),
        ("underway", [1002]),
        ("waiting", [1003, 1004, 1005]),
        ("unsubscribed", []),
        ("not_sent", []),
    ],
)
def test_each_tab_lists_the_messages_in_that_state(viewer: Client, show: str, numbers: list[int]) -> None:
    campaign = sent.campaign()
    page = html(viewer.get(f"/campaigns/{campaign.key}/recipients?show={show}"))
    assert [int(n) for n in re.findall(r"니트 (\d+)", page)] == numbers


def test_skips_are_listed_with_their_reason_and_filtered_by_it(viewer: Client) -> None:
    campaign = sent.campaign()
    address = f"/campaigns/{campaign.key}/recipients?show=skipped"
    assert html(viewer.get(address)).count('<th scope="row">') == 2
    only = html(viewer.get(address + "&reason=recently_messaged"))
    assert only.count('<th scope="row">') == 1
    assert "010-0000-1007" in only


def test_pages_neither_repeat_nor_lose_a_message_and_lead_back(viewer: Client) -> None:
    campaign = sent.campaign(130)
    address = f"/campaigns/{campaign.key}/recipients"
    seen: list[int] = []
    url, trail = address, []
    while url:
        page = html(viewer.get(url))
        seen += [int(n) for n in re.findall(r"니트 (\d+)", page)]
        trail.append(url)
        found = re.search(r'rel="next" href="([^"]+)"', page)
        url = address + found[1].replace("&amp;", "&") if found else ""
    assert seen == list(range(1000, 1130))
    assert len(trail) == 3
    back = re.search(r'rel="prev" href="([^"]+)"', html(viewer.get(trail[2])))
    assert back
    earlier = html(viewer.get(address + back[1].replace("&amp;", "&")))
    assert [int(n) for n in re.findall(r"니트 (\d+)", earlier)] == list(range(1050, 1100))


def test_messages_of_another_campaign_between_ours_are_not_listed(viewer: Client) -> None:
    ours = sent.campaign(3, first=1000)
    sent.campaign(3, first=1010, of=Sender.objects.get())
    Batch.objects.filter(campaign_id=ours.pk).update(last_id=1001)
    Message.objects.filter(pk=1002).update(id=1020)
    Batch.objects.create(
        campaign_id=ours.pk, sender=Sender.objects.get(), first_id=1020, last_id=1020, messages=1, parts=1, amount=0,
        send_after=timezone.now(), expires_at=timezone.now(), next_id=1020,
    )  # fmt: skip
    page = html(viewer.get(f"/campaigns/{ours.key}/recipients"))
    assert re.findall(r"니트 (\d+)", page) == ["1000", "1001", "1002"]  # the last of them is number 1020


def test_a_person_is_found_by_phone_among_messages_and_skips(viewer: Client) -> None:
    campaign = sent.campaign()
    address = f"/campaigns/{campaign.key}/recipients?q="
    assert "니트 1004" in html(viewer.get(address + "010-0000-1004"))
    assert "Not subscribed" in html(viewer.get(address + "C1006"))


def test_a_message_shows_its_whole_history(viewer: Client) -> None:
    campaign = sent.campaign()
    page = html(viewer.get(f"/campaigns/{campaign.key}/recipients/1001"))
    assert page.index("Planned") < page.index("Accepted by the carrier") < page.index("Phone unreachable")
    assert "E7" in page
    other = sent.campaign(first=2000, of=Sender.objects.get())
    assert viewer.get(f"/campaigns/{other.key}/recipients/1001").status_code == 404


# ── export ──


def test_the_file_has_every_candidate_with_outcome_and_reason() -> None:
    campaign = sent.campaign()
    rows = csv_rows(someone(Role.EDITOR), campaign)
    assert [row["Status code"] for row in rows] == [
        "delivered", "failed", "underway", "waiting", "waiting", "waiting", "skipped", "skipped",
    ]  # fmt: skip
    assert rows[1]["Reason"] == "Phone unreachable"
    assert rows[1]["Carrier's code"] == "E7"
    assert [row["Reason code"] for row in rows[6:]] == ["not_subscribed", "recently_messaged"]
    assert rows[0]["Cost"] == "12.000"
    assert rows[0]["Phone"] == "010-0000-1000"
    assert AuditEntry.objects.get(action="campaign.export").label == campaign.name


def test_no_cell_is_a_formula() -> None:
    campaign = sent.campaign()
    Profile.objects.filter(external_id="C1000").update(external_id="=HYPERLINK(1)", first_name="", last_name="@sum")
    Profile.objects.filter(external_id="C1006").update(external_id="+1", phone="+12025550142", country="US")
    rows = csv_rows(someone(Role.EDITOR), campaign)
    assert rows[0]["Customer number"] == "'=HYPERLINK(1)"
    assert rows[0]["Name"] == "'@sum"
    assert rows[6]["Customer number"] == "'+1"
    assert not [cell for row in rows for cell in row.values() if cell[:1] in ("=", "+", "-", "@", "\t")]


def test_a_viewer_does_not_take_the_file_away(viewer: Client) -> None:
    campaign = sent.campaign()
    assert viewer.get(f"/campaigns/{campaign.key}/recipients.csv").status_code == 403
    assert "recipients.csv" not in html(viewer.get(f"/campaigns/{campaign.key}/recipients"))


def test_each_column_of_the_file_is_documented_in_both_languages() -> None:
    documented = (Path(__file__).parents[2] / "docs" / "reference" / "campaign-export.md").read_text("utf-8")
    for language in ("en", "ko"):
        with translation.override(language):
            missing = [name for name in spreadsheet.columns() if name not in documented]
        assert not missing, language
