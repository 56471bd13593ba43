from pabal.delivery.credentials import seal
from pabal.delivery.models import ProviderAccount, Sender
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
    assert set(providers) == {"sandbox", "smpp"}
    assert [s["name"] for s in providers["smpp"] if s["secret"]] == ["password"]
