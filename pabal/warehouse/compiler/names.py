"""What the keys in a condition stand for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pabal.errors import InvalidInput
from pabal.warehouse.conditions import Condition, Group, SegmentMembership


class UnknownName(InvalidInput):
    """A condition names a list, segment or campaign that there is not. `details` has `kind` and `key`."""

    code = "unknown_name"

    def __init__(self, kind: str, key: str) -> None:
        super().__init__(f"There is no {kind} {key!r}.", field="condition", details={"kind": kind, "key": key})


class SegmentCycle(InvalidInput):
    """Segments name each other in a circle. `details` has the `keys` in order."""

    code = "segment_cycle"

    def __init__(self, keys: tuple[str, ...]) -> None:
        super().__init__(
            f"Segments name each other in a circle: {' → '.join(keys)}.",
            field="condition",
            details={"keys": list(keys)},
        )


@dataclass(frozen=True, kw_only=True)
class Names:
    """Key → id of lists and campaigns, key → condition of segments; at least those that the condition mentions."""

    lists: Mapping[str, int] = field(default_factory=dict)
    segments: Mapping[str, Condition] = field(default_factory=dict)
    campaigns: Mapping[str, int] = field(default_factory=dict)

    def list_ids(self, keys: tuple[str, ...]) -> list[int]:
        """The ids of lists. Raises `UnknownName`."""
        return _ids("list", self.lists, keys)

    def campaign_ids(self, keys: tuple[str, ...]) -> list[int]:
        """The ids of campaigns. Raises `UnknownName`."""
        return _ids("campaign", self.campaigns, keys)

    def inline(self, condition: Condition, within: tuple[str, ...] = ()) -> Condition:
        """The condition with each named segment replaced by its own; `within`: the keys of segments it stands in.

        Raises `UnknownName` and `SegmentCycle`.
        """
        match condition:
            case Group():
                inlined = tuple(self.inline(child, within) for child in condition.conditions)
                return Group(match=condition.match, conditions=inlined)
            case SegmentMembership():
                parts = tuple(self._segment(key, within) for key in condition.segments)
                return Group(match="any" if condition.member else "none", conditions=parts)
        return condition

    def _segment(self, key: str, within: tuple[str, ...]) -> Condition:
        if key in within:
            raise SegmentCycle((*within[within.index(key) :], key))
        if key not in self.segments:
            raise UnknownName("segment", key)
        return self.inline(self.segments[key], (*within, key))


def _ids(kind: str, known: Mapping[str, int], keys: tuple[str, ...]) -> list[int]:
    for key in keys:
        if key not in known:
            raise UnknownName(kind, key)
    return sorted({known[key] for key in keys})
