"""A form's fields (`m.buttons.0.name=…`) ⇄ the tree of a message, which is plain JSON data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, Protocol

import msgspec
from msgspec import inspect

from pabal.kakao.message import KakaoMessage, parse

PREFIX: Final = "m."
#: A part that may be absent is there when the form says so under this name.
HERE: Final = "here"

Tree = dict[str, Any]


class FormData(Protocol):
    """What is needed of a QueryDict."""

    def items(self) -> Any: ...


@dataclass(frozen=True, kw_only=True)
class Shape:
    """The fields of a struct by kind of value."""

    texts: frozenset[str]
    numbers: frozenset[str]
    switches: frozenset[str]
    parts: Mapping[str, type[msgspec.Struct]] = field(default_factory=dict)
    lists: Mapping[str, type[msgspec.Struct]] = field(default_factory=dict)


@cache
def shape(struct: type[msgspec.Struct]) -> Shape:
    """How the fields of `struct` stand in a form."""
    info = inspect.type_info(struct)
    assert isinstance(info, inspect.StructType)
    texts, numbers, switches = set(), set(), set()
    parts: dict[str, type[msgspec.Struct]] = {}
    lists: dict[str, type[msgspec.Struct]] = {}
    for each in info.fields:
        kinds = _kinds(each.type)
        for kind in kinds:
            if isinstance(kind, inspect.StructType):
                parts[each.name] = kind.cls
            elif isinstance(kind, inspect.VarTupleType):
                inner = next(k for k in _kinds(kind.item_type) if isinstance(k, inspect.StructType))
                lists[each.name] = inner.cls
            elif isinstance(kind, inspect.IntType):
                numbers.add(each.name)
            elif isinstance(kind, inspect.BoolType):
                switches.add(each.name)
            elif isinstance(kind, inspect.StrType | inspect.LiteralType):
                texts.add(each.name)
    return Shape(
        texts=frozenset(texts), numbers=frozenset(numbers), switches=frozenset(switches), parts=parts, lists=lists
    )


def _kinds(kind: inspect.Type) -> list[inspect.Type]:
    if isinstance(kind, inspect.Metadata):
        return _kinds(kind.type)
    if isinstance(kind, inspect.UnionType):
        return [inner for each in kind.types for inner in _kinds(each)]
    return [kind]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What a form holds. `unreadable` are the paths of numbers that are none."""

    tree: Tree
    unreadable: frozenset[str] = frozenset()

    @property
    def message(self) -> KakaoMessage:
        return parse(self.tree)


def read(data: FormData) -> Reading:
    """The message in a form. What it does not know is left out; entries of a list come in the order of their numbers."""
    nested: Tree = {}
    for name, value in data.items():
        if name.startswith(PREFIX):
            *parents, leaf = name.removeprefix(PREFIX).split(".")
            at = nested
            for step in parents:
                below = at.setdefault(step, {})
                if not isinstance(below, dict):
                    break
                at = below
            else:
                at[leaf] = value
    unreadable: set[str] = set()
    tree = _part(KakaoMessage, nested, "", unreadable)
    tree = {name: value for name, value in tree.items() if value not in ({}, [])}
    return Reading(tree=tree, unreadable=frozenset(unreadable))


def _part(struct: type[msgspec.Struct], given: Tree, path: str, unreadable: set[str]) -> Tree:
    known = shape(struct)
    found: Tree = {}
    for name in sorted(known.texts & given.keys()):
        if isinstance(given[name], str):
            found[name] = given[name].replace("\r\n", "\n")
    for name in known.switches:
        if name in given or HERE in given or not path:
            found[name] = given.get(name) in ("on", "true", "1")
    for name in sorted(known.numbers & given.keys()):
        written = str(given[name]).replace(",", "").strip()
        if written.isdecimal() and len(written) <= 18:
            found[name] = int(written)
        elif written:
            unreadable.add(path + name)
    for name, inner in known.parts.items():
        below = given.get(name)
        if isinstance(below, dict) and HERE in below:
            found[name] = _part(inner, below, f"{path}{name}.", unreadable)
    for name, inner in known.lists.items():
        below = given.get(name)
        if isinstance(below, dict):
            numbered = sorted(
                (int(n), entry) for n, entry in below.items() if n.isdecimal() and isinstance(entry, dict)
            )
            found[name] = [
                _part(inner, entry, f"{path}{name}.{place}.", unreadable) for place, (_n, entry) in enumerate(numbered)
            ]
    return found
