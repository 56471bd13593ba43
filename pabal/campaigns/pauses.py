"""After a pause: the time-out counts the time of sending alone, and the hours of each recipient's place are looked up anew.

A batch keeps its messages and its lane; only `send_after … expires_at` moves. The new span is open at every place of
the batch, so what was planned for this afternoon and resumed at night waits for the morning.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Final

from pabal.campaigns.compose import senders_of
from pabal.campaigns.inputs import policy_of
from pabal.campaigns.models import Campaign, Plan
from pabal.database import raw_cursor
from pabal.policy.hours import HoursOptions, Place, windows_frame

#: Openings that are tried until one holds at every place of a batch; places of one batch were open together once.
TRIES: Final = 12

_OPEN = """
WITH open AS (
    SELECT id, send_after, expires_at, GREATEST(next_id, COALESCE(window_end + 1, next_id)) AS low, last_id
    FROM batch WHERE campaign_id = %s AND state IN ('queued', 'sending')
)
SELECT o.id, o.send_after, o.expires_at, CASE WHEN p.time_zone <> '' THEN p.time_zone ELSE p.zones END, p.region,
       n.profile_id IS NOT NULL
FROM open o
JOIN message m ON m.id BETWEEN o.low AND o.last_id
JOIN profile p ON p.id = m.profile_id
LEFT JOIN consent n ON n.profile_id = p.id AND n.channel = 'text' AND n.purpose = 'night' AND n.state = 'subscribed'
GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1
"""

_MOVE = """
UPDATE batch b SET send_after = d.send_after, expires_at = d.expires_at
FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[]) AS d(id, send_after, expires_at)
WHERE b.id = d.id AND b.state IN ('queued', 'sending')
"""


def deadline_after(campaign: Campaign, plan: Plan | None, now: datetime) -> datetime | None:
    """When what is not sent times out, if `campaign` (paused, as stored) goes on `now`; None when no time was lost."""
    if campaign.paused_at is None:
        return campaign.deadline
    started = plan.planned_for if plan is not None else campaign.started_at or campaign.paused_at
    before = campaign.deadline or started + timedelta(minutes=campaign.timeout_minutes)
    return before + max(timedelta(0), now - campaign.paused_at)


def retime(campaign: Campaign, deadline: datetime, now: datetime) -> int:
    """Give the campaign's open batches times that hold from `now` to `deadline`; how many batches. In the caller's
    transaction, before anything of them is sent again."""
    policy = policy_of(campaign, senders_of(campaign))
    hours = None if policy.quiet_hours == "off" else policy.hours
    moved: list[tuple[int, datetime, datetime]] = []
    with raw_cursor() as cursor:
        rows = cursor.execute(_OPEN, [campaign.pk]).fetchall()
        for (batch, send_after, expires_at), places in groupby(rows, key=lambda row: row[:3]):
            first = max(now, send_after)
            span = _span([Place(zones=z, region=r, night_consent=n) for *_, z, r, n in places], first, hours)
            if span is None:  # never open any more: it expires
                moved.append((batch, send_after, min(expires_at, now)))
                continue
            # What could have been sent but for the pause loses nothing if the place is closed just now.
            until = deadline if send_after > now else deadline + (span[0] - now)
            moved.append((batch, span[0], min(span[1] or until, until)))
        if moved:
            cursor.execute(_MOVE, [list(column) for column in zip(*moved, strict=True)])
    return len(moved)


def _span(places: Sequence[Place], at: datetime, hours: HoursOptions | None) -> tuple[datetime, datetime | None] | None:
    """From `at` on, the first span that is open at all of `places`: (its begin, its end if there is one)."""
    at = at.astimezone(UTC)
    if hours is None:
        return at, None
    for _ in range(TRIES):
        frame = windows_frame(places, at, hours)
        if frame["opens_at"].null_count():
            return None
        opens, closes = frame["opens_at"].max(), frame["closes_at"].min()
        assert isinstance(opens, datetime)
        if not isinstance(closes, datetime) or opens < closes:
            return opens, closes if isinstance(closes, datetime) else None
        at = opens
    return None
