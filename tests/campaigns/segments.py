"""Conditions and segments for tests, and an engine that answers questions."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connections

from pabal.audience import segments
from pabal.audience.models import Event, Segment
from pabal.campaigns.answering import Answerer
from pabal.campaigns.answers import find
from pabal.campaigns.questions import ask
from pabal.warehouse.sync import Synchroniser
from tests.campaigns.shop import NOON

Json = dict[str, Any]


def country(code: str) -> Json:
    return {"type": "property", "field": "country", "kind": "text", "operator": "equals", "value": code}


def called(name: str) -> Json:
    return {"type": "property", "field": "first_name", "kind": "text", "operator": "equals", "value": name}


def on_list(*keys: str, member: bool = True) -> Json:
    return {"type": "list", "lists": list(keys), "member": member}


def in_segment(*keys: str, member: bool = True) -> Json:
    return {"type": "segment", "segments": list(keys), "member": member}


def bought(times: int = 1, **fields: Any) -> Json:
    return {"type": "event", "name": "Order Completed", "operator": "at_least", "value": times, **fields}


def group(match: str, *conditions: Json) -> Json:
    return {"type": "group", "match": match, "conditions": list(conditions)}


def saved(key: str, condition: Json, name: str = "") -> Segment:
    return segments.create(by=None, name=name or key, key=key, condition=condition)


def order(profile_id: int, number: int, **fields: Any) -> Event:
    """An order, number `number` of all tests' orders."""
    import json
    import uuid

    return Event.objects.create(
        key=uuid.UUID(int=number),
        profile_id=profile_id,
        name="Order Completed",
        at=fields.pop("at", NOON),
        properties=json.dumps(fields, ensure_ascii=False),
    )


def answered(synchroniser: Synchroniser, kind: str, **body: Any) -> Json:
    """What the engine would answer now."""
    synchroniser.run_once()
    return find(ask(kind, body), synchroniser)


@contextmanager
def engine(synchroniser: Synchroniser, dsn: str) -> Iterator[Answerer]:
    """Answers questions in a thread, as the engine does."""
    answerer = Answerer(synchroniser, dsn)
    loop = asyncio.new_event_loop()
    ready = threading.Event()

    async def run() -> None:
        ready.set()
        await answerer.run()

    task = loop.create_task(run())

    def serve() -> None:
        try:
            loop.run_until_complete(task)
        except asyncio.CancelledError:
            pass
        finally:
            connections.close_all()

    thread = threading.Thread(target=serve)
    thread.start()
    ready.wait(5)
    try:
        yield answerer
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join(10)
        answerer.close()
        loop.close()
