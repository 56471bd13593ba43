from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from pabal.accounts import actions
from pabal.accounts.models import AuditEntry, Role, User
from pabal.errors import Conflict, PabalError
from tests.accounts.people import PASSWORD, SYSTEM, someone

FORM = {"name": "김파발", "email": "Admin@Shop.example", "password": PASSWORD}


@pytest.mark.django_db
def test_the_first_visitor_is_sent_to_the_welcome_page_and_becomes_the_admin(client: Client) -> None:
    assert client.get("/login").headers["Location"] == reverse("console:welcome")
    response = client.post("/welcome", FORM)
    assert response.status_code == 302
    user = User.objects.get()
    assert (user.email, user.role, user.name) == ("admin@shop.example", Role.ADMIN, "김파발")
    assert client.get(reverse("console:me")).status_code == 200
    assert AuditEntry.objects.get().action == "user.create"


@pytest.mark.django_db
def test_the_welcome_page_is_closed_once_there_is_an_account(client: Client) -> None:
    someone()
    assert client.get("/welcome").headers["Location"] == reverse("console:login")
    assert client.post("/welcome", FORM).headers["Location"] == reverse("console:login")
    assert User.objects.count() == 1
    with pytest.raises(Conflict):
        actions.make_first_admin(**FORM, by=SYSTEM)


@pytest.mark.django_db
def test_a_weak_password_is_refused_beside_its_field(client: Client) -> None:
    response = client.post("/welcome", {**FORM, "password": "password12"})
    assert response.status_code == 422
    assert "id_password" in response.content.decode()
    assert not User.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_many_simultaneous_first_runs_one_wins() -> None:
    def run(number: int) -> str:
        try:
            actions.make_first_admin(email=f"a{number}@shop.example", name="A", password=PASSWORD, by=SYSTEM)
            return "made"
        except PabalError as error:
            return error.code
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as threads:
        outcomes = list(threads.map(run, range(6)))
    assert sorted(outcomes) == ["already_set_up"] * 5 + ["made"]
    assert User.objects.count() == 1
