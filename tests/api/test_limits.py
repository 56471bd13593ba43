"""How often a key may ask."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pabal import config
from pabal.accounts.keys import Scope
from pabal.accounts.models import ApiUse
from pabal.audience.models import List
from tests.accounts import people
from tests.api.conftest import Call, caller

pytestmark = pytest.mark.django_db


@pytest.fixture
def three_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PABAL_API_PER_MINUTE", "3")
    config.get.cache_clear()
    monkeypatch.setattr("pabal.api.limits.get", config.load)


def test_every_answer_says_what_is_left(call: Call) -> None:
    heads = [call("GET", "/me").headers for _ in range(2)]
    left = [int(head["RateLimit-Remaining"]) for head in heads]
    assert left in ([1199, 1198], [1199, 1199])  # the minute may end in between
    assert all(head["RateLimit-Limit"] == "1200" and 1 <= int(head["RateLimit-Reset"]) <= 60 for head in heads)


def test_past_the_limit_nothing_is_done_until_the_next_minute(three_a_minute: None) -> None:
    call, other = (caller(people.key(*Scope.values)) for _ in range(2))
    for _ in range(3):
        call("GET", "/lists")
    ApiUse.objects.update(requests=3)  # even if the minute ended meanwhile
    refused = call("POST", "/lists", {"name": "VIP", "key": "vip"})
    assert (refused.status_code, refused.data["error"]["code"]) == (429, "rate_limited")
    assert refused.headers["RateLimit-Remaining"] == "0"
    assert refused.headers["Retry-After"] == refused.headers["RateLimit-Reset"]
    assert not List.objects.exists()
    assert other("GET", "/lists").status_code == 200, "another key has its own"
    use = ApiUse.objects.order_by("-requests")[0]
    ApiUse.objects.filter(pk=use.pk).update(minute=use.minute - timedelta(minutes=1))
    assert call("POST", "/lists", {"name": "VIP", "key": "vip"}).status_code == 201


def test_without_a_key_nothing_is_counted(call: Call) -> None:
    response = caller("pabal_wrong")("GET", "/me")
    assert response.status_code == 401
    assert "RateLimit-Limit" not in response.headers
