"""A few people of a segment as rows, each with why they are in it: the values that the condition tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from pabal.audience.models import Profile
from pabal.campaigns.sample_measures import Did
from pabal.campaigns.samples import SamplePerson, sample_people
from pabal.console import segment_words_en, segment_words_ko
from pabal.console.formats import day
from pabal.console.segment_names import moment, number
from pabal.warehouse.conditions import Condition

_LONGEST = 40
#: Shown anyway, beside the name.
_SHOWN = frozenset({"phone", "first_name", "last_name"})


@dataclass(frozen=True, kw_only=True)
class SampleRow:
    """A person and short facts: `city 서울`, `Order Completed 3 times · last on Nov 3`."""

    profile: Profile
    facts: tuple[str, ...]


def rows(answer: Mapping[str, Any], condition: Condition) -> list[SampleRow]:
    """The rows of an answer of the kind `sample`."""
    return [SampleRow(profile=one.profile, facts=tuple(_facts(one))) for one in sample_people(answer, condition)]


def _facts(one: SamplePerson) -> Iterator[str]:
    words = segment_words_ko if _locale() == "ko" else segment_words_en
    for name, value in one.values.items():
        if name in _SHOWN:
            continue
        said = _value(value)
        yield f"{words.FIELDS.get(name, name)} {said or '–'}"
    for did in one.did:
        yield _did(did)


def _did(did: Did) -> str:
    on = day(did.at) if did.at else ""
    if did.measure == "first":
        return _("%(event)s: first on %(day)s") % {"event": did.event, "day": on}
    if did.measure == "last" or did.value is None:
        return _("%(event)s: last on %(day)s") % {"event": did.event, "day": on}
    said = number(did.value if did.value % 1 else int(did.value), _locale())
    if did.measure == "count":
        times = ngettext(
            "%(event)s once, last on %(day)s", "%(event)s %(number)s times, last on %(day)s", int(did.value)
        )
        return times % {"event": did.event, "number": said, "day": on}
    patterns = {
        "sum": _("%(event)s: %(property)s %(number)s in all"),
        "average": _("%(event)s: %(property)s %(number)s on average"),
        "minimum": _("%(event)s: %(property)s %(number)s at least"),
        "maximum": _("%(event)s: %(property)s %(number)s at most"),
        "distinct": _("%(event)s: %(number)s different %(property)s"),
    }
    return patterns[did.measure] % {"event": did.event, "property": did.property, "number": said}


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, int | float):
        return number(value, _locale())
    if isinstance(value, list):
        found = ", ".join(str(item) for item in value if isinstance(item, str | int | float))
    elif hasattr(value, "isoformat"):
        found = day(value)
    else:
        found = moment(str(value), _locale()) if value is not None else ""
    return found if len(found) <= _LONGEST else found[: _LONGEST - 1] + "…"


def _locale() -> str:
    return "ko" if (get_language() or "").startswith("ko") else "en"
