"""One test of a value as a SQL condition that is never NULL: a value that is missing fulfils no operator but `missing`
and the negative ones (`not_equals`, `not_in`, `not_contains`, `has_not`, `has_none`), which are the opposites of the
positive ones.

Texts are compared letter by letter, upper and lower case apart unless `ignore_case`; a text given composed also finds the
decomposed one (한 written as ㅎㅏㄴ), and the other way round. Numbers are compared as 64-bit floating point.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from pabal.warehouse.compiler import paths
from pabal.warehouse.compiler.moments import Clock, Range
from pabal.warehouse.compiler.parameters import Parameters
from pabal.warehouse.conditions import Filter, Property, Span

_COMPARED = {"less": "<", "at_most": "<=", "more": ">", "at_least": ">=", "equals": "="}
_OPPOSITES = {
    "not_equals": "equals",
    "not_in": "in",
    "not_contains": "contains",
    "has_not": "has",
    "has_none": "has_any",
    "missing": "exists",
}
#: A whole number as JSON writes it, within 64 bits; and what may be a part of one.
_NUMERAL = re.compile(r"0|-?[1-9][0-9]{0,17}")
_DIGITS = re.compile(r"-?[0-9]{1,18}")
#: The profile's columns as SQL. Without a time zone of its own, that of the phone counts.
_FIELDS = {"time_zone": "if(time_zone != '', toString(time_zone), toString(zones))"}


class Predicates:
    """Writes tests; values go to `parameters`."""

    def __init__(self, parameters: Parameters, clock: Clock) -> None:
        self._parameters = parameters
        self._clock = clock

    def of(self, test: Property | Filter) -> str:
        """The condition for a row of `profile` or `event`."""
        if test.operator in _OPPOSITES:
            return f"NOT ({self._positive(test, _OPPOSITES[test.operator])})"
        return self._positive(test, test.operator)

    def within(self, column: str, range_: Range) -> list[str]:
        """The conditions for a moment to lie in a range; none when it has no bounds."""
        found = []
        if range_.low is not None:
            found.append(f"{column} >= {self._parameters.moment(range_.low)}")
        if range_.high is not None:
            found.append(f"{column} < {self._parameters.moment(range_.high)}")
        return found

    def _positive(self, test: Property | Filter, operator: str) -> str:
        field = test.field if isinstance(test, Property) else None
        if field is not None:
            column = _FIELDS.get(field, field)
            return self._date(column, test, operator) if test.kind == "date" else self._text(column, test, operator)
        at = paths.place(test.name)
        match test.kind:
            case "text":
                return self._property_text(at, test, operator)
            case "number":
                condition = self._number(paths.number(at), test, operator)
            case "boolean":
                condition = self._boolean(paths.boolean(at), test, operator)
            case "date":
                zone = self._parameters.text(str(self._clock.zone))
                condition = self._date(paths.moment(at, zone), test, operator)
            case "list":
                return self._list(at, test, operator)
        return f"ifNull({condition}, 0)"

    def _property_text(self, at: paths.Place, test: Property | Filter, operator: str) -> str:
        """A text of the JSON; only what consists of digits is also looked for among whole numbers."""
        string, integer = at.typed("String"), at.typed("Int64")
        if operator == "exists":
            return f"ifNull({string} != '', isNotNull({integer}))"
        found = f"ifNull({self._text(string, test, operator)}, 0)"
        written = _NUMERAL if operator in ("equals", "in") else _DIGITS
        numerals = [form for form in self._forms(test) if written.fullmatch(form)]
        if not numerals:
            return found
        if operator in ("equals", "in"):
            same = f"{integer} IN {self._parameters.integers([int(form) for form in numerals])}"
        else:
            same = self._text(f"toString({integer})", test, operator)
        return f"({found} OR ifNull({same}, 0))"

    def _text(self, value: str, test: Property | Filter, operator: str) -> str:
        if operator == "exists":
            return f"{value} != ''"
        value = f"lowerUTF8({value})" if test.ignore_case else value
        forms = self._forms(test)
        if operator in ("equals", "in"):
            one = len(forms) == 1
            return (
                f"{value} = {self._parameters.text(forms[0])}" if one else f"{value} IN {self._parameters.texts(forms)}"
            )
        written = {
            "contains": "position({value}, {form}) > 0",
            "starts_with": "startsWith({value}, {form})",
            "ends_with": "endsWith({value}, {form})",
        }[operator]
        tests = [written.format(value=value, form=self._parameters.text(form)) for form in forms]
        return tests[0] if len(tests) == 1 else f"({' OR '.join(tests)})"

    def _forms(self, test: Property | Filter) -> list[str]:
        """The texts of the test's value, each in all its spellings."""
        values: Any = test.value if isinstance(test.value, tuple) else (test.value,)
        return sorted({form for value in values for form in self._spellings(value, test)})

    def _spellings(self, text: str, test: Property | Filter) -> list[str]:
        """A text as it is, composed and decomposed; in lower case if case does not matter."""
        text = text.lower() if test.ignore_case else text
        return sorted({text, unicodedata.normalize("NFC", text), unicodedata.normalize("NFD", text)})

    def _number(self, value: str, test: Property | Filter, operator: str) -> str:
        given: Any = test.value
        match operator:
            case "exists":
                return f"isNotNull({value})"
            case "in":
                return f"{value} IN {self._parameters.numbers(sorted(set(given)))}"
            case "between":
                low, high = (self._parameters.number(bound) for bound in given)
                return f"{value} BETWEEN {low} AND {high}"
        return f"{value} {_COMPARED[operator]} {self._parameters.number(given)}"

    def _boolean(self, value: str, test: Property | Filter, operator: str) -> str:
        return f"isNotNull({value})" if operator == "exists" else f"{value} = {'true' if test.value else 'false'}"

    def _date(self, value: str, test: Property | Filter, operator: str) -> str:
        given: Any = test.value
        if operator == "exists":
            return f"isNotNull({value})"
        if operator == "anniversary":
            days = ", ".join(str(day) for day in self._clock.anniversaries(given))
            zone = self._parameters.text(str(self._clock.zone))
            return f"toMonth({value}, {zone}) * 100 + toDayOfMonth({value}, {zone}) IN ({days})"
        if isinstance(given, Span):
            range_ = self._clock.relative(operator, given, whole_days=True)
        elif operator == "between":
            range_ = self._clock.compared(operator, *given)
        else:
            range_ = self._clock.compared(operator, given)
        return " AND ".join(self.within(value, range_))

    def _list(self, at: paths.Place, test: Property | Filter, operator: str) -> str:
        values: Any = test.value if isinstance(test.value, tuple) else (test.value,)
        if operator == "exists":
            return (
                f"(arrayExists(x -> x != '', {paths.texts(at)}) OR arrayExists(x -> isNotNull(x), {paths.numbers(at)}))"
            )
        numbers = [float(value) for value in values if not isinstance(value, str)]
        words = [value for value in values if isinstance(value, str)]
        all_ = operator == "has_all"
        found = []
        if words:
            texts = f"arrayMap(x -> lowerUTF8(x), {paths.texts(at)})" if test.ignore_case else paths.texts(at)
            spellings = [self._spellings(word, test) for word in words]
            if all_:
                found.append(f"arrayAll(x -> hasAny({texts}, x), {self._parameters.text_lists(spellings)})")
            else:
                found.append(f"hasAny({texts}, {self._parameters.texts(sorted(set().union(*spellings)))})")
        if numbers:
            given = self._parameters.numbers(sorted(set(numbers)))
            # hasAny takes NULL, which a text among the numbers is, for 0.
            there = f"arrayFilter(x -> isNotNull(x), {paths.numbers(at)})"
            found.append(f"{'hasAll' if all_ else 'hasAny'}({there}, {given})")
        return f"({(' AND ' if all_ else ' OR ').join(found)})"
