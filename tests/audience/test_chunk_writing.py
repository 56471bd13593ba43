"""Chunks written out of order leave an import's place right at every moment."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from pabal.audience.chunk_writing import Place
from pabal.audience.file_facts import Cursor


@given(order=st.permutations(range(6)), stop=st.integers(0, 6))
def test_a_place_knows_what_is_done_whatever_the_order(order: list[int], stop: int) -> None:
    ends = [Cursor(offset=100 * n, line=10 * n + 2) for n in range(7)]
    place = Place(cursor=ends[0])
    for chunk in order[:stop]:
        place = place.after(ends[chunk], ends[chunk + 1], refused_bytes=chunk)
    place = Place.from_json(json.loads(json.dumps(place.as_json())), ends[0])
    done = set(order[:stop])
    first_open = next((n for n in range(6) if n not in done), 6)
    assert place.cursor == ends[first_open]
    assert {n for n in range(first_open, 6) if place.is_done(ends[n])} == {n for n in done if n > first_open}
