import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from pabal.accounts import keys
from pabal.accounts.keys import Scope
from pabal.accounts.models import ApiKey
from pabal.api.errors import Error
from tests.accounts import people
from tests.api.conftest import Call, caller
from tests.api.reference import operations


@pytest.mark.django_db
@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer x", "Bearer pabal_" + "a" * 40, "Basic eDp5"])
def test_without_a_valid_key_nothing_answers(authorization: str) -> None:
    response = Client().get("/api/v1/me", headers={"Authorization": authorization, "Accept-Language": "en"})
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert response.json()["error"]["code"] == "unauthenticated"


@pytest.mark.django_db
def test_a_revoked_key_is_refused_at_once() -> None:
    call = caller(people.key("read"))
    assert call("GET", "/me").status_code == 200
    ApiKey.objects.update(revoked_at=timezone.now())
    assert call("GET", "/me").status_code == 401


@pytest.mark.django_db
def test_only_the_digest_of_a_key_is_stored() -> None:
    key = people.key("read")
    row = ApiKey.objects.get()
    assert key.startswith(row.prefix)
    assert len(key) == 46
    assert bytes(row.digest) == keys.digest(key)
    assert key not in str(ApiKey.objects.values())


@pytest.mark.django_db
def test_the_use_of_a_key_is_noted_at_most_once_a_minute(django_assert_num_queries: object) -> None:
    key = people.key("read")
    call = caller(key)
    call("GET", "/me")
    first = ApiKey.objects.get().last_used_at
    assert first is not None
    call("GET", "/me")
    assert ApiKey.objects.get().last_used_at == first
    ApiKey.objects.update(last_used_at=first - keys.USE_NOTED_EVERY)
    call("GET", "/me")
    later = ApiKey.objects.get().last_used_at
    assert later is not None
    assert later > first


def test_every_error_has_the_documented_shape(call: Call) -> None:
    for method, path, status, code in [
        ("GET", "/nothing", 404, "not_found"),
        ("DELETE", "/me", 405, "method_not_allowed"),
        ("GET", "/", 404, "not_found"),
    ]:
        response = call(method, path)
        assert (response.status_code, response.data["error"]["code"]) == (status, code)
        Error.model_validate(response.data)
    assert call("DELETE", "/me").headers["Allow"] == "GET"


def test_messages_follow_the_language_of_the_caller(call: Call) -> None:
    korean = call("GET", "/nothing", **{"Accept-Language": "ko"}).data["error"]["message"]
    english = call("GET", "/nothing").data["error"]["message"]
    assert english == "There is nothing at this address."
    assert korean != english


def test_a_request_keeps_its_id(call: Call) -> None:
    assert call("GET", "/me", **{"X-Request-Id": "abc-1"}).headers["X-Request-Id"] == "abc-1"
    assert len(call("GET", "/me", **{"X-Request-Id": "a b\n"}).headers["X-Request-Id"]) == 32


def test_me_describes_the_key(call: Call) -> None:
    data = call("GET", "/me").data
    assert data["scopes"] == sorted(Scope.values)
    assert data["currency"] == "KRW"


@pytest.mark.django_db
def test_the_documentation_needs_no_other_host() -> None:
    page = Client().get("/api/v1/docs")
    assert page.status_code == 200
    assert b"http://" not in page.content
    assert b"https://" not in page.content


def example(path: str) -> str:
    """The address with something in each place that may stand there."""
    return re.sub(r"\{\w+\}", "1", path.replace("{job_id}", "00000000-0000-0000-0000-000000000001"))


@pytest.mark.django_db
@pytest.mark.parametrize(("method", "path"), [(method, path) for method, path, _operation in operations()])
def test_every_operation_is_there_and_asks_for_a_key(method: str, path: str) -> None:
    response = Client().generic(method, example(path))
    assert response.status_code == 401


@pytest.mark.django_db
@pytest.mark.parametrize(("method", "path", "operation"), list(operations()))
def test_every_operation_needs_its_scope(method: str, path: str, operation: dict[str, Any]) -> None:
    needed = operation["x-scope"]
    others = [scope for scope in Scope.values if scope != needed]
    response = caller(people.key(*others))(method, example(path).removeprefix("/api/v1"))
    if needed is None:
        assert response.status_code == 200
    else:
        assert (response.status_code, response.data["error"]["code"]) == (403, "scope_missing")
        assert response.data["error"]["details"] == {"scope": needed}


def test_reading_needs_only_read_and_writing_never_does() -> None:
    for method, path, operation in operations():
        writes = operation.get("x-audited", False)
        if path != "/api/v1/write-keys":  # what it reads are keys
            assert (operation["x-scope"] in ("read", None)) == (not writes), (method, path)
