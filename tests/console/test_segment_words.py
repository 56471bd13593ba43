"""Conditions in words: as a native would say them, in both languages; and what the builder reads is what it was given."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pabal.console.segment_words import Names, outline, sentence
from pabal.console.segments.filling import fill
from pabal.console.segments.reading import read
from pabal.warehouse import conditions as c

ORDER = "Order Completed"
DAYS_30, DAYS_90 = c.Window(last=30, unit="days"), c.Window(last=90, unit="days")
SHOES = c.Filter(name="category", kind="text", operator="in", value=("신발", "가방"))
SEOUL = c.Property(name="도시", kind="text", operator="equals", value="서울")
JEJU = c.Property(name="도시", kind="text", operator="equals", value="제주")
NAMES = Names(lists={"vip": "VIP 고객"}, segments={"lapsed": "다시 모실 단골"}, campaigns={"knit": "가을 니트"})

#: (condition, English, Korean)
SENTENCES: list[tuple[c.Condition, str, str]] = [
    (c.Group(), "Everybody.", "모든 사람"),
    (
        c.Event(name=ORDER, value=2, window=DAYS_30, where=(SHOES,)),
        "People who did Order Completed (where category is 신발 or 가방) at least 2 times in the last 30 days.",
        "최근 30일 동안 (category가 ‘신발’ 또는 ‘가방’인) ‘Order Completed’를 2회 이상 한 사람",
    ),
    (
        c.Group(conditions=(c.Event(name=ORDER, value=2), c.Event(name=ORDER, operator="exactly", value=0, window=DAYS_90))),
        "People who did Order Completed at least 2 times, and who did not do Order Completed in the last 90 days.",
        "‘Order Completed’를 2회 이상 했고, 최근 90일 동안 ‘Order Completed’를 한 번도 하지 않은 사람",
    ),
    (
        c.Event(name=ORDER, measure="sum", property="revenue", operator="more", value=300_000, window=c.Window(last=1, unit="years")),
        "People whose total revenue in Order Completed is more than 300,000 in the last year.",
        "최근 1년 동안 ‘Order Completed’의 revenue 합계가 300,000 초과인 사람",
    ),
    (
        c.Group(match="any", conditions=(SEOUL, JEJU)),
        "People whose 도시 is 서울 or whose 도시 is 제주.",
        "도시가 ‘서울’이거나, 도시가 ‘제주’인 사람",
    ),
    (
        c.Group(conditions=(SEOUL, c.Group(match="none", conditions=(c.ListMembership(lists=("vip",)),)))),
        "People whose 도시 is 서울, but not people who are on the list “VIP 고객”.",
        "도시가 ‘서울’이고, (‘VIP 고객’ 리스트에 있는 경우)에 해당하지 않는 사람",
    ),
    (
        c.Property(name="생일", kind="date", operator="anniversary", value=c.Span(value=7, unit="days")),
        "People whose 생일 comes round in the next 7 days.",
        "생일이 앞으로 7일 안에 있는 사람",
    ),
    (
        c.Consent(channel="kakao", state="unsubscribed"),
        "People who refused advertising by KakaoTalk.",
        "카카오톡 광고성 수신을 거부한 사람",
    ),
    (
        c.Message(what="clicked", did=False, campaigns=("knit",)),
        "People who never clicked a link in a message of “가을 니트”.",
        "‘가을 니트’ 캠페인 메시지를 클릭한 적이 없는 사람",
    ),
    (
        c.Message(what="converted", event=c.Step(name=ORDER), within=c.Span(value=7, unit="days")),
        "People who did Order Completed within 7 days after a message.",
        "메시지를 받고 7일 안에 ‘Order Completed’를 한 적이 있는 사람",
    ),
    (
        c.Sequence(steps=(c.Step(name="Product Viewed"), c.Step(name=ORDER)), within=c.Span(value=24, unit="hours")),
        "People who did Product Viewed, then Order Completed, all within 24 hours.",
        "‘Product Viewed’ → ‘Order Completed’를 24시간 안에 순서대로 한 사람",
    ),
    (
        c.SegmentMembership(segments=("lapsed",), member=False),
        "People who are not in the segment “다시 모실 단골”.",
        "‘다시 모실 단골’ 세그먼트에 없는 사람",
    ),
    (
        c.Event(name=ORDER, measure="last", operator="before_last", value=c.Span(value=90, unit="days")),
        "People who last did Order Completed longer than 90 days ago.",
        "‘Order Completed’를 마지막으로 한 때가 90일 전보다 이전인 사람",
    ),
    (
        c.Event(name=ORDER, window=c.Window(from_="2026-05-01", to="2026-05-31")),
        "People who did Order Completed from May 1, 2026 to May 31, 2026.",
        "2026. 5. 1.부터 2026. 5. 31.까지 ‘Order Completed’를 1회 이상 한 사람",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("condition", "english", "korean"), SENTENCES)
def test_a_condition_is_said_as_people_say_it(condition: c.Condition, english: str, korean: str) -> None:
    assert sentence(condition, NAMES, language="en") == english
    assert sentence(condition, NAMES, language="ko") == korean


def test_particles_agree_with_the_name_before_them() -> None:
    def of(name: str) -> str:
        return sentence(c.Property(name=name, kind="number", operator="at_least", value=3), NAMES, language="ko")

    assert of("등급") == "등급이 3 이상인 사람"
    assert of("포인트") == "포인트가 3 이상인 사람"


def test_an_outline_keeps_the_groups_apart() -> None:
    lines = outline(
        c.Group(conditions=(SEOUL, c.Group(match="any", conditions=(JEJU, c.Consent())))), NAMES, language="ko"
    )
    assert lines.text == "다음을 모두 충족:"
    assert [part.text for part in lines.parts] == ["도시가 ‘서울’임", "다음 중 하나 이상 충족:"]
    assert [part.text for part in lines.parts[1].parts] == ["도시가 ‘제주’임", "문자 광고성 수신에 동의함"]


@pytest.mark.parametrize("condition", [condition for condition, _en, _ko in SENTENCES])
def test_a_condition_comes_out_of_the_builder_as_it_went_in(condition: c.Condition) -> None:
    root = condition if isinstance(condition, c.Group) else c.Group(conditions=(condition,))
    reading = read(fill(condition))
    assert reading.finished
    assert reading.condition == root


NAME = st.sampled_from(["city", "도시", "a.b"])
WINDOWS = st.one_of(
    st.none(),
    st.builds(c.Window, last=st.integers(1, 90), unit=st.sampled_from(["days", "hours", "months"])),
    st.just(c.Window(last=60, until_last=30, unit="days")),
    st.just(c.Window(from_="2026-01-01")),
)
TEXT = st.text(
    st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=("Cs", "Z", "C")), min_size=1, max_size=9
)
TESTS = st.one_of(
    st.tuples(st.just("text"), st.sampled_from(["equals", "contains", "starts_with", "ends_with", "not_equals"]), TEXT),
    st.tuples(st.just("text"), st.sampled_from(["in", "not_in"]), st.lists(TEXT, min_size=2, max_size=3).map(tuple)),
    st.tuples(st.just("number"), st.sampled_from(["equals", "less", "at_least"]), st.integers(-9, 9) | st.just(1.5)),
    st.just(("number", "between", (1, 2.5))),
    st.just(("boolean", "equals", False)),
    st.tuples(st.just("date"), st.sampled_from(["equals", "more"]), st.just("2026-05-01")),
    st.tuples(st.just("date"), st.sampled_from(["within_last", "anniversary"]), st.just(c.Span(value=7, unit="days"))),
    st.tuples(st.just("list"), st.sampled_from(["has_all", "has_any"]), st.just(("a", "b"))),
    st.tuples(st.sampled_from(["text", "date", "list"]), st.sampled_from(["exists", "missing"]), st.none()),
)  # fmt: skip
PROPERTIES = st.builds(lambda n, t: c.Property(name=n, kind=t[0], operator=t[1], value=t[2]), NAME, TESTS)
FILTERS = st.builds(lambda n, t: c.Filter(name=n, kind=t[0], operator=t[1], value=t[2]), NAME, TESTS)
EVENTS = st.builds(
    c.Event, name=TEXT, where=st.lists(FILTERS, max_size=2).map(tuple), value=st.integers(1, 9), window=WINDOWS
)
LEAVES = st.one_of(PROPERTIES, EVENTS, st.builds(c.Consent, window=WINDOWS))
TREES = st.recursive(
    LEAVES,
    lambda inner: st.builds(
        c.Group,
        match=st.sampled_from(["all", "any", "none"]),
        conditions=st.lists(inner, min_size=1, max_size=3).map(tuple),
    ),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None)
@given(TREES)
def test_any_condition_survives_the_builder_and_has_words(tree: c.Condition) -> None:
    root = tree if isinstance(tree, c.Group) else c.Group(conditions=(tree,))
    reading = read(fill(root))
    assert reading.finished, reading.faults
    assert reading.condition == root
    for language in ("ko", "en"):
        assert sentence(root, Names(), language=language)
