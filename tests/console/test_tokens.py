"""Every pair of colours that the console puts on one another is readable, in both themes (WCAG 2.2 AA)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

CSS = Path(__file__).parents[2] / "pabal" / "console" / "static" / "console" / "css"
TOKEN = re.compile(r"--([a-z0-9-]+):\s*light-dark\((#[0-9a-f]{6}),\s*(#[0-9a-f]{6})\)")
TOKENS = {name: (light, dark) for name, light, dark in TOKEN.findall((CSS / "tokens.css").read_text(encoding="utf-8"))}

TEXT = 4.5  # 1.4.3 Contrast (Minimum)
PARTS = 3.0  # 1.4.11 Non-text Contrast

SURFACES = ["canvas", "surface", "raised", "sunken"]
READ = [
    *[(ink, ground) for ink in ("text", "text-soft", "text-faint", "accent-text") for ground in [*SURFACES, "hover"]],
    *[(f"{tone}-text", ground) for tone in ("good", "warn", "bad") for ground in [*SURFACES, "hover"]],
    *[(f"{tone}-text", f"{tone}-soft") for tone in ("accent", "good", "warn", "bad")],
    *[(ink, soft) for ink in ("text", "text-soft") for soft in ("accent-soft", "quiet-soft")],
    *[("text", f"{tone}-soft") for tone in ("good", "warn", "bad")],
    *[("accent-text", f"{tone}-soft") for tone in ("good", "warn", "bad", "quiet")],
    ("text-faint", "quiet-soft"),
    ("on-accent", "accent"),
    ("on-accent", "accent-hover"),
    ("on-bad", "bad"),
    ("on-bad", "bad-hover"),
    ("canvas", "text"),
    ("bubble-in-text", "bubble-in"),
    ("bubble-link", "bubble-in"),
    ("bubble-out-text", "bubble-out"),
    ("text-faint", "phone-screen"),
    ("on-kakao", "kakao"),
    ("kt-text", "kt-bubble"),
    ("kt-text", "kt-button"),
    ("kt-soft", "kt-bubble"),
    ("kt-cut", "kt-bubble"),
    ("kt-link", "kt-bubble"),
    ("kt-name", "kt-chat"),
    ("kt-faint", "kt-chat"),
    ("kt-on-face", "kt-face"),
]
SEE = [
    *[("line-control", ground) for ground in SURFACES],
    *[("focus", ground) for ground in [*SURFACES, "hover", "accent-soft"]],
    *[(f"chart-{n}", "surface") for n in range(1, 6)],
    *[(tone, "surface") for tone in ("accent", "good", "warn", "bad")],
]


def luminance(colour: str) -> float:
    """Relative luminance, https://www.w3.org/TR/WCAG22/#dfn-relative-luminance."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_the_measure_agrees_with_known_values() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), READ, ids=lambda name: name)
def test_text_is_readable(ink: str, ground: str, theme: int) -> None:
    assert contrast(TOKENS[ink][theme], TOKENS[ground][theme]) >= TEXT


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("part", "ground"), SEE, ids=lambda name: name)
def test_edges_and_charts_are_visible(part: str, ground: str, theme: int) -> None:
    assert contrast(TOKENS[part][theme], TOKENS[ground][theme]) >= PARTS


def test_colours_are_named_in_tokens_only() -> None:
    loose = {
        (sheet.name, colour)
        for sheet in CSS.glob("*.css")
        if sheet.name != "tokens.css"
        for colour in re.findall(r"#[0-9a-fA-F]{3,8}\b", sheet.read_text(encoding="utf-8"))
    }
    assert loose <= {("forms.css", "#fff")}  # the knob of a switch is white in both themes


def test_every_token_that_is_used_exists() -> None:
    text = {sheet.name: sheet.read_text(encoding="utf-8") for sheet in CSS.glob("*.css")}
    defined = set(re.findall(r"--([a-z0-9-]+)\s*:", "".join(text.values())))
    used = set(re.findall(r"var\(--([a-z0-9-]+)", "".join(text.values())))
    assert used <= defined


def test_the_style_sheets_stay_small() -> None:
    """What every page loads; and the sheets that a few pages add."""
    base = (CSS.parents[2] / "templates" / "console" / "base_html.html").read_text(encoding="utf-8")
    everywhere = [sheet for sheet in CSS.glob("*.css") if f"css/{sheet.name}" in base]
    assert len(everywhere) > 5
    assert sum(sheet.stat().st_size for sheet in everywhere) < 64_000
    assert all(sheet.stat().st_size < 12_000 for sheet in CSS.glob("*.css") if sheet not in everywhere)
