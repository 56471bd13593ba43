"""Short links and the opt-out page, by the application itself on the real database."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from pabal import config
from pabal.audience.actions import set_consent
from pabal.audience.models import Consent, Profile
from pabal.content.links import UNSUBSCRIBE, make_code
from pabal.delivery.models import Click, Link, Message
from pabal.delivery.short_links import short_links
from pabal.edge.app import app, lifespan
from tests.delivery.sending import dsn, plan, shop, tallies

pytestmark = pytest.mark.django_db(transaction=True)

PHONE = {"user-agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)"}


@pytest.fixture(autouse=True)
def database(monkeypatch: pytest.MonkeyPatch) -> None:
    """The edge opens its own connections: to the test database."""
    monkeypatch.setattr(config, "get", lambda: config.Config(database_url=dsn(), secret_key="tests-only"))


@pytest.fixture
def message(tmp_path: Path) -> Message:
    plan(shop(tmp_path).senders[0], 2)
    found = Message.objects.order_by("id").first()
    assert found is not None
    Profile.objects.filter(pk=found.profile_id).update(external_id="고객 1", properties={"city": "서울"})
    Link.objects.create(campaign_id=1, position=0, target="https://shop.kr/가을?u={{ external_id }}")
    return found


def ask(act: Callable[[httpx.AsyncClient], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        async with lifespan(app):
            transport = httpx.ASGITransport(app=app)
            async with httpx.AsyncClient(transport=transport, base_url="http://go", headers=PHONE) as client:
                return await act(client)

    return asyncio.run(run())


def path(message: Message, position: int = 0) -> str:
    return "/" + make_code(short_links().key, message.pk, position)


def consents(message: Message) -> dict[str, str]:
    return dict(Consent.objects.filter(profile_id=message.profile_id).values_list("purpose", "state"))


def test_a_click_leads_to_the_persons_own_target_and_is_recorded_first(message: Message) -> None:
    answer = ask(lambda client: client.get(path(message)))
    assert answer.status_code == 302
    assert answer.headers["location"].endswith("?u=%EA%B3%A0%EA%B0%9D%201")
    assert answer.headers["cache-control"] == "no-store"
    assert Click.objects.get().user_agent == PHONE["user-agent"]
    assert tallies() == {"clicked": 1}


def test_clicks_at_the_same_moment_all_count_and_the_first_makes_the_event(message: Message) -> None:
    async def many(client: httpx.AsyncClient) -> list[int]:
        answers = await asyncio.gather(*(client.get(path(message)) for _ in range(200)))
        return [answer.status_code for answer in answers]

    assert set(ask(many)) == {302}
    assert Click.objects.count() == 200
    assert tallies() == {"clicked": 1}


@pytest.mark.parametrize("agent", ["kakaotalk-scrap/1.0", "WhatsApp/2.23", "Googlebot/2.1", ""])
def test_previews_are_sent_on_but_not_counted(message: Message, agent: str) -> None:
    answer = ask(lambda client: client.get(path(message), headers={"user-agent": agent}))
    assert answer.status_code == 302
    assert not Click.objects.exists()


def test_a_head_request_is_not_counted(message: Message) -> None:
    assert ask(lambda client: client.head(path(message))).status_code == 302
    assert not Click.objects.exists()


def test_a_code_that_was_not_made_here_leads_nowhere(message: Message) -> None:
    good = path(message)
    forged = good[:-1] + ("A" if good[-1] != "A" else "B")
    for wrong in (forged, "/x", "/favicon.ico", "/" + "A" * 40, good[:-2]):
        answer = ask(lambda client, wrong=wrong: client.get(wrong))
        assert answer.status_code == 404
        assert "location" not in answer.headers
    assert not Click.objects.exists()


@pytest.mark.parametrize("target", ["javascript:alert(1)", "//evil.example", "{{ external_id }}", "ftp://x.kr/"])
def test_only_web_addresses_are_followed(message: Message, target: str) -> None:
    Link.objects.update(target=target)
    answer = ask(lambda client: client.get(path(message)))
    assert answer.status_code == 404
    assert "location" not in answer.headers


def agreed(message: Message, *purposes: str) -> None:
    """With its history, as every writer of consent leaves one."""
    Consent.objects.filter(profile_id=message.profile_id).delete()
    set_consent([message.profile_id], channel="text", purposes=purposes, state="subscribed", method="console")


def test_the_opt_out_page_asks_first_then_ends_consent_and_can_be_undone(message: Message) -> None:
    agreed(message, "promotional", "night")
    way = path(message, UNSUBSCRIBE)
    page = ask(lambda client: client.get(way, headers={"accept-language": "ko-KR"}))
    assert page.status_code == 200
    assert "<button>수신거부</button>" in page.text
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert consents(message)["promotional"] == "subscribed", "opening the page changes nothing"
    for _ in range(2):
        assert ask(lambda client: client.post(way, data={"do": "stop"})).status_code == 200
    assert consents(message) == {"promotional": "unsubscribed", "night": "unsubscribed"}
    assert tallies() == {"unsubscribed": 1}
    assert ask(lambda client: client.post(way, data={"do": "undo"})).status_code == 200
    assert consents(message) == {"promotional": "subscribed", "night": "subscribed"}


def test_undo_makes_no_consent_that_never_was(message: Message) -> None:
    agreed(message, "promotional")
    way = path(message, UNSUBSCRIBE)
    for act in ("stop", "undo"):
        assert ask(lambda client, act=act: client.post(way, data={"do": act})).status_code == 200
    assert consents(message) == {"promotional": "subscribed", "night": "unsubscribed"}


def test_an_ordinary_link_cannot_end_consent(message: Message) -> None:
    assert ask(lambda client: client.post(path(message), data={"do": "stop"})).status_code == 404
    assert consents(message) == {"promotional": "subscribed"}


def test_the_page_speaks_the_readers_language(message: Message) -> None:
    way = path(message, UNSUBSCRIBE)
    english = ask(lambda client: client.get(way, headers={"accept-language": "en-US,ko;q=0.5"}))
    korean = ask(lambda client: client.get(way))
    assert '<html lang="en">' in english.text
    assert '<html lang="ko">' in korean.text


def test_metrics_are_not_for_the_internet(message: Message) -> None:
    assert ask(lambda client: client.get("/healthz")).text == "ok"
    assert ask(lambda client: client.get("/metrics", headers={"x-forwarded-for": "1.2.3.4"})).status_code == 404


def test_a_browser_of_any_name_is_written_as_it_calls_itself(message: Message) -> None:
    odd = "Mozilla \\N \\. tab\there 한글 \\"
    answer = ask(lambda client: client.get(path(message), headers={b"user-agent": odd.encode()}))
    assert answer.status_code == 302
    assert Click.objects.get().user_agent == odd.encode().decode("latin-1")
