"""Codes of short links, derived and not stored: a million recipients cost no rows, and nobody can guess another's.

A code is the message and the position of its link in base 62, at least `BODY` digits, followed by `PROOF` digits of a
pseudo-random function of both: AES with a secret key on one block. 62^7 makes 41.7 bits; with a thousand guesses a
second against a campaign of a million messages, a hit takes more than a month and shows one link's target.
The digits in front are padded to a fixed width, so that a preview is as long as what is sent.
"""

from __future__ import annotations

import hmac
import struct
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, algorithms, modes

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
POSITIONS = 8
"""Links a message can have, the way out included: positions 0 to 7."""

UNSUBSCRIBE = 7
"""The position of the way out."""

WIDE_POSITIONS = 128
"""Links a KakaoTalk message can have: a carousel has several on each card. Their codes are *wide*: one digit longer, with
a proof of their own, so that the codes of texts stay as short and as valid as they are."""

WIDE_BODY = 6
"""Least digits in front of the proof of a wide code: enough for 440 million messages."""

BODY = 5
"""Least digits in front of the proof: enough for 114 million messages; from then on codes grow by one."""

PROOF = 7
_BASE = 62
_PROOFS: int = _BASE**PROOF
_DIGITS = np.frombuffer(ALPHABET.encode(), dtype=np.uint8)
_VALUES = {digit: value for value, digit in enumerate(ALPHABET)}


def make_code(key: bytes, message_id: int, position: int, *, wide: bool = False) -> str:
    """The code of the link at `position` (0 to 7; `wide`: 0 to 127) of a message.

    `key` has 16, 24 or 32 bytes. Raises ValueError for an id or position out of range.
    """
    positions = WIDE_POSITIONS if wide else POSITIONS
    if not 0 <= position < positions or not 0 <= message_id < 2**63 // positions:
        raise ValueError("message id or position out of range")
    number = message_id * positions + position
    return _base62(number, WIDE_BODY if wide else BODY) + _base62(_proof(key, number, wide), PROOF)


def read_code(key: bytes, code: str) -> tuple[int, int] | None:
    """The message and position that `code` stands for, or None if it was not made with `key`.

    The comparison takes the same time whatever is wrong with the proof.
    """
    body = code[:-PROOF]
    if not BODY <= len(body) <= 11 or any(digit not in _VALUES for digit in code):
        return None
    number = 0
    for digit in body:
        number = number * _BASE + _VALUES[digit]
    found: tuple[int, int] | None = None
    for wide in (False, True):  # both, whatever the first says: the time tells nothing
        message_id, position = divmod(number, WIDE_POSITIONS if wide else POSITIONS)
        if number < 2**63 and hmac.compare_digest(
            make_code(key, message_id, position, wide=wide).encode(), code.encode()
        ):
            found = (message_id, position)
    return found


def make_codes(key: bytes, message_ids: npt.NDArray[np.int64], position: int, *, wide: bool = False) -> pl.Series:
    """`make_code` for a column of message ids: a string series, in their order."""
    positions = WIDE_POSITIONS if wide else POSITIONS
    if not 0 <= position < positions:
        raise ValueError("position out of range")
    ids = np.ascontiguousarray(message_ids, dtype=np.int64)
    if len(ids) == 0:
        return pl.Series(dtype=pl.String)
    if ids.min() < 0 or ids.max() >= 2**63 // positions:
        raise ValueError("message id out of range")
    numbers = ids.astype(np.uint64) * np.uint64(positions) + np.uint64(position)
    proofs = _proofs(key, numbers, wide)
    widths = _widths(numbers, WIDE_BODY if wide else BODY)
    present = np.unique(widths)
    if len(present) == 1:
        return _strings(numbers, proofs, int(present[0]))
    places = [np.flatnonzero(widths == width) for width in present]
    parts = [_strings(numbers[at], proofs[at], int(width)) for at, width in zip(places, present, strict=True)]
    return pl.concat(parts).gather(np.argsort(np.concatenate(places), kind="stable"))


@lru_cache(maxsize=16)
def _cipher(key: bytes) -> Cipher[modes.ECB]:
    # One independent block per code: a pseudo-random function, not encryption of a longer text.
    return Cipher(algorithms.AES(key), modes.ECB())  # noqa: S305


def _encryptor(key: bytes) -> CipherContext:
    context: CipherContext = _cipher(key).encryptor()
    return context


def _proof(key: bytes, number: int, wide: bool) -> int:
    block = _encryptor(key).update(struct.pack("<QQ", number, int(wide)))
    (secret,) = struct.unpack("<Q", block[:8])
    return int(secret) % _PROOFS


def _proofs(key: bytes, numbers: npt.NDArray[np.uint64], wide: bool) -> npt.NDArray[np.uint64]:
    blocks = np.zeros((len(numbers), 2), dtype="<u8")
    blocks[:, 0] = numbers
    blocks[:, 1] = int(wide)
    secret = np.frombuffer(_encryptor(key).update(blocks.tobytes()), dtype="<u8").reshape(-1, 2)
    return secret[:, 0] % np.uint64(_PROOFS)


def _base62(number: int, width: int) -> str:
    digits: list[str] = []
    while number or len(digits) < width:
        number, digit = divmod(number, _BASE)
        digits.append(ALPHABET[digit])
    return "".join(reversed(digits))


def _widths(numbers: npt.NDArray[np.uint64], least: int) -> npt.NDArray[np.int64]:
    bounds = np.array([_BASE**width for width in range(least, 11)], dtype=np.uint64)
    return least + np.searchsorted(bounds, numbers, side="right")


def _strings(numbers: npt.NDArray[np.uint64], proofs: npt.NDArray[np.uint64], width: int) -> pl.Series:
    count, size = len(numbers), width + PROOF
    text = np.empty((count, size), dtype=np.uint8)
    for last, first, values in ((size, width, proofs), (width, 0, numbers)):
        rest = values
        for place in range(last - 1, first - 1, -1):
            rest, digits = np.divmod(rest, np.uint64(_BASE))
            text[:, place] = _DIGITS[digits]
    offsets = np.arange(0, (count + 1) * size, size, dtype=np.int64)
    array = pa.LargeStringArray.from_buffers(count, pa.py_buffer(offsets.tobytes()), pa.py_buffer(text.tobytes()))
    series = pl.from_arrow(array)
    assert isinstance(series, pl.Series)
    return series
