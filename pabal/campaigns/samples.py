"""People of a segment as one wants to see them: who they are, and the values that the condition asks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pabal.audience.models import Profile
from pabal.campaigns.sample_measures import Did, did_of
from pabal.warehouse.conditions import Condition, Group, Property


@dataclass(frozen=True, kw_only=True, slots=True)
class SamplePerson:
    """`values`: name of each property or field that the condition tests → what this person has there (None: nothing).
    `did`: what each condition on events measures of them."""

    profile: Profile
    values: dict[str, Any]
    did: tuple[Did, ...] = ()


def sample_people(answer: Mapping[str, Any], condition: Condition) -> list[SamplePerson]:
    """The people of an answer of the kind `sample` or `page`, in its order. Those erased meanwhile are left out."""
    ids: list[int] = answer["ids"]
    rows = Profile.objects.in_bulk(ids)
    tested = list(dict.fromkeys(_tested(condition)))
    return [
        SamplePerson(
            profile=row,
            values={name or field: _value(row, name, field) for name, field in tested},
            did=tuple(did_of(answer.get("did", []), row.pk)),
        )
        for row in (rows[pk] for pk in ids if pk in rows)
    ]


def _tested(condition: Condition) -> Iterator[tuple[str, str]]:
    """(own property, or field) of every test of the profile itself."""
    match condition:
        case Group():
            for child in condition.conditions:
                yield from _tested(child)
        case Property():
            yield condition.name, condition.field or ""


def _value(profile: Profile, name: str, field: str) -> Any:
    if field:
        return getattr(profile, field) or None
    found: Any = profile.properties
    for step in name.split("."):
        inside = step.removesuffix("[]")
        found = found.get(inside) if isinstance(found, dict) else None
    return found
