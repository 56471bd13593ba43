"""Particles agree with names, places, numbers and Latin words."""

from __future__ import annotations

import time

import pytest
import tossi
from hypothesis import given
from hypothesis import strategies as st

from pabal.content.particles import PARTICLES, both_forms, canonical_particle, coda_of, with_particle


@pytest.mark.parametrize(
    ("word", "pair", "expected"),
    [
        ("민수", "은/는", "민수는"),
        ("지현", "은/는", "지현은"),
        ("민수", "이/가", "민수가"),
        ("지현", "이/가", "지현이"),
        ("민수", "을/를", "민수를"),
        ("지현", "을/를", "지현을"),
        ("민수", "과/와", "민수와"),
        ("지현", "과/와", "지현과"),
        ("민수", "아/야", "민수야"),
        ("지현", "아/야", "지현아"),
        ("민수", "이여/여", "민수여"),
        ("지현", "이여/여", "지현이여"),
        ("부산", "으로/로", "부산으로"),
        ("서울", "으로/로", "서울로"),
        ("대구", "으로/로", "대구로"),
        ("서울", "을/를", "서울을"),
        ("민수", "이라/라", "민수라"),
        ("지현", "이라/라", "지현이라"),
        ("민수", "이에요/예요", "민수예요"),
        ("지현", "이에요/예요", "지현이에요"),
        ("친구", "이랑/랑", "친구랑"),
        ("김민수(VIP)", "은/는", "김민수(VIP)는"),
        ("‘지현’", "은/는", "‘지현’은"),
        ("2", "은/는", "2는"),
        ("3", "은/는", "3은"),
        ("10", "이/가", "10이"),
        ("1,000", "을/를", "1,000을"),
        ("7", "으로/로", "7로"),
        ("3.5", "은/는", "3.5는"),
        ("John", "은/는", "John은"),
        ("Kate", "은/는", "Kate는"),
        ("Bob", "이/가", "Bob이"),
        ("Jack", "이/가", "Jack이"),
        ("Mark", "이/가", "Mark가"),
        ("Paul", "으로/로", "Paul로"),
        ("Apple", "은/는", "Apple은"),
        ("Jane", "은/는", "Jane은"),
        ("Kim", "이/가", "Kim이"),
        ("Young", "이/가", "Young이"),
        ("Peter", "이/가", "Peter가"),
        ("LG", "은/는", "LG는"),
        ("SM", "은/는", "SM은"),
        ("VIP", "은/는", "VIP는"),
        ("A", "은/는", "A는"),
        ("ＬＧ", "은/는", "ＬＧ는"),
        ("田中", "은/는", "田中은(는)"),
        ("田中", "으로/로", "田中(으)로"),
        ("😀", "이/가", "😀이(가)"),
        ("", "은/는", ""),
    ],
)
def test_a_particle_agrees_with_its_word(word: str, pair: str, expected: str) -> None:
    assert with_particle(word, pair) == expected


@pytest.mark.parametrize("spelling", ["은/는", "는/은", "은", "는", "은(는)", "는(은)", " 은 / 는 "])
def test_a_particle_may_be_spelled_in_any_usual_way(spelling: str) -> None:
    assert canonical_particle(spelling) == "은/는"


def test_an_unknown_particle_is_known_as_such() -> None:
    assert canonical_particle("께서는") is None


@given(st.text(st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3), min_size=1, max_size=6))
def test_hangul_agrees_with_tossi(word: str) -> None:
    for pair, (closed, _) in PARTICLES.items():
        if pair in ("은/는", "이/가", "을/를", "과/와", "아/야", "이여/여", "으로/로"):
            assert with_particle(word, pair) == tossi.postfix(word, closed)


@given(st.text(max_size=30), st.sampled_from(sorted(PARTICLES)))
def test_any_word_takes_one_of_the_forms(word: str, pair: str) -> None:
    form = with_particle(word, pair).removeprefix(word)
    assert form in (*PARTICLES[pair], both_forms(pair), "")


def test_repeated_names_are_fast() -> None:
    names = [f"김{chr(0xAC00 + n)}" for n in range(5000)]
    for name in names:
        with_particle(name, "은/는")
    begun = time.process_time()
    for name in names * 20:
        with_particle(name, "은/는")
    assert 100_000 / (time.process_time() - begun) > 300_000


def test_a_closed_syllable_is_heard() -> None:
    assert coda_of("닭") == "ㄺ"
    assert coda_of("가") == ""
