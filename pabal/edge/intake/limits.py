"""How much the intake takes. `docs/reference/events-api.md` tells the sender."""

from __future__ import annotations

from typing import Final

LARGEST_REQUEST: Final = 4 * 1024 * 1024
"""Bytes of a request after decompression; Segment allows 500 KB."""

LARGEST_EVENT: Final = 64 * 1024
"""Bytes of one event's properties, or one person's traits, as compact JSON; Segment allows 32 KB."""

LONGEST_LINE: Final = 128 * 1024
"""Bytes of a line of `/v1/import`."""

MOST_MESSAGES: Final = 10_000
"""Messages of one batch."""

DEEPEST: Final = 16
"""Levels of objects and lists within properties or traits."""

LONGEST_NAME: Final = 200
"""Characters of an event's name."""

LONGEST_ID: Final = 255
"""Characters of a user, anonymous or group id."""

WAITING_EVENTS: Final = 60_000
"""Events that may wait for the database in one process; the next request is refused with 429."""

WAITING_BYTES: Final = 64 * 1024 * 1024
"""Bytes of events that may wait for the database in one process."""

WAITING_PEOPLE: Final = 20_000
"""What `identify` said that may wait in one process."""

PAUSE: Final = 0.002
"""Seconds in which requests gather for one transaction."""

LONGEST_STATEMENT: Final = 30_000
"""Milliseconds that a statement may take, waiting for locks included; then the requests are answered with 503."""
