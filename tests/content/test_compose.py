"""From a content to the texts of its recipients: the path of the preview and of the million."""

from __future__ import annotations

import pickle
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pabal.content.compose import Compiled, Content, Purpose, SenderFacts, ShortLinks, compile_content
from pabal.content.encoding import measure
from pabal.content.failures import TemplateError
from pabal.content.labels import ENCODINGS, KINDS, PROBLEMS
from pabal.content.links import read_code
from pabal.content.values import clean, clean_column, presentable, presentable_column

LINKS = ShortLinks(base="pbl.kr", key=bytes(range(16)))
KOREAN = SenderFacts(name="파발", kind="long_code", address="15880000", country="KR", opt_out_number="080-123-4567")
AMERICAN = SenderFacts(name="Pabal", kind="long_code", address="+12025550100", country="US")
BRAND = SenderFacts(name="Pabal", kind="brand_name", address="PABAL", country="GB")


def compiled(
    text: str,
    sender: SenderFacts = KOREAN,
    country: str = "KR",
    purpose: Purpose = "promotional",
    **options: Any,
) -> Compiled:
    return compile_content(Content(text=text, **options), sender, country, LINKS, purpose)


def test_a_personal_text_with_a_link() -> None:
    content = compiled("{{ first_name|default('고객')|particle('은/는') }} 20% 할인 https://a.kr/?u={{ external_id }}")
    assert content.variables == ("first_name",)
    assert [link.target_template for link in content.links] == ["https://a.kr/?u={{ external_id }}"]
    frame = pl.DataFrame({"first_name": ["민수", None, " "], "phone": ["1", "2", "3"]})
    result = content.render_frame(frame, np.array([7, 8, 2**40]))
    assert result.columns == ["text", "subject", "encoding", "units", "parts", "kind", "problem"]
    for (text, *_), name, message_id in zip(result.rows(), ["민수는", "고객은", "고객은"], [7, 8, 2**40], strict=True):
        head, body, tail = text.split("\n")
        assert (head, tail) == ("(광고)파발 1588-0000", "무료수신거부 080-123-4567")
        said, url = body.rsplit(" ", 1)
        assert said == f"{name} 20% 할인"
        assert read_code(LINKS.key, url.removeprefix("pbl.kr/")) == (message_id, 0)
    assert result["problem"].null_count() == 3


def test_the_preview_is_the_plan_with_one_row() -> None:
    content = compiled("{{ first_name }} https://a.kr")
    alone = content.render_one({"first_name": "민수"}, 5)
    assert alone == content.render_frame(pl.DataFrame({"first_name": ["민수"]}), np.array([5])).row(0, named=True)
    assert content.render_one({})["problem"] is None


def test_a_preview_without_an_id_is_as_long_as_the_message() -> None:
    content = compiled("{{ first_name }} https://a.kr")
    preview, real = content.render_one({"first_name": "민수"}), content.render_one({"first_name": "민수"}, 114_000_000)
    assert len(preview["text"]) == len(real["text"])
    assert preview["units"] == real["units"]


def test_a_brand_name_offers_a_way_out_of_its_own() -> None:
    text = compiled("Sale", BRAND, "GB").render_one({}, 9)["text"]
    assert read_code(LINKS.key, text.rsplit("/", 1)[1]) == (9, 7)


def test_links_stay_as_they_are_when_they_are_not_shortened() -> None:
    content = compiled("보기 https://a.kr/?n={{ first_name }}", shorten_links=False)
    assert content.links == ()
    assert "https://a.kr/?n=%EB%AF%BC%20%EC%88%98" in content.render_one({"first_name": "민 수"})["text"]


