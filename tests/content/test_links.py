"""Addresses in a template: where they begin, where they end, and what becomes of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pabal.content.failures import TemplateError
from pabal.content.links import compile_target, extract_links, quote_links


@pytest.mark.parametrize(
    ("source", "expected", "targets"),
    [
        ("없음", "없음", []),
        ("보기 https://a.kr", "보기 {{ link_1 }}", ["https://a.kr"]),
        ("https://a.kr/b에서 보기", "{{ link_1 }}에서 보기", ["https://a.kr/b"]),
        ("https://a.kr에서 보기", "{{ link_1 }}에서 보기", ["https://a.kr"]),
        ("https://a.kr/에서 보기", "{{ link_1 }}에서 보기", ["https://a.kr/"]),
        ("https://a.kr/할인 보기", "{{ link_1 }} 보기", ["https://a.kr/할인"]),
        ("https://a.kr/할인/2026?q=신발&x=1 끝", "{{ link_1 }} 끝", ["https://a.kr/할인/2026?q=신발&x=1"]),
        ("https://쇼핑.한국/a 끝", "{{ link_1 }} 끝", ["https://쇼핑.한국/a"]),
        ("https://쇼핑.kr입니다", "{{ link_1 }}입니다", ["https://쇼핑.kr"]),
        ("See https://a.com/x. Now!", "See {{ link_1 }}. Now!", ["https://a.com/x"]),
        ("(https://a.com/x)", "({{ link_1 }})", ["https://a.com/x"]),
        ("https://a.com/x_(y) z", "{{ link_1 }} z", ["https://a.com/x_(y)"]),
        ('"https://a.com/x", ok', '"{{ link_1 }}", ok', ["https://a.com/x"]),
        ("<https://a.com>", "<{{ link_1 }}>", ["https://a.com"]),
        ("https://a.com?x=1!", "{{ link_1 }}!", ["https://a.com?x=1"]),
        ("HTTP://A.COM/X", "{{ link_1 }}", ["HTTP://A.COM/X"]),
        ("http://localhost:8000/a", "{{ link_1 }}", ["http://localhost:8000/a"]),
        ("http://127.0.0.1:80/a", "{{ link_1 }}", ["http://127.0.0.1:80/a"]),
        ("https://a.kr/?u={{ external_id }}에서", "{{ link_1 }}에서", ["https://a.kr/?u={{ external_id }}"]),
        ("https://a.kr/{{ x|default('q r') }}/b?c", "{{ link_1 }}", ["https://a.kr/{{ x|default('q r') }}/b?c"]),
        ("https://{{ host }}/b", "{{ link_1 }}", ["https://{{ host }}/b"]),
        ("https://a.kr{{ path }} b", "{{ link_1 }} b", ["https://a.kr{{ path }}"]),
        ("https://a.kr{% if x %}/b{% endif %}", "{{ link_1 }}{% if x %}/b{% endif %}", ["https://a.kr"]),
        ("https://a.kr\nhttps://b.kr", "{{ link_1 }}\n{{ link_2 }}", ["https://a.kr", "https://b.kr"]),
        (
            "https://a.kr https://b.kr https://a.kr",
            "{{ link_1 }} {{ link_2 }} {{ link_1 }}",
            ["https://a.kr", "https://b.kr"],
        ),
        ("{{ 'https://a.kr' }} {# https://b.kr #}", "{{ 'https://a.kr' }} {# https://b.kr #}", []),
        ("http:// https://", "http:// https://", []),
        ("ftp://a.kr www.a.kr", "ftp://a.kr www.a.kr", []),
    ],
)
def test_addresses_end_where_a_reader_ends_them(source: str, expected: str, targets: list[str]) -> None:
    rewritten, links = extract_links(source)
    assert rewritten == expected
    assert [link.target_template for link in links] == targets
    assert [link.position for link in links] == list(range(len(targets)))


def test_seven_links_are_tracked_and_an_eighth_is_refused() -> None:
    seven = " ".join(f"https://a.kr/{n}" for n in range(7))
    assert len(extract_links(seven)[1]) == 7
    with pytest.raises(TemplateError) as error:
        extract_links(f"{seven} https://a.kr/7")
    assert error.value.code == "too_many_links"
    assert "8개" in error.value.message_in("ko")


def test_a_personal_target_is_percent_encoded() -> None:
    target = compile_target("https://a.kr/?u={{ first_name ~ '&x' }}&v={{ q|urlencode }}")
    assert target.variables == ("first_name", "properties.q")
    assert (
        target.render({"first_name": "민 수", "properties.q": "a/b"})
        == "https://a.kr/?u=%EB%AF%BC%20%EC%88%98%26x&v=a/b"
    )


def test_expressions_outside_addresses_are_left_alone() -> None:
    assert quote_links("{{ a }} https://a.kr/{{ b }} {{ c }}") == "{{ a }} https://a.kr/{{ (b)|urlencode }} {{ c }}"


@given(
    st.lists(
        st.sampled_from(
            ["https://a.kr", "/할인", "에서", "{{ a }}", " ", ".", ")", "(", "?q=", "{% if a %}b{% endif %}"]
        )
    )
)
def test_nothing_of_the_text_is_lost(parts: list[str]) -> None:
    source = "".join(parts)
    rewritten, links = extract_links(source)
    for link in links:
        rewritten = rewritten.replace(f"{{{{ {link.name} }}}}", link.target_template)
    assert rewritten == source
