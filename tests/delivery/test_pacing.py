"""The pace of a lane, on a clock of the test's own."""

from __future__ import annotations

import asyncio
import itertools

from hypothesis import given
from hypothesis import strategies as st

from pabal.delivery.pacing import SLOWEST, Chunk, Pace, take


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def ready(rate: float, clock: Clock) -> Pace:
    """A pace whose first, careful second is over."""
    pace = Pace(rate, now=clock)
    clock.now += 1.01
    return pace


def sent_within(
    pace: Pace, clock: Clock, seconds: float, *, under_way: list[float] | None = None
) -> list[tuple[float, int]]:
    """When the carrier counted what, if each chunk is under way as long as `under_way` says, in turn."""
    delays = under_way or [0.0]
    counted: list[tuple[float, int]] = []
    waiting: list[tuple[float, Chunk]] = []
    end = clock.now + seconds
    while True:
        wait = pace.wait()
        clock.now += wait
        for answered_at, chunk in [entry for entry in waiting if entry[0] <= clock.now]:
            chunk.answered(answered_at, min(delays))
            waiting.remove((answered_at, chunk))
        if clock.now >= end:
            return counted
        if pace.wait() > 0:
            continue
        parts = min(pace.room, pace.chunk_parts)
        assert parts >= 1
        chunk = pace.begin(parts, round_trip=min(delays))
        delay = delays[len(counted) % len(delays)]
        counted.append((clock.now + delay, parts))
        waiting.append((clock.now + delay, chunk))


def most_in_a_second(counted: list[tuple[float, int]]) -> int:
    return max(sum(parts for at, parts in counted if start <= at < start + 1) for start, _ in counted)


@given(st.integers(1, 20_000), st.lists(st.floats(0.001, 0.9), min_size=1, max_size=7))
def test_no_second_has_more_than_the_rate_however_long_messages_are_under_way(rate: int, delays: list[float]) -> None:
    clock = Clock()
    counted = sent_within(ready(rate, clock), clock, 4, under_way=delays)
    assert most_in_a_second(counted) <= rate


@given(st.integers(1, 20_000))
def test_the_rate_is_reached_within_two_percent(rate: int) -> None:
    clock = Clock()
    counted = sent_within(ready(rate, clock), clock, 10, under_way=[0.003])
    assert sum(parts for _, parts in counted) >= rate * 10 * 0.98 - 1


def test_a_late_carrier_does_not_hold_the_rate_down() -> None:
    clock = Clock()
    counted = sent_within(ready(100, clock), clock, 10, under_way=[2.5])
    assert sum(parts for _, parts in counted) >= 980


def test_chunks_are_spread_over_the_second() -> None:
    clock = Clock()
    counted = sent_within(ready(1000, clock), clock, 3)
    steady = [at for at, _ in counted if at > clock.now - 2]
    gaps = [later - earlier for earlier, later in itertools.pairwise(steady)]
    assert max(gaps) < 0.06


def test_it_begins_careful_for_another_may_have_used_the_second_before() -> None:
    clock = Clock()
    pace = Pace(50, now=clock)
    assert 1.0 <= pace.wait() < 1.01


def test_an_idle_lane_saves_up_no_burst() -> None:
    clock = Clock()
    pace = ready(100, clock)
    clock.now += 3600
    assert sum(parts for _, parts in sent_within(pace, clock, 1)) <= 100


def test_a_text_of_more_parts_than_a_second_has_room_for_goes_alone() -> None:
    clock = Clock()
    pace = ready(2, clock)
    assert pace.wait(5) == 0
    pace.begin(5)
    assert pace.wait(1) > 2


def test_a_complaint_slows_down_and_quiet_speeds_up_again() -> None:
    clock = Clock()
    pace = ready(1000, clock)
    pace.slow_down(2.0)
    assert pace.wait() >= 2.0
    assert 690 <= pace.effective_rate <= 710
    for _ in range(50):
        pace.slow_down(0.0)
    assert pace.effective_rate >= SLOWEST * 1000
    clock.now += 60
    assert pace.effective_rate == 1000


def test_a_pause_is_kept() -> None:
    clock = Clock()
    pace = ready(1000, clock)
    pace.pause(5)
    clock.now += 4
    assert 0.9 < pace.wait() <= 1.0


async def _share(lanes: int, seconds: float) -> list[int]:
    shared = Pace(200)
    await asyncio.sleep(1.01)
    sent = [0] * lanes
    end = shared.now() + seconds

    async def lane(number: int) -> None:
        own = Pace(1_000)
        while shared.now() < end:
            count, chunks = await take([1] * 20, own, shared, round_trip=0.0, stopped=lambda: shared.now() >= end)
            sent[number] += count
            for chunk in chunks:
                chunk.answered(shared.now(), 0.0)

    await asyncio.gather(*(lane(number) for number in range(lanes)))
    return sent


def test_lanes_share_the_limit_of_their_account_evenly() -> None:
    sent = asyncio.run(_share(4, 3.0))
    assert sum(sent) <= 200 * 3
    assert max(sent) - min(sent) <= 0.3 * max(sent), "nobody starves"
