"""The template language: what it says, what it refuses, and that no template hurts the machine."""

from __future__ import annotations

import datetime as dt
import pickle
import re
import time
from decimal import Decimal
from typing import Any

import minijinja
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pabal.content.failures import TemplateError
from pabal.content.grammar import FILTERS, TESTS, property_expression
from pabal.content.labels import TEMPLATE_ERRORS
from pabal.content.template import OUTPUT_LIMIT, compile_template

PERSON: dict[str, Any] = {
    "first_name": "민수",
    "email": "  ",
    "country": "KR",
    "properties.등급": "골드",
    "properties.등급 이름": "최고 등급",
    "properties.points": 0,
    "properties.spent": 1234567.0,
    "properties.rate": 12.5,
    "properties.birthday": dt.date(2026, 7, 1),
    "properties.visited": dt.datetime(2026, 7, 1, 9, 5, tzinfo=dt.UTC),
    "properties.price": Decimal("5000.00"),
    "properties.nothing": None,
    "properties.tags": ["a", "b"],
    "event.items": [{"name": "코트", "qty": 2.0}, {"name": "양말", "qty": 1}],
    "event.order id": "A-1",
}


def rendered(source: str) -> str:
    return compile_template(source).render(PERSON)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("안녕하세요 {{ first_name }}님", "안녕하세요 민수님"),
        ("{{ first_name|default('고객') }}", "민수"),
        ("{{ last_name|default('고객') }}", "고객"),
        ("{{ email|default('메일 없음') }}", "메일 없음"),
        ("{{ nothing|default('없음') }}", "없음"),
        ("{{ properties['nothing']|default('없음') }}", "없음"),
        ("{{ (nothing|trim)|default('없음') }}", "없음"),
        ("{{ points|default('없음') }}", "0"),
        ("{{ last_name }}!", "!"),
        ("{{ 등급 }}", "골드"),
        ("{{ properties.등급 }}", "골드"),
        ("{{ properties['등급 이름'] }}", "최고 등급"),
        ('{{ properties["등급 이름"]|default("x") }}', "최고 등급"),
        ("{{ event['order id'] }}", "A-1"),
        ("{{ first_name|particle('은/는') }}", "민수는"),
        ("{{ last_name|default('고객')|particle('이') }}", "고객이"),
        ("{{ last_name|particle('이/가') }}.", "."),
        ("{{ points|particle('을/를') }}", "0을"),
        ("{{ spent }} {{ spent|number }}", "1234567 1,234,567"),
        ("{{ rate }} {{ rate|number(0) }} {{ rate|number(2) }}", "12.5 12 12.50"),
        ("{{ price }} {{ price|number }}원", "5000 5,000원"),
        ("{{ birthday }} {{ birthday|date('%-m월 %-d일(%A)') }}", "2026-07-01 7월 1일(수요일)"),
        ("{{ visited }} {{ visited|date('%y/%m/%d %H:%M') }}", "2026-07-01 09:05 26/07/01 09:05"),
        ("{{ 등급|date }} {{ 등급|number }}", "골드 골드"),
        ("{{ spent * 0.1 }} {{ points + 1 }} {{ 10 / 5 }}", "123456.7 1 2"),
        ("{{ last_name }}{{ nothing * 2 if nothing }}{{ -1|abs }}{{ first_name + '님' }}", "1민수님"),
        ("{% if 등급 == '골드' %}VIP{% else %}일반{% endif %}", "VIP"),
        ("{% if 등급 in ['골드', '실버'] %}a{% elif points > 3 %}b{% endif %}", "a"),
        ("{% if last_name is defined %}a{% else %}b{% endif %}", "b"),
        ("{% if email %}a{% else %}b{% endif %}", "b"),
        (
            "{% for i in event.items %}{{ i.name }} {{ i.qty }}{% if not loop.last %}, {% endif %}{% endfor %}",
            "코트 2, 양말 1",
        ),
        ("{% for i in event.items if i.qty > 1 %}{{ i.name }}{% endfor %}", "코트"),
        ("{% for i in event.items %}{{ i.nope }}{{ i._entries }}{{ i.__class__ }}{% endfor %}.", "."),
        ("{{ tags|join('/') }} {{ tags[0] }} {{ tags|length }}", "a/b a 2"),
        ("{% set n = last_name|default('고객') %}{{ n }} {{ n }}", "고객 고객"),
        ("{{ first_name ~ '님' }} {{ '<b>&' }}", "민수님 <b>&"),
        ("{# 메모 #}a", "a"),
        ("a\n{% if true %}\nb\n{% endif %}\nc", "a\nb\nc"),
        ("  a\u00a0b \n ", "a\u00a0b"),
        ("a\tb\x07\x00c\r\nd", "a bc\nd"),
        ("}} %} { } {", "}} %} { } {"),
        ("{{ first_name | default ( '고객' ) | upper }}", "민수"),
        ("{{ first_name.upper }}{{ first_name.__class__ }}.", "."),
        ("👨‍👩‍👧 e\u0301 \u202eابج", "👨‍👩‍👧 e\u0301 \u202eابج"),
    ],
)
def test_a_template_says(source: str, expected: str) -> None:
    assert rendered(source) == expected


