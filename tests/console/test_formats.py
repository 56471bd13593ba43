"""Numbers, money, times and phones read as their readers write them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.template import engines
from django.utils import timezone, translation

from pabal.console import formats

NOON = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)  # noon in Seoul


@pytest.fixture(autouse=True)
def _seoul() -> Any:
    with timezone.override(ZoneInfo("Asia/Seoul")):
        yield


@pytest.mark.parametrize(
    ("call", "korean", "english"),
    [
        (lambda: formats.number(1234567), "1,234,567", "1,234,567"),
        (lambda: formats.number(Decimal("0.5")), "0.5", "0.5"),
        (lambda: formats.number(3, 2), "3.00", "3.00"),
        (lambda: formats.number(None), "–", "–"),
        (lambda: formats.number("not a number"), "–", "–"),
        (lambda: formats.number(float("nan")), "–", "–"),
        (lambda: formats.compact(9876), "9,876", "9.9K"),
        (lambda: formats.compact(123456), "12.3만", "123.5K"),
        (lambda: formats.compact(250_000_000), "2.5억", "250M"),
        (lambda: formats.money(12340, "KRW"), "12,340원", "₩12,340"),
        (lambda: formats.money(Decimal("12.5"), "USD"), "US$12.50", "$12.50"),
        (lambda: formats.money(Decimal("0.0083"), "USD"), "US$0.0083", "$0.0083"),
        (lambda: formats.money(1, "credits"), "1크레딧", "1 credit"),
        (lambda: formats.money(1500, "credits"), "1,500크레딧", "1,500 credits"),
        (lambda: formats.percent(0.1234), "12.3%", "12.3%"),
        (lambda: formats.percent(1), "100%", "100%"),
        (lambda: formats.percent(0), "0%", "0%"),
        (lambda: formats.percent(0.0001), "<0.1%", "<0.1%"),
        (lambda: formats.share(1, 3), "33.3%", "33.3%"),
        (lambda: formats.share(0, 0), "–", "–"),
        (lambda: formats.moment(NOON), "2026. 11. 24. 12:00", "Nov 24, 2026, 12:00"),
        (lambda: formats.full_moment(NOON), "2026년 11월 24일 (화) 12:00:00 KST", "Tue, Nov 24, 2026, 12:00:00 KST"),
        (lambda: formats.day(NOON), "2026. 11. 24.", "Nov 24, 2026"),
        (lambda: formats.clock(NOON), "12:00", "12:00"),
        (lambda: formats.relative(NOON - timedelta(minutes=3), NOON), "3분 전", "3 minutes ago"),
        (lambda: formats.relative(NOON + timedelta(hours=2), NOON), "2시간 후", "in 2 hours"),
        (lambda: formats.relative(NOON - timedelta(days=20), NOON), "11월 4일", "Nov 4"),
        (lambda: formats.relative(NOON - timedelta(days=400), NOON), "2025. 10. 20.", "Oct 20, 2025"),
        (lambda: formats.relative(NOON, NOON), "방금", "now"),
        (lambda: formats.duration(15_120), "4시간 12분", "4 hr 12 min"),
        (lambda: formats.duration(timedelta(days=1, seconds=5)), "1일", "1 day"),
        (lambda: formats.duration(0), "0초", "0 sec"),
        (lambda: formats.phone("+821000001234"), "010-0000-1234", "010-0000-1234"),
        (lambda: formats.phone("+82215880000"), "02-1588-0000", "02-1588-0000"),
        (lambda: formats.phone("+12025550142"), "+1 202-555-0142", "+1 202-555-0142"),
        (lambda: formats.phone("HANBIT"), "HANBIT", "HANBIT"),
        (lambda: formats.phone(""), "–", "–"),
    ],
)
def test_values_are_written_in_both_languages(call: Callable[[], str], korean: str, english: str) -> None:
    with translation.override("ko"):
        assert call() == korean
    with translation.override("en"):
        assert call() == english


def test_when_carries_the_exact_moment() -> None:
    template = engines["django"].from_string("{% load formats %}{{ at|when }}")
    with translation.override("ko"):
        html = template.render({"at": NOON})
    assert f'datetime="{NOON.isoformat()}"' in html
    assert 'title="2026년 11월 24일 (화) 12:00:00 KST"' in html
    assert "data-relative" in html


def test_a_number_that_nobody_knows_keeps_its_zero() -> None:
    assert formats.phone("0700000001") == "0700000001"
