"""Running counts of message events, written in the transaction that appends the events.

`amount` is what the events did to the cost: positive for what was charged, negative for what was refunded. So the sum
over all kinds is what a campaign has cost so far.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Final, TypeAlias

import psycopg

#: (campaign, event kind, reason) → messages, parts, amount.
Key: TypeAlias = tuple[int, int, str]

#: The rows are sorted, so that two writers never wait for each other in a circle.
ADD: Final = """
INSERT INTO tally (campaign_id, minute, kind, reason, shard, messages, parts, amount)
SELECT campaign_id, date_trunc('minute', now()), kind, reason, %(shard)s, messages, parts, amount
FROM unnest(%(campaigns)s::bigint[], %(kinds)s::smallint[], %(reasons)s::text[],
            %(messages)s::bigint[], %(parts)s::bigint[], %(amounts)s::bigint[])
     AS t(campaign_id, kind, reason, messages, parts, amount)
ORDER BY campaign_id, kind, reason
ON CONFLICT (campaign_id, minute, kind, reason, shard) DO UPDATE
SET messages = tally.messages + EXCLUDED.messages, parts = tally.parts + EXCLUDED.parts,
    amount = tally.amount + EXCLUDED.amount
"""

SHARDS: Final = 16


class Counts:
    """Counts that are still to be written."""

    def __init__(self) -> None:
        self._counts: defaultdict[Key, list[int]] = defaultdict(lambda: [0, 0, 0])

    def add(self, campaign_id: int, kind: int, reason: str, messages: int, parts: int, amount: int) -> None:
        """Count `messages` events of one kind."""
        count = self._counts[campaign_id, int(kind), reason]
        count[0] += messages
        count[1] += parts
        count[2] += amount

    def merge(self, other: Counts) -> None:
        """Take over what another has counted."""
        for (campaign_id, kind, reason), (messages, parts, amount) in other.items():
            self.add(campaign_id, kind, reason, messages, parts, amount)

    def items(self) -> Iterator[tuple[Key, list[int]]]:
        return iter(sorted(self._counts.items()))

    def __bool__(self) -> bool:
        return bool(self._counts)

    def parameters(self, shard: int) -> dict[str, Any]:
        """The parameters of `ADD`."""
        rows = list(self.items())
        return {
            "shard": shard,
            "campaigns": [key[0] for key, _ in rows],
            "kinds": [key[1] for key, _ in rows],
            "reasons": [key[2] for key, _ in rows],
            "messages": [count[0] for _, count in rows],
            "parts": [count[1] for _, count in rows],
            "amounts": [count[2] for _, count in rows],
        }

    async def write(self, connection: psycopg.AsyncConnection[Any], shard: int) -> None:
        """Add them to the table."""
        if self._counts:
            await connection.execute(ADD, self.parameters(shard))
