"""The vectorised count is the scalar count, for every text and in every mixture."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pabal.content.columns import SCHEMA, measure_column
from pabal.content.encoding import measure

VECTORS = json.loads((Path(__file__).parent / "segment_vectors.json").read_text("utf-8"))["cases"]

CHARACTERS = st.one_of(
    st.sampled_from("abcdefgh XYZ0123@é\n"),
    st.sampled_from("가나다힣뷁똠漢字ひ–“”…\u00a0×°ßЖ"),
    st.sampled_from("€{}[]~|^\\\f\r"),
    st.sampled_from("😀🇰🇷👍🏽𠀀\u200d\ufe0f\u0301\u1100\u1161\u11a8\u094d\u0915"),
    st.characters(exclude_categories=["Cs"]),
)
LONG = st.builds(lambda text, times: text * times, st.text(CHARACTERS, max_size=40), st.integers(1, 60))
TEXTS = st.lists(st.one_of(st.text(CHARACTERS, max_size=200), LONG), max_size=30)


def scalar(text: str, scheme: str) -> tuple[object, ...]:
    m = measure(text, scheme)  # type: ignore[arg-type]
    return (m.encoding, m.units, m.parts, m.kind, bool(m.unsendable), m.over_length)


@pytest.mark.parametrize("scheme", ["gsm", "kr"])
@given(texts=TEXTS)
@settings(max_examples=150, deadline=None)
def test_a_column_counts_as_the_scalar_does(scheme: str, texts: list[str]) -> None:
    column = measure_column(pl.Series(texts, dtype=pl.String), scheme)  # type: ignore[arg-type]
    assert column.rows() == [scalar(text, scheme) for text in texts]
    assert column.schema == SCHEMA


@given(texts=TEXTS, data=st.data())
@settings(max_examples=80, deadline=None)
def test_each_text_may_have_its_own_scheme(texts: list[str], data: st.DataObject) -> None:
    schemes = data.draw(st.lists(st.sampled_from(["gsm", "kr"]), min_size=len(texts), max_size=len(texts)))
    column = measure_column(pl.Series(texts, dtype=pl.String), pl.Series(schemes, dtype=pl.String))
    assert column.rows() == [scalar(t, s) for t, s in zip(texts, schemes, strict=True)]
    assert column.schema == SCHEMA


def test_a_column_agrees_with_twilios_calculator() -> None:
    column = measure_column(pl.Series([v["text"] for v in VECTORS]), "gsm")
    assert column.select("encoding", "units", "parts").rows() == [
        (v["encoding"], v["units"], v["parts"]) for v in VECTORS
    ]


def test_every_character_of_the_basic_plane_is_judged_as_the_codec_does() -> None:
    characters = [chr(point) for point in range(0x10000) if not 0xD800 <= point < 0xE000]
    unsendable = measure_column(pl.Series(characters), "kr")["unsendable"].to_list()

    def refused(character: str) -> bool:
        try:
            return len(character.encode("euc_kr")) > 2
        except UnicodeEncodeError:
            return True

    assert unsendable == [refused(character) for character in characters]
