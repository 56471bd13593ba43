"""JSON → tree and back. Every problem is reported, each with the JSON path of its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from pabal.errors import InvalidInput
from pabal.warehouse.conditions.checks import Problem, check
from pabal.warehouse.conditions.tree import (
    LIMITS,
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

_Leaf = Property | Consent | ListMembership | SegmentMembership | Event | Sequence | Message
_TYPES = ("group", "property", "consent", "list", "segment", "event", "sequence", "message")
_AT = re.compile(r" - at `\$(?P<path>.*)`$")


class InvalidCondition(InvalidInput):
    """The condition cannot be understood. `problems` has the JSON path, a code and a reason for each fault."""

    code = "invalid_condition"

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(
            "; ".join(f"{problem.path}: {problem.reason}" for problem in problems),
            field="condition",
            details={"problems": [msgspec.to_builtins(problem) for problem in problems]},
        )


def parse(json: Any) -> Condition:
    """The tree of a decoded JSON value (or of JSON text, as `str` or `bytes`). Raises `InvalidCondition`."""
    if isinstance(json, (str, bytes)):
        try:
            json = msgspec.json.decode(json)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise InvalidCondition([Problem(path="$", code="malformed", reason=str(error))]) from None
    problems: list[Problem] = []
    condition = _read(json, "$", 1, problems)
    if condition is not None:
        problems.extend(_bounds(condition))
    if problems or condition is None:
        raise InvalidCondition(problems)
    return condition


def dump(condition: Condition) -> dict[str, Any]:
    """The JSON form, as plain Python data; what stands at its default is left out. `parse` gives the same tree again."""
    dumped: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(condition))
    return dumped


def _read(json: Any, path: str, depth: int, problems: list[Problem]) -> Condition | None:
    """The tree of `json`, or None after noting why there is none."""
    if not isinstance(json, dict):
        problems.append(Problem(path=path, code="malformed", reason="a condition is an object with a `type`"))
        return None
    if json.get("type") not in _TYPES:
        reason = f"must be one of {', '.join(_TYPES)}"
        problems.append(Problem(path=f"{path}.type", code="unknown_type", reason=reason))
        return None
    return _read_group(json, path, depth, problems) if json["type"] == "group" else _read_leaf(json, path, problems)


def _read_group(json: dict[str, Any], path: str, depth: int, problems: list[Problem]) -> Condition | None:
    before = len(problems)
    if depth > LIMITS.depth:
        problems.append(Problem(path=path, code="too_deep", reason=f"groups nest up to {LIMITS.depth} deep"))
        return None
    children = json.get("conditions", [])
    shell = _convert({**json, "conditions": []}, Group, path, problems)
    if not isinstance(children, (list, tuple)):
        problems.append(Problem(path=f"{path}.conditions", code="malformed", reason="must be a list"))
        return None
    if not children and depth > 1:
        problems.append(Problem(path=f"{path}.conditions", code="empty", reason="a group needs a condition"))
    elif not children and json.get("match", "all") != "all":
        problems.append(Problem(path=f"{path}.conditions", code="empty", reason="only `all` may be empty: everybody"))
    read = [_read(child, f"{path}.conditions[{n}]", depth + 1, problems) for n, child in enumerate(children)]
    if len(problems) > before or not isinstance(shell, Group):
        return None
    return Group(match=shell.match, conditions=tuple(child for child in read if child is not None))


def _read_leaf(json: dict[str, Any], path: str, problems: list[Problem]) -> Condition | None:
    condition: Condition | None = _convert(json, _Leaf, path, problems)
    if condition is not None:
        problems.extend(check(condition, path))
    return condition


def _convert(json: Any, type_: Any, path: str, problems: list[Problem]) -> Any:
    try:
        return msgspec.convert(json, type_)
    except msgspec.ValidationError as error:
        place = _AT.search(str(error))
        where = path + (place["path"] if place else "")
        problems.append(Problem(path=where, code="malformed", reason=_AT.sub("", str(error))))
        return None


def _bounds(condition: Condition) -> Iterator[Problem]:
    if _size(condition) > LIMITS.conditions:
        yield Problem(path="$", code="too_many", reason=f"up to {LIMITS.conditions} conditions and filters in all")


def _size(condition: Condition) -> int:
    match condition:
        case Group():
            return sum(_size(child) for child in condition.conditions)
        case Event():
            return 1 + len(condition.where)
        case Sequence():
            return sum(1 + len(step.where) for step in condition.steps)
        case Message() if condition.event is not None:
            return 1 + len(condition.event.where)
    return 1
