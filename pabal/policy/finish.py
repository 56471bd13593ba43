"""When a send will be done, and how many messages will time out.

A fluid model in exact fractions: each sender works through its loads in the order of their openings, at its throughput;
the campaign's limit a minute is shared by the senders that have work, evenly, and what one cannot use goes to the others.
It leaves out bursts, retries and a carrier that is slower than agreed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from math import ceil

_MICROSECOND = Fraction(1, 1_000_000)


@dataclass(frozen=True, kw_only=True)
class Load:
    """Messages of one sender that may go out from `opens_at` on, and before `closes_at` (None: no end), both aware.
    `parts` is their total, at least one a message."""

    sender: str
    messages: int
    parts: int
    opens_at: datetime
    closes_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """`finishes_at`: UTC, when the last message that makes it is out; None when none is. `sent` and `timed_out` count
    messages and add up to all of them."""

    finishes_at: datetime | None
    sent: int
    timed_out: int
    timed_out_by_sender: Mapping[str, int]


@dataclass(kw_only=True)
class _Queue:
    """A load on its way, in seconds from now and fractional messages."""

    load: Load
    opens: Fraction
    limit: Fraction | None
    left: Fraction
    full_rate: Fraction

    def has_ended(self, at: Fraction) -> bool:
        return self.left == 0 or (self.limit is not None and at >= self.limit)


@dataclass(kw_only=True)
class _Tally:
    finish: Fraction | None = None
    sent: int = 0
    timed_out: dict[str, int] = field(default_factory=dict)


def predict(
    loads: Sequence[Load],
    *,
    throughput: Mapping[str, float],
    now: datetime,
    deadline: datetime | None,
    per_minute: int | None = None,
) -> Forecast:
    """Forecast a send that starts at `now`.

    `throughput`: parts a second of each sender. `deadline`: what is not out by then times out (None: never). `per_minute`:
    messages a minute over all senders (None: no limit). Raises `ValueError` for a rate that is not positive and `KeyError`
    for a sender without a throughput.
    """
    if any(rate <= 0 for rate in throughput.values()) or (per_minute is not None and per_minute <= 0):
        raise ValueError("rates must be positive")
    pending = _queues(loads, throughput, now, deadline)
    cap = None if per_minute is None else Fraction(per_minute, 60)
    tally = _Tally()
    clock = Fraction(0)
    while pending:
        for sender in list(pending):
            _drop_ended(pending, sender, clock, tally)
        heads = [queue[0] for queue in pending.values()]
        working = [head for head in heads if head.opens <= clock]
        rates = _share([head.full_rate for head in working], cap)
        events = [head.opens for head in heads if head.opens > clock]
        for head, rate in zip(working, rates, strict=True):
            events.append(clock + head.left / rate)
            if head.limit is not None:
                events.append(head.limit)
        if not events:
            break
        until = min(events)
        for head, rate in zip(working, rates, strict=True):
            head.left -= rate * (until - clock)
            tally.finish = until
        clock = until
    finish = None if tally.finish is None or not tally.sent else _after(now, tally.finish)
    return Forecast(
        finishes_at=finish,
        sent=tally.sent,
        timed_out=sum(tally.timed_out.values()),
        timed_out_by_sender=tally.timed_out,
    )


def _queues(
    loads: Sequence[Load], throughput: Mapping[str, float], now: datetime, deadline: datetime | None
) -> dict[str, list[_Queue]]:
    """Each sender's loads in the order in which it sends them: by opening, then by closing."""
    pending: dict[str, list[_Queue]] = {}
    for load in loads:
        if load.messages == 0:
            continue
        ends = [_between(now, end) for end in (deadline, load.closes_at) if end is not None]
        queue = _Queue(
            load=load,
            opens=max(Fraction(0), _between(now, load.opens_at)),
            limit=min(ends) if ends else None,
            left=Fraction(load.messages),
            full_rate=Fraction(throughput[load.sender]) * load.messages / load.parts,
        )
        pending.setdefault(load.sender, []).append(queue)
    for queues in pending.values():
        queues.sort(key=lambda queue: (queue.opens, queue.limit is None, queue.limit or 0))
    return pending


def _drop_ended(pending: dict[str, list[_Queue]], sender: str, clock: Fraction, tally: _Tally) -> None:
    """Count and remove the loads at the head of a sender's queue that are done or out of time."""
    queues = pending[sender]
    while queues and queues[0].has_ended(clock):
        ended = queues.pop(0)
        late = ceil(ended.left)
        tally.sent += ended.load.messages - late
        if late:
            tally.timed_out[sender] = tally.timed_out.get(sender, 0) + late
    if not queues:
        del pending[sender]


def _share(wanted: Sequence[Fraction], cap: Fraction | None) -> list[Fraction]:
    """Divide `cap` evenly; who wants less than a share leaves the rest to the others."""
    if cap is None or sum(wanted) <= cap:
        return list(wanted)
    rates = [Fraction(0)] * len(wanted)
    rest = cap
    by_want = sorted(range(len(wanted)), key=lambda index: wanted[index])
    for done, index in enumerate(by_want):
        rates[index] = min(wanted[index], rest / (len(wanted) - done))
        rest -= rates[index]
    return rates


def _between(now: datetime, moment: datetime) -> Fraction:
    return Fraction((moment - now) // timedelta(microseconds=1)) * _MICROSECOND


def _after(now: datetime, seconds: Fraction) -> datetime:
    return now.astimezone(UTC) + timedelta(microseconds=ceil(seconds / _MICROSECOND))
