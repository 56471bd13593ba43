"""The tree as the page draws it: each condition with its sentence, each group with its choices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from django.utils.translation import gettext_lazy as _

from pabal.console.segments import options
from pabal.console.segments.catalogue import Catalogue
from pabal.console.segments.drafts import NEW, Draft, complete
from pabal.console.segments.sentences import Sentence, Writer
from pabal.warehouse.conditions import LIMITS

LABELS = {
    "event": _("Condition: what they did"),
    "property": _("Condition: a property"),
    "consent": _("Condition: consent"),
    "message": _("Condition: messages"),
    "list": _("Condition: lists"),
    "segment": _("Condition: segments"),
    "sequence": _("Condition: a sequence"),
    "group": _("Group of conditions"),
}


@dataclass(frozen=True, kw_only=True)
class Node:
    """A condition (with `sentence`) or a group (with `children`). `id` is new each time it is drawn."""

    id: str
    type: str
    depth: int
    joiner: Any
    faults: Mapping[str, str]
    sentence: Sentence | None = None
    match: str = ""
    children: tuple[Node, ...] = ()

    @property
    def unique_faults(self) -> list[str]:
        """What is wrong, each thing said once."""
        return list(dict.fromkeys(self.faults.values()))

    @property
    def label(self) -> Any:
        return LABELS[self.type]

    @property
    def may_nest(self) -> bool:
        """Whether a group may still be put into this one."""
        return self.depth < LIMITS.depth

    @property
    def matches(self) -> list[dict[str, Any]]:
        return [
            {"value": value, "label": label, "joiner": options.JOINERS[value], "chosen": value == self.match}
            for value, label in options.MATCH
        ]


def draw(
    draft: Draft, catalogue: Catalogue, faults: Mapping[str, Mapping[str, str]], *, depth: int = 1, joiner: Any = ""
) -> Node:
    """The node of a draft and of all below it. `faults`: place in the tree → control → what is wrong."""
    return _draw(complete(draft), catalogue, faults, "", depth, joiner)


def _draw(
    draft: Draft, catalogue: Catalogue, faults: Mapping[str, Mapping[str, str]], place: str, depth: int, joiner: Any
) -> Node:
    here = faults.get(place, {})
    common: dict[str, Any] = {"id": f"n{uuid4().hex[:8]}", "type": draft["type"], "joiner": joiner, "faults": here}
    if draft["type"] != "group":
        sentence = Writer(draft=draft, catalogue=catalogue, faults=here).sentence()
        return Node(**common, depth=depth, sentence=sentence)
    match = draft["match"] if draft["match"] in options.JOINERS else "all"
    children = tuple(
        _draw(child, catalogue, faults, f"{place}.{n}" if place else str(n), depth + 1, options.JOINERS[match])
        for n, child in enumerate(draft["conditions"])
    )
    return Node(**common, depth=depth, match=match, children=children)


def additions() -> dict[str, Draft]:
    """What the menu adds, by type."""
    return {kind: {"type": kind, **draft} for kind, draft in NEW.items()}
