"""The condition tree as bitmaps: each leaf one subquery, read once, and groups as operations on them."""

from __future__ import annotations

from pabal.warehouse.compiler.events import Events
from pabal.warehouse.compiler.messages import Messages
from pabal.warehouse.compiler.moments import Clock
from pabal.warehouse.compiler.names import Names
from pabal.warehouse.compiler.parameters import Parameters
from pabal.warehouse.compiler.predicates import Predicates
from pabal.warehouse.compiler.sets import Bitmap, all_of, among, any_of, without
from pabal.warehouse.conditions import (
    Condition,
    Consent,
    Event,
    Group,
    ListMembership,
    Message,
    Property,
    SegmentMembership,
    Sequence,
)

PROFILES = "profiles"


class Tree:
    """Compiles conditions that share a clock, names and parameters; equal leaves are read once.

    `only`: profile ids to which everything is limited, for the question whether they belong.
    """

    def __init__(self, parameters: Parameters, clock: Clock, names: Names, *, only: list[int] | None = None) -> None:
        self._parameters = parameters
        self._names = names
        self._clock = clock
        self._only = "" if only is None else f"profile_id IN {parameters.ids(only)}"
        self._predicates = Predicates(parameters, clock)
        self._events = Events(parameters, self._predicates, clock, only=self._only)
        self._messages = Messages(parameters, self._predicates, self._events, clock, names, only=self._only)
        self._leaves: dict[str, str] = {}
        self._tests: dict[str, str] = {}

    def bitmap(self, condition: Condition) -> Bitmap:
        """The set of a condition whose segments have been inlined."""
        match condition:
            case Group(match="all", conditions=()):
                return Bitmap(sql=self.everybody, living=True)
            case Group():
                sets = [self.bitmap(child) for child in condition.conditions]
                if condition.match == "all":
                    return all_of(sets)
                return any_of(sets) if condition.match == "any" else any_of(sets).opposite()
            case Property():
                return self._profiles(self._predicates.of(condition))
            case Event():
                query, negated = self._events.did(condition)
                return self._leaf(query, negated=negated)
            case Sequence():
                return self._leaf(self._events.in_sequence(condition), negated=not condition.did)
            case Message():
                return self._leaf(self._messages.did(condition), negated=not condition.did)
            case Consent():
                return self._leaf(self._consent(condition), negated=condition.state == "never")
            case ListMembership():
                return self._leaf(self._list(condition), negated=not condition.member)
            case SegmentMembership():
                raise TypeError("segments are inlined before")

    @property
    def everybody(self) -> str:
        """The expression of the bitmap of all profiles."""
        return self._profiles("").sql

    def members(self, set_: Bitmap) -> str:
        """The expression of the bitmap of those of a set who exist."""
        if set_.negated:
            return without(self.everybody, set_.sql)
        return set_.sql if set_.living else among(self.everybody, set_.sql)

    def reachable(self, purpose: str = "promotional") -> Bitmap:
        """Who can get a text: agreed to it, has a phone, and it is not suppressed."""
        agreed = Consent(channel="text", purpose=purpose)  # type: ignore[arg-type]
        phone = self._profiles("number != 0 AND number NOT IN (SELECT number FROM suppression FINAL)")
        return all_of([phone, self.bitmap(agreed)])

    def with_(self) -> str:
        """The WITH clause that names all bitmaps used so far."""
        return "WITH\n    " + ",\n    ".join(f"({query}) AS {name}" for name, query in self._named())

    def from_(self) -> str:
        """The FROM clause that has them as columns: for a query that uses each many times, which WITH would write out."""
        columns = [f"materialize(({query})) AS {name}" for name, query in self._named()]
        return "FROM (\n    SELECT\n    " + ",\n    ".join(columns) + "\n)"

    def _named(self) -> list[tuple[str, str]]:
        named = [(name, query) for query, name in self._leaves.items()]
        if self._tests:
            found = ", ".join(
                f"groupBitmapStateIf(profile_id, {test})" if test else "groupBitmapState(profile_id)"
                for test in self._tests
            )
            where = f" WHERE {self._only}" if self._only else ""
            named.insert(0, (PROFILES, f"SELECT tuple({found}) FROM profile FINAL{where}"))
        return named

    def _leaf(self, query: str, *, negated: bool) -> Bitmap:
        sql = f"SELECT groupBitmapState(profile_id) FROM ({query})"
        name = self._leaves.setdefault(sql, f"set{len(self._leaves) + 1}")
        return Bitmap(sql=name, negated=negated)

    def _profiles(self, test: str) -> Bitmap:
        """All tests of profiles share one pass over the table."""
        self._tests.setdefault(test, f"{PROFILES}.{len(self._tests) + 1}")
        return Bitmap(sql=self._tests[test], living=True)

    def _consent(self, condition: Consent) -> str:
        conditions = [
            f"channel = '{condition.channel}'",
            f"purpose = '{condition.purpose}'",
            *([f"state = '{condition.state}'"] if condition.state != "never" else []),
            *([self._only] if self._only else []),
            *self._predicates.within("changed_at", self._clock.window(condition.window)),
        ]
        return f"SELECT profile_id FROM consent FINAL WHERE {' AND '.join(conditions)}"

    def _list(self, condition: ListMembership) -> str:
        conditions = [
            f"list_id IN {self._parameters.ids(self._names.list_ids(condition.lists))}",
            *([self._only] if self._only else []),
            *self._predicates.within("added_at", self._clock.window(condition.window)),
        ]
        return f"SELECT profile_id FROM list_member FINAL WHERE {' AND '.join(conditions)}"
