"""A condition in words, as a native would say it: for segment pages, campaign pages and previews.

    sentence(condition, names)   one sentence: "People who did Order Completed at least 2 times in the last 30 days."
    outline(condition, names)    the same as a tree of short lines, for nested groups

English and Korean build sentences differently, so each has a module of its own (`segment_words_en`, `segment_words_ko`)
over the same tree. `names_of` looks up what lists, segments and campaigns are called.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import get_language

from pabal.audience.models import List, Segment
from pabal.campaigns.models import Campaign
from pabal.console import segment_words_en as en
from pabal.console import segment_words_ko as ko
from pabal.console.segment_names import Names
from pabal.warehouse import conditions as c

__all__ = ["Line", "Names", "names_of", "outline", "readable", "sentence"]


@dataclass(frozen=True, kw_only=True)
class Line:
    """One condition in words; of a group, what its `parts` have to do with each other."""

    text: str
    parts: tuple[Line, ...] = field(default=())


def names_of(condition: c.Condition) -> Names:
    """What the lists, segments and campaigns are called that a condition names."""
    named = c.mentions(condition)
    return Names(
        lists=_called(List, named.lists),
        segments=_called(Segment, named.segments),
        campaigns=_called(Campaign, named.campaigns),
    )


def _called(model: Any, keys: frozenset[str]) -> Mapping[str, str]:
    return dict(model.objects.filter(key__in=keys).values_list("key", "name")) if keys else {}


def sentence(condition: c.Condition, names: Names | None = None, *, language: str = "") -> str:
    """The whole condition as one sentence, in the reader's language or `language` (ko, en)."""
    found: str = _language(language).sentence(condition, names or names_of(condition))
    return found


def outline(condition: c.Condition, names: Names | None = None, *, language: str = "") -> Line:
    """The condition line by line; a line of a group says how its parts are joined."""
    words, known = _language(language), names or names_of(condition)

    def line(part: c.Condition) -> Line:
        if isinstance(part, c.Group):
            return Line(text=words.group_head(part), parts=tuple(line(child) for child in part.conditions))
        return Line(text=words.phrase(part, known))

    return line(condition)


def readable(json: Any, *, language: str = "") -> str:
    """The sentence of a stored condition; empty when it cannot be read (any more)."""
    try:
        return sentence(c.parse(json), language=language)
    except c.InvalidCondition:
        return ""


def _language(language: str) -> Any:
    return ko if (language or get_language() or "").startswith("ko") else en
