"""Codes of short links: derived, readable back, not guessable."""

from __future__ import annotations

import time

import numpy as np
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given
from hypothesis import strategies as st

from pabal.content.codes import ALPHABET, make_code, make_codes, read_code

KEY = bytes(range(32))
IDS = st.integers(0, 2**60 - 1)
POSITIONS = st.integers(0, 7)


@given(IDS, POSITIONS)
def test_a_code_is_read_back(message_id: int, position: int) -> None:
    assert read_code(KEY, make_code(KEY, message_id, position)) == (message_id, position)


@given(st.lists(IDS, max_size=50), POSITIONS)
def test_a_column_of_codes_is_the_scalar_code(ids: list[int], position: int) -> None:
    codes = make_codes(KEY, np.array(ids, dtype=np.int64), position)
    assert codes.to_list() == [make_code(KEY, message_id, position) for message_id in ids]


@pytest.mark.parametrize("message_id", [0, 1, 62**5 // 8 - 1, 62**5 // 8, 62**5 // 8 + 1, 62**6 // 8, 2**60 - 2])
def test_codes_grow_only_when_they_must(message_id: int) -> None:
    code = make_code(KEY, message_id, 7)
    assert len(code) == max(5, _digits(message_id * 8 + 7)) + 7
    assert make_codes(KEY, np.array([message_id]), 7).to_list() == [code]


def _digits(number: int) -> int:
    count = 0
    while number:
        number //= 62
        count += 1
    return count


@given(IDS, POSITIONS, st.data())
def test_a_changed_code_is_refused(message_id: int, position: int, data: st.DataObject) -> None:
    code = make_code(KEY, message_id, position)
    place = data.draw(st.integers(0, len(code) - 1))
    changed = code[:place] + data.draw(st.sampled_from(ALPHABET.replace(code[place], ""))) + code[place + 1 :]
    assert read_code(KEY, changed) is None


@given(st.text(max_size=30))
def test_any_text_is_read_without_failing(text: str) -> None:
    assert read_code(KEY, text) is None


def test_a_code_with_zeros_in_front_is_not_a_second_name() -> None:
    code = make_code(KEY, 62**5, 0)
    assert read_code(KEY, "0" + code) is None


def test_another_key_makes_other_codes() -> None:
    assert read_code(bytes(32), make_code(KEY, 5, 0)) is None


def test_the_proof_is_aes_of_message_and_position() -> None:
    encryptor = Cipher(algorithms.AES(KEY), modes.ECB()).encryptor()
    block = encryptor.update((5 * 8 + 3).to_bytes(8, "little") + bytes(8))
    number = int.from_bytes(block[:8], "little") % 62**7
    proof = ""
    for _ in range(7):
        number, digit = divmod(number, 62)
        proof = ALPHABET[digit] + proof
    assert make_code(KEY, 5, 3) == "0000h" + proof


def test_a_million_codes_differ_and_take_less_than_a_second() -> None:
    make_codes(KEY, np.arange(10), 0)
    begun = time.process_time()
    codes = make_codes(KEY, np.arange(1_000_000), 0)
    assert time.process_time() - begun < 1.5
    assert codes.n_unique() == 1_000_000
    assert codes.str.slice(-7).n_unique() > 999_000


@pytest.mark.parametrize(("message_id", "position"), [(-1, 0), (2**62, 0), (1, 8), (1, -1)])
def test_what_is_out_of_range_is_refused(message_id: int, position: int) -> None:
    with pytest.raises(ValueError, match="out of range"):
        make_code(KEY, message_id, position)
    with pytest.raises(ValueError, match="out of range"):
        make_codes(KEY, np.array([message_id]), position)
