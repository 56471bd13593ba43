"""Counting characters, units and parts, against codecs and calculators that we did not write."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from smpplib import consts, gsm

from pabal.content.alphabets import GSM, Scheme, clusters, utf16_units
from pabal.content.encoding import measure, replace_forcing
from pabal.content.limits import LIMITS, limit
from pabal.content.parts import split_parts

VECTORS = json.loads((Path(__file__).parent / "segment_vectors.json").read_text("utf-8"))["cases"]

FAMILY = "👨‍👩‍👧‍👦"


@pytest.mark.parametrize(
    ("text", "encoding", "units", "parts"),
    [
        ("", "gsm7", 0, 0),
        ("a", "gsm7", 1, 1),
        ("a" * 160, "gsm7", 160, 1),
        ("a" * 161, "gsm7", 161, 2),
        ("a" * 306, "gsm7", 306, 2),
        ("a" * 307, "gsm7", 307, 3),
        ("€" * 80, "gsm7", 160, 1),
        ("a" * 152 + "€" + "a" * 152, "gsm7", 306, 3),  # the euro may not straddle, so it opens the second part
        ("가" * 70, "ucs2", 70, 1),
        ("가" * 71, "ucs2", 71, 2),
        ("가" * 134, "ucs2", 134, 2),
        ("가" * 66 + "😀" + "가" * 66, "ucs2", 134, 3),  # nor may a surrogate pair
        ("가" * 60 + FAMILY + "가" * 63, "ucs2", 134, 3),  # nor a family
        ("´", "ucs2", 1, 1),
        ("a" + "\u0301" * 200, "ucs2", 201, 3),  # a cluster larger than a part is cut all the same
    ],
)
def test_a_text_abroad_has_these_parts(text: str, encoding: str, units: int, parts: int) -> None:
    measured = measure(text, "gsm")
    assert (measured.encoding, measured.units, measured.parts) == (encoding, units, parts)
    assert measured.kind == "sms"


@pytest.mark.parametrize(
    ("text", "units", "kind", "over"),
    [
        ("", 0, "sms", False),
        ("a" * 90, 90, "sms", False),
        ("가" * 45, 90, "sms", False),
        ("가" * 45 + "a", 91, "lms", False),
        ("가" * 1000, 2000, "lms", False),
        ("가" * 1000 + "a", 2001, "lms", True),
    ],
)
def test_a_korean_text_is_counted_in_bytes(text: str, units: int, kind: str, over: bool) -> None:
    measured = measure(text, "kr")
    assert (measured.units, measured.kind, measured.over_length) == (units, kind, over)
    assert measured.left == LIMITS[measured.kind, "euckr"].single - units
    assert measured.parts == (1 if text else 0)


@pytest.mark.parametrize("character", ["뷁", "똠", "😀", "é", "\u00a0", "–", "ក"])
def test_what_euc_kr_lacks_cannot_be_sent_in_korea(character: str) -> None:
    measured = measure(f"안녕{character}{character}", "kr")
    assert [(bad.character, bad.count) for bad in measured.unsendable] == [(character, 2)]


def test_characters_are_what_a_reader_counts() -> None:
    measured = measure(f"가{FAMILY}e\u0301", "gsm")
    assert measured.characters == 3
    assert measured.units == 1 + 11 + 2


def test_forcing_characters_are_named_and_counted() -> None:
    measured = measure("It’s “on” – 50% off… ❤️❤️ 민", "gsm")
    assert {f.character: (f.count, f.replacement) for f in measured.forcing} == {
        "’": (1, "'"),
        "“": (1, '"'),
        "”": (1, '"'),
        "–": (1, "-"),
        "…": (1, "..."),
        "❤️": (2, "<3"),
        "민": (1, None),
    }
    assert measured.forcing[0].name == "RIGHT SINGLE QUOTATION MARK"


@pytest.mark.parametrize(
    ("text", "scheme", "expected"),
    [
        ("It’s “on” – now…", "gsm", 'It\'s "on" - now...'),
        ("１２３ＡＢＣ！", "gsm", "123ABC!"),
        ("a\u00a0b\u200bc", "gsm", "a bc"),
        ("Crêpe façade Zoë œuf Łódź", "gsm", "Crepe facade Zoe oeuf Lodz"),
        ("cafe\u0301", "gsm", "café"),
        ("민수 – Kim", "gsm", "민수 - Kim"),
        ("café – 20% • 무료", "kr", "cafe - 20% · 무료"),
        ("❤️ ₩5,000 👉", "kr", "♥ ￦5,000 ☞"),
        ("뷁 😀", "kr", "뷁 😀"),
        ("“그대로” … ★ ①", "kr", "“그대로” … ★ ①"),
    ],
)
def test_one_click_replaces_what_has_a_replacement(text: str, scheme: Scheme, expected: str) -> None:
    assert replace_forcing(text, scheme) == expected


def test_what_is_replaced_no_longer_forces() -> None:
    text = "It’s “on” – 50% off… ❤️ façade"
    assert measure(replace_forcing(text, "gsm"), "gsm").encoding == "gsm7"


@pytest.mark.parametrize("case", range(0, len(VECTORS), 40))
def test_parts_agree_with_twilios_calculator(case: int) -> None:
    for vector in VECTORS[case : case + 40]:
        measured = measure(vector["text"], "gsm")
        assert (measured.encoding, measured.units, measured.parts) == (
            vector["encoding"],
            vector["units"],
            vector["parts"],
        ), vector["text"]


def test_septets_agree_with_smpplib() -> None:
    plain = sorted(GSM - set("\f§"))  # its table lacks the form feed, and has a grave accent where § belongs
    dice = random.Random(7)
    for _ in range(300):
        text = "".join(dice.choices(plain, k=dice.randrange(1, 400)))
        assert measure(text, "gsm").units == len(gsm.gsm_encode(text))


def test_plain_parts_agree_with_smpplib() -> None:
    for length in range(1, 700):
        assert measure("a" * length, "gsm").parts == len(gsm.make_parts("a" * length)[0])
        wide = gsm.make_parts("가" * length, consts.SMPP_ENCODING_ISO10646)[0]
        assert measure("가" * length, "gsm").parts == len(wide)


TEXTS = st.text(
    st.one_of(
        st.characters(exclude_categories=["Cs"]),
        st.sampled_from("abc €{}\n\r가힣뷁漢–“😀🇰🇷👍🏽\u200d\ufe0f\u0301\u1100\u1161\u11a8\u094d\u0915"),
    ),
    max_size=400,
)


@given(TEXTS)
def test_parts_put_together_are_the_text(text: str) -> None:
    parts = split_parts(text, "gsm")
    assert "".join(parts) == text
    assert len(parts) == measure(text, "gsm").parts


@given(TEXTS)
def test_no_part_is_too_large_and_none_cuts_a_pair(text: str) -> None:
    encoding = measure(text, "gsm").encoding
    bound = limit("sms", "gsm", encoding)
    parts = split_parts(text, "gsm")
    for part in parts:
        size = (
            len(gsm.gsm_encode(part.replace("\f", "€").replace("§", "a")))
            if encoding == "gsm7"
            else len(part.encode("utf-16-be")) // 2
        )
        assert size <= (bound.single if len(parts) == 1 else bound.several)


@given(TEXTS)
def test_a_cluster_is_cut_only_when_it_exceeds_a_part(text: str) -> None:
    if measure(text, "gsm").encoding != "ucs2" or any(utf16_units(c) > 67 for c in clusters(text)):
        return
    assert [c for part in split_parts(text, "gsm") for c in clusters(part)] == clusters(text)


@given(TEXTS)
def test_korean_units_are_the_length_of_the_encoded_bytes(text: str) -> None:
    measured = measure(text, "kr")
    if not measured.unsendable:
        assert measured.units == len(text.encode("euc_kr"))


@given(TEXTS, st.sampled_from(["gsm", "kr"]))
def test_replacing_never_leaves_more_that_forces(text: str, scheme: Scheme) -> None:
    before = measure(text, scheme).forcing
    replaced = replace_forcing(text, scheme)
    after = measure(replaced, scheme).forcing
    assert sum(forcing.count for forcing in after) <= sum(forcing.count for forcing in before)
    assert all(forcing.character in replaced for forcing in before if forcing.replacement is None)
