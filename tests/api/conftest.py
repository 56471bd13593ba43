from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from pabal.accounts.keys import Scope
from tests.accounts import people
from tests.accounts.conftest import quick_passwords

__all__ = ["quick_passwords"]

#: `call("POST", "/lists", {...}, key="…", idempotency="…")` → the response, its JSON as `.data`.
Call = Callable[..., Any]


def caller(key: str) -> Call:
    """A function that calls the API with `key`."""
    client = Client(raise_request_exception=False)

    def call(method: str, path: str, body: Any = None, *, idempotency: str = "", **headers: str) -> Any:
        sent = {"Authorization": f"Bearer {key}", "Accept-Language": "en", **headers}
        if idempotency:
            sent["Idempotency-Key"] = idempotency
        content = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
        response = client.generic(method, f"/api/v1{path}", headers=sent, **content)
        is_json = response.headers.get("Content-Type", "").startswith("application/json")
        response.data = json.loads(response.content) if is_json and response.content else None
        return response

    return call


@pytest.fixture
def call(db: None) -> Call:
    """The API with a key that may do everything."""
    return caller(people.key(*Scope.values))