@pytest.mark.parametrize(
    ("source", "variables"),
    [
        ("plain", ()),
        ("{{ first_name }} {{ 등급 }} {{ first_name }}", ("first_name", "properties.등급")),
        ("{{ properties['a b'].c }} {{ event.x }}", ("properties.a b", "event.x")),
        ("{{ city }} {{ properties.city }}", ("properties.city",)),
        (
            "{% set a = b %}{{ a }}{% for x in y %}{{ x }}{{ loop.index }}{% endfor %}{{ x }}",
            ("properties.b", "properties.y", "properties.x"),
        ),
        ("{{ link_1 }} {{ unsubscribe_link }}", ("link_1", "unsubscribe_link")),
        (
            "{{ a|default(b) }} {{ c if d else e }}",
            tuple(f"properties.{name}" for name in "abcde"),
        ),
    ],
)
def test_its_variables_are_known_before(source: str, variables: tuple[str, ...]) -> None:
    assert compile_template(source).variables == variables


@given(
    st.one_of(
        st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12),
        st.sampled_from(
            [
                "등급",
                "등급 이름",
                "first_name",
                "if",
                "event",
                "properties",
                "loop",
                "v_0",
                "__a",
                "link_1",
                "a'b",
                'a"b',
                "a\\b",
                "a.b",
            ]
        ),
    )
)
def test_any_property_can_be_written(name: str) -> None:
    assert compile_template(f"{{{{ {property_expression(name)} }}}}").variables == (f"properties.{name}",)


def test_its_variables_are_those_that_the_engine_finds() -> None:
    source = "{{ a|default(b) }}{% if c > d and not e %}{{ f ~ g }}{% endif %}{% for i in h if i.x == j %}{{ i }}{% endfor %}"
    found = minijinja.Environment().undeclared_variables_in_str(source)
    assert set(compile_template(source).variables) == {f"properties.{name}" for name in found}


