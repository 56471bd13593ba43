"""Which column of a contact file means what: guessed from its name and its values, corrected by a person.

A `Target` is written as one word so that it fits a form field, the command line and JSON alike: `phone`, `ignore`,
`property:number:points`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from pabal.audience.file_facts import FileFacts
from pabal.audience.mapping_words import CONSENT_WORDS, EXACT, HEADERS, TARGETS
from pabal.audience.refused_file import ADDED
from pabal.errors import InvalidInput

KINDS = ("text", "number", "boolean", "date")

_PHONE = re.compile(r"\+?[\d().\-\s]{8,20}")
_EMAIL = re.compile(r"[^@\s,]+@[^@\s,]+\.[^@\s,]+")
_NUMBER = re.compile(r"-?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?")
_DATE = re.compile(
    r"(?:19|20)\d\d[-./]\s?\d{1,2}[-./]\s?\d{1,2}\.?(?:[T ]\d\d:\d\d.*)?|(?:19|20)\d\d(?:0[1-9]|1[0-2])[0-3]\d"
)
_BOOLEAN = frozenset({"true", "false", "yes", "no", "y", "n", "예", "아니오", "o", "x"})
_KOREAN_NAME = re.compile(r"[가-힣]{2,4}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """Where a column goes: a field of the profile (`TARGETS`), or `property` with a name and a kind."""

    field: str
    name: str = ""
    kind: str = ""

    @property
    def word(self) -> str:
        return f"property:{self.kind}:{self.name}" if self.field == "property" else self.field

    @classmethod
    def parse(cls, word: str, *, column: str = "") -> Target:
        """Read a target word. A word that is no field is the name of a text property.

        `property` alone takes the column's own name. Raises InvalidInput `unknown_target`.
        """
        if word in TARGETS and word != "property":
            return cls(field=word)
        if word == "property":
            return cls(field="property", name=column, kind="text")
        kind, name = "text", word
        if word.startswith("property:"):
            _prefix, first, *rest = word.split(":", 2)
            kind, name = (first, rest[0]) if rest else ("text", first)
        name = name.strip() or column
        if kind not in KINDS or not name or len(name) > 200:
            raise InvalidInput(_("Unknown target: %(word)s") % {"word": word}, code="unknown_target", field="mapping")
        return cls(field="property", name=name, kind=kind)


Mapped = dict[str, Target]


def guess(facts: FileFacts) -> Mapped:
    """A target for each column. Fields are given once, to the column that fits best; what is left is a property."""
    values = {
        name: [row[at].strip() for row in facts.sample if row[at].strip()] for at, name in enumerate(facts.columns)
    }
    scored = sorted(
        (
            (score, at, name, field)
            for at, name in enumerate(facts.columns)
            for field, score in _fields(name, values[name])
        ),
        key=lambda item: (-item[0], item[1]),
    )
    mapped: Mapped = {}
    taken: set[str] = set()
    for _score, _at, name, field in scored:
        if name not in mapped and field not in taken:
            mapped[name] = Target(field=field)
            taken.add(field)
    _settle_names(mapped, values)
    if tuple(facts.columns[:3]) in ADDED.values():  # a file of refused rows, corrected
        mapped |= dict.fromkeys(facts.columns[:3], Target(field="ignore"))
    return {
        name: mapped.get(name) or Target(field="property", name=name, kind=guess_kind(values[name]))
        for name in facts.columns
    }


def _settle_names(mapped: Mapped, values: Mapping[str, Sequence[str]]) -> None:
    """One way to the name: 성 + 이름 are family and given name, unless 이름 holds both; 성명 beside them says it all."""
    at = {target.field: name for name, target in mapped.items()}
    if "full_name" not in at:
        return
    full = at["full_name"]
    if {"first_name", "last_name"} <= at.keys():
        mapped[full] = Target(field="ignore")
    elif "last_name" in at:
        family = values[at["last_name"]]
        holds_both = any(f and v.startswith(f) and len(v) > len(f) for f, v in zip(family, values[full], strict=False))
        if holds_both or not family:
            mapped[at["last_name"]] = Target(field="ignore")
        else:
            mapped[full] = Target(field="first_name")
    elif "first_name" in at:
        mapped[at["first_name"]] = Target(field="ignore")


def check(mapped: Mapping[str, Target], facts: FileFacts) -> None:
    """Raise InvalidInput when a mapping cannot work: `unknown_column`, `field_twice` or `no_identity_column`."""
    for name in mapped:
        if name not in facts.columns:
            raise InvalidInput(
                _("The file has no column “%(name)s”.") % {"name": name}, code="unknown_column", field="mapping"
            )
    words = [target.word if target.field != "property" else f":{target.name}" for target in mapped.values()]
    for word in words:
        if word != "ignore" and words.count(word) > 1:
            label = word[1:] if word.startswith(":") else target_label(word)
            raise InvalidInput(
                _("Two columns are mapped to “%(name)s”.") % {"name": label}, code="field_twice", field="mapping"
            )
    if not {"phone", "external_id", "email"} & {target.field for target in mapped.values()}:
        raise InvalidInput(
            _("Choose the column with the phone number, the customer ID or the email address."),
            code="no_identity_column",
            field="mapping",
        )


def as_json(mapped: Mapping[str, Target]) -> dict[str, str]:
    return {name: target.word for name, target in mapped.items()}


def from_json(data: Mapping[str, str]) -> Mapped:
    """Read a mapping of column to target word. Raises InvalidInput `unknown_target`."""
    return {name: Target.parse(word, column=name) for name, word in data.items()}


def target_label(field: str) -> str:
    """The name of a target for people, in the reader's language."""
    return str(TARGETS[field])


