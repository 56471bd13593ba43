from pabal.accounts.models import AuditEntry
from pabal.delivery.credentials import seal
from pabal.delivery.models import ProviderAccount, Sender
from pabal.providers.registry import PROVIDERS
from tests.api.conftest import Call


def test_senders_and_accounts_are_shown_without_secrets(call: Call) -> None:
    account = ProviderAccount.objects.create(
        name="carrier", provider="smpp", settings={"host": "smsc.example"}, secrets=seal({"password": "hunter22"})
    )
    sender = Sender.objects.create(account=account, address="0212345678", name="파발", kind="long_code", country="KR")
    assert [row["id"] for row in call("GET", "/senders").data["data"]] == [sender.pk]
    assert call("GET", f"/senders/{sender.pk}").data["name"] == "파발"
    shown = call("GET", f"/provider-accounts/{account.pk}")
    assert shown.data["settings"] == {"host": "smsc.example"}
    assert shown.data["has_secrets"] is True
    assert b"hunter22" not in shown.content + call("GET", "/provider-accounts").content
    assert call("GET", "/senders/999").data["error"]["code"] == "not_found"


def test_providers_say_what_an_account_needs(call: Call) -> None:
    providers = {row["name"]: row["settings"] for row in call("GET", "/providers").data}
    assert set(providers) == set(PROVIDERS)
    assert [s["name"] for s in providers["smpp"] if s["secret"]] == ["password"]


def test_an_account_and_a_sender_are_made_and_changed(call: Call) -> None:
    account = {"name": "carrier", "provider": "smpp", "settings": {"host": "smsc.example", "port": 2775}}
    missing = call("POST", "/provider-accounts", account).data["error"]
    assert missing["code"] == "setting_required"
    account["settings"] |= {"system_id": "pabal", "password": "hunter22"}
    made = call("POST", "/provider-accounts", account)
    assert made.status_code == 201, made.data
    assert made.data["has_secrets"] is True
    assert b"hunter22" not in made.content
    body = {"name": "파발", "address": "02-1234-5678", "kind": "long_code", "country": "KR", "throughput": 50}
    sender = call("POST", "/senders", {**body, "account_id": made.data["id"]}).data
    assert call("POST", "/senders", {**body, "account_id": made.data["id"]}).data["error"]["code"] == "address_taken"
    assert call("POST", "/senders", {**body, "account_id": 999}).data["error"]["code"] == "unknown_account"
    assert call("PUT", f"/senders/{sender['id']}", body).data["throughput"] == 50
    assert call("PUT", f"/senders/{sender['id']}", {**body, "throughput": 90}).data["throughput"] == 90
    changed = call("PATCH", f"/provider-accounts/{made.data['id']}", {"name": "other", "settings": {"port": 2776}}).data
    assert (changed["name"], changed["settings"]["port"], changed["has_secrets"]) == ("other", 2776, True)
    assert "hunter22" not in str(list(AuditEntry.objects.values()))


def test_files_of_the_server_are_out_of_reach(call: Call) -> None:
    account = {"name": "x", "provider": "sandbox", "settings": {"log_file": "/tmp/x"}}
    assert call("POST", "/provider-accounts", account).data["error"]["field"] == "log_file"
    assert "log_file" not in str(call("GET", "/providers").data)


def test_answers_of_a_sender_stay_unless_they_are_given(call: Call) -> None:
    account = ProviderAccount.objects.create(name="carrier", provider="sandbox")
    body = {"name": "파발", "address": "02-1234-5678", "kind": "long_code", "country": "KR"}
    made = call("POST", "/senders", {**body, "account_id": account.pk, "replies": {"stop": None, "start": ""}}).data
    assert made["replies"] == {"start": ""}
    assert call("PUT", f"/senders/{made['id']}", body).data["replies"] == {"start": ""}
    refused = call("PUT", f"/senders/{made['id']}", {**body, "replies": {"help": "가" * 46}}).data["error"]
    assert (refused["code"], refused["field"]) == ("reply_too_long", "reply_help")
    assert call("PUT", f"/senders/{made['id']}", {**body, "replies": {}}).data["replies"] == {}
