"""Somebody signs up: by the edge itself, on the real database."""

from __future__ import annotations

import asyncio
import functools
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.db import OperationalError
from django.utils import timezone

from pabal.audience import lists
from pabal.audience.actions import set_consent, suppress
from pabal.audience.models import Event, ListMember, Profile
from pabal.billing.models import Balance
from pabal.campaigns.models import Campaign, PlanChunk, Signup, Skip
from pabal.campaigns.signup.confirming import send_waiting
from pabal.campaigns.signup.deciding import expire
from pabal.campaigns.signup.forms import archive_form, edit_form
from pabal.delivery.models import Batch, CampaignControl
from tests.signup.forms import (
    NIGHT,
    PHONE,
    WORDING,
    consents,
    evidence,
    form,
    look,
    only,
    person,
    press,
    sign_up,
    texts,
    visit,
)

pytestmark = pytest.mark.django_db(transaction=True)


def test_without_double_opt_in_consent_is_recorded_at_once_with_its_evidence(tmp_path: Path) -> None:
    form(tmp_path, double_opt_in=False)
    answer = sign_up(night="1", name="지민")
    assert answer.status_code == 200, answer.text
    assert answer.json()["state"] == "confirmed"
    assert consents() == {"promotional": "subscribed", "night": "subscribed"}
    promotional, night = evidence()
    assert (promotional.method, promotional.source) == ("form", "summer")
    assert promotional.statement is not None
    assert promotional.statement.wording == WORDING
    assert night.statement is not None
    assert night.statement.wording == NIGHT
    assert promotional.actor.startswith("https://shop.example/join · IP ")
    assert "secret" not in promotional.actor, "the page's query may name a person"
    assert person().first_name == "지민"
    assert ListMember.objects.filter(list__key="newcomers", profile=person(), removed_at=None).exists()
    assert Event.objects.get().name == "Signed Up"
    assert texts() == []


def test_the_night_box_is_a_consent_of_its_own_and_never_ticked_beforehand(tmp_path: Path) -> None:
    form(tmp_path, double_opt_in=False)
    page = visit(lambda client: client.get("/f/summer")).text
    assert page.count('type="checkbox"') == 2
    assert "checked" not in page
    sign_up()
    assert consents() == {"promotional": "subscribed"}


def test_with_double_opt_in_nothing_is_agreed_until_the_button_is_pressed(tmp_path: Path) -> None:
    form(tmp_path)
    answer = sign_up(night="1", name="지민")
    assert answer.json()["state"] == "pending"
    assert consents() == {}
    (text,) = texts()
    assert f"http://edge.example/o/{only().token}" in text.text
    assert "광고" not in text.text, "it is no advertising"
    for _ in range(3):  # programs look at links
        page = look()
        assert page.status_code == 200
        assert WORDING in page.text
        assert NIGHT in page.text
    assert look("HEAD").status_code == 200
    assert consents() == {}
    for _ in range(2):
        page = press()
        assert page.status_code == 200
        assert "완료" in page.text
    assert consents() == {"promotional": "subscribed", "night": "subscribed"}
    assert len(evidence()) == 2
    assert person().first_name == "지민"
    assert (only().state, only().decided_by) == ("confirmed", "link")


def test_the_confirmation_goes_the_way_of_every_message(tmp_path: Path) -> None:
    made = form(tmp_path)
    sign_up()
    (text,) = texts()
    batch = Batch.objects.get()
    campaign = Campaign.objects.get()
    assert (batch.first_id, batch.last_id, batch.amount, batch.state) == (text.id, text.id, text.amount, "queued")
    assert campaign.standing
    assert campaign.purpose == "informational"
    made.refresh_from_db()
    assert made.campaign_id == campaign.pk == text.campaign_id
    assert CampaignControl.objects.get().state == "running"
    assert Balance.objects.get().reserved == text.amount > 0
    assert text.profile_id == person().pk == only().profile_id
    chunk = PlanChunk.objects.get()
    assert (chunk.first_message_id, chunk.last_message_id) == (text.id, text.id)


