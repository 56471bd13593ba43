"""Clients that repeat a batch until it is acknowledged, as Segment's libraries do."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.edge.intake.edge import SERVER_KEY

Batch = list[dict[str, Any]]


@dataclass
class Load:
    """`failed` counts attempts without an acknowledgement."""

    failed: int = 0
    acknowledged: int = 0
    statuses: set[int] = field(default_factory=set)


def send(batches: Sequence[Batch], urls: Sequence[str], during: Callable[[Load], None], *, clients: int = 4) -> Load:
    """Send them all with several clients, each url in turn; `during` runs meanwhile."""
    load, lock = Load(), threading.Lock()
    todo = list(reversed(list(enumerate(batches))))
    deadline = time.monotonic() + 240

    def client() -> None:
        with httpx.Client(auth=(SERVER_KEY, ""), timeout=30) as http:
            while True:
                with lock:
                    if not todo:
                        return
                    number, batch = todo.pop()
                attempt = 0
                while True:
                    assert time.monotonic() < deadline
                    try:
                        answer = http.post(urls[(number + attempt) % len(urls)] + "/v1/batch", json={"batch": batch})
                        status = answer.status_code
                    except httpx.HTTPError:
                        status = 0
                    with lock:
                        load.statuses.add(status)
                        if status == 200:
                            load.acknowledged += len(batch)
                            break
                        load.failed += 1
                    attempt += 1
                    time.sleep(0.1)

    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    during(load)
    for thread in threads:
        thread.join()
    return load


def batches(number: int, size: int = 20, *, users: int = 50) -> list[Batch]:
    """Batches of tracks by people whom nobody knows yet, an `identify` in each."""
    made = []
    for batch in range(number):
        tracks: Batch = [
            {
                "type": "track",
                "event": "Order Completed",
                "userId": f"c{(batch * size + place) % users}",
                "messageId": f"{batch}-{place}",
                "properties": {"batch": batch, "place": place},
            }
            for place in range(size)
        ]
        user = f"c{batch % users}"
        made.append(
            [*tracks, {"type": "identify", "userId": user, "anonymousId": f"a{user}", "traits": {"seen": batch}}]
        )
    return made
