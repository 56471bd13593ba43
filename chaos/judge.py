"""What became of every message, by the carriers' logs against ours."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import connection


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The tally of a run. `failures` are sentences; empty means that nothing was sent twice and nothing lost."""

    planned: int
    taken: int
    twice: int
    accepted: int
    unknown: int
    unknown_at_carrier: int
    unknown_why: dict[str, int]
    rejected: int
    delivered: int
    lost: int
    failures: tuple[str, ...]


def judge(smsc_log: Path, gateway_log: Path) -> Verdict:
    """Compare. Every phone belongs to one message."""
    phones = Counter(_phones(smsc_log) + _phones(gateway_log))
    planned = {phone: pk for pk, phone in _rows("SELECT id, phone FROM message")}
    kinds: dict[int, set[int]] = {}
    for pk, kind in _rows("SELECT message_id, kind FROM message_event"):
        kinds.setdefault(pk, set()).add(kind)
    at_carrier = {planned[phone] for phone in phones if phone in planned}
    accepted = {pk for pk, of in kinds.items() if 1 in of}
    unknown = {pk for pk, of in kinds.items() if 6 in of and 1 not in of}
    rejected = {pk for pk, of in kinds.items() if 3 in of and 1 not in of}
    reasons = _rows("SELECT message_id, concat_ws(': ', reason, NULLIF(code, '')) FROM message_event WHERE kind = 6")
    delivered = {pk for pk, of in kinds.items() if 2 in of}
    without = set(planned.values()) - {pk for pk, of in kinds.items() if of & {1, 3, 4, 5, 6}}
    unsaid = at_carrier - accepted - unknown
    unseen = accepted - at_carrier
    twice = sum(count > 1 for count in phones.values())
    tallied = dict(_rows("SELECT kind, sum(messages)::bigint FROM tally GROUP BY kind"))
    counted = Counter(kind for of in kinds.values() for kind in of)
    ((reserved,),) = _rows("SELECT reserved FROM balance")
    ((spent,),) = _rows("SELECT COALESCE(sum(amount), 0)::bigint FROM ledger_entry WHERE kind IN ('settle', 'refund')")
    ((owed,),) = _rows(
        "SELECT COALESCE(sum(m.amount), 0)::bigint FROM message m WHERE EXISTS "
        "(SELECT FROM message_event e WHERE e.message_id = m.id AND e.kind IN (1, 6))"
    )
    checks = {
        f"{twice} messages reached a carrier twice": twice,
        f"{len(phones.keys() - planned.keys())} messages at a carrier were never planned": phones.keys()
        - planned.keys(),
        f"{len(without)} messages have no outcome": without,
        f"{len(unsaid)} messages are at a carrier, and we do not say so": unsaid,
        f"{len(rejected)} messages are refused by our word only: the carriers take everything": rejected,
        f"{len(unseen)} messages are accepted by our word only": unseen,
        f"the tally of accepted messages says {tallied.get(1)}, the events {counted[1]}": tallied.get(1, 0)
        != counted[1],
        f"the tally of delivered messages says {tallied.get(2)}, the events {counted[2]}": tallied.get(2, 0)
        != counted[2],
        f"{reserved} is still reserved": reserved,
        f"{spent} was paid, {owed} is what was sent": spent != owed,
    }
    return Verdict(
        planned=len(planned),
        taken=sum(phones.values()),
        twice=twice,
        accepted=len(accepted),
        unknown=len(unknown),
        unknown_at_carrier=len(unknown & at_carrier),
        unknown_why=dict(Counter(why for pk, why in reasons if pk in unknown)),
        rejected=len(rejected),
        delivered=len(delivered),
        lost=len(without) + len(unsaid) + len(unseen),
        failures=tuple(sentence for sentence, wrong in checks.items() if wrong),
    )


def _phones(log: Path) -> list[str]:
    if not log.exists():
        return []
    # A carrier that was killed may leave half a line: it had not answered for that message.
    found = []
    for line in log.read_text().splitlines():
        try:
            found.append("+" + str(json.loads(line)["to"]).lstrip("+"))
        except ValueError:
            continue
    return found


def _rows(sql: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()