def test_pressing_the_button_many_times_at_once_is_one_sign_up_and_one_text(tmp_path: Path) -> None:
    form(tmp_path)

    async def many(client: httpx.AsyncClient) -> list[httpx.Response]:
        said = {"phone": "010-0000-1234", "consent": "1"}
        return await asyncio.gather(*(client.post("/v1/forms/summer", json=said) for _ in range(20)))

    assert {answer.status_code for answer in visit(many)} == {200}
    assert Signup.objects.count() == 1
    assert len(texts()) == 1


def test_a_second_try_later_gets_a_second_text_but_no_stranger_can_be_bombed(tmp_path: Path) -> None:
    form(tmp_path)
    statuses = []
    for _ in range(6):
        statuses.append(sign_up().status_code)
        earlier = timezone.now() - timedelta(minutes=11)
        Signup.objects.filter(submitted_at__gt=earlier).update(submitted_at=earlier)
    assert statuses == [200, 200, 200, 429, 429, 429]
    assert len(texts()) == 3
    assert sorted(Signup.objects.values_list("state", flat=True)) == ["expired", "expired", "pending"]


def test_one_address_signs_up_a_few_phones_an_hour(tmp_path: Path) -> None:
    form(tmp_path, double_opt_in=False)

    async def many(client: httpx.AsyncClient) -> list[int]:
        statuses = []
        for number in range(22):
            said = {"phone": f"010-0000-{2000 + number}", "consent": "1"}
            statuses.append((await client.post("/v1/forms/summer", json=said)).status_code)
        return statuses

    assert visit(many) == [200] * 20 + [429] * 2