@pytest.mark.parametrize(
    ("source", "code", "line", "column"),
    [
        ("안녕\n{{ first_name", "unclosed_tag", 2, 1),
        ("{{ 'a }}", "unclosed_tag", 1, 1),
        ("{# a", "unclosed_tag", 1, 1),
        ("안녕\n  {{ first_name ) }}", "template_syntax", 2, 17),
        ("{{ a b }}", "template_syntax", 1, 6),
        ("{{ ! }}", "unexpected_character", 1, 4),
        ("{{ {'a': 1} }}", "unexpected_character", 1, 4),
        ("{{ }}", "nothing_to_show", 1, 1),
        ("{% if a %}x", "unclosed_block", 1, 4),
        ("{% for a in b %}x{% endif %}", "unopened_block", 1, 21),
        ("x{% endif %}", "unopened_block", 1, 5),
        ("{% include 'a' %}", "tag_not_allowed", 1, 4),
        ("{% import 'a' as b %}", "tag_not_allowed", 1, 4),
        ("{% extends 'a' %}", "tag_not_allowed", 1, 4),
        ("{% macro a() %}{% endmacro %}", "tag_not_allowed", 1, 4),
        ("{% block a %}{% endblock %}", "tag_not_allowed", 1, 4),
        ("{% raw %}{{ {% endraw %}", "tag_not_allowed", 1, 4),
        ("{% set a %}x{% endset %}", "tag_not_allowed", 1, 4),
        ("{{ a|nope }}", "unknown_filter", 1, 6),
        ("{{ a|safe }}", "unknown_filter", 1, 6),
        ("{{ a is nope }}", "unknown_test", 1, 9),
        ("{{ a|particle('머') }}", "unknown_particle", 1, 15),
        ("{{ a|particle(b) }}", "unknown_particle", 1, 6),
        ("{{ a|particle }}", "unknown_particle", 1, 6),
        ("{{ a.pop() }}", "call_not_allowed", 1, 9),
        ("{{ event.x.pop('a') }}", "call_not_allowed", 1, 15),
        ("{{ namespace(a=1) }}", "call_not_allowed", 1, 4),
        ("{{ debug() }}", "call_not_allowed", 1, 4),
        ("{{ ('a')() }}", "call_not_allowed", 1, 9),
        ("{{ [a, a] }}", "list_not_allowed", 1, 5),
        ("{{ properties }}", "key_not_literal", 1, 4),
        ("{{ properties[a] }}", "key_not_literal", 1, 4),
        ("{% for k in event %}{% endfor %}", "key_not_literal", 1, 13),
        ("{{ __x }}", "name_reserved", 1, 4),
        ("{{ v_0 }}", "name_reserved", 1, 4),
        ("{{ a * 3000 * 3000 }}", "multiplication_not_allowed", 1, 6),
        ("{{ a * 10000000 }}", "multiplication_not_allowed", 1, 6),
        ("{% set a = b * 9 %}", "multiplication_not_allowed", 1, 14),
        ("{{ 9 ** 9 }}", "multiplication_not_allowed", 1, 6),
        ("가" * 10_001, "template_too_long", None, None),
    ],
)
def test_what_it_refuses_has_a_place_and_a_reason(source: str, code: str, line: int | None, column: int | None) -> None:
    with pytest.raises(TemplateError) as error:
        compile_template(source)
    assert (error.value.code, error.value.line, error.value.column) == (code, line, column)
    assert error.value.message_in("ko") != error.value.message_in("en") == str(error.value)
    assert not re.search(r"\{\w+\}", error.value.message_in("ko") + error.value.message_in("en"))


def test_every_sentence_is_written_in_both_languages() -> None:
    for code, sentences in TEMPLATE_ERRORS.items():
        assert set(sentences) == {"en", "ko"}, code


def politely(source: str) -> str:
    """The text, or the sentence that says why there is none; any other error fails the test."""
    try:
        return compile_template(source).render(PERSON)
    except TemplateError as error:
        return error.message_in("ko")


