"""Everything that runs: PostgreSQL, our processes, two carriers. Each can be killed, stalled and started again."""

from __future__ import annotations

import glob
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from pabal.processes.postgres import EmbeddedPostgres
from tests.smsc.control import Smsc

#: Debian: libfaketime. With it a process is started whose wall clock is wrong, while its monotonic clock is right.
FAKETIME = ("/usr/lib/*/faketime/libfaketimeMT.so.1", "/usr/local/lib/faketime/libfaketimeMT.so.1")

PROCESSES = ("web", "edge", "engine", "dispatch-1", "dispatch-2")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class World:
    """One installation below `home`, with an SMSC and an HTTP carrier beside it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.ports = {name: free_port() for name in PROCESSES}
        self.postgres = EmbeddedPostgres(home)
        carrier = home / "smsc"
        carrier.mkdir(parents=True)
        # Receipts come twice now and then, and late ones after early ones.
        self.smsc = Smsc(carrier, receipt_ms=400, receipt_jitter_ms=350, duplicate_share=0.1)
        self.gateway_log = home / "gateway.ndjson"
        self.gateway_port = free_port()
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self._gateway: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the carriers and our processes; PostgreSQL runs already."""
        self.smsc.start()
        self.start_gateway()
        for name in PROCESSES:
            self.start_process(name)

    def start_process(self, name: str, *, clock: dict[str, str] | None = None) -> None:
        """Start one of ours, with ports of its own."""
        environment = os.environ | {
            "PABAL_HOME": str(self.home),
            "PABAL_WEB_PORT": str(self.ports["web"]),
            "PABAL_EDGE_PORT": str(self.ports["edge"]),
            "PABAL_ENGINE_PORT": str(self.ports["engine"]),
            "PABAL_DISPATCH_PORT": str(self.ports[name if name.startswith("dispatch") else "dispatch-1"]),
        }
        environment |= clock or {}
        log = (self.home / f"{name}.log").open("ab")
        self.running[name] = subprocess.Popen(
            [sys.executable, "-m", "pabal", name.partition("-")[0]], env=environment, stdout=log, stderr=log
        )
        log.close()

    def start_gateway(self) -> None:
        command = [
            sys.executable,
            "-m",
            "chaos.gateway",
            "--port",
            str(self.gateway_port),
            "--log",
            str(self.gateway_log),
        ]
        self._gateway = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._gateway.stdout is not None
        self.gateway_port = json.loads(self._gateway.stdout.readline())["port"]

    def kill(self, name: str, choose: random.Random) -> None:
        """`kill -9`, and start again a moment later."""
        if name == "postgres":
            assert self.postgres.process is not None
            self.postgres.process.send_signal(signal.SIGQUIT)  # "immediate shutdown": recovers as after a crash
            self.postgres.process.wait(30)
            time.sleep(choose.random())
            self.postgres.start()
        elif name == "smsc":
            self.smsc.stop()
            time.sleep(choose.random())
            self.smsc.start()
        elif name == "gateway":
            assert self._gateway is not None
            self._gateway.kill()
            self._gateway.communicate()
            time.sleep(choose.random())
            self.start_gateway()
        else:
            self.running[name].kill()
            self.running[name].wait()
            time.sleep(choose.random() * 0.5)
            self.start_process(name)

    def stall(self, name: str, seconds: float) -> None:
        """Stop a process for a while: to others it is dead, and it wakes up believing that no time has passed."""
        process = self.running[name]
        process.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        process.send_signal(signal.SIGCONT)

    def freeze(self, carrier: str, seconds: float) -> None:
        """The carrier's side of the network stands still: what is under way arrives later, or after we gave it up."""
        process = self._gateway if carrier == "gateway" else self.smsc.process
        assert process is not None
        process.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        process.send_signal(signal.SIGCONT)

    def wrong_clock(self, name: str, seconds: int) -> bool:
        """Kill a process and start it with a clock that is wrong by so much, until its next start; False without the
        means to do so."""
        found = [path for pattern in FAKETIME for path in glob.glob(pattern)]
        if not found:
            return False
        self.running[name].kill()
        self.running[name].wait()
        # Monotonic clocks never jump; and one that did would only be a lease that is over early, or a pause too long.
        clock = {"LD_PRELOAD": found[0], "FAKETIME": f"{seconds:+d}", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        self.start_process(name, clock=clock | {"DONT_FAKE_MONOTONIC": "1"})
        return True

    def revive(self) -> list[str]:
        """Start again what ended by itself, as a supervisor does; their names."""
        ended = [name for name, process in self.running.items() if process.poll() is not None]
        for name in ended:
            self.start_process(name)
        return ended

    def stop(self) -> None:
        """End everything of ours in order."""
        for process in self.running.values():
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.running.values():
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
        self.smsc.stop()
        if self._gateway is not None:
            self._gateway.kill()
            self._gateway.communicate()

    def taken(self) -> int:
        """How many messages the carriers have taken so far."""
        return sum(log.read_bytes().count(b"\n") for log in (self.smsc.log, self.gateway_log) if log.exists())
