"""Start, steer and stop the SMSC of `server.py` from a test."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

SERVER = Path(__file__).with_name("server.py")


class Taken(NamedTuple):
    """One message part that the SMSC took, as its log tells."""

    id: str
    to: str
    sender: str
    esm_class: int
    data_coding: int
    registered: int
    body: bytes
    options: dict[int, bytes]
    told: dict[str, Any]

    @property
    def number(self) -> int:
        """Which part of its text it is, from 1."""
        if self.esm_class & 0x40:
            return self.body[self.body[0]]
        return self.options[0x020F][0] if 0x020F in self.options else 1


class Smsc:
    """The SMSC in a process of its own. `log` outlives a restart, as does the port."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.log = folder / "taken.ndjson"
        self.options = options
        self.port = 0
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> Smsc:
        """Start it; returns when it listens."""
        flags: list[str] = []
        for name, value in self.options.items():
            flags += ["--" + name.replace("_", "-"), *([] if value is True else [str(value)])]
        self._process = subprocess.Popen(
            [sys.executable, str(SERVER), "--port", str(self.port), "--log", str(self.log), *flags],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"SMPP34_WORKER_THREADS": "1"},
        )
        self.port = json.loads(self._read())["port"]
        return self

    @property
    def process(self) -> subprocess.Popen[str] | None:
        """The process, while it runs."""
        return self._process

    def stop(self) -> None:
        """End it at once, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def tell(self, **orders: Any) -> dict[str, int]:
        """Give orders (see `server.py`); answers what was done so far."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(orders or {"count": True}) + "\n")
        self._process.stdin.flush()
        counts: dict[str, int] = json.loads(self._read())
        return counts

    def taken(self) -> list[Taken]:
        """Every part that was taken so far; the SMSC works on many at once, so not in the order of sending."""
        if not self.log.exists():
            return []
        return [_taken(json.loads(line)) for line in self.log.read_text().splitlines()]

    def _read(self) -> str:
        assert self._process is not None
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the SMSC has ended")
        return line


def _taken(told: dict[str, Any]) -> Taken:
    return Taken(
        told["id"],
        told["to"],
        told["from"],
        told["esm_class"],
        told["data_coding"],
        told["registered"],
        bytes.fromhex(told["body"]),
        {int(tag, 16): bytes.fromhex(value) for tag, value in told["options"].items()},
        told,
    )