HOSTILE = [
    "{% for i in range(10000) %}{% for j in range(10000) %}x{% endfor %}{% endfor %}",
    "{% for i in range(100) %}{% for j in range(100) %}{% for k in range(100) %}{{ first_name }}{% endfor %}{% endfor %}{% endfor %}",
    "{{ range(10 ** 9) }}",
    "{{ range(1000000000) }}",
    "{{ 'x' * 10000 }}",
    "{{ 'x' * 10**9 }}",
    "{% set a = 'xxxxxxxxxxxxxxxxxxxx' %}" + "{% set a = a ~ a %}" * 40 + "{{ a }}",
    "{% set a = 'xxxxxxxxxxxxxxxxxxxx' %}" + "{% set a = a + a %}" * 40 + "{{ a }}",
    "{% set a = 'aaaaaaaaaaaaaaaaaaaa' %}" + "{% set a = a|replace('a', a) %}" * 9 + "{{ a }}",
    "{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}",
    "{{ " + "-" * 3000 + "1 }}",
    "{{ " + "not " * 2000 + "a }}",
    "{{ a" + ".b" * 4000 + " }}",
    "{{ a" + "|upper" * 1500 + " }}",
    "{{ a" + "[0]" * 3000 + " }}",
    "{% if a %}" * 400 + "{% endif %}" * 400,
    "{{ first_name }}" * 600,
    "{{ 'e\u0301' * 9000 }}",
    "{{ 1 / 0 }}",
    "{{ 'a' + 1 }}",
    "{{ 'a'|int }}",
    "{{ event.items * 10000 }}",
    "{{ [1, 2, 3] * 10000 }}",
    "{{ 99999999999999999999999999999999999999 * 9999 }}",
    "\u202e{{ first_name }}\u202c" * 50,
]


@pytest.mark.parametrize("source", HOSTILE)
def test_a_hostile_template_ends_quickly(source: str) -> None:
    begun = time.process_time()
    assert len(politely(source)) <= OUTPUT_LIMIT
    assert time.process_time() - begun < 1


@given(st.text(max_size=200))
def test_any_text_compiles_or_is_refused_politely(source: str) -> None:
    politely(source)


@given(
    st.lists(
        st.sampled_from(
            ["{{", "}}", "{%", "%}", " ", "first_name", "|", "default", "(", "'고객'", ")", "if", "endif", "for", "in", "a",
             "[", "]", ".", "*", "9", "set", "=", "~", "is", "defined", "particle", "'은/는'", "else", "properties", ","]
        ),
        max_size=25,
    )
)  # fmt: skip
def test_any_jumble_of_words_compiles_or_is_refused_politely(words: list[str]) -> None:
    politely(" ".join(words))


@given(st.text(st.characters(exclude_characters="{}", exclude_categories=["Cs", "Cc", "Z"]), max_size=300))
def test_a_text_without_braces_is_itself(text: str) -> None:
    assert compile_template(text).render({}) == text.strip()


@given(st.text(max_size=100))
def test_a_value_is_never_read_as_a_template(value: str) -> None:
    text = compile_template("[{{ first_name }}]").render({"first_name": "{{ email }}" + value.replace("\ud800", "")})
    assert text.startswith("[{{ email }}")


def test_a_template_can_be_sent_to_another_process() -> None:
    template = pickle.loads(pickle.dumps(compile_template("{{ first_name }}님")))
    assert template.render(PERSON) == "민수님"


ARGUMENTS = {"particle": "('은/는')", "replace": "('a', 'b')", "date": "('%Y')"}


@pytest.mark.parametrize("name", sorted(FILTERS))
def test_every_filter_that_may_be_written_exists(name: str) -> None:
    template = compile_template(f"{{{{ a|{name}{ARGUMENTS.get(name, '')} }}}}")
    for value in ("ab", 5, ["b", "a"]):
        try:
            template.render({"properties.a": value})
        except TemplateError as error:
            assert "unknown" not in str(error), name  # noqa: PT017


@pytest.mark.parametrize("name", sorted(TESTS))
def test_every_test_that_may_be_written_exists(name: str) -> None:
    wants = "(2)" if name in {"divisibleby", "eq", "equalto", "ne", "lt", "le", "gt", "ge"} else ""
    wants = "('a')" if name in {"startingwith", "endingwith"} else "(['a'])" if name == "in" else wants
    value: Any = "a" if name in {"startingwith", "endingwith", "in"} else 4
    source = f"{{% if a is {name}{wants} %}}yes{{% else %}}no{{% endif %}}"
    assert compile_template(source).render({"properties.a": value}) in ("yes", "no")
