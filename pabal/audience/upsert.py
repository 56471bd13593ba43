"""Creating and changing profiles from a program: sets of dictionaries, written like an import."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl
import psycopg
from django.db import transaction
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from psycopg import errors as pg

from pabal import config
from pabal.audience import people_sql
from pabal.audience.cleaning import Reading, clean
from pabal.audience.file_facts import LINE, Chunk, Cursor
from pabal.audience.former_ids import by_present_ids
from pabal.audience.mapping import Target
from pabal.audience.merging import KEY, identify
from pabal.audience.refusals import reason_text
from pabal.database import raw_cursor
from pabal.errors import InvalidInput

#: Most rows of one call.
LIMIT = 10_000
FIELDS = ("external_id", "phone", "email", "first_name", "last_name", "locale", "time_zone", "country")
#: Fields that null empties. An external id stays once it is given.
CLEARABLE = ("phone", "email", "first_name", "last_name", "locale", "time_zone", "country")
_EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>]+")
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d.*)?")
_LARGEST_PROPERTIES = 65_536
_ATTEMPTS = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Upserted:
    """What became of the row at `index`: `outcome` is created, updated, unchanged or refused.

    A refused row has a `code` (a key of `refusals.REASONS`, or `unknown_field`, `bad_value`, `bad_email`,
    `too_large`), a `message` and perhaps the `field`; the others have a `profile_id`.
    """

    index: int
    outcome: str
    profile_id: int | None = None
    code: str = ""
    message: str = ""
    field: str = ""


def upsert_profiles(
    rows: Sequence[Mapping[str, Any]], *, default_country: str = "", source: str = ""
) -> list[Upserted]:
    """Create or change up to 10,000 profiles in one transaction; one result for each row, in order.

    A row has any of `FIELDS` and `properties` (an object, merged into what is there). A field that is left out stays, null
    empties it; a property that is null is removed. Who a row is: by `external_id`, else by phone, else by email. Two rows of
    the same person are applied one after the other. Rows in error are refused, the others written. `source` is for logs.

    Raises InvalidInput `too_many_rows`, `unknown_country`.
    """
    if len(rows) > LIMIT:
        raise InvalidInput(
            _("At most %(limit)s profiles can be sent at once.") % {"limit": f"{LIMIT:,}"}, code="too_many_rows"
        )
    results: dict[int, Upserted] = {}
    good: list[tuple[int, Mapping[str, Any]]] = []
    for index, row in enumerate(rows):
        problem = _problem(row)
        if problem is None:
            good.append((index, row))
        else:
            code, field, message = problem
            results[index] = Upserted(index=index, outcome="refused", code=code, field=field, message=message)
    if good:
        people, refused = _clean(good, default_country or config.get().default_country)
        results |= refused
        results |= _write(people)
    return [results[index] for index in range(len(rows))]


def _problem(row: Mapping[str, Any]) -> tuple[str, str, str] | None:
    """(code, field, message) of what is wrong with the shape of a row."""
    for name, value in row.items():
        if name == "properties":
            if value is not None and not isinstance(value, Mapping):
                return "bad_value", name, _("Properties must be an object.")
            if len(json.dumps(value or {}, default=str)) > _LARGEST_PROPERTIES:
                return "too_large", name, _("The properties of a profile hold at most 64 KB.")
            if any(not key or len(key) > 200 or "\0" in key for key in value or {}):
                return "bad_value", name, _("A property's name has 1 to 200 characters.")
        elif name not in FIELDS:
            return "unknown_field", name, _("There is no field “%(name)s”.") % {"name": name}
        elif value is not None and not isinstance(value, str):
            return "bad_value", name, _("“%(name)s” must be text.") % {"name": name}
        elif value is not None and "\0" in value:
            return "bad_value", name, _("Text cannot hold NUL characters.")
    email = row.get("email")
    if email and not _EMAIL.fullmatch(email.strip()):
        return "bad_email", "email", _("This is not an email address.")
    return None


def _clean(
    good: Sequence[tuple[int, Mapping[str, Any]]], default_country: str
) -> tuple[pl.DataFrame, dict[int, Upserted]]:
    """(people to write, refused rows) by the same rules as an import's."""
    indexes = [index for index, _row in good]
    columns: dict[str, Any] = {name: [row.get(name) or "" for _index, row in good] for name in FIELDS}
    frame = pl.DataFrame({**columns, LINE: indexes}, schema={**dict.fromkeys(FIELDS, pl.String()), LINE: pl.Int64()})
    settings = config.get()
    reading = Reading(
        mapped={name: Target(field=name) for name in FIELDS},
        default_country=default_country,
        zone=settings.time_zone,
        allow_fictional=settings.allow_fictional,
    )
    cleaned = clean(Chunk(frame=frame, refused=(), end=Cursor(offset=0, line=0)), reading)
    language = (get_language() or "en")[:2]
    refused = {
        refusal.line: Upserted(
            index=refusal.line,
            outcome="refused",
            code=refusal.reason,
            message=reason_text(refusal.reason, language),
            field=_FIELD_OF.get(refusal.reason, "" if refusal.reason in _ROW_REASONS else "phone"),
        )
        for refusal in cleaned.refused
    }
    emptied = {name: {index for index, row in good if name in row and not row[name]} for name in CLEARABLE}
    properties = {index: row.get("properties") or {} for index, row in good}
    lines = cleaned.people.get_column("line").to_list()
    people = cleaned.people.with_columns(
        *(
            pl.when(pl.col("line").is_in(sorted(emptied[name]))).then(pl.lit("")).otherwise(pl.col(name)).alias(name)
            for name in CLEARABLE
            if emptied[name]
        ),
        pl.Series("properties", [_json(properties[line]) for line in lines], dtype=pl.String),
        pl.Series("unset", [_unset(properties[line]) for line in lines], dtype=pl.String),
        pl.lit(False).alias("again"),
    )
    _catalogue(properties.values())
    return people, refused


