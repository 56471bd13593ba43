"""What the SMSC and the line to it do. Every option may be changed while it runs."""

from __future__ import annotations

import argparse
import dataclasses
from typing import Any


@dataclasses.dataclass(kw_only=True)
class Options:
    """Times are milliseconds, shares from 0 to 1."""

    system_id: str = "pabal"
    password: str = "secret"
    answer_ms: float = 0.0
    throttle_per_s: int = 0
    queue_full_share: float = 0.0
    receipts: str = "text"  # text, tlv, both, none
    receipt_ms: float = 50.0
    receipt_jitter_ms: float = 0.0
    receipt_mix: str = "DELIVRD 000=1"  # stat err=weight, …
    duplicate_share: float = 0.0
    ids: str = "same"  # same, hex_then_decimal, decimal_then_hex
    drop_every: int = 0  # submits
    drop_when: str = "after"  # after: taken but not answered; before: not even taken
    answer_twice: bool = False
    answer_nobody: bool = False
    mute: bool = False  # take everything, pass nothing back


def parser() -> argparse.ArgumentParser:
    """The command line: one flag an option, and where to listen and write."""
    made = argparse.ArgumentParser(prog="smsc", description="An SMSC on loopback for tests.")
    made.add_argument("--port", type=int, default=0, help="0: a free one, printed")
    made.add_argument("--log", default="", help="append every message taken, one JSON object a line")
    made.add_argument("--tls-certificate", default="")
    made.add_argument("--tls-key", default="")
    made.add_argument("--alone", action="store_true", help="do not end when standard input does")
    for field in dataclasses.fields(Options):
        flag = "--" + field.name.replace("_", "-")
        if isinstance(field.default, bool):
            made.add_argument(flag, action="store_true")
        else:
            made.add_argument(flag, type=type(field.default), default=field.default)
    return made


def change(options: Options, values: dict[str, Any]) -> None:
    """Set options by name."""
    for name, value in values.items():
        if not hasattr(options, name):
            raise ValueError(f"no option {name}")
        setattr(options, name, value)