@pytest.mark.parametrize(
    ("text", "values", "options", "problem"),
    [
        ("안녕", {}, {}, None),
        ("{{ promo }}", {}, {}, "empty_text"),
        ("{{ promo }}", {"properties.promo": "  "}, {}, "empty_text"),
        ("{{ promo }}", {"properties.promo": "세일"}, {}, None),
        ("{% if promo %}세일{% endif %}", {}, {}, "empty_text"),
        ("{% if promo %}https://a.kr{% endif %}", {"properties.promo": "x"}, {}, None),
        (" \n ", {}, {}, "empty_text"),
        ("", {}, {}, "empty_text"),
        ("안녕 😀", {}, {}, "unsendable_characters"),
        ("안녕 {{ first_name }}", {"first_name": "뷁"}, {}, "unsendable_characters"),
        ("가" * 1001, {}, {}, "over_length"),
        ("가" * 900, {}, {}, None),
        ("가" * 50, {}, {"allow_lms": False}, "over_length"),
        ("가", {}, {"allow_lms": False}, None),
        ("가" * 50, {}, {"subject": "가" * 18}, "over_length"),
        ("가" * 50, {}, {"subject": "제목 😀"}, "unsendable_characters"),
        ("가", {}, {"subject": "제목 😀"}, None),
        ("{{ first_name|int }}", {"first_name": "x"}, {}, "render_error"),
        ("{% for i in range(9999) %}{% for j in range(9999) %}x{% endfor %}{% endfor %}", {}, {}, "render_error"),
        ("{{ first_name * 9000 }}", {"first_name": "x"}, {}, "over_length"),
    ],
)
def test_a_text_that_cannot_go_out_says_why(
    text: str, values: dict[str, str], options: dict[str, Any], problem: str | None
) -> None:
    assert compiled(text, **options).render_one(values)["problem"] == problem
    assert problem is None or problem in PROBLEMS


def test_too_many_characters_abroad_are_over_length() -> None:
    assert compiled("a" * 1601, AMERICAN, "US").render_one({})["problem"] == "over_length"
    assert compiled("a" * 1500, AMERICAN, "US").render_one({})["problem"] is None


def test_one_recipient_who_cannot_be_rendered_does_not_stop_the_others() -> None:
    result = compiled("{{ first_name|int }}원").render_frame(pl.DataFrame({"first_name": ["1", "x", "2"]}))
    assert result["problem"].to_list() == [None, "render_error", None]
    assert result["text"].null_count() == 1


def test_only_a_long_korean_text_has_a_title() -> None:
    content = compiled("{{ t }}", subject="{{ first_name }}님께")
    frame = pl.DataFrame({"properties.t": ["짧음", "길" * 60], "first_name": ["민수", "지현"]})
    result = content.render_frame(frame)
    assert result["kind"].to_list() == ["sms", "lms"]
    assert result["subject"].to_list() == [None, "(광고)지현님께"]
    assert content.variables == ("properties.t", "first_name")


def test_a_missing_column_is_an_error_and_a_missing_event_is_not() -> None:
    with pytest.raises(ValueError, match="first_name"):
        compiled("{{ first_name }}").render_frame(pl.DataFrame({"phone": ["1"]}))
    assert compiled("a{{ event.x }}").render_frame(pl.DataFrame({"phone": ["1"]}))["problem"].to_list() == [None]


def test_an_empty_frame_gives_an_empty_frame() -> None:
    frame = pl.DataFrame({"first_name": []}, schema={"first_name": pl.String})
    assert len(compiled("{{ first_name }} https://a.kr", subject="x").render_frame(frame)) == 0


@pytest.mark.parametrize("field", ["text", "subject"])
def test_a_mistake_is_placed_in_what_the_author_wrote(field: str) -> None:
    written: dict[str, Any] = {"text": "a", field: "안녕\n{{ x|nope }}"}
    with pytest.raises(TemplateError) as error:
        compiled(**written)
    assert (error.value.field, error.value.code, error.value.line, error.value.column) == (
        field,
        "unknown_filter",
        2,
        6,
    )


def test_an_author_cannot_take_the_name_of_a_short_link() -> None:
    with pytest.raises(TemplateError) as error:
        compiled("a {{ link_1 }}")
    assert (error.value.code, error.value.column) == ("name_reserved", 6)


