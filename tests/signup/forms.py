"""What tests of sign-up forms share: a form with everything it needs, and visitors at the edge."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx

from pabal.accounts.audit import Actor
from pabal.audience import lists
from pabal.audience.models import Consent, ConsentEvent, Profile
from pabal.billing.actions import top_up
from pabal.billing.models import Balance, Price
from pabal.campaigns.models import Signup, SignupForm
from pabal.campaigns.signup.forms import create_form
from pabal.delivery.models import Message
from pabal.edge.app import app, lifespan
from tests.delivery.sending import shop

WORDING = "달빛상점의 할인, 이벤트 등 광고성 정보를 문자로 받는 데 동의합니다."
NIGHT = "야간(21시~08시)에도 받는 데 동의합니다."
PHONE = "+821000001234"


def form(folder: Path, *, credits: int = 1_000_000, **fields: Any) -> SignupForm:
    """A form with double opt-in, a list, night consent, a sender and money."""
    sender = fields.pop("sender", None) or shop(folder).senders[0]
    Balance.objects.get_or_create(pk=1)
    for kind, amount in (("sms", 12_000), ("lms", 39_000)):
        Price.objects.create(provider="sandbox", kind=kind, country="KR", amount=amount, valid_from="2020-01-01")
    if credits:
        top_up(credits, by=Actor(name="tests"))
    given: dict[str, Any] = {
        "name": "Summer",
        "wording": WORDING,
        "night_wording": NIGHT,
        "list": lists.create_list("Newcomers", key="newcomers"),
        "sender": sender,
        "confirmation": "문자 수신 동의를 확인해 주세요: {{ link }}",
        "ask_name": True,
    }
    return create_form(by=None, **{**given, **fields})


def visit(act: Callable[[httpx.AsyncClient], Awaitable[Any]]) -> Any:
    """Run `act` with a client of the edge."""

    async def run() -> Any:
        async with lifespan(app):
            transport = httpx.ASGITransport(app=app)
            async with httpx.AsyncClient(transport=transport, base_url="http://edge.example") as client:
                return await act(client)

    return asyncio.run(run())


def sign_up(key: str = "summer", *, headers: dict[str, str] | None = None, **fields: Any) -> httpx.Response:
    """What the snippet sends."""
    said = {"phone": "010-0000-1234", "consent": "1", "page": "https://shop.example/join?token=secret", **fields}
    answer: httpx.Response = visit(lambda client: client.post(f"/v1/forms/{key}", json=said, headers=headers or {}))
    return answer


def consents(phone: str = PHONE) -> dict[str, str]:
    return dict(Consent.objects.filter(profile__phone=phone).values_list("purpose", "state"))


def evidence(phone: str = PHONE) -> list[ConsentEvent]:
    return list(ConsentEvent.objects.filter(profile__phone=phone).select_related("statement").order_by("id"))


def only() -> Signup:
    return Signup.objects.get()


def texts(phone: str = PHONE) -> list[Message]:
    return list(Message.objects.filter(phone=phone).order_by("id"))


def person(phone: str = PHONE) -> Profile:
    return Profile.objects.get(phone=phone)


def look(method: str = "GET", token: str = "") -> httpx.Response:
    """Open the link of the confirmation."""
    address = f"/o/{token or only().token}"
    answer: httpx.Response = visit(lambda client: client.request(method, address))
    return answer


def press(token: str = "") -> httpx.Response:
    """Press the button behind it."""
    return look("POST", token)
