"""Properties as SQL: where a path stands in the JSON, and its value as one kind.

A value of another type than the condition's kind counts as missing, with what senders commonly mix up allowed for:

text      a JSON text that is not empty; a whole number as its digits
number    a JSON number; a text that is one in plain notation ("49.90")
boolean   true, false; the texts "true" and "false"
date      a text that is a date or a date and time as in ISO 8601 (years 1900 to 2299); without an offset, in the zone of
          the segment
list      the texts (or numbers) of a JSON list; a single text or number is a list of one
"""

from __future__ import annotations

from dataclasses import dataclass

_PLAIN_NUMBER = r"'^-?[0-9]{1,18}(\\.[0-9]{1,18})?$'"
_TIME = "([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,9})?)?(Z|[+-][0-9]{2}:?[0-9]{2})?"
_ISO = f"'^(19|20|21|22)[0-9]{{2}}-[0-9]{{2}}-[0-9]{{2}}([T ]{_TIME})?$'"


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a property is read: `sql` of the JSON path; `each`: it goes through the members of a list (`[]`)."""

    sql: str
    each: bool = False

    def typed(self, type_: str) -> str:
        """Its values of one ClickHouse type; NULL (an empty list) for others."""
        return f"{self.sql}.:`{type_}`"


def place(path: str, column: str = "properties") -> Place:
    """The place of a dotted path. Names are quoted, whatever is in them."""
    parts = []
    for part in path.split("."):
        each = part.endswith("[]")
        parts.append(quoted(part[:-2] if each else part) + ("[]" if each else ""))
    return Place(sql=".".join([column, *parts]), each="[]" in path)


def quoted(name: str) -> str:
    """An identifier that ClickHouse reads as just this name."""
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def text(at: Place) -> str:
    return f"coalesce({at.typed('String')}, toString({at.typed('Int64')}))"


def number(at: Place) -> str:
    string = at.typed("String")
    return (
        f"coalesce({at.typed('Float64')}, toFloat64({at.typed('Int64')}), "
        f"toFloat64OrNull(if(match({string}, {_PLAIN_NUMBER}), {string}, NULL)))"
    )


def boolean(at: Place) -> str:
    return f"coalesce({at.typed('Bool')}, multiIf({at.typed('String')} = 'true', true, {at.typed('String')} = 'false', false, NULL))"


def moment(at: Place, zone: str) -> str:
    """`zone`: the place of the zone's name among the parameters."""
    string = at.typed("String")
    return f"parseDateTime64BestEffortOrNull(if(match({string}, {_ISO}), {string}, NULL), 3, {zone})"


def texts(at: Place) -> str:
    if at.each:
        return f"arrayMap(x -> dynamicElement(x, 'String'), {at.sql})"
    string = at.typed("String")
    return (
        f"arrayConcat({at.typed('Array(Nullable(String))')}, "
        f"arrayMap(x -> dynamicElement(x, 'String'), {at.typed('Array(Dynamic)')}), if({string} != '', [{string}], []))"
    )


def numbers(at: Place) -> str:
    either = "coalesce(dynamicElement(x, 'Float64'), toFloat64(dynamicElement(x, 'Int64')))"
    if at.each:
        return f"arrayMap(x -> {either}, {at.sql})"
    single = f"coalesce({at.typed('Float64')}, toFloat64({at.typed('Int64')}))"
    return (
        f"arrayConcat({at.typed('Array(Nullable(Float64))')}, "
        f"arrayMap(x -> toFloat64(x), {at.typed('Array(Nullable(Int64))')}), "
        f"arrayMap(x -> {either}, {at.typed('Array(Dynamic)')}), if(isNotNull({single}), [{single}], []))"
    )
