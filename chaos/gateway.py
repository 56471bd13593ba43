"""`python -m chaos.gateway --port N --log FILE`: an HTTP carrier on pytest-httpserver, for the webhook provider.

It writes down what it takes before it answers. Receipts go back twice now and then, late and in any order.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import random
import sys
import threading
import time
import urllib.request
from collections import deque
from pathlib import Path

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from pabal.providers.webhook import SIGNATURE, sign

SECRET = "chaos"


class Carrier:
    """Takes messages and reports on them from a thread of its own."""

    def __init__(self, log: Path) -> None:
        self.log = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self.due: deque[tuple[float, str, dict[str, object]]] = deque()
        self.lock = threading.Lock()
        threading.Thread(target=self._report, daemon=True).start()

    def take(self, request: Request) -> Response:
        body = json.loads(request.get_data())
        results, lines, due = [], [], []
        for message in body["messages"]:
            taken = f"g-{message['reference']}"
            lines.append(json.dumps({"id": taken, "to": message["to"], "reference": message["reference"]}))
            results.append({"reference": message["reference"], "status": "accepted", "id": taken})
            receipt = {"id": taken, "reference": message["reference"], "status": "delivered"}
            for _ in range(2 if random.random() < 0.1 else 1):
                due.append((time.monotonic() + random.random() * 2, body["reports_to"], receipt))
        if lines:
            os.write(self.log, ("\n".join(lines) + "\n").encode())
        with self.lock:
            self.due.extend(due)
        return Response(json.dumps({"results": results}), content_type="application/json")

    def _report(self) -> None:
        while True:
            time.sleep(0.1)
            with self.lock:
                count = len(self.due)
                ripe = [self.due.popleft() for _ in range(count)]
            random.shuffle(ripe)
            now = time.monotonic()
            later = [entry for entry in ripe if entry[0] > now]
            groups: dict[str, list[tuple[float, str, dict[str, object]]]] = {}
            for entry in ripe:
                if entry[0] <= now:
                    groups.setdefault(entry[1], []).append(entry)
            for address, entries in groups.items():
                for start in range(0, len(entries), 500):
                    part = entries[start : start + 500]
                    if not self._post(address, [receipt for _, _, receipt in part]):
                        later += part
            with self.lock:
                self.due.extend(later)

    @staticmethod
    def _post(address: str, receipts: list[dict[str, object]]) -> bool:
        body = json.dumps({"receipts": receipts}).encode()
        headers = {SIGNATURE: sign(SECRET, body, time.time()), "Content-Type": "application/json"}
        try:
            with urllib.request.urlopen(urllib.request.Request(address, body, headers), timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False  # the edge is away: again later


def main() -> int:
    options = argparse.ArgumentParser()
    options.add_argument("--port", type=int, default=0)
    options.add_argument("--log", type=Path, required=True)
    chosen = options.parse_args()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = HTTPServer(host="127.0.0.1", port=chosen.port, threaded=True)
    carrier = Carrier(chosen.log)
    server.expect_request("/send", method="POST").respond_with_handler(carrier.take)
    server.start()
    print(json.dumps({"port": server.port}), flush=True)
    sys.stdin.read()  # until whoever started us ends
    return 0


if __name__ == "__main__":
    sys.exit(main())
