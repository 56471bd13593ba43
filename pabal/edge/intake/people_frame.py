"""People as `people_sql` stages them: fields read by the rules of an import, one row for each person of a set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
import polars as pl

from pabal import config
from pabal.audience import cell_values, phones
from pabal.audience.names import split_full_name
from pabal.audience.refusals import reason_text
from pabal.audience.upsert import property_kind
from pabal.delivery.arrays import texts
from pabal.edge.intake.documents import tidy
from pabal.edge.intake.failures import Refusal
from pabal.edge.intake.people import Person, Verdict

FIELDS: Final = ("phone", "email", "first_name", "last_name", "full_name", "locale", "time_zone", "country")
_READ: Final[dict[str, Callable[[pl.Series], pl.Series]]] = {
    "country": cell_values.read_countries,
    "time_zone": cell_values.read_zones,
    "locale": cell_values.read_locales,
}
_SCHEMA: Final = {"line": pl.Int64(), "external_id": pl.String(), **dict.fromkeys(FIELDS, pl.String())}
_encode = msgspec.json.Encoder().encode

Known = list[tuple[str, str, str]]


def frame(people: Sequence[Person], verdict: Verdict) -> tuple[pl.DataFrame, Known]:
    """(rows in the shape of `people_sql.STAGED`, properties for the catalogue). `line` is the place in `people`.

    A phone or another field that cannot be read is left out; who is nobody without it is refused, else a phone is noted.
    """
    rows = pl.DataFrame(
        {
            "line": range(len(people)),
            "external_id": [person.external_id for person in people],
            **{name: [person.fields.get(name) for person in people] for name in FIELDS},
        },
        schema=_SCHEMA,
    )
    rows, problems = _read_phones(rows)
    for name, read in _READ.items():
        given = rows.get_column(name)
        if given.null_count() < rows.height:
            blank = pl.when(pl.col(name) == "").then(pl.lit(""))
            rows = rows.with_columns(pl.coalesce(blank, read(given).alias("\x1fread")).alias(name))
    rows = _names(rows)
    nobody = rows.filter(
        pl.col("external_id").is_null()
        & pl.col("phone").replace("", None).is_null()
        & pl.col("email").replace("", None).is_null()
    )
    unnamed = set(nobody.get_column("line").to_list())
    for line in unnamed | problems.keys():
        code = problems.get(line, "no_identity")
        found = Refusal(index=people[line].index, code=code, message=reason_text(code, "en"), field="phone")
        (verdict.refused if line in unnamed else verdict.notes)[line] = found
    rows = rows.filter(~pl.col("line").is_in(nobody.get_column("line").implode()))
    kept = [people[line] for line in rows.get_column("line").to_list()]
    known: dict[str, tuple[str, str, str]] = {}
    for person in kept:
        for name, value in person.properties.items():
            if name not in known and value is not None and (kind := property_kind(value)):
                known[name] = (name, kind, str(value)[:200])
    rows = rows.with_columns(
        pl.lit(None, pl.Boolean).alias("consent"),
        pl.lit(None, pl.Datetime("us", "UTC")).alias("consent_at"),
        pl.lit(False).alias("again"),
        pl.Series("properties", [_properties(person) for person in kept], dtype=pl.String),
        pl.Series("unset", [_unset(person) for person in kept], dtype=pl.String),
    )
    return rows, sorted(known.values())


def _read_phones(rows: pl.DataFrame) -> tuple[pl.DataFrame, dict[int, str]]:
    """Phones in E.164 with their place, and the problems of the others by line."""
    none = [pl.lit(None, pl.String).alias(name) for name in ("region", "zones")]
    given = rows.get_column("phone")
    if given.null_count() == rows.height:
        return rows.with_columns(none), {}
    settings = config.get()
    read = phones.normalise(given, settings.default_country, allow_fictional=settings.allow_fictional)
    said = rows.with_columns(
        pl.when(pl.col("phone") == "").then(pl.lit("")).otherwise(read.get_column("phone")).alias("phone"),
        pl.coalesce(read.get_column("country"), pl.col("country")).alias("country"),
        read.get_column("region"),
        read.get_column("zones"),
        read.get_column("problem"),
    )
    wrong = said.filter(pl.col("problem").is_not_null() & (pl.col("problem") != "empty"))
    return said.drop("problem"), dict(wrong.select("line", "problem").iter_rows())


def _names(rows: pl.DataFrame) -> pl.DataFrame:
    if rows.get_column("full_name").null_count() < rows.height:
        first, last = split_full_name(pl.col("full_name"))
        rows = rows.with_columns(first_name=pl.coalesce("first_name", first), last_name=pl.coalesce("last_name", last))
    return rows.drop("full_name")


def _properties(person: Person) -> str | None:
    kept: dict[str, Any] = {name: value for name, value in person.properties.items() if value is not None}
    if not kept:
        return None
    try:
        return _encode(kept).decode()
    except (OverflowError, UnicodeEncodeError):
        return _encode(tidy(kept)).decode()


def _unset(person: Person) -> str | None:
    """Names of properties to remove, as PostgreSQL writes an array of texts."""
    names = [name for name, value in person.properties.items() if value is None]
    return texts(names) if names else None
