"""Names, dates, numbers and places as people write them."""

from __future__ import annotations

import polars as pl
import pytest

from pabal.audience import cell_values
from pabal.audience.cleaning import json_text
from pabal.audience.names import split_full_name


@pytest.mark.parametrize(
    ("full", "first", "last"),
    [
        ("김민수", "민수", "김"),
        ("남궁민수", "민수", "남궁"),
        ("남궁 민수", "민수", "남궁"),
        ("황보관", "관", "황보"),
        ("선우", "우", "선"),
        ("김 민수", "민수", "김"),
        ("Mary Ann Lee", "Mary Ann", "Lee"),
        ("Lee, Mary", "Mary", "Lee"),
        ("Cher", "Cher", None),
    ],
)
def test_full_names_are_taken_apart_by_the_habit_of_the_place(full: str, first: str, last: str | None) -> None:
    given, family = split_full_name(pl.col("n"))
    assert pl.DataFrame({"n": [full]}).select(given.alias("g"), family.alias("f")).row(0) == (first, last)


@pytest.mark.parametrize(
    ("text", "country", "expected"),
    [
        ("2026-03-01", "KR", "2026-03-01"),
        ("2026.3.1.", "KR", "2026-03-01"),
        ("2026. 3. 1", "KR", "2026-03-01"),
        ("20260301", "KR", "2026-03-01"),
        ("2026년 3월 1일", "KR", "2026-03-01"),
        ("3/1/2026", "US", "2026-03-01"),
        ("1/3/2026", "GB", "2026-03-01"),
        ("2026-03-01 09:30", "KR", "2026-03-01T00:30:00Z"),
        ("2026-03-01T00:30:00Z", "KR", "2026-03-01T00:30:00Z"),
        ("2026-03-01 09:30:00+09:00", "US", "2026-03-01T00:30:00Z"),
        ("2026-02-30", "KR", None),
        ("어제", "KR", None),
    ],
)
def test_dates_are_read_in_the_orders_that_people_use(text: str, country: str, expected: str | None) -> None:
    assert cell_values.date_literals(pl.Series(["2000-01-01", text]), country, "Asia/Seoul")[1] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1,200", "1200"), ("₩1,000", "1000"), ("1.5", "1.5"), ("-3", "-3"), ("0", "0"), ("007", None), ("1e5", None)],
)
def test_numbers_keep_their_digits(text: str, expected: str | None) -> None:
    assert pl.DataFrame({"n": [text]}).select(cell_values.number_literals(pl.col("n"))).item() == expected


def test_countries_languages_and_zones_are_read_by_code_and_by_name() -> None:
    countries = pl.Series(["KR", "kr", "대한민국", "United States", "usa", "미국", "남극별", None])
    assert cell_values.read_countries(countries).to_list() == ["KR", "KR", "KR", "US", "US", "US", None, None]
    assert cell_values.read_locales(pl.Series(["ko_KR", "한국어", "English", "zz"])).to_list() == [
        "ko-KR",
        "ko",
        "en",
        None,
    ]
    assert cell_values.read_zones(pl.Series(["asia/seoul", "서울"])).to_list() == ["Asia/Seoul", None]


def test_texts_become_json_whatever_they_hold() -> None:
    assert json_text(pl.Series(['a"b\\c\n', None, "가"])).to_list() == ['"a\\"b\\\\c\\n"', None, '"가"']