def guess_kind(values: Sequence[str]) -> str:
    """The kind of a property by its sample values; text when in doubt. Numbers with a leading zero are text."""
    if values and all(_DATE.fullmatch(value) for value in values):
        return "date"
    if values and all(value.lower() in _BOOLEAN for value in values):
        return "boolean"
    if values and all(
        _NUMBER.fullmatch(value) and not re.match(r"-?0\d", value) and len(value) < 16 for value in values
    ):
        return "number"
    return "text"


def _fields(name: str, values: Sequence[str]) -> list[tuple[str, float]]:
    """Fields that a column may be, with how sure we are: by its name first, its values second."""
    plain = re.sub(r"[\s_\-./()\[\]*:]+", "", name).lower()
    found: dict[str, float] = {}
    for field, words in HEADERS.items():
        for rank, word in enumerate(words):
            if plain == word:
                found[field] = 3.0 - rank / 100
                break
        else:
            if any(len(word) >= 3 and word not in EXACT and word in plain for word in words):
                found[field] = 1.5
    if not values:
        return list(found.items())
    phones = _share(_PHONE, values, lambda value: 9 <= sum(c.isdigit() for c in value) <= 15)
    emails = _share(_EMAIL, values)
    if "phone" in found and not phones and not any(c.isdigit() for value in values for c in value):
        found.pop("phone")
    if all(_DATE.fullmatch(value) or _NUMBER.fullmatch(value) for value in values):  # nobody's name
        for field in ("first_name", "last_name", "full_name"):
            found.pop(field, None)
    if "email" in found and not emails:
        found.pop("email")
    if "consent" in found and not any(value.lower() in CONSENT_WORDS for value in values):
        found.pop("consent")
    if emails > 0.7:
        found["email"] = max(found.get("email", 0), 1.0)
    if phones > 0.7 and not found and not any(_DATE.fullmatch(value) for value in values):
        plus_or_zero = sum(value.startswith(("+", "0")) for value in values) / len(values)
        if plus_or_zero > 0.7:
            found["phone"] = 1.0
    if not found and len(values) > 1 and all(_KOREAN_NAME.fullmatch(v) and v[0] in _SURNAMES for v in values):
        found["full_name"] = 0.5
    return list(found.items())


_SURNAMES = frozenset(
    "김이박최정강조윤장임한오서신권황안송전홍유고문양손배백허남심노하곽성차주우구민류나진지엄채원천방공"
)


def _share(pattern: re.Pattern[str], values: Sequence[str], also: object = None) -> float:
    fits = [value for value in values if pattern.fullmatch(value) and (not callable(also) or also(value))]
    return len(fits) / len(values)
