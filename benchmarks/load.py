"""A cheap load: prebuilt requests over keep-alive sockets, as many under way as there are connections.

`python -m benchmarks.load PORT CONNECTIONS FILE` sends each request of FILE (length-prefixed) once, and prints as JSON how
long it took, and every answer that is not 200. In a process of its own: it must not share the Python of what it measures.
"""

from __future__ import annotations

import json
import select
import socket
import struct
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

_LENGTH = struct.Struct("<I")


def write_requests(path: Path, requests: Iterable[bytes]) -> int:
    """Write whole HTTP requests to a file. Returns how many."""
    number = 0
    with path.open("wb") as out:
        for request in requests:
            out.write(_LENGTH.pack(len(request)) + request)
            number += 1
    return number


def http(path: str, key: str, body: bytes) -> bytes:
    """A POST as it goes over the wire."""
    import base64

    user = base64.b64encode(f"{key}:".encode()).decode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: edge\r\nAuthorization: Basic {user}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def run(port: int, connections: int, path: Path) -> dict[str, Any]:
    """Run the load in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.load", str(port), str(connections), str(path)]
    answer: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return answer


def _requests(path: Path) -> list[bytes]:
    data, found, at = memoryview(path.read_bytes()), [], 0
    while at < len(data):
        (size,) = _LENGTH.unpack_from(data, at)
        found.append(data[at + 4 : at + 4 + size])
        at += 4 + size
    return found  # type: ignore[return-value]


def _send(port: int, connections: int, requests: list[bytes]) -> dict[str, Any]:
    poll = select.epoll()
    sockets: dict[int, socket.socket] = {}
    todo = iter(requests)
    began: dict[int, float] = {}
    waits: list[float] = []
    statuses: Counter[str] = Counter()
    start = time.perf_counter()
    for request in [request for _, request in zip(range(connections), todo, strict=False)]:
        one = socket.create_connection(("127.0.0.1", port))
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sockets[one.fileno()] = one
        poll.register(one, select.EPOLLIN)
        began[one.fileno()] = time.perf_counter()
        one.sendall(request)
    open_ = len(sockets)
    while open_:
        for number, _event in poll.poll():
            answer = sockets[number].recv(65536)
            now = time.perf_counter()
            waits.append(now - began[number])
            statuses[answer[9:12].decode()] += 1
            request = next(todo, None)  # type: ignore[assignment]
            if request is None or not answer:
                poll.unregister(number)
                open_ -= 1
                continue
            began[number] = now
            sockets[number].sendall(request)
    seconds = time.perf_counter() - start
    waits.sort()
    return {
        "seconds": seconds,
        "statuses": dict(statuses),
        "p50": waits[len(waits) // 2] * 1000,
        "p99": waits[int(len(waits) * 0.99)] * 1000,
    }


if __name__ == "__main__":
    print(json.dumps(_send(int(sys.argv[1]), int(sys.argv[2]), _requests(Path(sys.argv[3])))))
