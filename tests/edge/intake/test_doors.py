"""Who may come in, from where, and what happens when too many do."""

from __future__ import annotations

import base64
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import psycopg
import pytest

from pabal.audience.models import Event, WriteKey
from pabal.edge.intake.limits import WAITING_EVENTS
from tests.delivery.sending import dsn
from tests.edge.intake.edge import BROWSER_KEY, SERVER_KEY, Edge

pytestmark = pytest.mark.django_db(transaction=True)

BODY = {"userId": "c1", "event": "x"}


def test_a_beacon_of_a_page_carries_the_key_in_its_body(shop: Edge) -> None:
    content = json.dumps({"writeKey": BROWSER_KEY, "batch": [BODY | {"type": "track"}]})
    headers = {"content-type": "text/plain;charset=UTF-8", "origin": "https://shop.kr"}
    answer = httpx.post(f"{shop.url}/v1/batch", content=content, headers=headers, timeout=30)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "https://shop.kr"
    answer = httpx.post(f"{shop.url}/v1/t", content=json.dumps(BODY | {"writeKey": BROWSER_KEY}), timeout=30)
    assert (answer.status_code, Event.objects.count()) == (200, 2)


def test_a_page_may_ask_before_it_sends(shop: Edge) -> None:
    answer = httpx.options(
        f"{shop.url}/v1/track",
        headers={"origin": "https://shop.kr", "access-control-request-method": "POST"},
        timeout=30,
    )
    assert answer.status_code == 204
    assert "authorization" in answer.headers["access-control-allow-headers"]


def test_a_key_of_one_origin_is_refused_on_pages_of_another(shop: Edge) -> None:
    WriteKey.objects.create(name="x", key="wk_origin", kind="browser", origins=["https://shop.kr"])
    for origin, status in (("https://shop.kr", 200), ("https://evil.example", 401), ("null", 401)):
        assert shop.post("track", BODY, key="wk_origin", headers={"origin": origin}).status_code == status


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic",
        "Basic !",
        "Basic " + base64.b64encode(b"\xff:").decode(),
        "Bearer",
        "Digest x",
        "Basic " + "A" * 5000,
    ],
)
def test_headers_that_hold_no_key_are_401(shop: Edge, header: str) -> None:
    headers = {"authorization": header} if header else {}
    answer = httpx.post(f"{shop.url}/v1/track", json=BODY, headers=headers, timeout=30)
    assert (answer.status_code, answer.json()["success"]) == (401, False)
    assert "www-authenticate" in answer.headers
    assert not Event.objects.exists()


def test_a_bearer_token_is_a_key_too(shop: Edge) -> None:
    answer = httpx.post(
        f"{shop.url}/v1/track", json=BODY, headers={"authorization": f"Bearer {SERVER_KEY}"}, timeout=30
    )
    assert answer.status_code == 200


def test_a_page_can_not_take_the_message_id_of_a_server(shop: Edge) -> None:
    shop.post("track", BODY | {"messageId": "order-1"}, key=BROWSER_KEY)
    shop.post("track", BODY | {"messageId": "order-1"})
    assert Event.objects.count() == 2


@pytest.mark.parametrize(("method", "call", "status"), [("GET", "track", 404), ("POST", "nothing", 404)])
def test_what_is_no_call_is_404(shop: Edge, method: str, call: str, status: int) -> None:
    answer = httpx.request(method, f"{shop.url}/v1/{call}", auth=(SERVER_KEY, ""), timeout=30)
    assert answer.status_code == status


def test_too_many_waiting_are_429_and_all_that_was_acknowledged_is_stored(shop: Edge) -> None:
    size = 6_000
    messages = [BODY | {"type": "track", "userId": f"c{n}"} for n in range(size)]
    body = json.dumps({"batch": messages}).encode()
    requests = WAITING_EVENTS // size + 4

    def post(_number: int) -> httpx.Response:
        return httpx.post(f"{shop.url}/v1/batch", content=body, auth=(SERVER_KEY, ""), timeout=120)

    release = threading.Event()

    def hold() -> None:
        with psycopg.connect(dsn()) as connection:
            connection.execute("LOCK TABLE event IN ACCESS EXCLUSIVE MODE")
            release.wait(20)

    shop.post("batch", {"batch": messages})  # everybody is known
    before = Event.objects.count()
    holder = threading.Thread(target=hold)
    holder.start()
    time.sleep(0.5)
    with ThreadPoolExecutor(requests) as pool:
        answers = [pool.submit(post, number) for number in range(requests)]
        deadline = time.monotonic() + 18
        while not any(answer.done() for answer in answers) and time.monotonic() < deadline:
            time.sleep(0.05)
        release.set()
        found = [answer.result() for answer in answers]
    holder.join()
    refused = [answer for answer in found if answer.status_code == 429]
    assert refused
    assert {answer.headers["retry-after"] for answer in refused} == {"1"}
    assert refused[0].json()["code"] == "overloaded"
    taken = sum(answer.status_code == 200 for answer in found)
    assert taken + len(refused) == requests
    assert Event.objects.count() - before == taken * size
