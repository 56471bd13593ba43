"""What the people of the sample shops did: views, carts and orders of the last year, sent through the event intake.

Made up like the people, the same on every machine: most look around, some buy, a few buy again and again, many have not
been seen for months. Shoes sell best.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from pabal.errors import InvalidInput, Unavailable

Message = dict[str, Any]
Customer = tuple[str, str]  # customer id, country
BATCH = 400

#: Per country: currency, categories with what one piece costs, in which steps prices go.
SHOPS: dict[str, tuple[str, dict[str, int], int]] = {
    "KR": ("KRW", {"신발": 89_000, "가방": 129_000, "아우터": 159_000, "니트": 59_000, "액세서리": 29_000}, 1_000),
    "US": ("USD", {"shoes": 89, "bags": 129, "outerwear": 159, "knitwear": 59, "accessories": 29}, 1),
}
_WEIGHTS = (5, 3, 2, 4, 3)  # of the categories
_DAYS = 365


def events_of(customers: Sequence[Customer], now: datetime, *, seed: int = 3) -> Iterator[Message]:
    """Messages of the Segment HTTP API, in no particular order of time. About nine for each customer."""
    choose = random.Random(seed)
    for customer, country in customers:
        yield from _life(choose, customer, "US" if country == "US" else "KR", now)


def _life(choose: random.Random, customer: str, country: str, now: datetime) -> Iterator[Message]:
    """What one customer did: visits that go on to a cart or an order, or do not."""
    currency, prices, step = SHOPS[country]
    visits = min(12, int(choose.expovariate(1 / 3.2)))
    quiet = choose.choice((0, 0, 0, 20, 60, 120, 200))  # days since they were last here
    favourite = choose.choices(list(prices), weights=_WEIGHTS)[0]
    for _visit in range(visits):
        days = quiet + choose.random() * (_DAYS - quiet) * choose.random()
        at = now - timedelta(days=days, minutes=choose.randint(15, 600))
        category = favourite if choose.random() < 0.6 else choose.choices(list(prices), weights=_WEIGHTS)[0]
        price = round(prices[category] * choose.uniform(0.6, 1.5) / step) * step
        what = {"category": category, "price": price, "currency": currency}
        yield _message(customer, "Product Viewed", at, what)
        if choose.random() < 0.55:
            yield _message(customer, "Product Added", at + timedelta(minutes=4), {**what, "quantity": 1})
            if choose.random() < 0.7:
                quantity = choose.choices((1, 2, 3), weights=(7, 2, 1))[0]
                order = {"category": category, "revenue": price * quantity, "quantity": quantity, "currency": currency}
                order["first_order"] = _visit == 0
                yield _message(customer, "Order Completed", at + timedelta(minutes=11), order)


def _message(customer: str, event: str, at: datetime, properties: dict[str, Any]) -> Message:
    said = f"{customer}{event}{at.isoformat()}"
    return {
        "type": "track",
        "userId": customer,
        "event": event,
        "timestamp": at.isoformat(),
        "messageId": "demo-" + hashlib.sha256(said.encode()).hexdigest()[:24],
        "properties": properties,
    }


def purchases(source: Path) -> Iterator[Message]:
    """The orders of a purchase history (customer id, YYYYMMDD, quantity, amount in dollars), one event a line.

    Raises InvalidInput naming the line that cannot be read.
    """
    with source.open(encoding="utf-8") as stream:
        for number, line in enumerate(stream, 1):
            if not line.strip():
                continue
            try:
                customer, day, quantity, amount = line.split()
                at = datetime.fromisoformat(f"{day[:4]}-{day[4:6]}-{day[6:8]}T12:00:00+00:00")
                bought = {"quantity": int(quantity), "revenue": float(amount), "currency": "USD"}
            except ValueError as error:
                raise InvalidInput(f"{source}, line {number}: {error}", code="bad_purchase") from None
            message = _message(f"CD-{customer}", "Order Completed", at, bought)
            yield {**message, "messageId": f"{source.name}-{number}"}


def send(messages: Iterator[Message], *, address: str, key: str) -> int:
    """Hand messages to the event intake at `address`, in batches; how many it kept. Raises Unavailable."""
    sent = 0
    with httpx.Client(auth=(key, ""), timeout=30, trust_env=False) as client:
        batch: list[Message] = []
        for message in messages:
            batch.append(message)
            if len(batch) == BATCH:
                sent += _post(client, address, batch)
                batch = []
        if batch:
            sent += _post(client, address, batch)
    return sent


def _post(client: httpx.Client, address: str, batch: list[Message]) -> int:
    try:
        answer = client.post(f"{address}/v1/batch", json={"batch": batch})
    except httpx.HTTPError as error:
        raise Unavailable(f"{address}: {error}") from error
    if answer.status_code != 200:
        raise Unavailable(f"{answer.status_code}: {answer.text[:200]}")
    return len(batch)
