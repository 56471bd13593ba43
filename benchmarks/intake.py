"""Events over HTTP, each request answered after the commit; the floor is a bare COPY of the same rows into an equal table.

The edge, the database and the load share the machine's cores.
"""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks import Result
from benchmarks.load import http, run, write_requests

PEOPLE = 200_000
EVENTS = 600_000
IN_A_BATCH = 100
SINGLES = 60_000
BATCH_GOAL, SINGLE_GOAL = 50_000, 5_000
KEY = "bench-key"
_COLUMNS = "key, profile_id, anonymous_id, name, at, properties"


def batch(events: int = EVENTS, people: int = PEOPLE) -> list[Result]:
    """Batches of a hundred, as Segment's Python library sends them, from 32 servers at once."""
    _prepare(people)
    path = Path(os.environ["PABAL_BENCH_HOME"]) / "requests"
    bodies = (_batch(start, people) for start in range(0, events, IN_A_BATCH))
    number = write_requests(path, (http("/v1/batch", KEY, body) for body in bodies))
    with edge() as port:
        done = run(port, 32, path)
    assert done["statuses"] == {"200": number}, done
    floor = _bare_copy(events)
    speed = events / done["seconds"]
    path.unlink()
    return [
        Result(
            name=f"intake: {events:,} events in batches of {IN_A_BATCH}",
            value=speed,
            unit="events/s",
            floor=floor,
            ratio=floor / speed,
            goal=f"≥ {BATCH_GOAL:,}",
            met=speed >= BATCH_GOAL,
        ),
        Result(name="intake: a batch is answered, 99th percentile", value=done["p99"], unit="ms"),
    ]


def single(requests: int = SINGLES, people: int = PEOPLE) -> list[Result]:
    """One event a request."""
    _prepare(people)
    path = Path(os.environ["PABAL_BENCH_HOME"]) / "requests"
    number = write_requests(
        path, (http("/v1/track", KEY, _dump(_message(n, people) | {"sentAt": _now()})) for n in range(requests))
    )
    with edge() as port:
        done = run(port, 64, path)
    assert done["statuses"] == {"200": number}, done
    floor = _bare_copy(requests)
    speed = requests / done["seconds"]
    path.unlink()
    return [
        Result(
            name=f"intake: {requests:,} requests of one event",
            value=speed,
            unit="requests/s",
            floor=floor,
            ratio=floor / speed,
            goal=f"≥ {SINGLE_GOAL:,}",
            met=speed >= SINGLE_GOAL,
        ),
        Result(name="intake: one event is answered, 99th percentile", value=done["p99"], unit="ms"),
    ]


@contextmanager
def edge() -> Iterator[int]:
    """An edge in a process of its own, with the settings that users get. Yields its port."""
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        port = int(chosen.getsockname()[1])
    environment = os.environ | {"PABAL_EDGE_PORT": str(port), "PABAL_LOG_LEVEL": "WARNING"}
    process = subprocess.Popen([sys.executable, "-m", "pabal", "edge"], env=environment)
    try:
        for _ in range(900):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2)
                break
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(30)


def _prepare(people: int) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE event, anonymous, profile RESTART IDENTITY CASCADE")
        cursor.execute(
            "INSERT INTO write_key (name, key, kind, origins) VALUES ('bench', %s, 'server', '{}') ON CONFLICT DO NOTHING",
            [KEY],
        )
        cursor.execute(
            "INSERT INTO profile (external_id, phone, email, first_name, last_name, locale, time_zone, country, region, zones) "
            "SELECT 'C' || lpad(n::text, 9, '0'), '', '', '', '', '', '', '', '', '' FROM generate_series(0, %s) n",
            [people - 1],
        )
        cursor.execute("VACUUM ANALYZE profile")
        cursor.execute("CHECKPOINT")


def _batch(start: int, people: int) -> bytes:
    messages = [_message(number, people) for number in range(start, start + IN_A_BATCH)]
    return _dump({"batch": messages, "sentAt": _now()})


_NAMES = ("Product Viewed", "Product Added", "Cart Viewed", "Checkout Started", "Order Completed")
_CATEGORIES = ("신발", "가방", "상의", "하의", "모자")


def _message(number: int, people: int) -> dict[str, Any]:
    chance = random.Random(number)
    happened = datetime.now(UTC) - timedelta(seconds=chance.randrange(86_400))
    return {
        "integrations": {},
        "anonymousId": None,
        "properties": {
            "order_id": f"O{number:010d}",
            "total": round(chance.random() * 200_000, 2),
            "currency": "KRW",
            "quantity": chance.randrange(1, 5),
            "category": chance.choice(_CATEGORIES),
        },
        "timestamp": happened.isoformat(),
        "userId": f"C{chance.randrange(people):09d}",
        "context": {"library": {"name": "analytics-python", "version": "2.4.0"}},
        "type": "track",
        "event": chance.choice(_NAMES),
        "messageId": str(uuid.uuid4()),
    }


def _dump(value: Any) -> bytes:
    return json.dumps(value).encode()


def _now() -> str:
    return datetime.now(UTC).isoformat()


def _bare_copy(expected: int) -> float:
    """Rows a second of a COPY of what was stored into a table with the same columns and indexes."""
    from pabal.database import raw_cursor

    with raw_cursor() as cursor:
        row = cursor.execute("SELECT count(*), count(profile_id) FROM event").fetchone()
        assert row == (expected, expected), row
        cursor.execute("CREATE TABLE bare (LIKE event INCLUDING ALL)")
        with cursor.copy(f"COPY (SELECT {_COLUMNS} FROM event ORDER BY id) TO STDOUT") as out:
            data = [bytes(piece) for piece in out]
        joined = [b"".join(data[at : at + 10_000]) for at in range(0, len(data), 10_000)]
        began = time.perf_counter()
        for piece in joined:
            with cursor.copy(f"COPY bare ({_COLUMNS}) FROM STDIN") as copy:
                copy.write(piece)
        seconds = time.perf_counter() - began
        cursor.execute("DROP TABLE bare")
    return expected / seconds
