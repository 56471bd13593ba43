"""Draft → its sentence: words and controls, in the order of the reader's language.

A sentence is a translatable pattern with slots, `{measure} {event} {operator} {value} times {window}`: Korean puts the
window first and the operator last. Each slot becomes a control, or a run of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import pgettext as _p

from pabal.console.segments import options as o
from pabal.console.segments.catalogue import Catalogue, field_label
from pabal.console.segments.drafts import Draft
from pabal.console.segments.reading import SPANS

_SLOT = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, kw_only=True)
class Control:
    """One thing to fill in. `label` names it for screen readers; `shape`: another value draws the sentence anew."""

    kind: str  # select, text, number, date, combo
    f: str
    value: str
    label: str
    options: tuple[tuple[str, Any, tuple[tuple[str, Any], ...]], ...] = ()  # (value, label, members of a group)
    suggest: str = ""
    shape: bool = False
    fault: str = ""
    placeholder: str = ""

    @property
    def size(self) -> int:
        """Width of a text control in characters; wide ones count twice."""
        shown = self.value or self.placeholder
        return max(4, min(28, sum(2 if ord(char) > 0x1100 else 1 for char in shown) + 1))


@dataclass(frozen=True, kw_only=True)
class Values:
    """Several values of one kind, joined by "or"; the first is always there."""

    items: tuple[Control, ...]
    joiner: str
    more: str
    fault: str = ""


@dataclass(frozen=True, kw_only=True)
class Hidden:
    """A value that the sentence does not show but keeps."""

    f: str
    value: str


Token = str | Control | Values | Hidden


@dataclass(frozen=True, kw_only=True)
class Line:
    """A filter or step below the sentence, a part of the tree of its own: it may hold further lines."""

    tokens: tuple[Token, ...]
    filters: tuple[Line, ...] = ()
    steps: bool = False


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """`tokens` is the condition itself; `filters` (list `where`) and `steps` stand below it."""

    tokens: tuple[Token, ...]
    filters: tuple[Line, ...] | None = None
    steps: tuple[Line, ...] | None = None
    may_add_step: bool = False


@dataclass(frozen=True, kw_only=True)
class Writer:
    """Writes one condition. `faults`: control → what is wrong with it."""

    draft: Draft
    catalogue: Catalogue
    faults: Mapping[str, str]
    prefix: str = ""

    def sentence(self) -> Sentence:
        return {
            "property": self._property,
            "consent": self._consent,
            "list": self._list,
            "segment": self._segment,
            "event": self._event,
            "sequence": self._sequence,
            "message": self._message,
        }[self.draft["type"]]()

    # Controls

    def _control(self, kind: str, f: str, label: str, **more: Any) -> Control:
        fault = self.faults.get(self.prefix + f, "")
        return Control(kind=kind, f=f, value=str(self.draft.get(f, "")), label=label, fault=fault, **more)

    def _select(self, f: str, label: str, choices: o.Options, *, shape: bool = False) -> Control:
        now = str(self.draft.get(f, ""))
        known = [(value, text, ()) for value, text in choices]
        if now not in dict(choices):
            known.insert(0, (now, now, ()))
        return self._control("select", f, label, options=tuple(known), shape=shape)

    def _number(self, f: str, label: str) -> Control:
        return self._control("number", f, label)

    def _combo(self, f: str, label: str, placeholder: str, *, shape: bool = False, **query: str) -> Control:
        return self._control("combo", f, label, suggest=_suggest(query), placeholder=placeholder, shape=shape)

    def _values(self, control: Callable[[Draft], Control], *, several: bool = True) -> Values:
        items = [control(item) for item in self.draft["values"]] or [control({"value": ""})]
        fault = self.faults.get(self.prefix + "values", "")
        if fault:
            items = [replace(i, fault=fault) for i in items]
        return Values(
            items=tuple(items if several else items[:1]),
            joiner=_p("joiner", "or"),
            more=_p("builder", "Add another value") if several else "",
            fault=fault,
        )

    def _keys(self, names: Mapping[str, str], label: str, empty: str) -> Values:
        def control(item: Draft) -> Control:
            now = item.get("value", "")
            held = {"": empty, **names} if now in names or not now else {"": empty, now: now, **names}
            return Control(
                kind="select", f="value", value=now, label=label, options=tuple((k, v, ()) for k, v in held.items())
            )

        return self._values(control)

    # Windows and lengths of time

    def _window(self) -> list[Token]:
        when = self._select("when", _p("builder", "Period"), o.WINDOWS, shape=True)
        slots: dict[str, Token] = {
            "when": when,
            "last": self._number("w_last", _p("builder", "How many")),
            "until": self._number("w_until", _p("builder", "How many, at the end")),
            "unit": self._select("w_unit", _p("builder", "Unit of time"), o.UNITS),
            "from": self._date("w_from", _p("builder", "First day")),
            "to": self._date("w_to", _p("builder", "Last day")),
        }
        patterns = {
            "ever": _p("pattern", "{when}"),
            "last": _p("pattern", "{when} {last} {unit}"),
            "ago": _p("pattern", "{when} {last} to {until} {unit} ago"),
            "dates": _p("pattern", "{when} {from} and {to}"),
        }
        return _fill(patterns.get(self.draft["when"], "{when}"), slots)

    def _date(self, f: str, label: str) -> Control:
        """A date; a moment with its hour is kept as text."""
        return self._control("text" if len(str(self.draft.get(f, ""))) > 10 else "date", f, label)

    def _span(self, n: str, unit: str, units: o.Options) -> list[Token]:
        shown = [] if self.draft.get(unit) == "ever" else [self._number(n, _p("builder", "How many"))]
        shape = any(value == "ever" for value, _label in units)
        hidden = [Hidden(f=n, value=str(self.draft.get(n, "")))] if not shown else []
        return [*shown, self._select(unit, _p("builder", "Unit of time"), units, shape=shape), *hidden]

    # Tests of a property

    def _test(self, suggest: Mapping[str, str]) -> list[Token]:
        """Operator and value for the draft's kind."""
        draft = self.draft
        kind = draft["kind"]
        choices = o.OPERATORS.get(kind, o.OPERATORS["text"])
        operator = draft["operator"] if draft["operator"] in dict(choices) else choices[0][0]
        draft["operator"] = operator
        found: list[Token] = [self._select("operator", _p("builder", "How to compare"), choices, shape=True)]
        if draft.get("ignore_case"):
            found.append(Hidden(f="ignore_case", value=draft["ignore_case"]))
        if operator in ("exists", "missing"):
            return found
        if operator in SPANS:
            units = o.DAY_UNITS if operator == "anniversary" else o.UNITS
            if draft["unit"] not in dict(units):
                draft["unit"] = "days"
            return [*found, *self._span("n", "unit", units)]
        control = partial(self._value, kind=kind, suggest=suggest)
        if operator == "between":
            high = self._control("date" if kind == "date" else "number", "value2", _p("builder", "Highest value"))
            slots: dict[str, Any] = {"low": self._values(control, several=False), "high": high}
            return [*found, *_fill(_p("pattern", "{low} and {high}"), slots)]
        several = operator in ("is", "is_not", "has_any", "has_all", "has_none") and kind in ("text", "number", "list")
        return [*found, self._values(control, several=several)]

    def _value(self, item: Draft, *, kind: str, suggest: Mapping[str, str]) -> Control:
        label, now = _p("builder", "Value"), item.get("value", "")
        if kind == "boolean":
            item["value"] = now = now if now in ("true", "false") else "true"
            choices = tuple((value, text, ()) for value, text in o.BOOLEANS)
            return Control(kind="select", f="value", value=now, label=label, options=choices)
        if kind == "date":
            return Control(kind="text" if len(now) > 10 else "date", f="value", value=now, label=label)
        if kind == "number":
            return Control(kind="number", f="value", value=now, label=label)
        hint = _p("builder", "value")
        return Control(kind="combo", f="value", value=now, label=label, suggest=_suggest(suggest), placeholder=hint)

    def _kind(self, known: str, name: str) -> list[Token]:
        """How the value is compared: from the catalogue for a new name, else as chosen; asked for where unknown."""
        draft = self.draft
        if known and draft.get("kind_of") != name:
            draft["kind"] = known
        draft["kind_of"] = name
        hidden: list[Token] = [Hidden(f="kind_of", value=name)]
        if not name or known == draft["kind"]:
            return [*hidden, Hidden(f="kind", value=draft["kind"])]
        return [*hidden, self._select("kind", _p("builder", "What kind of value"), o.KINDS, shape=True)]

    # The sentences

    def _property(self) -> Sentence:
        draft, catalogue = self.draft, self.catalogue
        own = tuple((f"own:{name}", name) for name in catalogue.properties)
        groups: list[tuple[str, Any, tuple[tuple[str, Any], ...]]] = [("", _p("builder", "choose a property"), ())]
        if own:
            groups.append(("", _p("builder", "Your properties"), own))
        fields = tuple((f"field:{name}", label) for name, label in o.FIELDS)
        groups.append(("", _p("builder", "Standard"), fields))
        if draft["of"] and draft["of"] not in {value for _v, _l, members in groups for value, _label in members}:
            groups.append((draft["of"], field_label(draft["of"].partition(":")[2]), ()))
        of = self._control("select", "of", _p("builder", "Property"), options=tuple(groups), shape=True)
        kind = self._kind(catalogue.kind_of(draft["of"]), draft["of"])
        test = self._test({"of": "own", "name": draft["of"]}) if draft["of"] else self._kept()
        return Sentence(
            tokens=tuple(_fill(_p("pattern", "whose {property} {test}"), {"property": of, "test": [*kind, *test]}))
        )

    def _kept(self) -> list[Token]:
        return [Hidden(f="operator", value=str(self.draft["operator"]))]

    def _consent(self) -> Sentence:
        state = self._select("state", _p("builder", "Consent"), o.STATES, shape=True)
        slots: dict[str, Any] = {
            "state": state,
            "purpose": self._select("purpose", _p("builder", "Purpose"), o.PURPOSES),
            "channel": self._select("channel", _p("builder", "Channel"), o.CHANNELS),
            "window": self._window(),
        }
        asked = _p("pattern", "who {state} {purpose} by {channel} {window}")
        never = _p("pattern", "who {state} {purpose} by {channel}")
        return Sentence(tokens=tuple(_fill(never if self.draft["state"] == "never" else asked, slots)))

    def _list(self) -> Sentence:
        slots: dict[str, Any] = {
            "member": self._select("member", _p("builder", "On the list or not"), o.ON_LIST),
            "lists": self._keys(self.catalogue.lists, _p("builder", "List"), _p("builder", "choose a list")),
            "window": self._window(),
        }
        return Sentence(tokens=tuple(_fill(_p("pattern", "who {member} the list {lists}, joined {window}"), slots)))

    def _segment(self) -> Sentence:
        slots: dict[str, Any] = {
            "member": self._select("member", _p("builder", "In the segment or not"), o.IN_SEGMENT),
            "segments": self._keys(
                self.catalogue.segments, _p("builder", "Segment"), _p("builder", "choose a segment")
            ),
        }
        return Sentence(tokens=tuple(_fill(_p("pattern", "who {member} the segment {segments}"), slots)))

    def _event_name(self) -> Control:
        return self._combo("name", _p("builder", "Event"), _p("builder", "an event"), shape=True, of="event")

    def _event(self) -> Sentence:
        draft = self.draft
        measure = draft["measure"]
        moment = measure in ("first", "last")
        choices = o.MOMENTS if moment else o.NUMBERS
        if draft["operator"] not in dict(choices):
            draft["operator"] = choices[0][0]
        slots: dict[str, Any] = {
            "measure": self._select("measure", _p("builder", "What to measure"), o.MEASURES, shape=True),
            "event": self._event_name(),
            "operator": self._select("operator", _p("builder", "How to compare"), choices, shape=True),
            "value": self._measured(moment),
            "property": self._combo(
                "property", _p("builder", "Property"), _p("builder", "property"), of="property", event=draft["name"],
                kind="" if measure == "distinct" else "number",
            ),
            "window": self._window(),
        }  # fmt: skip
        patterns = {
            "count": _p("pattern", "who {measure} {event} {operator} {value} times {window}"),
            "never": _p("pattern", "who {measure} {event} {window}"),
            "first": _p("pattern", "who {measure} {event} {operator} {value}, counting {window}"),
            "last": _p("pattern", "who {measure} {event} {operator} {value}, counting {window}"),
        }
        other = _p("pattern", "whose {measure} {property} in {event} is {operator} {value} {window}")
        kept = [Hidden(f="operator", value=draft["operator"])] if measure == "never" else []
        return Sentence(tokens=(*_fill(patterns.get(measure, other), slots), *kept), filters=self._filters(draft))

    def _measured(self, moment: bool) -> list[Token]:
        if self.draft["operator"] in SPANS:
            return self._span("n", "unit", o.UNITS)
        kind = "date" if moment else "number"
        low = self._control(kind, "value", _p("builder", "Value"))
        if self.draft["operator"] != "between":
            return [low]
        high = self._control(kind, "value2", _p("builder", "Highest value"))
        return _fill(_p("pattern", "{low} and {high}"), {"low": low, "high": high})

    def _filters(self, step: Draft, prefix: str = "") -> tuple[Line, ...]:
        return tuple(
            replace(self, draft=item, prefix=f"{prefix}where.{n}.")._filter(step["name"])
            for n, item in enumerate(step["where"])
        )

    def _filter(self, event: str) -> Line:
        draft = self.draft
        name = self._combo(
            "name", _p("builder", "Property of the event"), _p("builder", "property"), shape=True,
            of="property", event=event,
        )  # fmt: skip
        kind = self._kind(self.catalogue.event_kinds.get((event, draft["name"]), ""), draft["name"])
        test = self._test({"of": "value", "event": event, "name": draft["name"]})
        slots: dict[str, Any] = {"property": name, "test": [*kind, *test]}
        return Line(tokens=tuple(_fill(_p("pattern", "where {property} {test}"), slots)))

    def _steps(self) -> tuple[Line, ...]:
        return tuple(
            Line(
                tokens=(replace(self, draft=step, prefix=f"steps.{n}.")._event_name(),),
                filters=self._filters(step, f"steps.{n}."),
                steps=True,
            )
            for n, step in enumerate(self.draft["steps"])
        )

    def _sequence(self) -> Sentence:
        slots: dict[str, Any] = {
            "did": self._select("did", _p("builder", "Did or did not"), o.SEQUENCE),
            "within": self._span("within_n", "within_unit", o.WITHIN),
            "window": self._window(),
        }
        pattern = _p("pattern", "who {did}, all within {within}, {window}")
        more = len(self.draft["steps"]) < 5
        return Sentence(tokens=tuple(_fill(pattern, slots)), steps=self._steps(), may_add_step=more)

    def _message(self) -> Sentence:
        names = self.catalogue.campaigns
        slots: dict[str, Any] = {
            "did": self._select("did", _p("builder", "Did or did not"), o.HAVE),
            "what": self._select("what", _p("builder", "What happened to the message"), o.WHATS, shape=True),
            "times": self._number("times", _p("builder", "How many messages")),
            "campaigns": self._keys(names, _p("builder", "Campaign"), _p("builder", "any campaign")),
            "window": self._window(),
            "within": self._span("within_n", "within_unit", o.UNITS),
        }
        if self.draft["what"] != "converted":
            pattern = _p("pattern", "who {did} {what} at least {times} messages of {campaigns} {window}")
            return Sentence(tokens=tuple(_fill(pattern, slots)))
        pattern = _p(
            "pattern", "who {did} {what} at least {times} messages of {campaigns} {window}: within {within}, they did"
        )
        return Sentence(tokens=tuple(_fill(pattern, slots)), steps=self._steps()[:1])


def _fill(pattern: str, slots: Mapping[str, Any]) -> list[Token]:
    found: list[Token] = []
    for n, piece in enumerate(_SLOT.split(pattern)):
        if n % 2 == 0:
            if piece.strip():
                found.append(piece.strip())
            continue
        slot = slots[piece]
        found.extend(slot if isinstance(slot, list) else [slot])
    return found


def _suggest(query: Mapping[str, str]) -> str:
    return f"{reverse('console:segment_suggest')}?{urlencode(query)}"
