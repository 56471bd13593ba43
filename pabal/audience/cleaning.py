"""Rows of a contact file made into people: cells read by their target, rows that cannot be people set apart.

Whole columns at a time. The result, `PEOPLE`, is what `people_sql` writes; null means "says nothing about it".
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import polars as pl

from pabal.audience import cell_values, phones
from pabal.audience.file_facts import LINE, Chunk, Refusal
from pabal.audience.mapping import Mapped
from pabal.audience.mapping_words import CONSENT_WORDS, NOTHING
from pabal.audience.names import split_full_name

PEOPLE = pl.Schema(
    {
        "line": pl.Int64(),
        "external_id": pl.String(),
        "phone": pl.String(),
        "email": pl.String(),
        "first_name": pl.String(),
        "last_name": pl.String(),
        "locale": pl.String(),
        "time_zone": pl.String(),
        "country": pl.String(),
        "region": pl.String(),
        "zones": pl.String(),
        "consent": pl.Boolean(),
        "consent_at": pl.Datetime("us", "UTC"),
    }
)
#: Prefix of the columns that hold a property each: a JSON value, or null.
PROPERTY = "\x1fproperty:"
_FIELDS = ("external_id", "phone", "email", "first_name", "last_name", "full_name", "locale", "time_zone", "country")
#: An index entry of PostgreSQL holds 2,700 bytes; nobody's name or id is longer than this many characters.
_LONGEST = {"external_id": 255, "email": 254, "first_name": 200, "last_name": 200}
_EMAIL = r"^[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>]+$"
_REASON = "\x1freason"
_BLANKS = " \t\r\n\u00a0\u200b\u200c\u200d\u2060\ufeff\u3000"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """How the cells of an import are to be read.

    `zone` is the zone of dates without one. `everyone_agreed` says that the consent statement covers rows without a
    consent column.
    """

    mapped: Mapped
    default_country: str
    zone: str
    allow_fictional: bool = False
    everyone_agreed: bool = False
    phone_workers: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Cleaned:
    """`people` has `PEOPLE` and the property columns. `unread` counts cells that were left out or kept as text, by field."""

    people: pl.DataFrame
    refused: tuple[Refusal, ...]
    unread: Counter[str] = field(default_factory=Counter)


def clean(chunk: Chunk, reading: Reading) -> Cleaned:
    """People of a chunk, and its refused rows in the order of the file."""
    frame = chunk.frame
    unread: Counter[str] = Counter()
    columns = {t.field: name for name, t in reading.mapped.items() if t.field not in ("property", "ignore")}
    said = frame.select(
        pl.col(LINE).alias("line"), *(_said(columns[name]).alias(name) for name in columns if name in _FIELDS)
    )
    missing = [pl.lit(None, pl.String).alias(name) for name in _FIELDS if name not in said.columns]
    people = said.with_columns(missing).with_columns(pl.lit(None, pl.String).alias(_REASON))
    people = _name(people)
    people = _place(people, reading)
    people = _phone(people, reading)
    people, bad_emails = _email(people)
    unread["email"] += bad_emails
    people = people.with_columns(_consent(frame, columns, reading, unread))
    people = _consent_at(people, frame, columns, reading)
    too_long = pl.any_horizontal(pl.col(name).str.len_chars() > longest for name, longest in _LONGEST.items())
    nobody = pl.all_horizontal(pl.col(name).is_null() for name in ("external_id", "phone", "email"))
    people = people.with_columns(
        pl.coalesce(
            _REASON, pl.when(too_long).then(pl.lit("value_too_long")), pl.when(nobody).then(pl.lit("no_identity"))
        ).alias(_REASON)
    )
    people = people.with_columns(_properties(frame, reading, unread))
    refused = people.get_column(_REASON).is_not_null()
    kept = people.filter(~refused).drop(_REASON, "full_name")
    return Cleaned(
        people=kept.select(*PEOPLE.names(), pl.col(f"^{PROPERTY}.*$")),
        refused=_refusals(frame, people, refused, chunk.refused),
        unread=+unread,
    )


def json_text(texts: pl.Series) -> pl.Series:
    """Each text as a JSON string."""
    if texts.str.contains(r'["\\\x00-\x1f]').any():
        encoded = texts.rename("v").to_frame().to_struct("s").struct.json_encode()
        whole = encoded.str.strip_prefix('{"v":').str.head(-1)
        return pl.select(pl.when(texts.is_not_null()).then(whole)).to_series()
    return pl.select(pl.concat_str(pl.lit('"'), texts, pl.lit('"'))).to_series()


def with_properties(people: pl.DataFrame) -> pl.DataFrame:
    """The property columns gathered into one JSON object, `properties`; null when a row has none."""
    columns = [name for name in people.columns if name.startswith(PROPERTY)]
    if not columns:
        return people.with_columns(pl.lit(None, pl.String).alias("properties"))
    parts = []
    for name in columns:
        key = json_text(pl.Series([name.removeprefix(PROPERTY)]))[0] + ":"
        parts.append(pl.concat_str(pl.lit(key), pl.col(name)))
    joined = pl.concat_str(parts, separator=",", ignore_nulls=True)
    return people.with_columns(
        pl.when(joined != "").then(pl.concat_str(pl.lit("{"), joined, pl.lit("}"))).alias("properties")
    ).drop(columns)


def _said(column: str) -> pl.Expr:
    text = pl.col(column).str.strip_chars(_BLANKS)
    return pl.when((text != "") & ~text.str.to_lowercase().is_in(NOTHING)).then(text)


def _refuse(condition: pl.Expr, reason: str) -> pl.Expr:
    return pl.coalesce(_REASON, pl.when(condition).then(pl.lit(reason))).alias(_REASON)


def _name(people: pl.DataFrame) -> pl.DataFrame:
    if people.get_column("full_name").null_count() == people.height:
        return people
    first, last = split_full_name(pl.col("full_name"))
    return people.with_columns(first_name=pl.coalesce("first_name", first), last_name=pl.coalesce("last_name", last))


def _place(people: pl.DataFrame, reading: Reading) -> pl.DataFrame:
    for name, read, reason in (
        ("country", cell_values.read_countries, "unknown_country_name"),
        ("time_zone", cell_values.read_zones, "unknown_time_zone"),
        ("locale", cell_values.read_locales, "unknown_language"),
    ):
        if people.get_column(name).null_count() < people.height:
            people = people.with_columns(read(people.get_column(name)).alias("\x1fread"))
            unknown = pl.col("\x1fread").is_null() & pl.col(name).is_not_null()
            people = people.with_columns(_refuse(unknown, reason), pl.col("\x1fread").alias(name)).drop("\x1fread")
    return people


def _phone(people: pl.DataFrame, reading: Reading) -> pl.DataFrame:
    """Phones in E.164 with their place; a row whose phone cannot be used is refused, whatever else it has."""
    country = people.get_column("country").fill_null(reading.default_country)
    people = people.with_columns(country.alias("\x1fhome")).with_row_index("\x1frow")
    parts = []
    for part in people.partition_by("\x1fhome", maintain_order=True) or [people]:
        home = part.get_column("\x1fhome")[0] if part.height else reading.default_country
        read = phones.normalise(
            part.get_column("phone"), home, allow_fictional=reading.allow_fictional, workers=reading.phone_workers
        )
        parts.append(
            part.drop("phone").with_columns(
                read.get_column("phone"),
                pl.coalesce(read.get_column("country"), part.get_column("country")).alias("country"),
                read.get_column("region"),
                read.get_column("zones"),
                read.get_column("problem"),
            )
        )
    people = pl.concat(parts).sort("\x1frow").drop("\x1frow", "\x1fhome")
    problem = pl.when(pl.col("problem") != "empty").then(pl.col("problem"))
    return people.with_columns(pl.coalesce(_REASON, problem).alias(_REASON)).drop("problem")


def _email(people: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """An email that is none is left out: it is no reason to lose a phone."""
    given = people.height - people.get_column("email").null_count()
    people = people.with_columns(pl.when(pl.col("email").str.contains(_EMAIL)).then(pl.col("email")).alias("email"))
    return people, given - (people.height - people.get_column("email").null_count())


def _consent(frame: pl.DataFrame, columns: dict[str, str], reading: Reading, unread: Counter[str]) -> pl.Series:
    if "consent" not in columns:
        return pl.Series("consent", [True if reading.everyone_agreed else None], dtype=pl.Boolean).new_from_index(
            0, frame.height
        )
    words = frame.select(_said(columns["consent"]).str.to_lowercase().alias("consent")).to_series()
    agreed = words.replace_strict(CONSENT_WORDS, default=None, return_dtype=pl.Boolean)
    unread["consent"] += int((words.is_not_null() & agreed.is_null()).sum())
    return agreed


def _consent_at(people: pl.DataFrame, frame: pl.DataFrame, columns: dict[str, str], reading: Reading) -> pl.DataFrame:
    if "consent_at" not in columns:
        return people.with_columns(pl.lit(None, PEOPLE["consent_at"]).alias("consent_at"))
    said = frame.select(_said(columns["consent_at"]).alias("said")).to_series()
    at = cell_values.read_times(said, reading.default_country, reading.zone).cast(PEOPLE["consent_at"])
    soon = datetime.now(UTC) + timedelta(days=1)
    people = people.with_columns(at.alias("consent_at"), said.alias("\x1fsaid"))
    wrong = (pl.col("\x1fsaid").is_not_null() & pl.col("consent_at").is_null()) | (pl.col("consent_at") > soon)
    return people.with_columns(_refuse(wrong.fill_null(False), "bad_consent_date")).drop("\x1fsaid")


def _properties(frame: pl.DataFrame, reading: Reading, unread: Counter[str]) -> list[pl.Series]:
    """One column of JSON values for each property. A value that does not fit its kind is kept as text and counted."""
    found = []
    for column, target in reading.mapped.items():
        if target.field != "property":
            continue
        text = pl.col(column).str.strip_chars(_BLANKS)
        texts = frame.select(pl.when(text != "").then(text).alias("t")).to_series()
        value = json_text(texts)
        if target.kind != "text":
            typed = _typed(texts, target.kind, reading)
            unread[target.name] += int((texts.is_not_null() & typed.is_null()).sum())
            value = pl.select(pl.coalesce(typed, value)).to_series()
        found.append(value.alias(PROPERTY + target.name))
    return found


def _typed(texts: pl.Series, kind: str, reading: Reading) -> pl.Series:
    if kind == "date":
        days = cell_values.date_literals(texts, reading.default_country, reading.zone)
        return pl.select(pl.concat_str(pl.lit('"'), days, pl.lit('"'))).to_series()
    read = cell_values.number_literals if kind == "number" else cell_values.boolean_literals
    return texts.rename("t").to_frame().select(read(pl.col("t"))).to_series()


def _refusals(
    frame: pl.DataFrame, people: pl.DataFrame, refused: pl.Series, unreadable: tuple[Refusal, ...]
) -> tuple[Refusal, ...]:
    if not refused.any():
        return unreadable
    cells = frame.filter(refused)
    reasons = people.filter(refused).get_column(_REASON).to_list()
    found = [
        Refusal(line=int(line), reason=reason, cells=row)
        for row, line, reason in zip(cells.drop(LINE).iter_rows(), cells.get_column(LINE), reasons, strict=True)
    ]
    return tuple(sorted([*found, *unreadable], key=lambda refusal: refusal.line))
