import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client

from pabal.accounts import tasks
from pabal.accounts.keys import Scope
from pabal.accounts.models import AuditEntry, IdempotencyKey
from pabal.audience.models import Import
from pabal.billing.models import Balance, LedgerEntry
from tests.accounts import people
from tests.api.conftest import Call, caller

TOP_UP = {"amount": 5_000_000, "note": "March"}


def test_the_same_key_and_request_is_done_once_and_answered_alike(call: Call) -> None:
    first = call("POST", "/balance/top-ups", TOP_UP, idempotency="a")
    second = call("POST", "/balance/top-ups", TOP_UP, idempotency="a")
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert "Idempotent-Replay" not in first.headers
    assert second.headers["Idempotent-Replay"] == "true"
    assert LedgerEntry.objects.count() == 1
    assert AuditEntry.objects.filter(action="balance.top_up").count() == 1


def test_the_same_key_with_another_request_is_refused(call: Call) -> None:
    call("POST", "/balance/top-ups", TOP_UP, idempotency="a")
    other = call("POST", "/balance/top-ups", {**TOP_UP, "amount": 1}, idempotency="a")
    assert (other.status_code, other.data["error"]["code"]) == (422, "idempotency_key_reused")
    elsewhere = call("POST", "/balance/corrections", TOP_UP, idempotency="a")
    assert elsewhere.data["error"]["code"] == "idempotency_key_reused"
    assert LedgerEntry.objects.count() == 1


def test_without_a_key_each_request_counts(call: Call) -> None:
    call("POST", "/balance/top-ups", TOP_UP)
    call("POST", "/balance/top-ups", TOP_UP)
    assert LedgerEntry.objects.count() == 2


def test_a_refused_request_leaves_its_key_free(call: Call) -> None:
    assert call("POST", "/balance/top-ups", {"amount": -1}, idempotency="a").status_code == 422
    assert not IdempotencyKey.objects.exists()
    assert call("POST", "/balance/top-ups", TOP_UP, idempotency="a").status_code == 201


@pytest.mark.django_db
def test_keys_of_two_callers_do_not_meet() -> None:
    first, second = caller(people.key(Scope.ADMIN)), caller(people.key(Scope.ADMIN))
    assert first("POST", "/balance/top-ups", TOP_UP, idempotency="a").status_code == 201
    assert second("POST", "/balance/top-ups", {"amount": 7}, idempotency="a").status_code == 201


@pytest.mark.parametrize("key", ["x" * 256, "a\tb"])
def test_impossible_keys_are_refused(call: Call, key: str) -> None:
    response = call("POST", "/balance/top-ups", TOP_UP, idempotency=key)
    assert response.data["error"]["code"] == "invalid_idempotency_key"


def test_a_key_is_forgotten_after_a_day(call: Call) -> None:
    call("POST", "/balance/top-ups", TOP_UP, idempotency="a")
    row = IdempotencyKey.objects.get()
    IdempotencyKey.objects.update(created_at=row.created_at - timedelta(hours=25))
    assert "Idempotent-Replay" not in call("POST", "/balance/top-ups", TOP_UP, idempotency="a").headers
    IdempotencyKey.objects.update(created_at=row.created_at - timedelta(hours=25))
    tasks.forget_expired(0)
    assert not IdempotencyKey.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_many_simultaneous_requests_one_is_done() -> None:
    Balance.objects.get_or_create(pk=1)  # emptied after other tests of this kind
    key = people.key(Scope.ADMIN)
    start = threading.Barrier(8)

    def send(_number: int) -> tuple[int, str]:
        call = caller(key)
        try:
            start.wait()
            response = call("POST", "/balance/top-ups", TOP_UP, idempotency="once")
            return response.status_code, response.data.get("error", {}).get("code", "")
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        outcomes = list(threads.map(send, range(8)))
    assert set(outcomes) <= {(201, ""), (409, "in_progress")}
    assert (201, "") in outcomes
    assert LedgerEntry.objects.count() == 1
    assert Balance.objects.get().total == TOP_UP["amount"]


@pytest.mark.django_db(transaction=True)
def test_a_crash_before_the_answer_leaves_neither_change_nor_key(monkeypatch: pytest.MonkeyPatch) -> None:
    Balance.objects.get_or_create(pk=1)
    call = caller(people.key(Scope.ADMIN))

    def crash(**_values: object) -> None:
        raise SystemError

    with monkeypatch.context() as patch:
        patch.setattr(IdempotencyKey.objects, "create", crash)
        assert call("POST", "/balance/top-ups", TOP_UP, idempotency="a").status_code == 500
    assert not LedgerEntry.objects.exists()
    assert call("POST", "/balance/top-ups", TOP_UP, idempotency="a").status_code == 201


@pytest.mark.django_db
def test_an_uploaded_file_counts_by_its_content() -> None:
    key = people.key(Scope.PROFILES)

    def upload(content: str, idempotency: str) -> int:
        file = SimpleUploadedFile("people.csv", content.encode())
        headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": idempotency}
        return Client().post("/api/v1/imports", {"file": file}, headers=headers).status_code

    assert upload("phone\n010-0000-0001\n", "a") == 201
    assert upload("phone\n010-0000-0001\n", "a") == 201
    assert Import.objects.count() == 1
    assert upload("phone\n010-0000-0002\n", "a") == 422
