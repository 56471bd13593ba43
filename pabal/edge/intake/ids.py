"""Ids as senders write them: text, or a number."""

from __future__ import annotations

from typing import Final

from pabal.audience.former_ids import FORMER_ID
from pabal.edge.intake.failures import Refused
from pabal.edge.intake.limits import LONGEST_ID
from pabal.edge.intake.messages import Id

FORMER: Final = FORMER_ID
"""Prefix in the table `anonymous` of external ids whose profile went up in another one."""


def identity(value: Id, field: str) -> str | None:
    """An id as text; None when there is none. Raises Refused `bad_id`."""
    if value is None:
        return None
    text = value if isinstance(value, str) else str(value)
    if not text or text.isspace():
        return None
    if len(text) > LONGEST_ID:
        raise Refused("bad_id", f"{field} may have {LONGEST_ID} characters.", field)
    if text.startswith(FORMER) and field != "userId":
        raise Refused("bad_id", f"{field} may not begin with “{FORMER}”.", field)
    return text
