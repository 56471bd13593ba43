"""Who holds a lease: the name of this process, and whether the process behind another name has surely ended.

A name tells the machine (host name, boot, process namespace) and the process (number and start time), so that a
dispatcher on the same machine can see at once that a killed one is gone. Of other machines only their lease tells.
"""

from __future__ import annotations

import hashlib
import os
import socket
import time
from functools import cache
from pathlib import Path


def clock() -> float:
    """Seconds on a clock that also runs while the process is stopped or the machine sleeps."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


@cache
def this_holder() -> str:
    """The name of this process, at most 64 characters."""
    host = socket.gethostname().replace("/", "-")[:24]
    return f"{host}/{_machine()}/{os.getpid()}/{_started(os.getpid()) or 0}"


def surely_dead(holder: str) -> bool:
    """Whether the process of this name ran on this machine and has ended. False when we cannot know."""
    try:
        _, machine, pid, started = holder.split("/")
    except ValueError:
        return False
    if machine != _machine() or started == "0":
        return False
    return _started(int(pid)) != int(started)


@cache
def _machine() -> str:
    """A key of this boot of this machine and this process namespace; unique to the process where there is no /proc."""
    try:
        seed = Path("/proc/sys/kernel/random/boot_id").read_text() + os.readlink("/proc/self/ns/pid")
    except OSError:
        seed = os.urandom(8).hex()
    return hashlib.sha256(seed.encode()).hexdigest()[:12]


def _started(pid: int) -> int | None:
    """The start time of a process in clock ticks since boot; None when there is none, or it is a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])
