"""Phone numbers as people write them, made into E.164, with the place they belong to.

libphonenumber's verdict is the truth. It reads some 30,000 numbers a second, so plain spellings of Korean mobile numbers
and of US and Canadian numbers are decided by a rule over whole columns; a test proves the rule equal to libphonenumber.
Everything else is asked of libphonenumber itself, each distinct spelling once.

Numbers that never ring: libphonenumber holds 555-0100…0199 (US, Canada) and 010-0000-xxxx (Korea) for valid, so demo data
needs nothing special for them. The ranges that Ofcom and ARCEP keep for drama it holds for invalid; `allow_fictional`
lets those through.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import phonenumbers
import polars as pl
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType, ValidationResult

from pabal.audience.phone_places import area_place, phone_place, plain_areas, split_areas
from pabal.errors import InvalidInput

#: Columns of `normalise`: `problem` is null when `phone` is not.
PHONES = pl.Schema(
    {
        "phone": pl.String(),
        "country": pl.String(),
        "zones": pl.String(),
        "region": pl.String(),
        "problem": pl.String(),
    }
)

#: Why a cell is not a phone we can use: code → words for the person who imports.
PROBLEMS: dict[str, dict[str, str]] = {
    "empty": {"en": "No phone number", "ko": "전화번호가 비어 있습니다"},
    "scientific_notation": {
        "en": "The spreadsheet turned the number into 8.21E+11 and lost its digits; format the column as text",
        "ko": "엑셀에서 8.21E+11 형식으로 바뀌어 번호가 손실되었습니다. 열 서식을 텍스트로 바꿔 다시 저장하세요",
    },
    "not_a_number": {"en": "Not a phone number", "ko": "전화번호가 아닙니다"},
    "too_short": {"en": "Too few digits", "ko": "자릿수가 부족합니다"},
    "too_long": {"en": "Too many digits", "ko": "자릿수가 너무 많습니다"},
    "unknown_country": {"en": "No such country code", "ko": "없는 국가번호입니다"},
    "invalid_number": {"en": "No such number can exist", "ko": "존재할 수 없는 번호입니다"},
    "not_mobile": {
        "en": "Not a mobile number, so it cannot receive texts",
        "ko": "휴대전화 번호가 아니어서 문자를 받을 수 없습니다",
    },
    "wrong_country": {"en": "A number of another country", "ko": "다른 국가의 번호입니다"},
}

#: Ranges kept for drama that libphonenumber refuses: E.164 pattern → country.
#: GB: Ofcom, telephone numbers for use in TV and radio drama. FR: ARCEP, décision 2018-0881, numéros pour œuvres.
FICTIONAL = {re.compile(r"\+447700900\d{3}"): "GB", re.compile(r"\+3363998\d{4}"): "FR"}

_MOBILE = {PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE}

_WIDE = dict(zip("０１２３４５６７８９＋－．（）　\u00a0‐‑‒–—―−", "0123456789+-.()  -------", strict=True))
_SCIENTIFIC = r"^[+-]?\d+(?:[.,]\d+)?[eE]\+?\d+$"
_FLOAT = r"^\d{8,15}\.0$"
_KOREAN_ABROAD = r"^\+82[ .-]?0?10[ .-]?\d{4}[ .-]?\d{4}$"
_KOREAN = r"^(?:\+?82[ .-]?0?|0)?10[ .-]?\d{4}[ .-]?\d{4}$"
#: The mobile numbers that start with 10, as libphonenumber's data for Korea has them.
_KOREAN_MOBILE = r"^10(?:[0-46-9]\d|5[0-8]|59[0-6])"
_AMERICAN_ABROAD = r"^\+1[ .-]?\(?[2-9]\d\d\)?[ .-]?[2-9]\d\d[ .-]?\d{4}$"
_AMERICAN = r"^(?:\+?1[ .-]?)?\(?[2-9]\d\d\)?[ .-]?[2-9]\d\d[ .-]?\d{4}$"

#: Distinct spellings that one worker process is given at a time.
_CHUNK = 20_000

Row = tuple[str | None, str | None, str | None, str | None, str | None]


def normalise(
    raw: pl.Series,
    default_country: str,
    *,
    allow_fictional: bool = False,
    only: Collection[str] | None = None,
    workers: int = 0,
) -> pl.DataFrame:
    """Read a column of phone numbers: one row of `PHONES` for each cell, in order.

    A cell without a country code is a number of `default_country` (ISO alpha-2). `raw` may be texts or numbers as a
    spreadsheet stores them. `allow_fictional` accepts `FICTIONAL` ranges. `only` refuses numbers of other countries.
    `workers` processes share the spellings that libphonenumber has to read (0: this process does).

    `phone` is E.164 and `country`, `zones`, `region` are its place; or all four are null and `problem` is a key of
    `PROBLEMS`. Raises `InvalidInput` for a default country that libphonenumber does not know.
    """
    default_country = default_country.upper()
    if default_country not in phonenumbers.SUPPORTED_REGIONS:
        raise InvalidInput(f"No such country: {default_country}", code="unknown_country", field="default_country")
    cells = pl.DataFrame({"text": _texts(raw)}).with_row_index("row")
    plain = _plain(cells, default_country)
    rest = cells.filter(~plain)
    found = pl.concat([_read_plain(cells.filter(plain)), _read_rest(rest, default_country, allow_fictional, workers)])
    if only is not None:
        found = _refuse_others(found, only)
    return found.sort("row").select(PHONES.names())


def normalise_one(text: str, default_country: str, *, allow_fictional: bool = False) -> Row:
    """The same for one cell, by libphonenumber alone: `(phone, country, zones, region, problem)`."""
    return _examine(str(_texts(pl.Series([text]))[0] or ""), default_country.upper(), allow_fictional)


def _texts(raw: pl.Series) -> pl.Series:
    """The cells as trimmed text, without the remains of spreadsheets."""
    if raw.dtype.is_float():
        raw = raw.cast(pl.Int64, strict=False)
    column = pl.col("text")
    frame = pl.DataFrame({"text": raw.cast(pl.String)})
    # A leading apostrophe is how spreadsheets mark text; ".0" is what they make of a number column with gaps.
    frame = frame.with_columns(column.str.strip_chars(" \t\r\n'").fill_null(""))
    float_like = column.str.ends_with(".0")
    if frame.select(float_like.any()).item():
        whole = float_like & column.str.contains(_FLOAT)
        frame = frame.with_columns(pl.when(whole).then(column.str.head(-2)).otherwise(column))
    return frame.get_column("text")


def _plain(cells: pl.DataFrame, default_country: str) -> pl.Series:
    """Which cells the rule decides: well-formed and certain to be a number that libphonenumber calls a mobile."""
    text, cells = pl.col("text"), _narrow(cells)
    last_ten = text.str.replace_all(r"[^0-9]", "").str.tail(10)
    korean = _KOREAN if default_country == "KR" else _KOREAN_ABROAD
    american = _AMERICAN if default_country in ("US", "CA") else _AMERICAN_ABROAD
    areas = list(plain_areas())
    is_korean = text.str.contains(korean) & last_ten.str.contains(_KOREAN_MOBILE)
    is_american = text.str.contains(american) & last_ten.str.head(3).is_in(areas)
    return cells.select(plain=is_korean | is_american).to_series()


def _narrow(cells: pl.DataFrame) -> pl.DataFrame:
    """The cells in ASCII where they are full-width. Only for the rule: libphonenumber reads what was written."""
    text = pl.col("text")
    if cells.select(text.str.contains(r"[^\x00-\x7f]").any()).item():
        return cells.with_columns(text.str.replace_many(_WIDE))
    return cells


def _read_plain(cells: pl.DataFrame) -> pl.DataFrame:
    """Numbers that the rule decides. Ten national digits that begin with 1 are Korean; no American ones do."""
    digits = pl.col("digits")
    numbers = _narrow(cells).select("row", digits=pl.col("text").str.replace_all(r"[^0-9]", "").str.tail(10))
    area = digits.str.head(3)
    numbers = numbers.with_columns(
        prefix=pl.when(digits.str.starts_with("1"))
        .then(pl.lit("KR"))
        .when(area.is_in(list(split_areas())))
        .then(digits.str.head(6))
        .otherwise(area)
    )
    prefixes = numbers.get_column("prefix").unique().to_list()
    places = [("KR", "+82", "KR", "Asia/Seoul", "KR")]
    places += [(prefix, "+1", *area_place(prefix)) for prefix in prefixes if prefix != "KR"]
    known = pl.DataFrame(places, schema=["prefix", "calling_code", "country", "zones", "region"], orient="row")
    return (
        numbers.join(known, on="prefix", how="left")
        .select(
            "row",
            "country",
            "zones",
            "region",
            phone=pl.concat_str("calling_code", digits),
            problem=pl.lit(None, pl.String),
        )
        .select("row", *PHONES.names())
    )


def _read_rest(cells: pl.DataFrame, default_country: str, allow_fictional: bool, workers: int) -> pl.DataFrame:
    """Numbers that libphonenumber reads, each distinct spelling once."""
    spellings: list[str] = cells.get_column("text").unique().to_list()
    chunks = [spellings[start : start + _CHUNK] for start in range(0, len(spellings), _CHUNK)]
    countries, allowed = [default_country] * len(chunks), [allow_fictional] * len(chunks)
    if workers and len(chunks) > 1:
        # Forking a process that has threads (Polars, the web server) can hang; spawning cannot.
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            answers = list(pool.map(_examine_all, chunks, countries, allowed))
    else:
        answers = list(map(_examine_all, chunks, countries, allowed))
    rows = [row for answer in answers for row in answer]
    known = pl.DataFrame(rows, schema=PHONES, orient="row").with_columns(text=pl.Series(spellings, dtype=pl.String))
    return cells.join(known, on="text", how="left").select("row", *PHONES.names())


def _examine_all(texts: Sequence[str], default_country: str, allow_fictional: bool) -> list[Row]:
    return [_examine(text, default_country, allow_fictional) for text in texts]


def _examine(text: str, default_country: str, allow_fictional: bool) -> Row:
    """One cell, by libphonenumber."""
    if not text:
        return _refused("empty")
    if re.match(_SCIENTIFIC, text):
        return _refused("scientific_notation")
    try:
        number = phonenumbers.parse(text, default_country)
    except NumberParseException as error:
        return _refused(_PARSE_PROBLEMS.get(error.error_type, "not_a_number"))
    phone = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    if not phonenumbers.is_valid_number(number):
        if allow_fictional:
            for pattern, country in FICTIONAL.items():
                if pattern.fullmatch(phone):
                    return (phone, country, "", country, None)
        return _refused(_LENGTH_PROBLEMS.get(phonenumbers.is_possible_number_with_reason(number), "invalid_number"))
    # An extension means a switchboard, whatever libphonenumber thinks of the number before it.
    if phonenumbers.number_type(number) not in _MOBILE or number.extension:
        return _refused("not_mobile")
    return (phone, *phone_place(number), None)


_PARSE_PROBLEMS = {
    NumberParseException.INVALID_COUNTRY_CODE: "unknown_country",
    NumberParseException.TOO_SHORT_AFTER_IDD: "too_short",
    NumberParseException.TOO_SHORT_NSN: "too_short",
    NumberParseException.TOO_LONG: "too_long",
}
_LENGTH_PROBLEMS = {
    ValidationResult.TOO_SHORT: "too_short",
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "too_short",
    ValidationResult.TOO_LONG: "too_long",
}


def _refused(problem: str) -> Row:
    return (None, None, None, None, problem)


def _refuse_others(found: pl.DataFrame, only: Collection[str]) -> pl.DataFrame:
    foreign = pl.col("country").is_not_null() & ~pl.col("country").is_in(sorted(only))
    kept = [pl.when(~foreign).then(name).alias(name) for name in ("phone", "country", "zones", "region")]
    return found.select("row", *kept, problem=pl.when(foreign).then(pl.lit("wrong_country")).otherwise("problem"))
