"""A real edge: granian in a process of its own on the test database."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from pabal.audience.models import WriteKey
from tests.delivery.sending import dsn

SERVER_KEY, BROWSER_KEY = "wk_server", "wk_browser"


@dataclass(frozen=True, kw_only=True)
class Edge:
    """`url` is the host that libraries are told."""

    url: str
    process: subprocess.Popen[bytes]

    def post(self, call: str, body: Any, *, key: str = SERVER_KEY, **more: Any) -> httpx.Response:
        return httpx.post(f"{self.url}/v1/{call}", json=body, auth=(key, ""), timeout=30, **more)


def make_keys() -> None:
    WriteKey.objects.create(name="Shop", key=SERVER_KEY)
    WriteKey.objects.create(name="Shop's pages", key=BROWSER_KEY, kind="browser")


def free_port() -> int:
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        return int(chosen.getsockname()[1])


@contextmanager
def edge(*, port: int = 0, database: str = "", **settings: str) -> Iterator[Edge]:
    """Start an edge, and end it."""
    port = port or free_port()
    environment = os.environ | {
        "PABAL_DATABASE_URL": database or dsn(),
        "PABAL_EDGE_PORT": str(port),
        "PABAL_LOG_LEVEL": "WARNING",
        "PABAL_DEFAULT_COUNTRY": "KR",
        **settings,
    }
    process = subprocess.Popen([sys.executable, "-m", "pabal", "edge"], env=environment)
    try:
        wait(f"http://127.0.0.1:{port}/healthz", process)
        yield Edge(url=f"http://127.0.0.1:{port}", process=process)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 90
    while True:
        try:
            if httpx.get(url, timeout=2).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        assert process.poll() is None, "the edge ended"
        assert time.monotonic() < deadline, "the edge does not answer"
        time.sleep(0.1)
