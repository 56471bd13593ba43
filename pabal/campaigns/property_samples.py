"""What a sample of events says about the properties of one kind of event: paths, kinds, frequent values.

Suggestions are shown to everybody who builds a segment, so a value is only kept when two people had it, when its path does not
sound like something personal and it does not look like a phone number, an email address, a card or a token.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

MOST_PATHS = 300
MOST_EXAMPLES = 20
_MOST_VALUES = 200
"""Values counted of one path; the rarest are forgotten."""
_LONGEST_PATH = 200
_LONGEST_VALUE = 60
_DEEPEST = 5

_PERSONAL_PATH = re.compile(
    r"name|mail|phone|mobile|(^|_)tel($|_)|addr|street|zip|postal|birth|(^|_)age$|gender|passw|token|secret|card|account|iban|ssn"
    r"|resident|passport|\bip\b|_ip$|^ip|latitude|longitude|\blat\b|\blng\b|\blon\b|session|cookie|user_?id|customer_?id"
    r"|성명|이름|전화|휴대|핸드폰|연락처|메일|주소|생일|생년|주민|비밀|계좌|카드|나이|성별",
    re.IGNORECASE,
)
_HARMLESS_NAME = re.compile(
    r"(product|item|category|brand|campaign|event|store|shop|screen|page|plan|coupon|file|collection|variant|list|상품|매장|브랜드"
    r"|쿠폰|카테고리)[_ .]?(name|이름|명)$",
    re.IGNORECASE,
)
_PERSONAL_VALUE = re.compile(r"@|^[+\d][\d\s().-]{7,}$|^[A-Za-z0-9+/_=-]{24,}$|://")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?")


def is_personal(path: str) -> bool:
    """Whether values of this property may say who somebody is."""
    plain = path.replace("[]", "").replace("-", "_")
    last = re.sub(r"([a-z])([A-Z])", r"\1_\2", plain.rsplit(".", 1)[-1])
    whole = re.sub(r"([a-z])([A-Z])", r"\1_\2", plain.replace(".", "_"))
    return bool(_PERSONAL_PATH.search(last)) and not _HARMLESS_NAME.search(whole)


def leaves(properties: Mapping[str, Any], *, depth: int = 1, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """(dotted path, value) of what a condition can name; `items[].sku` goes through the members of a list."""
    for name, value in properties.items():
        path = f"{prefix}{name}"
        if isinstance(value, Mapping):
            if depth < _DEEPEST:
                yield from leaves(value, depth=depth + 1, prefix=f"{path}.")
        elif isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
            if depth < _DEEPEST:
                inside: dict[str, list[Any]] = {}
                for item in value:
                    if isinstance(item, Mapping):
                        for below, found in leaves(item, depth=depth + 1):
                            inside.setdefault(below, []).append(found)
                yield from ((f"{path}[].{below}", found) for below, found in inside.items())
        else:
            yield path, value


def kind_of(value: Any) -> str:
    """The kind of a value, as conditions name them; empty for null."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, list):
        return "list"
    if isinstance(value, str):
        return "date" if _DATE.fullmatch(value) else "text"
    return ""


@dataclass(kw_only=True)
class Seen:
    """One path: how often it had each kind, and its values with the person who had them, or 0 for more than one."""

    kinds: Counter[str] = field(default_factory=Counter)
    values: Counter[str] = field(default_factory=Counter)
    people: dict[str, int] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        return self.kinds.most_common(1)[0][0]

    def examples(self) -> list[str]:
        """The most frequent values that several people had, the first the most frequent."""
        shared = [(value, count) for value, count in self.values.most_common() if not self.people.get(value, 0)]
        return [value for value, _count in shared[:MOST_EXAMPLES]]

    def add(self, value: Any, person: int, *, keep: bool) -> None:
        kind = kind_of(value)
        if not kind:
            return
        self.kinds[kind] += 1
        if not keep:
            return
        for one in value if isinstance(value, list) else [value]:
            text = _text(one)
            if text is None or len(text) > _LONGEST_VALUE or _PERSONAL_VALUE.search(text):
                continue
            self.values[text] += 1
            if self.people.setdefault(text, person) != person:
                self.people[text] = 0
        if len(self.values) > 2 * _MOST_VALUES:
            self.values = Counter(dict(self.values.most_common(_MOST_VALUES)))
            self.people = {value: self.people[value] for value in self.values}

    def know(self, examples: list[Any]) -> None:
        """Begin with what was known before."""
        for place, value in enumerate(examples):
            self.values[str(value)] += 2 * (len(examples) - place)
            self.people[str(value)] = 0


class Samples:
    """The properties of one kind of event."""

    def __init__(self) -> None:
        self.paths: dict[str, Seen] = {}

    def add(self, properties: Mapping[str, Any], person: int) -> None:
        for path, value in leaves(properties):
            if len(path) > _LONGEST_PATH or value is None:
                continue
            seen = self.paths.get(path)
            if seen is None:
                if len(self.paths) >= MOST_PATHS:
                    continue
                seen = self.paths[path] = Seen()
            seen.add(value, person, keep=not is_personal(path))


def _text(value: Any) -> str | None:
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    return None
