"""Alphabets and parts, against Twilio's calculator and smpplib's table."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import smpplib.gsm
from hypothesis import given
from hypothesis import strategies as st

from pabal.providers.smpp.text import NotEncodable, decode, encode, header8, header16, read_header, split

VECTORS = json.loads((Path(__file__).parents[1] / "content" / "segment_vectors.json").read_text())["cases"]


def test_texts_take_as_many_parts_as_twilio_counts() -> None:
    assert len(VECTORS) > 300
    for case in VECTORS:
        parts = split(encode(case["text"], case["encoding"]), case["encoding"], 6)
        # Twilio's keeps whole graphemes together and so may need a part more; a phone joins either the same.
        assert len(parts) == case["parts"] or (case["encoding"] == "ucs2" and len(parts) < case["parts"]), case


@given(text=st.text("abcé{}€[]~|^\\@£Δ\n", max_size=700), header=st.sampled_from([6, 7]))
def test_gsm7_parts_fit_join_and_read_alone(text: str, header: int) -> None:
    parts = split(encode(text, "gsm7"), "gsm7", header)
    limit = 160 if len(parts) == 1 else {6: 153, 7: 152}[header]
    assert all(len(part) <= limit and not part.endswith(b"\x1b") for part in parts)
    assert "".join(decode(part, 0, 14) for part in parts) == text


@given(text=st.text("가a😀\u200d👩", max_size=400), header=st.sampled_from([6, 7]))
def test_ucs2_parts_fit_join_and_read_alone(text: str, header: int) -> None:
    parts = split(encode(text, "ucs2"), "ucs2", header)
    assert all(len(part) + (header if len(parts) > 1 else 0) <= 140 for part in parts)
    assert "".join(part.decode("utf-16-be") for part in parts) == text


@given(text=st.text("가나a1", max_size=400), header=st.sampled_from([6, 7]))
def test_euckr_parts_fit_join_and_read_alone(text: str, header: int) -> None:
    parts = split(encode(text, "euckr"), "euckr", header)
    assert all(len(part) + (header if len(parts) > 1 else 0) <= 140 for part in parts)
    assert "".join(part.decode("euc-kr") for part in parts) == text


def test_the_gsm_alphabet_is_smpplibs_but_for_its_mistake() -> None:
    # smpplib writes a back-quote for the section sign at 0x5F.
    theirs = {character for character in smpplib.gsm.GSM_CHARACTER_TABLE if character not in "`\x1b"}
    for character in theirs:
        assert encode(character, "gsm7") == smpplib.gsm.gsm_encode(character)
        assert decode(encode(character, "gsm7"), 0, 14) == character
    assert encode("§", "gsm7") == b"\x5f"


@pytest.mark.parametrize(("text", "encoding"), [("가", "gsm7"), ("`", "gsm7"), ("뷁", "euckr"), ("😀", "euckr")])
def test_what_an_alphabet_lacks_is_refused_never_replaced(text: str, encoding: str) -> None:
    with pytest.raises(NotEncodable):
        encode(text, encoding)  # type: ignore[arg-type]


def test_more_than_255_parts_are_refused() -> None:
    with pytest.raises(ValueError, match="256 parts"):
        split(b"a" * (153 * 255 + 1), "gsm7", 6)


@pytest.mark.parametrize("header", [header8, header16])
def test_headers_read_as_they_were_written(header: object) -> None:
    part, body = read_header(header(0x1234, 3, 2) + b"hello")  # type: ignore[operator]
    assert part is not None
    assert (part.key & 0xFF, part.total, part.number, body) == (0x34, 3, 2, b"hello")


@pytest.mark.parametrize("broken", [b"", b"\x05", b"\x05\x00\x03\x01", b"\xff" * 10, b"\x03\x00\xff\x01\x02"])
def test_a_broken_header_yields_no_part(broken: bytes) -> None:
    assert read_header(broken)[0] is None


@pytest.mark.parametrize(
    ("body", "coding", "text"),
    [
        (b"STOP", 0, "STOP"),
        (b"\x1be\x1b<", 0, "€["),
        (b"Stop\xe9", 3, "Stopé"),
        ("그만".encode("utf-16-be"), 8, "그만"),
        ("그만".encode("cp949"), 14, "그만"),
        (b"\xd8\x00", 8, "\ufffd"),
        (b"\x9f", 0, "\ufffd"),
    ],
)
def test_what_comes_in_is_read_in_its_alphabet(body: bytes, coding: int, text: str) -> None:
    assert decode(body, coding, 14) == text
