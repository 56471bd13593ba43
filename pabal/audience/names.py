"""Full names taken apart by the habits of the place: Korean family names come first and are unspaced."""

from __future__ import annotations

import polars as pl

from pabal.audience.mapping_words import LONG_SURNAMES

_HANGUL = r"^[가-힣]{2,6}$"
_HANGUL_SPACED = r"^[가-힣]{1,2} [가-힣]{1,4}$"


def split_full_name(full: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """(first name, last name) of a column of full names; null where there is none.

    김민수 → 민수, 김. 남궁민수 → 민수, 남궁. "Mary Ann Lee" → "Mary Ann", "Lee". "Lee, Mary" → "Mary", "Lee".
    One word that is not Korean is a first name.
    """
    name = full.str.replace_all(r"\s+", " ").str.strip_chars()
    korean = name.str.contains(_HANGUL)
    spaced = name.str.contains(_HANGUL_SPACED)
    long = name.str.contains(rf"^(?:{'|'.join(LONG_SURNAMES)})[가-힣]") & (name.str.len_chars() >= 3)
    family = pl.when(long).then(name.str.head(2)).otherwise(name.str.head(1))
    given = pl.when(long).then(name.str.slice(2)).otherwise(name.str.slice(1))
    comma = name.str.split_exact(",", 1)
    before, after = comma.struct.field("field_0").str.strip_chars(), comma.struct.field("field_1").str.strip_chars()
    has_comma = after.is_not_null() & (after != "")
    words = name.str.extract_groups(r"^(.+) (\S+)$")
    two_words = name.str.contains(" ", literal=True)
    first = (
        pl.when(korean)
        .then(given)
        .when(spaced)
        .then(name.str.extract(r" (.+)$"))
        .when(has_comma)
        .then(after)
        .when(two_words)
        .then(words.struct.field("1"))
        .otherwise(name)
    )
    last = (
        pl.when(korean)
        .then(family)
        .when(spaced)
        .then(name.str.extract(r"^(\S+) "))
        .when(has_comma)
        .then(before)
        .when(two_words)
        .then(words.struct.field("2"))
    )
    return first, last
