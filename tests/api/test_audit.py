"""Every operation that changes something leaves an entry. The operations are enumerated: a new one needs a probe here."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from pabal.accounts.keys import Scope
from pabal.accounts.models import AuditEntry
from pabal.audience.models import Profile
from pabal.campaigns.models import Campaign, CampaignState, Plan, PlanMode
from pabal.delivery.models import ProviderAccount, Sender
from pabal.reports.models import Alert, AlertKind
from tests.accounts import people
from tests.accounts.probes_delivery import campaign_ask, campaign_split
from tests.api.conftest import Call, caller
from tests.api.reference import operations
from tests.campaigns.conftest import engine_folder, shop, synchroniser, warehouse
from tests.campaigns.shop import Shop
from tests.pictures import photo_file

__all__ = ["engine_folder", "shop", "synchroniser", "warehouse"]

Probe = Callable[[Call], Any]
PROBES: dict[str, Probe] = {}


def probe(function: Probe) -> Probe:
    """The one valid call of the operation of this name."""
    PROBES[function.__name__] = function
    return function


def draft(call: Call, **fields: Any) -> str:
    key: str = call("POST", "/campaigns", {"name": "Spring", "key": "spring", **fields}).data["key"]
    return key


def sendable(call: Call) -> str:
    """A campaign that a review can be asked for."""
    account = ProviderAccount.objects.create(name="sandbox", provider="sandbox")
    sender = Sender.objects.create(account=account, address="0212345678", name="파발", kind="long_code", country="KR")
    return draft(call, all_profiles=True, text="안녕", senders=[sender.pk])


@probe
def create_channel(call: Call) -> Any:
    account = ProviderAccount.objects.create(name="sandbox", provider="sandbox")
    return call("POST", "/channels", {"account_id": account.pk, "name": "파발", "address": "@pabal"})


@probe
def edit_channel(call: Call) -> Any:
    pk = create_channel(call).data["id"]
    return call("PUT", f"/channels/{pk}", {"name": "파발", "address": "@pabal", "friends": 60_000})


@probe
def create_test_person(call: Call) -> Any:
    return call("POST", "/test-people", {"name": "수진", "phone": "010-0000-0001"})


@probe
def delete_test_person(call: Call) -> Any:
    return call("DELETE", f"/test-people/{create_test_person(call).data['id']}")


@probe
def send_test(call: Call) -> Any:
    key = sendable(call)
    return call("POST", f"/campaigns/{key}/test", {"people": [create_test_person(call).data["id"]]})


def in_state(call: Call, state: CampaignState) -> str:
    key = draft(call)
    Campaign.objects.update(state=state)
    return key


def members(call: Call) -> dict[str, Any]:
    Profile.objects.create(external_id="c-1", phone="+821000000001")
    call("POST", "/lists", {"name": "x", "key": "x"})
    return {"external_ids": ["c-1"]}


@probe
def ask_campaign(call: Call) -> Any:
    return call("POST", campaign_ask(Client())[0])


@probe
def split_campaign(call: Call) -> Any:
    return call("POST", campaign_split(Client())[0], {"by": "days"})


@probe
def acknowledge_alert(call: Call) -> Any:
    return call("POST", f"/alerts/{Alert.objects.create(kind=AlertKind.BALANCE_LOW).pk}/acknowledge")


@probe
def edit_alert_levels(call: Call) -> Any:
    return call("PATCH", "/alert-levels", {"failed_percent": 4})


@probe
def write_profiles(call: Call) -> Any:
    return call("POST", "/profiles", {"profiles": [{"external_id": "c-1"}]})


@probe
def create_write_key(call: Call) -> Any:
    return call("POST", "/write-keys", {"name": "Shop", "kind": "browser", "origins": ["https://shop.example"]})


@probe
def revoke_write_key(call: Call) -> Any:
    return call("DELETE", f"/write-keys/{create_write_key(call).data['id']}")


def signup_form(call: Call) -> str:
    body = {"name": "Summer", "wording": "I agree.", "double_opt_in": False}
    key: str = call("POST", "/signup-forms", body).data["key"]
    return key


@probe
def create_signup_form(call: Call) -> Any:
    return call("POST", "/signup-forms", {"name": "Summer", "wording": "I agree.", "double_opt_in": False})


@probe
def edit_signup_form(call: Call) -> Any:
    return call("PATCH", f"/signup-forms/{signup_form(call)}", {"wording": "I agree, too."})


@probe
def archive_signup_form(call: Call) -> Any:
    return call("DELETE", f"/signup-forms/{signup_form(call)}")


@probe
def restore_signup_form(call: Call) -> Any:
    key = signup_form(call)
    call("DELETE", f"/signup-forms/{key}")
    return call("POST", f"/signup-forms/{key}/restore")


@probe
def erase_profile(call: Call) -> Any:
    return call("DELETE", f"/profiles/{Profile.objects.create(external_id='c-1').pk}")


@probe
def set_consent(call: Call) -> Any:
    return call("POST", "/profiles/consent", members(call) | {"state": "subscribed", "source": "x"})


@probe
def merge_two_profiles(call: Call) -> Any:
    keep, gone = Profile.objects.create(external_id="c-1"), Profile.objects.create(external_id="c-2")
    return call("POST", "/profiles/merge", {"keep": keep.pk, "gone_external_id": gone.external_id})


@probe
def add_suppressions(call: Call) -> Any:
    return call("POST", "/suppressions", {"phones": ["+821000000001"], "source": "call centre"})


@probe
def lift_suppressions(call: Call) -> Any:
    call("POST", "/suppressions", {"phones": ["+821000000001"]})
    return call("POST", "/suppressions/lift", {"phones": ["010-0000-0001"]})


@probe
def suppress(call: Call) -> Any:
    return call("POST", "/profiles/suppress", members(call))


@probe
def unsuppress(call: Call) -> Any:
    return call("POST", "/profiles/unsuppress", members(call))


@probe
def create_list(call: Call) -> Any:
    return call("POST", "/lists", {"name": "x"})


@probe
def edit_list(call: Call) -> Any:
    members(call)
    return call("PATCH", "/lists/x", {"name": "y"})


@probe
def archive_list(call: Call) -> Any:
    members(call)
    return call("DELETE", "/lists/x")


@probe
def restore_list(call: Call) -> Any:
    members(call)
    call("DELETE", "/lists/x")
    return call("POST", "/lists/x/restore")


@probe
def add_members(call: Call) -> Any:
    return call("POST", "/lists/x/members", members(call))


@probe
def remove_members(call: Call) -> Any:
    return call("POST", "/lists/x/members/remove", members(call))


EVERYBODY = {"type": "group"}


def segment(call: Call) -> str:
    key: str = call("POST", "/segments", {"name": "All", "key": "all", "condition": EVERYBODY}).data["key"]
    return key


@probe
def create_segment(call: Call) -> Any:
    return call("POST", "/segments", {"name": "All", "condition": EVERYBODY})


@probe
def edit_segment(call: Call) -> Any:
    return call("PATCH", f"/segments/{segment(call)}", {"name": "Everybody"})


@probe
def duplicate_segment(call: Call) -> Any:
    return call("POST", f"/segments/{segment(call)}/duplicate")


@probe
def archive_segment(call: Call) -> Any:
    return call("DELETE", f"/segments/{segment(call)}")


@probe
def restore_segment(call: Call) -> Any:
    key = segment(call)
    call("DELETE", f"/segments/{key}")
    return call("POST", f"/segments/{key}/restore")


@probe
def make_list_from_segment(call: Call) -> Any:
    return call("POST", f"/segments/{segment(call)}/list", {})


def upload(call: Call) -> Any:
    key = people.key(Scope.PROFILES)
    file = SimpleUploadedFile("people.csv", "phone,first_name\n010-0000-0001,지민\n".encode())
    return Client().post("/api/v1/imports", {"file": file}, headers={"Authorization": f"Bearer {key}"})


@probe
def upload_import(call: Call) -> Any:
    return upload(call)


@probe
def upload_image(call: Call) -> Any:
    key = people.key(Scope.CAMPAIGNS)
    file = SimpleUploadedFile("a.jpg", photo_file())
    return Client().post("/api/v1/images", {"file": file}, headers={"Authorization": f"Bearer {key}"})


@probe
def upload_encoded_image(call: Call) -> Any:
    return call("POST", "/images/encoded", {"name": "a.jpg", "data": base64.b64encode(photo_file()).decode()})


@probe
def start_import(call: Call) -> Any:
    return call("POST", f"/imports/{upload(call).json()['id']}/start", {})


@probe
def discard_import(call: Call) -> Any:
    return call("DELETE", f"/imports/{upload(call).json()['id']}")


@probe
def create_campaign(call: Call) -> Any:
    return call("POST", "/campaigns", {"name": "x"})


@probe
def edit_campaign(call: Call) -> Any:
    return call("PATCH", f"/campaigns/{draft(call)}", {"text": "x"})


@probe
def discard_campaign(call: Call) -> Any:
    return call("DELETE", f"/campaigns/{draft(call)}")


@probe
def duplicate_campaign(call: Call) -> Any:
    return call("POST", f"/campaigns/{draft(call)}/duplicate")


@probe
def send_again(call: Call) -> Any:
    from tests.accounts.console_probes import missed

    key = in_state(call, CampaignState.DONE)
    missed(key)
    return call("POST", f"/campaigns/{key}/again", {"missed": "expired"})


@probe
def request_review(call: Call) -> Any:
    return call("POST", f"/campaigns/{sendable(call)}/reviews")


@probe
def pause_campaign(call: Call) -> Any:
    return call("POST", f"/campaigns/{in_state(call, CampaignState.SENDING)}/pause")


@probe
def resume_campaign(call: Call) -> Any:
    return call("POST", f"/campaigns/{in_state(call, CampaignState.PAUSED)}/resume")


@probe
def end_campaign(call: Call) -> Any:
    return call("POST", f"/campaigns/{in_state(call, CampaignState.PAUSED)}/end")


@probe
def unschedule_campaign(call: Call) -> Any:
    return call("POST", f"/campaigns/{in_state(call, CampaignState.SCHEDULED)}/unschedule")


@probe
def top_up(call: Call) -> Any:
    return call("POST", "/balance/top-ups", {"amount": 5})


@probe
def rebuild_warehouse(call: Call) -> Any:
    return call("POST", "/warehouse/rebuild", {})


@probe
def correct_balance(call: Call) -> Any:
    return call("POST", "/balance/corrections", {"amount": 5, "note": "x"})


PRICE = {"provider": "sandbox", "kind": "sms", "country": "KR", "amount": 12_000, "valid_from": "2026-01-01"}


@probe
def set_price(call: Call) -> Any:
    return call("POST", "/prices", PRICE)


@probe
def remove_price(call: Call) -> Any:
    return call("DELETE", f"/prices/{call('POST', '/prices', PRICE).data['id']}")


SENDER: dict[str, Any] = {"name": "파발", "address": "0212345678", "kind": "long_code", "country": "KR"}


def sender(call: Call) -> int:
    made: int = create_sender(call).data["id"]
    return made


@probe
def create_account(call: Call) -> Any:
    return call("POST", "/provider-accounts", {"name": "sandbox", "provider": "sandbox"})


@probe
def edit_provider_account(call: Call) -> Any:
    return call("PATCH", f"/provider-accounts/{create_account(call).data['id']}", {"name": "other"})


@probe
def create_sender(call: Call) -> Any:
    return call("POST", "/senders", {**SENDER, "account_id": create_account(call).data["id"]})


@probe
def edit_sender(call: Call) -> Any:
    return call("PUT", f"/senders/{sender(call)}", {**SENDER, "throughput": 20})


@probe
def stop_sender(call: Call) -> Any:
    return call("POST", f"/senders/{sender(call)}/stop", {"reason": "x"})


@probe
def start_sender(call: Call) -> Any:
    pk = sender(call)
    call("POST", f"/senders/{pk}/stop", {})
    return call("POST", f"/senders/{pk}/start")


@probe
def archive_sender(call: Call) -> Any:
    return call("DELETE", f"/senders/{sender(call)}")


AUDITED = sorted(operation["operationId"] for _m, _p, operation in operations() if operation.get("x-audited"))
#: Tried on the real engines below: only what was planned can be launched.
ENGINES = {"launch_campaign"}


def test_every_write_is_audited_or_changes_nothing() -> None:
    unaudited = {op["operationId"] for _m, _p, op in operations() if op.get("x-audited") is False}
    assert unaudited == {"measure_text", "preview_content", "count_condition"}


@pytest.mark.parametrize("name", [name for name in AUDITED if name not in ENGINES])
def test_the_change_leaves_an_entry(call: Call, name: str) -> None:
    assert name in PROBES, f"write a probe of {name}"
    response = PROBES[name](call)
    assert response.status_code < 300, response.content
    entry = AuditEntry.objects.latest("id")
    assert entry.api_key is not None
    assert entry.address == "127.0.0.1"


@pytest.mark.django_db(transaction=True)
def test_a_launch_leaves_an_entry(shop: Shop) -> None:
    call = caller(people.key(*Scope.values))
    shop.people(1)
    key = draft(
        call,
        all_profiles=True,
        text="안녕",
        senders=[shop.korean.pk],
        purpose="informational",
        hours_from="00:00",
        hours_to="00:00",
    )  # at any hour of the day
    shop.carry_out(Plan.objects.get(pk=call("POST", f"/campaigns/{key}/reviews").data["id"], mode=PlanMode.REVIEW))
    assert call("POST", f"/campaigns/{key}/launch", {"expected_messages": 1}).status_code == 200
    assert AuditEntry.objects.latest("id").action == "campaign.launch"


def test_a_change_without_an_entry_is_not_made(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pabal.accounts.audit.record", lambda *_values: None)
    assert call("POST", "/lists", {"name": "x", "key": "x"}).status_code == 500
    assert call("GET", "/lists/x").status_code == 404
