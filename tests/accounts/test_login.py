from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test import Client, RequestFactory, override_settings

from pabal.accounts import login
from pabal.accounts.access import _trusted, client_address
from pabal.accounts.models import AuditEntry, LoginAttempt, Role
from pabal.errors import PabalError
from tests.accounts.people import PASSWORD, someone


def log_in(client: Client, password: str, email: str = "admin@shop.example", **extra: str) -> int:
    return client.post("/login", {"email": email, "password": password}, **extra).status_code


@pytest.mark.django_db
def test_the_right_password_lets_in_and_leaves_an_entry(client: Client) -> None:
    someone()
    assert log_in(client, PASSWORD, email="ADMIN@shop.example") == 302
    assert AuditEntry.objects.get().action == "user.log_in"
    assert not LoginAttempt.objects.exists()


@pytest.mark.django_db
def test_unknown_wrong_and_deactivated_look_alike(client: Client) -> None:
    someone()
    gone = someone(Role.EDITOR)
    gone.is_active = False
    gone.save()
    pages = []
    for email, password in [("x@y.example", PASSWORD), ("admin@shop.example", "no"), (gone.email, PASSWORD)]:
        response = client.post("/login", {"email": email, "password": password})
        assert response.status_code == 422
        pages.append(response.context["form"].non_field_errors())
    assert pages[0] == pages[1] == pages[2]


@pytest.mark.django_db
def test_the_sixth_attempt_for_an_account_from_one_address_waits_even_with_the_right_password(client: Client) -> None:
    someone()
    assert [log_in(client, "wrong") for _n in range(5)] == [422] * 5
    assert log_in(client, PASSWORD) == 429
    assert log_in(client, PASSWORD, REMOTE_ADDR="198.51.100.7") == 302


@pytest.mark.django_db
def test_guessing_across_accounts_from_one_address_is_limited(client: Client) -> None:
    someone()
    LoginAttempt.objects.bulk_create(
        [LoginAttempt(email=f"{n}@shop.example", address="127.0.0.1") for n in range(login.PER_ADDRESS)]
    )
    assert log_in(client, PASSWORD) == 429


@pytest.mark.django_db(transaction=True)
def test_simultaneous_attempts_count_each_other() -> None:
    someone()
    request = RequestFactory().post("/login")

    def attempt(number: int) -> str:
        try:
            login.check(request, "admin@shop.example", "wrong", address="192.0.2.1")
            return "in"
        except PabalError as error:
            return error.code
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        outcomes = list(threads.map(attempt, range(12)))
    assert outcomes.count("wrong_password") <= login.PER_EMAIL_AND_ADDRESS
    assert set(outcomes) == {"wrong_password", "too_many_attempts"}


@pytest.mark.django_db
def test_log_in_leads_back_to_a_page_of_ours_only(client: Client) -> None:
    someone()
    wanted = {"email": "admin@shop.example", "password": PASSWORD}
    assert client.post("/login", {**wanted, "next": "/settings/audit"}).headers["Location"] == "/settings/audit"
    assert "evil" not in Client().post("/login", {**wanted, "next": "https://evil.example/"}).headers["Location"]


@pytest.mark.django_db
def test_pages_send_strangers_to_the_log_in_and_fragments_too(client: Client) -> None:
    someone()
    assert client.get("/settings/audit").headers["Location"] == "/login?next=/settings/audit"
    assert client.get("/settings/audit", headers={"HX-Request": "true"}).headers["HX-Redirect"] == "/login"


@pytest.mark.parametrize(
    ("remote", "forwarded", "expected"),
    [
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ("10.0.0.2", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.2", "1.2.3.4, 198.51.100.1, 10.0.0.3", "198.51.100.1"),
        ("10.0.0.2", "nonsense", "10.0.0.2"),
        ("10.0.0.2", "", "10.0.0.2"),
    ],
)
def test_forwarded_addresses_count_only_from_trusted_proxies(remote: str, forwarded: str, expected: str) -> None:
    from ipaddress import ip_network

    request = RequestFactory().get("/", REMOTE_ADDR=remote, HTTP_X_FORWARDED_FOR=forwarded)
    _trusted.cache_clear()
    with override_settings(TRUSTED_PROXIES=[ip_network("10.0.0.0/8")]):
        assert client_address(request) == expected
    _trusted.cache_clear()
