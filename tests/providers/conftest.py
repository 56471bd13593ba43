"""What the tests of providers share: an SMSC, a provider bound to it, and ears for reports."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from pabal.providers.base import Accepted, Inbound, Outcome, Outgoing, Receipt, Report, Uncertain
from pabal.providers.smpp import Smpp, SmppSettings
from tests.smsc.control import Smsc

KOREAN = "안녕하세요, 파발입니다. 주문하신 상품이 오늘 도착합니다! "


class Ears:
    """Hears reports, as the dispatcher does."""

    def __init__(self) -> None:
        self.reports: list[Report] = []

    async def __call__(self, reports: Sequence[Report]) -> None:
        self.reports += reports

    @property
    def receipts(self) -> list[Receipt]:
        return [report for report in self.reports if isinstance(report, Receipt)]

    @property
    def inbound(self) -> list[Inbound]:
        return [report for report in self.reports if isinstance(report, Inbound)]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def ears() -> Ears:
    return Ears()


@pytest.fixture
def make_smsc(tmp_path: Path) -> Iterator[Callable[..., Smsc]]:
    """Start SMSCs with options of `tests/smsc/options.py`; they end with the test."""
    made: list[Smsc] = []

    def make(**options: Any) -> Smsc:
        folder = tmp_path / f"smsc{len(made)}"
        folder.mkdir()
        made.append(Smsc(folder, **options))
        return made[-1].start()

    yield make
    for smsc in made:
        smsc.stop()


def smpp(smsc: Smsc, **settings: Any) -> Smpp:
    """A provider for this SMSC, impatient as tests are."""
    defaults = {"system_id": "pabal", "password": "secret", "answer_s": 5, "reconnect_s": 0.5, "throttle_s": 0.2}
    return Smpp(SmppSettings(host="127.0.0.1", port=smsc.port, **{**defaults, **settings}))


def outgoing(reference: int = 1, text: str = "hello", **fields: Any) -> Outgoing:
    """A message to a number that never rings."""
    defaults = {"to": f"+8210{reference:08d}", "sender": "0212345678"}
    return Outgoing(reference=reference, text=text, **{**defaults, **fields})


async def until(true: Callable[[], Any], within_s: float = 10) -> None:
    """Wait until something holds; fail if it does not in time."""
    deadline = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.01)


def kinds(outcomes: Sequence[Outcome]) -> Counter[str]:
    return Counter(type(outcome).__name__ for outcome in outcomes)


def judge(smsc: Smsc, outcomes: Sequence[Outcome], first: int = 0) -> None:
    """The SMSC's log against our outcomes: nothing twice, and no outcome that is untrue."""
    times = Counter(taken.to for taken in smsc.taken())
    assert max(times.values(), default=1) == 1
    for index, outcome in enumerate(outcomes, first):
        carried = times[outgoing(index).to[1:]]
        if isinstance(outcome, Accepted):
            assert carried == 1
        elif not isinstance(outcome, Uncertain):
            assert carried == 0, outcome
