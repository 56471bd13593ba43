"""What people see of senders: what waits for them, how fast they go, how their carrier's connection is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.db import connection
from django.utils import timezone

from pabal.delivery.models import Batch, BatchState, Dispatcher, Sender

#: A dispatcher that was not seen for so long does not run.
SEEN_S: Final = 15
RATE_S: Final = 10

WAITING: Final = """
SELECT b.sender_id, sum(greatest(0, b.last_id - b.next_id + 1))::bigint
FROM batch b JOIN campaign_control c ON c.campaign_id = b.campaign_id
WHERE b.state IN ('queued', 'sending') AND c.state IN ('running', 'paused') GROUP BY 1
"""

#: Messages accepted in the last seconds, looked for in the batches that changed last.
RATE: Final = """
SELECT b.sender_id, count(*)
FROM (SELECT sender_id, first_id, last_id FROM batch ORDER BY xid DESC LIMIT 60) b
JOIN message_event e ON e.message_id BETWEEN b.first_id AND b.last_id AND e.kind = 1
WHERE e.at > now() - make_interval(secs => %(seconds)s) GROUP BY 1
"""


@dataclass(frozen=True, kw_only=True)
class Link:
    """The connection to a carrier, as a dispatcher sees it. `state`: open, connecting, closed, or idle (nobody needs it)."""

    state: str
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Load:
    """One sender. `waiting`: messages not handed over yet; `rate`: messages a second, over the last ten."""

    sender: Sender
    waiting: int
    rate: float
    link: Link


def loads(senders: Sequence[Sender]) -> list[Load]:
    """The senders (with their account) as they are now."""
    waiting = _pairs(WAITING, {})
    busy = Batch.objects.filter(state__in=[BatchState.QUEUED, BatchState.SENDING]).exists()
    sent = _pairs(RATE, {"seconds": RATE_S}) if busy else {}
    links = carrier_links()
    return [
        Load(
            sender=sender,
            waiting=waiting.get(sender.pk, 0),
            rate=sent.get(sender.pk, 0) / RATE_S,
            link=links.get(sender.account_id, Link(state="idle")),
        )
        for sender in senders
    ]


def carrier_links() -> dict[int, Link]:
    """Account → its connection, by the dispatchers that run; trouble wins."""
    found: dict[int, Link] = {}
    alive = Dispatcher.objects.filter(seen_at__gt=timezone.now() - timedelta(seconds=SEEN_S))
    for dispatcher in alive:
        for account, state in (dispatcher.state.get("carriers") or {}).items():
            link = Link(state=str(state.get("state", "")), detail=str(state.get("detail", "")))
            if int(account) not in found or found[int(account)].state == "open":
                found[int(account)] = link
    return found


def dispatchers_running() -> bool:
    """Whether anything would send at all."""
    return Dispatcher.objects.filter(seen_at__gt=timezone.now() - timedelta(seconds=SEEN_S)).exists()


def _pairs(sql: str, values: Mapping[str, Any]) -> dict[int, int]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return dict(cursor.fetchall())
