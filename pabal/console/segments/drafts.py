"""Drafts: a condition as the page holds it while somebody fills it in. All values are texts, nothing need be complete.

A draft is a dict with a `type`. Besides the plain values (`name`, `operator`, `value`…) it may hold lists of dicts:
`conditions` of a group, `where` of an event or step, `steps` of a sequence, `values` of whatever takes several.
A window lies flat in its condition: `when` (ever, last, ago, dates), `w_last`, `w_until`, `w_unit`, `w_from`, `w_to`.
"""

from __future__ import annotations

import json
from typing import Any

from pabal.errors import InvalidInput

Draft = dict[str, Any]

#: Conditions that one page may hold, and how deep lists nest in each other.
MOST, DEEPEST, LONGEST = 400, 24, 4000
LISTS = ("conditions", "where", "steps", "values")
WINDOW = {"when": "ever", "w_last": "30", "w_until": "0", "w_unit": "days", "w_from": "", "w_to": ""}
SPAN = {"n": "30", "unit": "days"}

#: A new condition of each type, as the menu adds it.
NEW: dict[str, Draft] = {
    "group": {"match": "any", "conditions": []},
    "property": {"of": "", "kind": "text", "operator": "is", "values": [{"value": ""}], "value2": "", **SPAN},
    "consent": {"channel": "text", "purpose": "promotional", "state": "subscribed", **WINDOW},
    "list": {"member": "yes", "values": [{"value": ""}], **WINDOW},
    "segment": {"member": "yes", "values": [{"value": ""}]},
    "event": {
        "name": "", "measure": "count", "property": "", "operator": "at_least", "value": "1", "value2": "",
        "where": [], **SPAN, **WINDOW, "when": "last",
    },
    "sequence": {
        "did": "yes", "steps": [{"name": "", "where": []}, {"name": "", "where": []}],
        "within_n": "24", "within_unit": "hours", **WINDOW,
    },
    "message": {
        "what": "received", "did": "yes", "values": [], "times": "1", "steps": [{"name": "", "where": []}],
        "within_n": "7", "within_unit": "days", **WINDOW, "when": "last",
    },
}  # fmt: skip
FILTER: Draft = {"name": "", "kind": "text", "operator": "is", "values": [{"value": ""}], "value2": "", **SPAN}
STEP: Draft = {"name": "", "where": []}


def decode(text: str) -> Draft:
    """The tree that a page posted. Raises InvalidInput (`bad_builder`) when no page of ours could have sent it."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise _bad() from None
    left = [MOST * 20]
    clean = _clean(found, 0, left)
    if not isinstance(clean, dict) or clean.get("type") != "group":
        raise _bad()
    return clean


def decode_node(text: str) -> Draft:
    """One condition of a page, of whatever type."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise _bad() from None
    clean = _clean(found, 0, [MOST * 20])
    if not isinstance(clean, dict) or clean.get("type") not in NEW:
        raise _bad()
    return clean


def _clean(value: Any, depth: int, left: list[int]) -> Any:
    left[0] -= 1
    if depth > DEEPEST or left[0] < 0 or not isinstance(value, dict):
        raise _bad()
    found: Draft = {}
    for name, held in value.items():
        if name in LISTS:
            if not isinstance(held, list):
                raise _bad()
            found[name] = [_clean(item, depth + 1, left) for item in held]
        elif isinstance(held, str | int | float):
            found[str(name)] = str(held)[:LONGEST].replace("\0", "")
    if found.get("type", "group") not in NEW:
        raise _bad()
    return found


def complete(draft: Draft) -> Draft:
    """The draft with everything that its sentence may show, absent values at their defaults."""
    kind = str(draft.get("type", "group"))
    base = NEW[kind]
    found = {"type": kind, **{k: v for k, v in base.items() if k not in LISTS}, **draft}
    for name in LISTS:
        if name in base or name in draft:
            found[name] = list(draft[name] if name in draft else base.get(name, []))
    if "conditions" in found:
        found["conditions"] = [complete(child) for child in found["conditions"]]
    if "where" in found:
        found["where"] = [complete_filter(item) for item in found["where"]]
    if "steps" in found:
        found["steps"] = [complete_step(item) for item in found["steps"]]
    return found


def complete_filter(draft: Draft) -> Draft:
    found = {**FILTER, **draft}
    found["values"] = list(draft.get("values") or [{"value": ""}])
    return found


def complete_step(draft: Draft) -> Draft:
    return {**STEP, **draft, "where": [complete_filter(item) for item in draft.get("where", [])]}


def everybody() -> Draft:
    """An empty root."""
    return {"type": "group", "match": "all", "conditions": []}


def _bad() -> InvalidInput:
    from django.utils.translation import gettext as _

    return InvalidInput(_("The page could not be read. Reload it and try again."), code="bad_builder")
