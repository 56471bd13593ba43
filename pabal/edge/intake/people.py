"""What a message says about a person, before anybody knows which profile it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pabal.edge.intake.failures import Refusal


@dataclass(frozen=True, kw_only=True, slots=True)
class Agreed:
    """One state of consent that was sent along, with what the person read and where."""

    channel: str
    purpose: str
    state: str
    at: datetime
    source: str
    wording: str
    actor: str = ""


@dataclass(kw_only=True, slots=True)
class Person:
    """Fields of a profile as they were said (`phone` in any spelling); None: nothing was said, empty: to be emptied.

    `properties` with None are to be removed. `anonymous_ids` turn out to be this person. `public`: a browser says so, who
    may be anybody. `previous_id`: of an alias, an id that may be a profile's own. `index` is the message's place in its request.
    """

    index: int = 0
    external_id: str | None = None
    fields: dict[str, str] = field(default_factory=dict)
    properties: dict[str, Any] = field(default_factory=dict)
    anonymous_ids: list[str] = field(default_factory=list)
    agreed: list[Agreed] = field(default_factory=list)
    public: bool = False
    actor: str = ""
    previous_id: str | None = None


@dataclass(kw_only=True, slots=True)
class Verdict:
    """What became of a set of people, by their place in it: who was refused, and what was left out of others."""

    refused: dict[int, Refusal] = field(default_factory=dict)
    notes: dict[int, Refusal] = field(default_factory=dict)