@pytest.mark.parametrize(
    ("said", "field", "code"),
    [
        ({"phone": ""}, "phone", "empty"),
        ({"phone": "010-0000-12"}, "phone", "invalid_number"),
        ({"phone": "02-123-4567"}, "phone", "not_mobile"),
        ({"phone": "전화"}, "phone", "not_a_number"),
        ({"phone": "01000001234\0"}, None, None),
        ({"consent": ""}, "consent", "consent_needed"),
        ({"consent": False}, "consent", "consent_needed"),
        ({"name": "x" * 101}, "name", "name_too_long"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(
    tmp_path: Path, said: dict[str, Any], field: str | None, code: str | None
) -> None:
    form(tmp_path)
    answer = sign_up(**said)
    if field is None:
        assert answer.status_code == 200
        return
    assert answer.status_code == 422
    error = answer.json()["error"]
    assert (error["field"], error["code"]) == (field, code)
    assert any("가" <= char <= "힣" for char in error["message"])
    assert not Signup.objects.exists()


def test_a_robot_that_fills_the_trap_is_thanked_and_forgotten(tmp_path: Path) -> None:
    form(tmp_path)
    answer = sign_up(website="https://spam.example")
    assert (answer.status_code, answer.json()["state"]) == (200, "pending")
    assert not Signup.objects.exists()
    assert not texts()
    assert not Profile.objects.exists()


def test_a_plain_html_form_works_without_javascript(tmp_path: Path) -> None:
    form(tmp_path)
    wrong = visit(lambda client: client.post("/v1/forms/summer", data={"phone": "010-0000-12", "name": "<b>지민"}))
    assert wrong.status_code == 422
    assert "없는 번호입니다." in wrong.text
    assert "&lt;b&gt;지민" in wrong.text
    assert "<b>지민" not in wrong.text
    good = visit(lambda client: client.post("/v1/forms/summer", data={"phone": "010-0000-1234", "consent": "1"}))
    assert good.status_code == 200
    assert "확인 문자를 보냈습니다" in good.text
    assert len(texts()) == 1


def test_a_form_may_lead_to_the_shops_own_page(tmp_path: Path) -> None:
    form(tmp_path, redirect_url="https://shop.example/thanks")
    answer = visit(lambda client: client.post("/v1/forms/summer", data={"phone": "010-0000-1234", "consent": "on"}))
    assert (answer.status_code, answer.headers["location"]) == (303, "https://shop.example/thanks")
    assert sign_up().json()["redirect"] == "https://shop.example/thanks"


def test_only_pages_of_its_origins_may_use_a_form(tmp_path: Path) -> None:
    form(tmp_path, origins=["shop.example"])
    stranger = sign_up(headers={"origin": "https://evil.example"})
    assert stranger.status_code == 403
    assert not Signup.objects.exists()
    shop = sign_up(headers={"origin": "https://shop.example"})
    assert shop.status_code == 200
    assert shop.headers["access-control-allow-origin"] == "https://shop.example"
    hosted = sign_up(phone="010-0000-1235", headers={"origin": "http://edge.example"})
    assert hosted.status_code == 200, "the form's own page always may"


def test_a_suppressed_phone_gets_no_text_and_nobody_is_told(tmp_path: Path) -> None:
    form(tmp_path)
    suppress([PHONE], reason="complaint")
    assert sign_up().json()["state"] == "pending"
    assert texts() == []
    assert only().trouble == "suppressed"
    assert Skip.objects.get().reason == 2
    assert Balance.objects.get().reserved == 0


def test_somebody_who_had_refused_agrees_anew(tmp_path: Path) -> None:
    form(tmp_path)
    sign_up()
    set_consent(
        phones=[PHONE], channel="text", purposes=["promotional"], state="unsubscribed", method="console", source="call"
    )
    press()
    assert consents() == {"promotional": "subscribed"}


def test_a_stranger_changes_nothing_about_a_person_we_know(tmp_path: Path) -> None:
    form(tmp_path)
    Profile.objects.create(phone=PHONE, country="KR", first_name="서연", external_id="c-1")
    sign_up(name="악당")
    assert person().first_name == "서연"
    press()
    assert person().first_name == "서연"
    assert consents() == {"promotional": "subscribed"}


def test_a_confirmation_that_nobody_paid_for_is_sent_when_somebody_does(tmp_path: Path) -> None:
    form(tmp_path, credits=0)
    assert sign_up().status_code == 200
    assert texts() == []
    assert only().trouble == "insufficient_balance"
    Balance.objects.update(total=1_000_000)
    assert send_waiting() == 1
    assert send_waiting() == 0
    assert len(texts()) == 1
    assert only().trouble == ""


def test_a_link_that_is_too_old_confirms_nothing(tmp_path: Path) -> None:
    form(tmp_path)
    sign_up()
    Signup.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert press().status_code == 410
    assert expire() == 1
    answer = press()
    assert answer.status_code == 410
    assert "/f/summer" in answer.text
    assert consents() == {}
    assert visit(lambda client: client.get("/o/nothing")).status_code == 404


def test_another_wording_is_another_statement_and_the_old_one_stays(tmp_path: Path) -> None:
    made = form(tmp_path, double_opt_in=False)
    sign_up()
    edit_form(made, by=None, wording="새 문구로 동의합니다.")
    sign_up(phone="010-0000-1235")
    (old,), (new,) = evidence(), evidence("+821000001235")
    assert old.statement is not None
    assert new.statement is not None
    assert (old.statement.wording, new.statement.wording) == (WORDING, "새 문구로 동의합니다.")


def test_a_closed_form_takes_nobody(tmp_path: Path) -> None:
    archive_form(form(tmp_path))
    assert visit(lambda client: client.get("/f/summer")).status_code == 410
    assert sign_up().status_code == 404
    assert visit(lambda client: client.get("/f/none")).status_code == 404
    assert not Signup.objects.exists()


def test_too_much_and_nonsense_are_refused(tmp_path: Path) -> None:
    form(tmp_path)
    assert sign_up(name="x" * 20_000).status_code == 413
    for body in (b"", b"[]", b"{", b'"x"', b"\xff\xfe"):
        answer = visit(functools.partial(_post, body=body))
        assert answer.status_code == 400


def test_a_moment_without_a_database_is_no_missing_form(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    form(tmp_path)
    from pabal.edge.forms import endpoints

    def away(key: str) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(endpoints, "_open_form", away)
    for address in ("/f/summer", "/v1/forms/summer"):
        answer = visit(functools.partial(_get, address=address))
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "3")
    assert sign_up().status_code == 503


async def _get(client: httpx.AsyncClient, *, address: str) -> httpx.Response:
    return await client.get(address)


async def _post(client: httpx.AsyncClient, *, body: bytes) -> httpx.Response:
    return await client.post("/v1/forms/summer", content=body)


def test_views_are_counted(tmp_path: Path) -> None:
    made = form(tmp_path)

    async def look(client: httpx.AsyncClient) -> None:
        for _ in range(3):
            await client.get("/f/summer")
        await client.get("/v1/forms/summer")

    visit(look)
    made.refresh_from_db()
    assert made.views == 4
    assert lists.create_list("x").size == 0
