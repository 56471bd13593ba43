"""Workers of the web servers end with the process that started them, however it ends."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

pytestmark = pytest.mark.xdist_group("up")


@pytest.mark.parametrize("name", ["web", "edge"])
def test_a_worker_does_not_outlive_its_server(name: str, tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {
        "PABAL_HOME": str(tmp_path),
        "DATABASE_URL": "postgresql://127.0.0.1:1/nowhere",
        f"PABAL_{name.upper()}_PORT": str(port),
    }
    server = subprocess.Popen(
        [sys.executable, "-m", "pabal", name], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 60
        while not _answers(port):
            assert time.monotonic() < deadline, "it does not listen"
            time.sleep(0.2)
        workers = psutil.Process(server.pid).children(recursive=True)
        assert workers
    finally:
        server.kill()
        server.wait()
    _gone, left = psutil.wait_procs(workers, timeout=20)
    assert left == []


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(10)
        try:
            probe.connect(("127.0.0.1", port))
            probe.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
            return bool(probe.recv(1))
        except OSError:
            return False
