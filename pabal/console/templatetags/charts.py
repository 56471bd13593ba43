"""Charts: `{% load charts %}`, then `{% time_series chart %}` with a value from `console/charts.py`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import template
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString

from pabal.console.charts import WIDTH, BarList, StackedBar, TimeSeries
from pabal.console.charts import sparkline as spark_path
from pabal.console.parts import Funnel

register = template.Library()


@register.simple_tag
def time_series(chart: TimeSeries, small: bool = False) -> str:
    """Lines over time with axis, tooltips and a table."""
    return _render("time_series", chart=chart, small=small)


@register.simple_tag
def bar_list(chart: BarList, heading: bool = True) -> str:
    """Horizontal bars, each with its name and number as text."""
    return _render("bar_list", chart=chart, heading=heading)


@register.simple_tag
def stacked_bar(chart: StackedBar, heading: bool = True) -> str:
    """One bar of several parts, with a legend that holds the numbers."""
    return _render("stacked_bar", chart=chart, heading=heading)


@register.simple_tag
def sparkline(values: Sequence[float], label: Any, tone: str = "1") -> str:
    """A small line without axis; `label` says in words what it shows."""
    return format_html(
        '<span class="chart spark tone-{}"><svg viewBox="0 0 1000 200" preserveAspectRatio="none" role="img" '
        'aria-label="{}"><path class="chart-line" d="{}"/></svg></span>',
        tone,
        label,
        spark_path(values),
    )


@register.simple_tag
def funnel(funnel: Funnel) -> str:
    """From the audience to the messages, with every skip reason and its number."""
    whole = funnel.audience or 1
    left, rows = WIDTH, []
    for skip in funnel.skips:
        width = WIDTH * skip.count / whole
        left -= width
        rows.append({"skip": skip, "left": round(max(0.0, left), 2), "width": round(width, 2)})
    return _render("funnel", funnel=funnel, rows=rows, width=round(WIDTH * funnel.messages / whole, 2))


def _render(name: str, /, **values: Any) -> SafeString:
    return SafeString(render_to_string(f"console/charts/{name}.html", values))
