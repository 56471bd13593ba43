"""The choices of the builder's controls, with their labels. Korean puts them elsewhere in the sentence (`sentences`)."""

from __future__ import annotations

from typing import Any

from django.utils.translation import pgettext_lazy as _p

Options = tuple[tuple[str, Any], ...]

MATCH: Options = (
    ("all", _p("match", "all of these")),
    ("any", _p("match", "any of these")),
    ("none", _p("match", "none of these")),
)
JOINERS = {"all": _p("joiner", "and"), "any": _p("joiner", "or"), "none": _p("joiner", "nor")}

MEASURES: Options = (
    ("count", _p("measure", "did")),
    ("never", _p("measure", "never did")),
    ("sum", _p("measure", "total of")),
    ("average", _p("measure", "average of")),
    ("maximum", _p("measure", "largest of")),
    ("minimum", _p("measure", "smallest of")),
    ("distinct", _p("measure", "different values of")),
    ("first", _p("measure", "first did")),
    ("last", _p("measure", "last did")),
)
#: Behind the number in Korean.
NUMBERS: Options = (
    ("at_least", _p("number", "at least")),
    ("exactly", _p("number", "exactly")),
    ("at_most", _p("number", "at most")),
    ("between", _p("number", "between")),
    ("more", _p("number", "more than")),
    ("less", _p("number", "fewer than")),
    ("not_exactly", _p("number", "other than")),
)
MOMENTS: Options = (
    ("within_last", _p("moment", "in the last")),
    ("before_last", _p("moment", "longer ago than")),
    ("between", _p("moment", "between")),
    ("at_least", _p("moment", "on or after")),
    ("at_most", _p("moment", "on or before")),
    ("more", _p("moment", "after")),
    ("less", _p("moment", "before")),
)
#: In front of the value in both languages.
OPERATORS: dict[str, Options] = {
    "text": (
        ("is", _p("test", "is")),
        ("is_not", _p("test", "is not")),
        ("contains", _p("test", "contains")),
        ("not_contains", _p("test", "does not contain")),
        ("starts_with", _p("test", "begins with")),
        ("ends_with", _p("test", "ends with")),
        ("exists", _p("test", "is known")),
        ("missing", _p("test", "is unknown")),
    ),
    "number": (
        ("is", _p("test", "is")),
        ("is_not", _p("test", "is not")),
        ("at_least", _p("test", "is at least")),
        ("at_most", _p("test", "is at most")),
        ("more", _p("test", "is more than")),
        ("less", _p("test", "is less than")),
        ("between", _p("test", "is between")),
        ("exists", _p("test", "is known")),
        ("missing", _p("test", "is unknown")),
    ),
    "boolean": (
        ("is", _p("test", "is")),
        ("exists", _p("test", "is known")),
        ("missing", _p("test", "is unknown")),
    ),
    "date": (
        ("within_last", _p("test", "is in the last")),
        ("before_last", _p("test", "is longer ago than")),
        ("anniversary", _p("test", "has its day of the year within")),
        ("within_next", _p("test", "is in the next")),
        ("after_next", _p("test", "is further ahead than")),
        ("is", _p("date", "is on")),
        ("at_least", _p("date", "is on or after")),
        ("at_most", _p("date", "is on or before")),
        ("more", _p("date", "is after")),
        ("less", _p("date", "is before")),
        ("between", _p("test", "is between")),
        ("exists", _p("test", "is known")),
        ("missing", _p("test", "is unknown")),
    ),
    "list": (
        ("has_any", _p("test", "has any of")),
        ("has_all", _p("test", "has all of")),
        ("has_none", _p("test", "has none of")),
        ("exists", _p("test", "is known")),
        ("missing", _p("test", "is unknown")),
    ),
}
KINDS: Options = (
    ("text", _p("kind", "text")),
    ("number", _p("kind", "number")),
    ("boolean", _p("kind", "yes or no")),
    ("date", _p("kind", "date")),
    ("list", _p("kind", "list of values")),
)
BOOLEANS: Options = (("true", _p("boolean", "yes")), ("false", _p("boolean", "no")))
UNITS: Options = (
    ("minutes", _p("unit", "minutes")),
    ("hours", _p("unit", "hours")),
    ("days", _p("unit", "days")),
    ("weeks", _p("unit", "weeks")),
    ("months", _p("unit", "months")),
    ("years", _p("unit", "years")),
)
DAY_UNITS: Options = tuple(pair for pair in UNITS if pair[0] in ("days", "weeks", "months"))
WINDOWS: Options = (
    ("ever", _p("window", "at any time")),
    ("last", _p("window", "in the last")),
    ("ago", _p("window", "in the past, from")),
    ("dates", _p("window", "between dates")),
)
WITHIN: Options = (*UNITS, ("ever", _p("unit", "any time")))

CHANNELS: Options = (("text", _p("channel", "text messages")), ("kakao", _p("channel", "KakaoTalk")))
PURPOSES: Options = (
    ("promotional", _p("purpose", "advertising")),
    ("informational", _p("purpose", "information")),
    ("night", _p("purpose", "advertising at night")),
)
STATES: Options = (
    ("subscribed", _p("consent", "agreed to")),
    ("unsubscribed", _p("consent", "refused")),
    ("never", _p("consent", "were never asked about")),
)
ON_LIST: Options = (("yes", _p("list", "are on")), ("no", _p("list", "are not on")))
IN_SEGMENT: Options = (("yes", _p("segment", "are in")), ("no", _p("segment", "are not in")))
WHATS: Options = (
    ("received", _p("message", "received")),
    ("delivered", _p("message", "been reached by")),
    ("clicked", _p("message", "clicked in")),
    ("replied", _p("message", "replied to")),
    ("converted", _p("message", "converted after")),
    ("failed", _p("message", "missed (failed)")),
)
HAVE: Options = (("yes", _p("did", "have")), ("no", _p("did", "have not")))
SEQUENCE: Options = (("yes", _p("sequence", "did in this order")), ("no", _p("sequence", "did not do in this order")))

FIELDS: Options = (
    ("first_name", _p("field", "First name")),
    ("last_name", _p("field", "Last name")),
    ("phone", _p("field", "Phone")),
    ("email", _p("field", "Email")),
    ("external_id", _p("field", "Customer ID")),
    ("country", _p("field", "Country")),
    ("region", _p("field", "Region")),
    ("locale", _p("field", "Language")),
    ("time_zone", _p("field", "Time zone")),
    ("created_at", _p("field", "Joined")),
)