_FIELD_OF = {
    "unknown_country_name": "country",
    "unknown_time_zone": "time_zone",
    "unknown_language": "locale",
}
_ROW_REASONS = frozenset({"no_identity", "value_too_long"})


def _write(people: pl.DataFrame) -> dict[int, Upserted]:
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            with transaction.atomic():
                return _write_once(people)
        except pg.UniqueViolation:
            if attempt == _ATTEMPTS:
                raise
    raise AssertionError


def _write_once(people: pl.DataFrame) -> dict[int, Upserted]:
    """Rows of the same person go in rounds, one after the other, so that each sees what the last one wrote."""
    if not people.height:
        return {}
    with raw_cursor() as cursor:
        people = by_present_ids(cursor, people)
    people = identify(people)
    people = people.with_columns(pl.int_range(pl.len()).over(KEY).alias("round")).drop(KEY)
    results: dict[int, Upserted] = {}
    with raw_cursor() as cursor:
        for part in people.partition_by("round", maintain_order=True):
            results |= _write_round(cursor, people_sql.staging(part))
    return results


def _write_round(cursor: psycopg.Cursor[Any], people: people_sql.Staging) -> dict[int, Upserted]:
    people_sql.stage(cursor, people)
    written = people_sql.write_profiles(cursor, people)
    rows = cursor.execute(
        "SELECT p.line, p.profile_id, p.is_new, t.xid = %s FROM person p JOIN profile t ON t.id = p.profile_id",
        [written.xid],
    ).fetchall()
    unchanged = Upserted(index=0, outcome="unchanged")
    return {
        line: replace(
            unchanged,
            index=line,
            profile_id=profile_id,
            outcome="created" if is_new else "updated" if touched else "unchanged",
        )
        for line, profile_id, is_new, touched in rows
    }


def _json(properties: Mapping[str, Any]) -> str | None:
    kept = {key: value for key, value in properties.items() if value is not None}
    return json.dumps(kept, ensure_ascii=False, default=str).replace("\\u0000", "") if kept else None


def _unset(properties: Mapping[str, Any]) -> str | None:
    """Names of properties to remove, as PostgreSQL writes an array of texts."""
    names = [key for key, value in properties.items() if value is None]
    if not names:
        return None
    quoted = ['"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"' for name in names]
    return "{" + ",".join(quoted) + "}"


def _catalogue(all_properties: Any) -> None:
    known: dict[str, tuple[str, str, str]] = {}
    for properties in all_properties:
        for name, value in properties.items():
            if name not in known and value is not None and (kind := property_kind(value)):
                known[name] = (name, kind, str(value)[:200])
    people_sql.know_properties(list(known.values()))


def property_kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "date" if _DATE.fullmatch(value) else "text"
    return "list" if isinstance(value, list) else ""
