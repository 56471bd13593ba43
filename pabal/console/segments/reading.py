"""Draft → condition. What is not finished or does not fit is named beside its control, in the reader's language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from pabal.console.segments.drafts import Draft, complete
from pabal.warehouse import conditions as c

#: Place of a condition in the tree (`0.1`; the root is empty) → control (`value`, `where.0.name`) → what is wrong.
Faults = dict[str, dict[str, str]]
#: What the builder calls one operator or value, the condition may have by two names.
SEVERAL = {"is": ("equals", "in"), "is_not": ("not_equals", "not_in"), "has_any": ("has", "has_any")}
SPANS = ("within_last", "before_last", "within_next", "after_next", "anniversary")
_PLACE = re.compile(r"\.(\w+)|\[(\d+)\]")


@dataclass(frozen=True, kw_only=True)
class Reading:
    """`condition` holds what is finished; `places[n]` is where its n-th part, counted in depth first, stands in the draft."""

    condition: c.Group
    faults: Faults
    places: dict[str, str] = field(default_factory=dict)  # place in `condition` → place in the draft

    @property
    def finished(self) -> bool:
        return not self.faults


def read(draft: Draft) -> Reading:
    """The condition that a draft stands for, less its unfinished parts."""
    faults: Faults = {}
    places: dict[str, str] = {}
    root = _group(complete(draft), "", "", faults, places, 1)
    if root is None:
        root = c.Group()
    if not faults:
        try:
            c.parse(c.dump(root))
        except c.InvalidCondition as error:
            faults[""] = {"conditions": _sentence(error.problems[0].code)}
    return Reading(condition=root, faults=faults, places=places)


def _group(draft: Draft, here: str, there: str, faults: Faults, places: dict[str, str], depth: int) -> c.Group | None:
    """`here`: place in the draft; `there`: place in the condition."""
    found: list[c.Condition] = []
    for n, child in enumerate(draft["conditions"]):
        at, into = _join(here, n), _join(there, len(found))
        if child["type"] == "group":
            inner = _group(child, at, into, faults, places, depth + 1)
            if inner is not None:
                found.append(inner)
                places[into] = at
            continue
        leaf = read_leaf(child)
        if isinstance(leaf, dict):
            faults[at] = leaf
        else:
            found.append(leaf)
            places[into] = at
    match: Any = draft["match"] if draft["match"] in ("all", "any", "none") else "all"
    if depth > 1 and not found:
        if not draft["conditions"]:
            faults[here] = {"conditions": _("Add a condition to this group, or remove the group.")}
        return None
    if not found and match != "all":
        if not draft["conditions"]:
            faults[here] = {"conditions": _("Add at least one condition.")}
        return None
    return c.Group(match=match, conditions=tuple(found))


def read_leaf(draft: Draft) -> c.Condition | dict[str, str]:
    """A condition that is no group; or what is wrong with it, by control."""
    faults: dict[str, str] = {}
    json = {"type": draft["type"], **_JSON[draft["type"]](draft, faults)}
    if faults:
        return faults
    try:
        return c.parse(json)
    except c.InvalidCondition as error:
        for problem in error.problems:
            faults.setdefault(_control(problem.path, draft), _sentence(problem.code))
        return faults


def _property(draft: Draft, faults: dict[str, str]) -> dict[str, Any]:
    space, _colon, name = draft["of"].partition(":")
    if not name:
        faults["of"] = _("Choose a property.")
    json = {"field": name} if space == "field" else {"name": name}
    return {**json, **_test(draft, "", faults)}


def _test(draft: Draft, prefix: str, faults: dict[str, str]) -> dict[str, Any]:
    """kind, operator and value of a property or filter."""
    kind, operator = draft["kind"], draft["operator"]
    json: dict[str, Any] = {"kind": kind, "operator": operator}
    if draft.get("ignore_case") == "yes" and kind in ("text", "list"):
        json["ignore_case"] = True
    if operator in ("exists", "missing"):
        return json
    if operator in SPANS:
        json["value"] = _span(draft, "n", "unit", prefix, faults)
        return json
    values = [v for v in (item.get("value", "").strip() for item in draft["values"]) if v]
    if operator == "between":
        low = _value(kind, values[0] if values else "", prefix + "values", faults)
        high = _value(kind, draft["value2"].strip(), prefix + "value2", faults)
        json["value"] = [low, high]
        return json
    found = [_value(kind, value, prefix + "values", faults) for value in values or [""]]
    one, many = SEVERAL.get(operator, (operator, operator))
    if kind == "date" and operator == "is":
        many = "equals"
    json["operator"] = one if len(found) == 1 else many
    alone = json["operator"] not in ("in", "not_in", "has_any", "has_all", "has_none")
    json["value"] = found[0] if alone else found
    return json


def _value(kind: str, text: str, control: str, faults: dict[str, str]) -> Any:
    if not text:
        faults[control] = _("Fill this in.")
        return ""
    if kind == "number":
        return _number(text, control, faults)
    if kind == "boolean":
        return text == "true"
    return text


def _number(text: str, control: str, faults: dict[str, str]) -> int | float:
    plain = text.strip().replace(",", "").replace("\u00a0", "")
    try:
        return int(plain)
    except ValueError:
        pass
    try:
        return float(plain)
    except ValueError:
        faults[control] = _("Write a number.") if text.strip() else _("Fill this in.")
        return 0


def _whole(text: str, control: str, faults: dict[str, str]) -> int:
    number = _number(text, control, faults)
    if number != int(number) if abs(number) < 1e15 else True:
        faults[control] = _("Write a whole number.")
        return 0
    return int(number)


def _span(draft: Draft, n: str, unit: str, prefix: str, faults: dict[str, str]) -> dict[str, Any]:
    return {"value": _whole(draft[n], prefix + n, faults), "unit": draft[unit]}


def _window(draft: Draft, faults: dict[str, str]) -> dict[str, Any]:
    match draft["when"]:
        case "last":
            return {"window": {"last": _whole(draft["w_last"], "w_last", faults), "unit": draft["w_unit"]}}
        case "ago":
            early, late = (_whole(draft[name], name, faults) for name in ("w_last", "w_until"))
            return {"window": {"last": early, "until_last": late, "unit": draft["w_unit"]}}
        case "dates":
            ends = {"from": draft["w_from"].strip(), "to": draft["w_to"].strip()}
            if not any(ends.values()):
                faults["w_from"] = _("Choose a date.")
            return {"window": {name: value for name, value in ends.items() if value}}
    return {}


def _consent(draft: Draft, faults: dict[str, str]) -> dict[str, Any]:
    said = {name: draft[name] for name in ("channel", "purpose", "state")}
    return said if draft["state"] == "never" else said | _window(draft, faults)


def _keys(draft: Draft, faults: dict[str, str], missing: str) -> list[str]:
    keys = list(dict.fromkeys(v for v in (item.get("value", "") for item in draft["values"]) if v))
    if not keys and missing:
        faults["values"] = missing
    return keys


def _list(draft: Draft, faults: dict[str, str]) -> dict[str, Any]:
    keys = _keys(draft, faults, _("Choose a list."))
    return {"lists": keys, "member": draft["member"] == "yes", **_window(draft, faults)}


def _segment(draft: Draft, faults: dict[str, str]) -> dict[str, Any]:
    return {"segments": _keys(draft, faults, _("Choose a segment.")), "member": draft["member"] == "yes"}


def _event(draft: Draft, faults: dict[str, str]) -> dict[str, Any]:
    json = {**_step(draft, "", faults), **_window(draft, faults)}
    measure = draft["measure"]
    if measure == "never":
        return json | {"measure": "count", "operator": "exactly", "value": 0}
    json |= {"measure": measure, "operator": draft["operator"]}
    moment = measure in ("first", "last")
    if not moment and measure != "count":
        json["property"] = draft["property"].strip()
        if not json["property"]:
            faults["property"] = _("Choose a property.")
    if draft["operator"] in SPANS:
        return json | {"value": _span(draft, "n", "unit", "", faults)}
    kind = "date" if moment else "number"
    value = _value(kind, draft["value"].strip(), "value", faults)
    if draft["operator"] == "between":
        value = [value, _value(kind, draft["value2"].strip(), "value2", faults)]
    return json | {"value": value}


def _step(draft: Draft, prefix: str, faults: dict[str, str]) -> dict[str, Any]:
    name = draft["name"].strip()
    if not name:
        faults[prefix + "name"] = _("Choose an event.")
    return {"name": name, "where": [_filter(f, f"{prefix}where.{n}.", faults) for n, f in enumerate(draft["where"])]}


def _filter(draft: Draft, prefix: str, faults: dict[str, str]) -> dict[str, Any]:
    name = draft["name"].strip()
    if not name:
        faults[prefix + "name"] = _("Choose a property.")
    return {"name": name, **_test(draft, prefix, faults)}


def _sequence(draft: Draft, faults: dict[str, str]) -> dict[str, Any]:
    steps = [_step(step, f"steps.{n}.", faults) for n, step in enumerate(draft["steps"])]
    json: dict[str, Any] = {"steps": steps, "did": draft["did"] == "yes", **_window(draft, faults)}
    if draft["within_unit"] != "ever":
        json["within"] = _span(draft, "within_n", "within_unit", "", faults)
    return json


def _message(draft: Draft, faults: dict[str, str]) -> dict[str, Any]:
    json: dict[str, Any] = {
        "what": draft["what"],
        "did": draft["did"] == "yes",
        "campaigns": _keys(draft, faults, ""),
        "times": _whole(draft["times"], "times", faults),
        **_window(draft, faults),
    }
    if draft["what"] == "converted":
        json["event"] = _step(draft["steps"][0] if draft["steps"] else {"name": "", "where": []}, "steps.0.", faults)
        json["within"] = _span(draft, "within_n", "within_unit", "", faults)
    return json


_JSON: dict[str, Any] = {
    "property": _property,
    "consent": _consent,
    "list": _list,
    "segment": _segment,
    "event": _event,
    "sequence": _sequence,
    "message": _message,
}
#: Where the first part of a JSON path names no control of the same name.
_CONTROLS = {
    "lists": "values", "segments": "values", "campaigns": "values", "field": "of", "window.last": "w_last",
    "window.until_last": "w_until", "window.unit": "w_unit", "window.from": "w_from", "window.to": "w_to",
    "window": "w_from", "within": "within_n", "event": "steps.0",
}  # fmt: skip


def _control(path: str, draft: Draft) -> str:
    """The control that a JSON path (`$.where[0].value`) belongs to."""
    steps = [a or b for a, b in _PLACE.findall(path)]
    plain = ".".join(steps)
    for start, control in sorted(_CONTROLS.items(), key=lambda pair: -len(pair[0])):
        if plain == start or plain.startswith(start + "."):
            rest = plain[len(start) :] if start == "event" else ""
            return (control + rest).replace(".value", ".values") if rest else control
    if plain == "name" and draft["type"] == "property":
        return "of"
    head = list(_parts(steps))
    owner = "value" if draft["type"] == "event" and not head else "values"
    last = steps[len(head) :]
    if last[:1] == ["value"]:
        span = draft.get("operator") in SPANS
        tail = "n" if span and not head else "value2" if last[1:] == ["1"] else owner
        return ".".join([*head, tail])
    return ".".join([*head, *last[:1]])


def _parts(steps: list[str]) -> Iterator[str]:
    """The steps that lead to a filter or step: `where 0`, `steps 1 where 0`."""
    for n in range(0, len(steps) - 1, 2):
        if steps[n] not in ("where", "steps"):
            return
        yield from steps[n : n + 2]


def _sentence(code: str) -> str:
    return {
        "too_deep": _("Groups are nested too deep here."),
        "too_many": _("That is more than a segment can hold."),
        "too_long": _("This is too long."),
        "empty": _("Fill this in."),
        "reversed": _("The smaller value comes first."),
        "unsafe": _("This contains a character that is not allowed."),
    }.get(code) or _("This value does not fit here.")


def _join(place: str, n: int) -> str:
    return f"{place}.{n}" if place else str(n)
