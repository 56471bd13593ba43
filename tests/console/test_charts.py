"""Charts draw what they are given, to scale, and say it in words too."""

from __future__ import annotations

import itertools
import re
from typing import Any

import pytest
from django.template import engines
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from pabal.console.charts import Bar, BarList, Series, StackedBar, TimeSeries, axis_ticks, sparkline
from pabal.console.parts import Funnel, Skip


def draw(tag: str, value: Any) -> str:
    template = engines["django"].from_string("{% load charts %}{% " + tag + " value %}")
    with translation.override("en"):
        return str(template.render({"value": value}))


@given(st.floats(min_value=0, max_value=1e12) | st.integers(0, 10**12))
def test_the_axis_covers_the_values_in_few_even_steps(top: float) -> None:
    ticks = axis_ticks(top)
    assert ticks[0] == 0
    assert ticks[-1] >= top * (1 - 1e-8)
    assert 2 <= len(ticks) <= 6
    steps = [b - a for a, b in itertools.pairwise(ticks)]
    assert max(steps) == pytest.approx(min(steps), rel=1e-3)


def test_counts_get_whole_numbers_on_the_axis() -> None:
    assert axis_ticks(3) == [0, 1, 2, 3]
    assert axis_ticks(10) == [0, 5, 10]
    assert axis_ticks(9_000) == [0, 2_500, 5_000, 7_500, 10_000]


def test_a_line_rises_with_its_values() -> None:
    chart = TimeSeries(title="Sent", labels=["a", "b", "c"], series=[Series(name="Sent", values=[0, 50, 100])])
    assert chart.lines[0]["line"] == "M0 200L500 100L1000 0"


def test_a_gap_breaks_the_line() -> None:
    chart = TimeSeries(title="Sent", labels=list("abcde"), series=[Series(name="Sent", values=[1, 2, None, 1, 1])])
    assert chart.lines[0]["line"].count("M") == 2


def test_series_and_labels_must_match() -> None:
    with pytest.raises(ValueError, match="one value per label"):
        TimeSeries(title="Sent", labels=["a"], series=[Series(name="Sent", values=[1, 2])])


def test_a_time_series_has_a_name_a_summary_and_a_table() -> None:
    series = [Series(name="Delivered", values=[1200, 800]), Series(name="Failed", values=[3, None], tone="bad")]
    html = draw("time_series", TimeSeries(title="Per hour", labels=["09:00", "10:00"], series=series))
    assert 'role="img" aria-label="Per hour. 09:00 – 10:00. Delivered: 2,000. Failed: 3."' in html
    assert "<title>09:00\nDelivered: 1,200\nFailed: 3</title>" in html
    assert re.search(r'<th scope="row">10:00</th><td class="num">800</td><td class="num">–</td>', html)


def test_an_empty_time_series_still_draws() -> None:
    assert "<svg" in draw("time_series", TimeSeries(title="Sent", labels=[], series=[Series(name="Sent", values=[])]))


def test_bars_are_as_long_as_their_values() -> None:
    chart = BarList(title="Reasons", whole=100, bars=[Bar(label="A", value=40), Bar(label="B", value=10)])
    assert [(row["width"], row["share"]) for row in chart.rows] == [(1000, "40%"), (250, "10%")]


def test_stacked_parts_stand_side_by_side() -> None:
    chart = StackedBar(title="Outcome", whole=200, parts=[Bar(label="A", value=100), Bar(label="B", value=50)])
    assert [(row["left"], row["width"]) for row in chart.rows] == [(0, 500), (500, 250)]
    assert chart.summary == "A 100 (50%), B 50 (25%)"


def test_the_funnel_takes_each_skip_from_where_the_last_one_ended() -> None:
    funnel = Funnel(audience=100, messages=70, skips=(Skip(label="No consent", count=20), Skip(label="Cap", count=10)))
    html = draw("funnel", funnel)
    assert re.findall(r'<rect class="fill" x="([\d.]+)" width="([\d.]+)"', html) == [
        ("800.0", "200.0"),
        ("700.0", "100.0"),
    ]
    assert "−20" in html
    assert "70%" in html


def test_an_empty_audience_does_not_divide_by_zero() -> None:
    assert "–" in draw("funnel", Funnel(audience=0, messages=0))


@given(st.lists(st.floats(min_value=-1e9, max_value=1e9), max_size=30))
def test_a_sparkline_stays_in_its_box(values: list[float]) -> None:
    points = [float(n) for n in re.findall(r"-?[\d.]+(?:e[+-]\d+)?", sparkline(values))]
    assert all(0 <= n <= 1000 for n in points)
