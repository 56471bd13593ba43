"""The pace of a lane, on a clock of the test's own."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pabal.delivery.pacing import SLOWEST, WINDOW_S, Pacer


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def sent_within(pacer: Pacer, clock: Clock, seconds: float, lateness: float = 0.0) -> list[tuple[float, int]]:
    windows, end = [], clock.now + seconds
    while clock.now < end:
        clock.now += pacer.wait + lateness
        if clock.now >= end:
            break
        parts = pacer.window_parts
        pacer.spend(parts)
        windows.append((clock.now, parts))
    return windows


@given(st.floats(0.5, 50_000), st.floats(0, 0.05))
def test_a_lane_uses_its_rate_and_never_exceeds_it_by_more_than_two_windows(rate: float, lateness: float) -> None:
    clock = Clock()
    pacer = Pacer(rate, now=clock)
    windows = sent_within(pacer, clock, 20, lateness)
    total = sum(parts for _, parts in windows)
    allowance = 2 * max(rate * WINDOW_S, 1)
    assert total <= rate * 20 + allowance
    assert total >= rate * 20 * 0.95 - allowance
    for start, _ in windows:
        second = sum(parts for at, parts in windows if start <= at < start + 1)
        assert second <= rate + allowance


def test_an_idle_lane_saves_up_no_burst() -> None:
    clock = Clock()
    pacer = Pacer(100, now=clock)
    clock.now += 3600
    assert sum(parts for _, parts in sent_within(pacer, clock, 1)) <= 150


def test_a_complaint_slows_down_and_quiet_speeds_up_again() -> None:
    clock = Clock()
    pacer = Pacer(1000, now=clock)
    pacer.slow_down(2.0)
    assert pacer.wait >= 2.0
    assert 690 <= pacer.effective_rate <= 710
    for _ in range(50):
        pacer.slow_down(0.0)
    assert pacer.effective_rate >= SLOWEST * 1000
    clock.now += 60
    assert pacer.effective_rate == 1000


def test_a_pause_is_kept() -> None:
    clock = Clock()
    pacer = Pacer(1000, now=clock)
    pacer.pause(5)
    clock.now += 4
    assert 0.9 < pacer.wait <= 1.0
