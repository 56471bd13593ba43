"""When something happened. The sender's clock may be wrong; the time between happening and sending is right all the same.

https://segment.com/docs/connections/spec/common/#timestamps: timestamp = receivedAt - (sentAt - originalTimestamp).
A clock that is off by less than `TOLERANCE` is taken as right, so that a backfill keeps its times to the millisecond.

Times are microseconds since 2000-01-01 UTC, as PostgreSQL counts them.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from pabal.edge.intake.failures import Refused
from pabal.edge.intake.messages import Message, Moment

EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_ONE: Final = timedelta(microseconds=1)
_UNIX: Final = 946_684_800_000_000

SECOND: Final = 1_000_000
TOLERANCE: Final = 60 * SECOND
FUTURE: Final = 24 * 3600 * SECOND
"""A time that far ahead is taken as now; one beyond it is refused."""

OLDEST: Final = -_UNIX
"""1970-01-01: what is older is refused."""


def now() -> int:
    return time.time_ns() // 1000 - _UNIX


def read(moment: Moment) -> int | None:
    """ISO 8601 (UTC if it names no zone), or Unix time in seconds or milliseconds. None: unreadable."""
    if isinstance(moment, str):
        try:
            at = datetime.fromisoformat(moment)
        except ValueError:
            return _read_odd(moment)
        try:
            return (at - EPOCH if at.tzinfo is not None else at.replace(tzinfo=UTC) - EPOCH) // _ONE
        except OverflowError:
            return None
    if moment is None or isinstance(moment, bool):
        return None
    if not -1e16 < moment < 1e16:
        return None
    seconds = moment / 1000 if abs(moment) >= 1e11 else moment
    return int(seconds * SECOND) - _UNIX


def _read_odd(text: str) -> int | None:
    """Unix time written as text, or more digits of a second than `fromisoformat` of Python 3.11 takes."""
    try:
        return read(float(text))
    except ValueError:
        pass
    head, dot, tail = text.strip().partition(".")
    if not dot:
        return None
    digits = len(tail) - len(tail.lstrip("0123456789"))
    try:
        return read(datetime.fromisoformat(f"{head}.{tail[:digits][:6].ljust(6, '0')}{tail[digits:]}").isoformat())
    except ValueError:
        return None


_sent = lru_cache(maxsize=64)(read)  # one for all messages of a request


def happened(message: Message, sent_at: Moment, received: int) -> int:
    """When it happened. Raises Refused `bad_time`."""
    said = message.timestamp if message.original_timestamp is None else message.original_timestamp
    if said is None:
        return received
    if message.received_at is not None and message.timestamp is not None:
        said, sent_at = message.timestamp, None  # corrected already, by whoever received it first
    elif message.sent_at is not None:
        sent_at = message.sent_at
    at = read(said)
    if at is None:
        raise Refused("bad_time", "The timestamp is no ISO 8601 time, such as 2026-11-24T09:00:00.000Z.", "timestamp")
    if sent_at is not None:
        sent = _sent(sent_at)
        if sent is not None and abs(received - sent) > TOLERANCE:
            at = received - (sent - at)
    if at > received:
        if at > received + FUTURE:
            raise Refused("bad_time", "The timestamp lies in the future.", "timestamp")
        return received
    if at < OLDEST:
        raise Refused("bad_time", "The timestamp lies before 1970.", "timestamp")
    return at