def test_values_of_every_type_are_printed_as_people_write_them() -> None:
    frame = pl.DataFrame(
        {
            "properties.a": [1.0, 2.0],
            "properties.b": [1.5, 2.0],
            "properties.c": [True, None],
            "properties.d": [["x", "y"], []],
            "properties.e": ["2026-07-01", None],
        }
    ).with_columns(pl.col("properties.e").str.to_date())
    text = "{{ a }}/{{ b }}/{% if c %}네{% endif %}/{{ d|join('+') }}/{{ e|date('%-m월') }}"
    texts = compiled(text, AMERICAN, "US", "informational", sender_name=False).render_frame(frame)["text"]
    assert texts.to_list() == ["1/1.5/네/x+y/7월", "2/2///"]


def test_a_value_cannot_forge_a_link_or_hide_the_text() -> None:
    content = compiled("{{ first_name }} https://a.kr", AMERICAN, "US")
    text = content.render_one({"first_name": "a\x0e\x02\x03{{ link_1 }}"}, 5)["text"]
    assert text.startswith("Pabal: a{{ link_1 }} pbl.kr/")
    assert text.count("pbl.kr/") == 1


def test_a_worker_process_renders_the_same() -> None:
    content = compiled("{{ first_name }}님 https://a.kr")
    batch = pa.RecordBatch.from_pydict({"first_name": ["민수", "지현"]})
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as workers:
        there = workers.submit(in_worker, pickle.dumps(content), batch).result()
    assert there == in_worker(pickle.dumps(content), batch)


def in_worker(content: bytes, batch: pa.RecordBatch) -> list[tuple[object, ...]]:
    frame = pl.DataFrame(batch)
    rendered: Compiled = pickle.loads(content)
    return rendered.render_frame(frame, np.array([1, 2])).rows()


NAMES = st.one_of(
    st.none(), st.text(st.characters(exclude_categories=["Cs"]), max_size=20), st.sampled_from(["민수", "민수", "지현"])
)


@given(st.lists(NAMES, max_size=20), st.sampled_from([(KOREAN, "KR"), (AMERICAN, "US"), (BRAND, "FR")]))
@settings(max_examples=60, deadline=None)
def test_a_frame_is_what_each_row_is_alone(names: list[str | None], route: tuple[SenderFacts, str]) -> None:
    content = compiled("{{ first_name|default('고객')|particle('은/는') }} {{ first_name }} https://a.kr", *route)
    ids = np.arange(1, len(names) + 1)
    together = content.render_frame(pl.DataFrame({"first_name": names}, schema={"first_name": pl.String}), ids)
    assert together.rows(named=True) == [
        content.render_one({"first_name": name}, int(message_id)) for name, message_id in zip(names, ids, strict=True)
    ]
    for row in together.rows(named=True):
        measured = measure(row["text"], content.scheme)
        assert (row["encoding"], row["units"], row["parts"], row["kind"]) == (
            measured.encoding,
            measured.units,
            measured.parts,
            measured.kind,
        )
        assert row["encoding"] in ENCODINGS
        assert row["kind"] in KINDS


@given(st.lists(st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"]), max_size=20)), max_size=20))
def test_columns_of_values_are_the_scalar_values(values: list[str | None]) -> None:
    column = pl.Series("v", values, dtype=pl.String)
    assert presentable_column(column) == [presentable(value) for value in values]
    assert column.to_frame().select(clean_column(pl.col("v"))).to_series().to_list() == [
        None if value is None else clean(value) for value in values
    ]


@given(st.lists(st.one_of(st.none(), st.floats()), max_size=20))
def test_columns_of_numbers_are_the_scalar_values(values: list[float | None]) -> None:
    column = pl.Series("v", values, dtype=pl.Float64)
    assert [repr(v) for v in presentable_column(column)] == [repr(presentable(value)) for value in values]


def test_a_hundred_thousand_texts_take_a_second_at_most() -> None:
    content = compiled("{{ first_name|default('고객')|particle('은/는') }} 20% 할인 https://a.kr")
    frame = pl.DataFrame({"first_name": ["민수", "지현", None, "서연"] * 25_000})
    content.render_frame(frame.head(10))
    begun = time.process_time()
    content.render_frame(frame, np.arange(1, 100_001))
    assert time.process_time() - begun < 1
