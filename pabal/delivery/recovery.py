"""Windows that a lost dispatcher left with the carrier: asked for where the carrier can answer, else unknown.

A message that the carrier does not know is sent only if the former holder has surely ended; one that merely sleeps might
still hand it over. Everything else becomes `unknown` and is never sent again by itself.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from pabal.delivery.event_reasons import OwnReason
from pabal.delivery.holders import surely_dead
from pabal.delivery.leases import Connection, Lease
from pabal.delivery.windows import ID, Window, read
from pabal.errors import PabalError
from pabal.providers.base import Outcome, Provider, Unavailable, Uncertain

ASK_AGAIN_S: Final = 2.0
ASK_FOR_S: Final = 60.0

log = logging.getLogger(__name__)

#: Take over the marked windows of a slot; from now on the former holder cannot record anything about them.
ADOPT: Final = """
UPDATE batch b SET fence = %(fence)s
FROM campaign_control c
WHERE b.sender_id = %(sender)s AND b.slot = %(slot)s AND b.state = 'sending' AND b.window_end IS NOT NULL
  AND b.fence < %(fence)s AND c.campaign_id = b.campaign_id
RETURNING b.id, b.campaign_id, b.next_id, b.window_end, b.last_id, b.expires_at, c.channel
"""

#: Take our own marks off, when nothing of them was handed over.
UNMARK: Final = """
UPDATE batch SET window_end = NULL
WHERE sender_id = %s AND slot = %s AND fence = %s AND window_end IS NOT NULL AND state = 'sending'
"""


@dataclass(frozen=True, kw_only=True)
class Orphan:
    """A marked window without a holder. `may_ask`: what the carrier does not know may be sent."""

    window: Window
    may_ask: bool


async def orphans(connection: Connection, lease: Lease) -> list[Orphan]:
    """The windows that the former holder of our slot left behind, without what has an outcome already."""
    cursor = await connection.execute(ADOPT, {"fence": lease.fence, "sender": lease.sender_id, "slot": lease.slot})
    found = []
    dead = surely_dead(lease.former)
    for batch_id, campaign_id, start, end, last_id, expires_at, channel in await cursor.fetchall():
        rows, _ = await read(
            connection,
            start,
            end,
            channel=channel,
            purpose="informational",  # what was handed over is asked for, whatever the recipient has decided since
            tried=True,
            now=datetime.now(UTC),
            suppression=False,
        )
        window = Window(
            batch_id=batch_id,
            campaign_id=campaign_id,
            fence=lease.fence,
            start=start,
            end=end,
            last_id=last_id,
            expires_at=expires_at,
            rows=rows,
        )
        found.append(Orphan(window=window, may_ask=dead))
    return found


async def adopt(orphan: Orphan, provider: Provider | None) -> list[Outcome]:
    """The outcomes of an orphan's messages."""
    references = [row[ID] for row in orphan.window.rows]
    lost = Uncertain(code=OwnReason.HOLDER_LOST.value)
    if not references or provider is None or not provider.capabilities.can_look_up:
        return [lost] * len(references)
    known: dict[int, Outcome] | None = None
    for _ in range(int(ASK_FOR_S / ASK_AGAIN_S)):
        try:
            known = await provider.look_up(references)
            break
        except PabalError as error:
            log.warning("the carrier cannot be asked", extra={"error": str(error)})
            await asyncio.sleep(ASK_AGAIN_S)
    if known is None:
        return [lost] * len(references)
    absent: Outcome = Unavailable(retry_after=0.0, code="never_taken") if orphan.may_ask else lost
    return [known.get(reference, absent) for reference in references]


async def unmark(connection: Connection, lease: Lease) -> None:
    """Our marks were never handed over: put the messages back into the queue."""
    await connection.execute(UNMARK, [lease.sender_id, lease.slot, lease.fence])
