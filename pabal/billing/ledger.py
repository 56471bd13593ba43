"""Moving money: one statement that changes the balance and writes the ledger entry that explains it.

Django's actions and the dispatcher (which has no Django connection) run the same SQL, so there is one way to move money:

    kind         total      reserved   what for
    topup        + amount              credits were bought
    reserve                 + amount   a campaign was launched
    settle       − amount   − amount   the carrier accepted messages
    release                 − amount   messages that will not be sent after all
    refund       + amount              failures that the carrier does not bill
    correction   ± amount              a person put something right

A movement that would leave `reserved` negative, or more reserved than there is, changes nothing and returns no row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from pabal.billing.models import EntryKind

#: kind → (what it does to the total, what it does to the reserved amount), as factors of its amount.
EFFECT: Final[dict[EntryKind, tuple[int, int]]] = {
    EntryKind.TOPUP: (1, 0),
    EntryKind.RESERVE: (0, 1),
    EntryKind.SETTLE: (-1, -1),
    EntryKind.RELEASE: (0, -1),
    EntryKind.REFUND: (1, 0),
    EntryKind.CORRECTION: (1, 0),
}

#: Returns the entry's (id, total_after, reserved_after), or no row when the balance does not allow it.
MOVE: Final = """
WITH moved AS (
    UPDATE balance
    SET total = total + %(total)s, reserved = reserved + %(reserved)s
    WHERE id = 1
      AND reserved + %(reserved)s >= 0
      AND (total + %(total)s >= reserved + %(reserved)s OR %(total)s - %(reserved)s >= 0)
    RETURNING total, reserved
)
INSERT INTO ledger_entry (kind, amount, messages, total_after, reserved_after, campaign_id, batch_id, note, user_id)
SELECT %(kind)s, %(amount)s, %(messages)s, total, reserved, %(campaign_id)s, %(batch_id)s, %(note)s, %(user_id)s
FROM moved
RETURNING id, total_after, reserved_after
"""

#: What is still reserved for a campaign.
OUTSTANDING: Final = """
SELECT COALESCE(sum(CASE kind WHEN 'reserve' THEN amount ELSE -amount END), 0)::bigint
FROM ledger_entry
WHERE campaign_id = %s AND kind IN ('reserve', 'settle', 'release')
"""


@dataclass(frozen=True, kw_only=True)
class Movement:
    """One ledger entry to be made. `amount` is in thousandths of a credit and negative only for a correction."""

    kind: EntryKind
    amount: int
    messages: int = 0
    campaign_id: int | None = None
    batch_id: int | None = None
    note: str = ""
    user_id: int | None = None

    def __post_init__(self) -> None:
        if self.amount < 0 and self.kind != EntryKind.CORRECTION:
            raise ValueError(f"a {self.kind.value} of {self.amount}: only corrections may be negative")

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters of `MOVE`."""
        total, reserved = EFFECT[self.kind]
        return {
            "kind": self.kind.value,
            "amount": self.amount,
            "messages": self.messages,
            "campaign_id": self.campaign_id,
            "batch_id": self.batch_id,
            "note": self.note,
            "user_id": self.user_id,
            "total": total * self.amount,
            "reserved": reserved * self.amount,
        }
