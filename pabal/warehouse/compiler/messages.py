"""Conditions on past messages as queries for profile ids.

Messages and what happens to them never change, so their tables are read without FINAL: a row that was copied twice is
the same row.
"""

from __future__ import annotations

from pabal.warehouse.compiler.events import Events
from pabal.warehouse.compiler.moments import Clock, milliseconds
from pabal.warehouse.compiler.names import Names
from pabal.warehouse.compiler.parameters import Parameters
from pabal.warehouse.compiler.predicates import Predicates
from pabal.warehouse.conditions import Message

#: What happened → kinds of `message_event` (`delivery.models.EventKind`): accepted 1, delivered 2, failed 3, clicked 7,
#: replied 8. A receipt may come for a message whose acceptance was never seen.
KINDS = {
    "received": (1, 2),
    "delivered": (2,),
    "failed": (3,),
    "clicked": (7,),
    "replied": (8,),
    "converted": (1, 2),
}


class Messages:
    """Writes queries over `message` and `message_event`; `only` as in `Events`."""

    def __init__(
        self,
        parameters: Parameters,
        predicates: Predicates,
        events: Events,
        clock: Clock,
        names: Names,
        *,
        only: str = "",
    ) -> None:
        self._parameters = parameters
        self._predicates = predicates
        self._events = events
        self._clock = clock
        self._names = names
        self._only = only

    def did(self, condition: Message) -> str:
        """The query for profiles to whose messages it happened often enough."""
        sent = " AND ".join(self._sent(condition)) or "1"
        kinds = ", ".join(str(kind) for kind in KINDS[condition.what])
        happened = " AND ".join(
            [
                f"kind IN ({kinds})",
                *self._predicates.within("at", self._clock.window(condition.window)),
                *([f"message_id IN (SELECT message_id FROM message WHERE {sent})"] if sent != "1" else []),
            ]
        )
        if condition.what == "converted":
            return self._converted(condition, sent, happened)
        messages = (
            f"FROM message WHERE {sent} AND message_id IN (SELECT message_id FROM message_event WHERE {happened})"
        )
        if condition.times == 1:
            return f"SELECT profile_id {messages}"
        times = self._parameters.integer(condition.times)
        return f"SELECT profile_id {messages} GROUP BY profile_id HAVING uniqExact(message_id) >= {times}"

    def _sent(self, condition: Message) -> list[str]:
        found = [self._only] if self._only else []
        if condition.campaigns:
            ids = self._parameters.ids(self._names.campaign_ids(condition.campaigns))
            found.append(f"campaign_id IN {ids}")
        return found

    def _converted(self, condition: Message, sent: str, happened: str) -> str:
        """Each message with the first such event after it."""
        assert condition.event is not None
        assert condition.within is not None
        rows = self._events.rows(condition.event.name, condition.event.where, None)
        times = self._parameters.integer(condition.times)
        return (
            "SELECT m.profile_id AS profile_id FROM ("
            "SELECT message_id, profile_id, toDateTime64(since, 3, 'UTC') AS at "
            f"FROM (SELECT DISTINCT message_id, profile_id FROM message WHERE {sent}) AS sent INNER JOIN "
            f"(SELECT message_id, min(at) AS since FROM message_event WHERE {happened} GROUP BY message_id) AS accepted "
            "USING (message_id)) AS m "
            f"ASOF INNER JOIN (SELECT profile_id, at {rows}) AS e ON m.profile_id = e.profile_id AND m.at < e.at "
            f"WHERE toUnixTimestamp64Milli(e.at) - toUnixTimestamp64Milli(m.at) <= {milliseconds(condition.within)} "
            f"GROUP BY m.profile_id HAVING count() >= {times}"
        )
